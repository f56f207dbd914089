import {
  accessTokens,
  apiKeys,
  type CredentialStore,
  type ImportedRecord,
  type Issued,
  type IssueOptions,
  type ManagedVerifier,
  memoryStore,
  sessionTokens,
} from 'latchkey';

import { toDigest } from '../../src/credential/digest';
import { generateSecret } from '../../src/credential/secret';

const NOW = Date.UTC(2030, 0, 1);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SUBJECT = { subject: 'acct_42', scopes: ['domains:read'] };

beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'],
    }),
);
afterEach(() => void jest.useRealTimers());

const KINDS: [string, string, number | null, (store: CredentialStore) => ManagedVerifier][] = [
  ['apiKeys', 'api_key', null, (store) => apiKeys({ prefix: 'osir', store })],
  ['accessTokens', 'access_token', HOUR_MS, (store) => accessTokens({ prefix: 'osir', store })],
  ['sessionTokens', 'session_token', DAY_MS, (store) => sessionTokens({ prefix: 'osir', store })],
];

describe.each(KINDS)('%s', (_factory, kind, ttlMs, make) => {
  let store: CredentialStore;
  let life: ManagedVerifier;
  beforeEach(() => {
    store = memoryStore();
    life = make(store);
  });
  const issue = (options: Partial<IssueOptions> = {}): Promise<Issued> =>
    life.issue({ ...SUBJECT, ...options });
  const subjectsOf = async (...secrets: readonly string[]) => {
    const verifications = await Promise.all(secrets.map(async (secret) => life.verify(secret)));
    return verifications.map((verification) =>
      verification.ok ? verification.principal.subject : verification.reason,
    );
  };

  describe('issue()', () => {
    it('makes a secret of the published form, and a record of everything but the secret and its digest', async () => {
      const { secret, record } = await issue();
      expect(secret).toMatch(/^osir_live_[0-9A-Za-z]{49}$/);
      expect(record).toEqual({
        id: toDigest(secret).slice(0, 22),
        kind,
        subject: 'acct_42',
        scopes: ['domains:read'],
        expiresAt: ttlMs === null ? null : NOW + ttlMs,
        revokedAt: null,
        disabledAt: null,
        hint: secret.slice(0, 'osir_live_'.length + 4),
        name: null,
        clientId: null,
        grantId: null,
        environment: 'live',
        issuedAt: NOW,
        lastUsedAt: null,
        useCount: 0,
        rotatedFrom: null,
        confirmation: null,
        metadata: {},
      });
      expect(await life.get(record.id)).toEqual(record);
    });

    it('accepts every option', async () => {
      const said = {
        name: 'CI',
        clientId: 'client_7',
        grantId: 'grant_9',
        environment: 'test',
        expiresAt: NOW + 5,
        confirmation: { jkt: 'x' },
        metadata: { plan: 'pro' },
      };
      const { secret, record } = await issue(said);
      expect(secret).toMatch(/^osir_test_/);
      expect(record).toMatchObject(said);
      expect(await life.get(record.id)).toMatchObject(said);
    });

    it('issues one that never expires for expiresAt: null', async () => {
      expect((await issue({ expiresAt: null })).record.expiresAt).toBeNull();
    });

    it('makes another each time', async () => {
      const issued = await Promise.all(Array.from({ length: 100 }, () => issue()));
      expect(new Set(issued.map(({ secret }) => secret)).size).toBe(100);
      expect(new Set(issued.map(({ record }) => record.id)).size).toBe(100);
    });

    it('stores a copy: later changes of the options have no effect', async () => {
      const options = {
        subject: 'acct_42',
        scopes: ['domains:read'],
        metadata: { plan: { name: 'pro' } },
      };
      const { secret, record } = await life.issue(options);
      options.scopes.push('admin');
      options.metadata.plan.name = 'free';
      (record.scopes as string[]).push('root');
      expect(record.scopes).toEqual(['domains:read', 'root']);
      expect(await life.get(record.id)).toMatchObject({
        scopes: ['domains:read'],
        metadata: { plan: { name: 'pro' } },
      });
      expect(await life.verify(secret)).toMatchObject({
        principal: { scopes: ['domains:read'], claims: { plan: { name: 'pro' } } },
      });
    });

    it('does not hand out a secret that the store did not take', async () => {
      store.insert = async () => false;
      await expect(issue()).rejects.toThrow('the store refused a new record as already known');
      store.insert = () => Promise.reject(new Error('connect ECONNREFUSED'));
      await expect(issue()).rejects.toThrow('connect ECONNREFUSED');
    });
  });

  describe('verify()', () => {
    it('proves a bare secret', async () => {
      const { secret, record } = await issue({
        clientId: 'client_7',
        grantId: 'grant_9',
        expiresAt: NOW + 5,
        metadata: { plan: 'pro' },
      });
      expect(await life.verify(secret)).toEqual({
        ok: true,
        principal: {
          kind,
          verifier: `${kind}s`,
          subject: 'acct_42',
          clientId: 'client_7',
          credentialId: record.id,
          environment: 'live',
          scopes: ['domains:read'],
          expiresAt: NOW + 5,
          claims: { plan: 'pro' },
        },
        expiresAt: NOW + 5,
        grantId: 'grant_9',
      });
    });

    it('leaves out what the record has not', async () => {
      const { secret, record } = await issue({ expiresAt: null });
      const principal = {
        kind,
        verifier: `${kind}s`,
        subject: 'acct_42',
        environment: 'live',
        scopes: ['domains:read'],
        claims: {},
      };
      expect(await life.verify(secret)).toEqual({
        ok: true,
        principal: { ...principal, credentialId: record.id },
      });
    });

    it('returns the confirmation that the holder must prove', async () => {
      const { secret } = await issue({ confirmation: { jkt: 'x' } });
      expect(await life.verify(secret)).toMatchObject({ ok: true, confirmation: { jkt: 'x' } });
    });

    it('says why it refuses, to the millisecond', async () => {
      const { secret: ending } = await issue({ expiresAt: NOW + 1 });
      const { secret: revoked, record } = await issue();
      await life.revoke(record.id);
      expect(
        await subjectsOf(
          ending,
          revoked,
          generateSecret('osir', 'live'),
          generateSecret('other', 'live'),
          'junk',
          '',
        ),
      ).toEqual(['acct_42', 'revoked', 'unknown', 'malformed', 'malformed', 'malformed']);
      jest.setSystemTime(NOW + 1);
      expect(await subjectsOf(ending)).toEqual(['expired']);
    });
  });

  describe('rotate()', () => {
    it('replaces a credential by a new one with the same rights, and revokes the old', async () => {
      const rights = {
        ...SUBJECT,
        name: 'CI',
        clientId: 'client_7',
        grantId: 'grant_9',
        environment: 'test',
        metadata: { plan: 'pro' },
      };
      const old = await issue({ ...rights, expiresAt: null, confirmation: { jkt: 'x' } });
      jest.setSystemTime(NOW + 1_000);
      const next = (await life.rotate(old.record.id)) as Issued;
      expect(next.secret).toMatch(/^osir_test_/);
      expect(next.record).toEqual({
        ...old.record,
        id: toDigest(next.secret).slice(0, 22),
        hint: next.secret.slice(0, 'osir_test_'.length + 4),
        issuedAt: NOW + 1_000,
        rotatedFrom: old.record.id,
      });
      expect(await life.get(next.record.id)).toEqual(next.record);
      expect(await life.get(old.record.id)).toEqual({ ...old.record, revokedAt: NOW + 1_000 });
      expect(await subjectsOf(old.secret, next.secret)).toEqual(['revoked', 'acct_42']);
    });

    it('keeps the old one valid for exactly overlapMs, to the millisecond', async () => {
      const old = await issue();
      const next = (await life.rotate(old.record.id, { overlapMs: 60_000 })) as Issued;
      jest.setSystemTime(NOW + 59_999);
      expect(await subjectsOf(old.secret, next.secret)).toEqual(['acct_42', 'acct_42']);
      jest.setSystemTime(NOW + 60_000);
      expect(await subjectsOf(old.secret, next.secret)).toEqual(['expired', 'acct_42']);
      expect(await life.get(old.record.id)).toMatchObject({
        expiresAt: NOW + 60_000,
        revokedAt: null,
      });
    });

    it('lets no old one live longer than it would have', async () => {
      const old = await issue({ expiresAt: NOW + 1_000 });
      const next = (await life.rotate(old.record.id, { overlapMs: 60_000 })) as Issued;
      expect(await life.get(old.record.id)).toMatchObject({ expiresAt: NOW + 1_000 });
      jest.setSystemTime(NOW + 1_000);
      expect(await subjectsOf(old.secret)).toEqual(['expired']);
      expect(next.record.rotatedFrom).toBe(old.record.id);
    });

    it('gives the new one as long a life as the old one was given', async () => {
      const old = await issue({ expiresAt: NOW + 60_000 });
      jest.setSystemTime(NOW + 45_000);
      expect((await life.rotate(old.record.id))?.record.expiresAt).toBe(NOW + 45_000 + 60_000);
    });

    it('keeps the line from first to last', async () => {
      const first = await issue();
      const second = (await life.rotate(first.record.id)) as Issued;
      const third = (await life.rotate(second.record.id)) as Issued;
      const line = (await life.list({ subject: 'acct_42' })).map(({ id, rotatedFrom }) => [
        id,
        rotatedFrom,
      ]);
      expect(new Map(line as [string, string | null][])).toEqual(
        new Map([
          [first.record.id, null],
          [second.record.id, first.record.id],
          [third.record.id, second.record.id],
        ]),
      );
    });

    it('issues one new credential, however many concurrent calls rotate the old one', async () => {
      const old = await issue();
      const rotated = await Promise.all(
        Array.from({ length: 20 }, () => life.rotate(old.record.id)),
      );
      const winners = rotated.filter((one) => one !== undefined);
      expect(winners).toHaveLength(1);
      const live = (await life.list({ subject: 'acct_42' })).filter(
        ({ revokedAt }) => revokedAt === null,
      );
      expect(live.map(({ id }) => id)).toEqual(winners.map(({ record }) => record.id));
    });

    it('limits every lifetime to what a Date can represent', async () => {
      const { record } = await issue({ expiresAt: 8_640_000_000_000_000 });
      jest.setSystemTime(NOW + 1_000);
      expect((await life.rotate(record.id))?.record.expiresAt).toBe(8_640_000_000_000_000);
    });

    test.each([0, 60_000])(
      'hands nothing on of what is revoked meanwhile, with an overlap of %p ms',
      async (overlapMs) => {
        const old = await issue();
        const insert = store.insert.bind(store);
        store.insert = async (record) => (await store.revoke(old.record.id, NOW), insert(record));
        expect(await life.rotate(old.record.id, { overlapMs })).toBeUndefined();
        expect(
          (await life.list({ subject: 'acct_42' })).filter(({ revokedAt }) => revokedAt === null),
        ).toEqual([]);
      },
    );

    test.each<[string, (id: string) => unknown]>([
      ['revoked', (id) => life.revoke(id)],
      ['expired', () => jest.setSystemTime(NOW + 1_000)],
    ])('makes nothing of one that is %s', async (_, end) => {
      const { record } = await issue({ expiresAt: NOW + 1_000 });
      await end(record.id);
      expect(await life.rotate(record.id)).toBeUndefined();
      expect(await life.list({ subject: 'acct_42' })).toHaveLength(1);
    });
  });

  describe('update()', () => {
    it('changes the given members and nothing else', async () => {
      const { secret, record } = await issue({ name: 'CI', metadata: { plan: 'pro' } });
      const changes = {
        name: 'CD',
        scopes: ['domains:write'],
        metadata: { plan: 'free' },
        expiresAt: NOW + 5,
      };
      expect(await life.update(record.id, changes)).toEqual({ ...record, ...changes });
      expect(await life.get(record.id)).toEqual({ ...record, ...changes });
      expect(await life.update(record.id, { name: null })).toEqual({
        ...record,
        ...changes,
        name: null,
      });
      expect(await life.verify(secret)).toMatchObject({
        expiresAt: NOW + 5,
        principal: { scopes: ['domains:write'], expiresAt: NOW + 5, claims: { plan: 'free' } },
      });
    });

    it('leaves as it was what is undefined', async () => {
      const { secret, record } = await issue({ name: 'CI' });
      const changes = { name: 'CD', scopes: undefined, metadata: undefined, expiresAt: undefined };
      expect(await life.update(record.id, changes as object)).toEqual({ ...record, name: 'CD' });
      expect(await subjectsOf(secret)).toEqual(['acct_42']);
    });

    it('changes nothing that is revoked', async () => {
      const { record } = await issue();
      await life.revoke(record.id);
      expect(await life.update(record.id, { expiresAt: null, name: 'again' })).toBeUndefined();
      expect(await life.get(record.id)).toMatchObject({ name: null, revokedAt: NOW });
    });

    it('does not keep what its caller changes afterwards', async () => {
      const { record } = await issue();
      const scopes = ['domains:read'];
      await life.update(record.id, { scopes });
      scopes.push('admin');
      expect(await life.get(record.id)).toMatchObject({ scopes: ['domains:read'] });
    });
  });

  describe('revoke()', () => {
    it('is true for the one call that did it, and leaves the time of the first', async () => {
      const { secret, record } = await issue();
      const done = await Promise.all(Array.from({ length: 20 }, () => life.revoke(record.id)));
      expect(done.filter(Boolean)).toHaveLength(1);
      jest.setSystemTime(NOW + 1_000);
      expect(await life.revoke(record.id)).toBe(false);
      expect(await life.get(record.id)).toMatchObject({ revokedAt: NOW });
      expect(await subjectsOf(secret)).toEqual(['revoked']);
    });
  });

  describe('revokeAll()', () => {
    test.each([
      ['subject', { subject: 'acct_42' }],
      ['clientId', { clientId: 'client_7' }],
      ['grantId', { grantId: 'grant_9' }],
    ] as const)('revokes all of a %s, of no other, and says how many', async (_, whose) => {
      const mine = await Promise.all(
        [1, 2, 3].map(() =>
          issue({ subject: 'acct_42', clientId: 'client_7', grantId: 'grant_9' }),
        ),
      );
      // Each name of an owner stands for another kind of owner here.
      const other = await issue({ subject: 'client_7', clientId: 'grant_9', grantId: 'acct_42' });
      const none = await issue({ subject: 'grant_9' });
      await life.revoke(mine[0]?.record.id as string);
      expect(await life.revokeAll(whose)).toBe(2);
      expect(await life.revokeAll(whose)).toBe(0);
      expect(
        await subjectsOf(...mine.map(({ secret }) => secret), other.secret, none.secret),
      ).toEqual([...['revoked', 'revoked', 'revoked'], ...['client_7', 'grant_9']]);
    });

    it('goes by the owner that is named, though others are there and undefined', async () => {
      const { secret } = await issue({ clientId: 'client_7' });
      expect(
        await life.revokeAll({
          subject: undefined,
          grantId: undefined,
          clientId: 'client_7',
        } as never),
      ).toBe(1);
      expect(await subjectsOf(secret)).toEqual(['revoked']);
    });
  });

  describe('get()', () => {
    it('knows nothing of an unknown id', async () => {
      expect(await life.get('nobody')).toBeUndefined();
    });
  });

  describe('list()', () => {
    const idsOf = (records: readonly { id: string }[]) => records.map(({ id }) => id);

    it('is in the order of issue, and contains one owner only', async () => {
      const ids: string[] = [];
      for (let n = 0; n < 5; n++) {
        jest.setSystemTime(NOW + n);
        ids.push((await issue({ clientId: 'client_7', grantId: 'grant_9' })).record.id);
        await issue({ subject: 'acct_43' });
      }
      expect(idsOf(await life.list({ subject: 'acct_42' }))).toEqual(ids);
      expect(idsOf(await life.list({ clientId: 'client_7' }))).toEqual(ids);
      expect(idsOf(await life.list({ grantId: 'grant_9' }))).toEqual(ids);
      expect(await life.list({ subject: 'client_7' })).toEqual([]);
    });

    it('holds the same as get(), revoked and expired ones too', async () => {
      const { record: revoked } = await issue();
      const { record: expired } = await issue({ expiresAt: NOW + 1 });
      jest.setSystemTime(NOW + 1);
      await life.revoke(revoked.id);
      const listed = await life.list({ subject: 'acct_42' });
      const got = await Promise.all([revoked.id, expired.id].map((id) => life.get(id)));
      expect(new Set(listed)).toEqual(new Set(got));
    });

    it('comes in pages, each record once', async () => {
      for (let n = 0; n < 25; n++) {
        jest.setSystemTime(NOW + Math.floor(n / 3));
        await issue();
      }
      const all = idsOf(await life.list({ subject: 'acct_42' }));
      const paged: string[] = [];
      const sizes: number[] = [];
      for (let after: string | undefined; sizes.at(-1) !== 0; after = paged.at(-1)) {
        const page = await life.list({
          subject: 'acct_42',
          limit: 10,
          ...(after !== undefined && { after }),
        });
        sizes.push(page.length);
        paged.push(...idsOf(page));
      }
      expect(sizes).toEqual([10, 10, 5, 0]);
      expect(paged).toEqual(all);
      expect(new Set(all).size).toBe(25);
    });

    it('contains 100 records by default, and none after an unknown ID', async () => {
      await Promise.all(Array.from({ length: 101 }, () => issue()));
      expect(await life.list({ subject: 'acct_42' })).toHaveLength(100);
      expect(await life.list({ subject: 'acct_42', limit: 1_000 })).toHaveLength(101);
      expect(await life.list({ subject: 'acct_42', after: 'nobody' })).toEqual([]);
    });

    it('goes by the owner that is named, though others are there and undefined', async () => {
      const { record } = await issue({ grantId: 'grant_9' });
      const whose = {
        subject: undefined,
        clientId: undefined,
        grantId: 'grant_9',
        after: undefined,
        limit: undefined,
      };
      expect(idsOf(await life.list(whose as never))).toEqual([record.id]);
    });
  });

  describe('import()', () => {
    const secrets = ['base64url', 'hex', 'HEX'].map(() => generateSecret('osir', 'live'));
    const hex = (secret: string) => Buffer.from(toDigest(secret), 'base64url').toString('hex');
    const digests = [
      toDigest(secrets[0] as string),
      hex(secrets[1] as string),
      hex(secrets[2] as string).toUpperCase(),
    ];

    it('imports credentials by digest, as base64url or hex', async () => {
      const added = await life.import(digests.map((digest) => ({ ...SUBJECT, digest })));
      expect(added.map(({ id }) => id)).toEqual(
        secrets.map((secret) => toDigest(secret).slice(0, 22)),
      );
      expect(await subjectsOf(...secrets)).toEqual(['acct_42', 'acct_42', 'acct_42']);
      expect(await Promise.all(added.map(({ id }) => life.get(id)))).toEqual(added);
    });

    it('imports every given member, and sets the others to their defaults', async () => {
      const said = {
        ...SUBJECT,
        name: 'old',
        clientId: 'client_7',
        grantId: 'grant_9',
        environment: 'prod',
        hint: 'osir_prod_ab',
        issuedAt: 7,
        expiresAt: NOW + 5,
        revokedAt: NOW - 1,
        confirmation: { jkt: 'x' },
        metadata: { plan: 'pro' },
      };
      const [full, bare] = await life.import([
        { ...said, digest: digests[0] as string },
        { ...SUBJECT, digest: digests[1] as string },
      ]);
      expect(full).toEqual({
        ...said,
        id: digests[0]?.slice(0, 22),
        kind,
        disabledAt: null,
        lastUsedAt: null,
        useCount: 0,
        rotatedFrom: null,
      });
      expect(bare).toEqual({
        ...{
          ...SUBJECT,
          id: toDigest(secrets[1] as string).slice(0, 22),
          kind,
          hint: '',
          issuedAt: NOW,
          expiresAt: null,
          revokedAt: null,
          disabledAt: null,
        },
        ...{
          name: null,
          clientId: null,
          grantId: null,
          environment: null,
          confirmation: null,
          metadata: {},
        },
        ...{ lastUsedAt: null, useCount: 0, rotatedFrom: null },
      });
    });

    it('leaves what is known as it is, also twice in one list, and returns only what was added', async () => {
      const { secret, record } = await issue();
      const records = function* (): Iterable<ImportedRecord> {
        yield { subject: 'thief', scopes: ['admin'], digest: toDigest(secret) };
        yield { ...SUBJECT, digest: digests[0] as string };
        yield { subject: 'thief', scopes: ['admin'], digest: digests[0] as string };
      };
      expect(await life.import(records())).toMatchObject([
        { subject: 'acct_42', id: digests[0]?.slice(0, 22) },
      ]);
      expect(await life.get(record.id)).toEqual(record);
      expect(await subjectsOf(secret, secrets[0] as string)).toEqual(['acct_42', 'acct_42']);
      expect(await life.import(records())).toEqual([]);
    });

    it('adds nothing of a list in which one is wrong', async () => {
      const records = [
        { ...SUBJECT, digest: digests[0] as string },
        { ...SUBJECT, digest: 'osir_live_secret' },
      ];
      await expect(life.import(records)).rejects.toThrow(TypeError);
      expect(await life.list({ subject: 'acct_42' })).toEqual([]);
    });

    it('accepts an empty list', async () => expect(await life.import([])).toEqual([]));
  });

  describe('prune()', () => {
    it('deletes what ended longer ago than olderThanMs, and returns the count', async () => {
      const live = await issue({ expiresAt: null });
      const later = await issue({ expiresAt: NOW + 1 });
      jest.setSystemTime(NOW - 2_000);
      const expired = await issue({ expiresAt: NOW - 1_001 });
      const justExpired = await issue({ expiresAt: NOW - 1_000 });
      jest.setSystemTime(NOW);
      const revoked = await issue({ expiresAt: null });
      await life.revoke(revoked.record.id);
      const known = async () =>
        (
          await Promise.all(
            [live, later, expired, justExpired, revoked].map(({ record }) => life.get(record.id)),
          )
        ).map(Boolean);
      expect(await life.prune({ olderThanMs: 1_000 })).toBe(1);
      expect(await known()).toEqual([true, true, false, true, true]);
      jest.setSystemTime(NOW + 1);
      expect(await life.prune({ olderThanMs: 0 })).toBe(2);
      expect(await known()).toEqual([true, true, false, false, false]);
      expect(await subjectsOf(live.secret, expired.secret, revoked.secret)).toEqual([
        'acct_42',
        'unknown',
        'unknown',
      ]);
    });

    it('keeps ended credentials for 30 days by default', async () => {
      jest.setSystemTime(NOW - 1);
      await issue({ expiresAt: NOW });
      jest.setSystemTime(NOW + 30 * DAY_MS);
      expect(await life.prune()).toBe(0);
      jest.setSystemTime(NOW + 30 * DAY_MS + 1);
      expect(await life.prune()).toBe(1);
    });
  });

  it('shows the store no secret that is given in the place of an id', async () => {
    const { secret } = await issue();
    const calls = (['findById', 'list', 'update', 'revoke', 'expireAt'] as const).map((name) =>
      jest.spyOn(store, name),
    );
    expect(await life.get(secret)).toBeUndefined();
    expect(await life.rotate(secret)).toBeUndefined();
    expect(await life.update(secret, { name: 'CI' })).toBeUndefined();
    expect(await life.revoke(secret)).toBe(false);
    expect(await life.list({ subject: 'acct_42', after: secret })).toEqual([]);
    expect(calls.flatMap(({ mock }) => mock.calls)).toEqual([]);
    expect(await subjectsOf(secret)).toEqual(['acct_42']);
  });

  it('leaves alone what is of another kind in the same store', async () => {
    const others = KINDS.filter(([, other]) => other !== kind).map(([, , , makeOther]) =>
      makeOther(store),
    );
    const whose = {
      subject: 'acct_42',
      scopes: ['domains:read'],
      clientId: 'client_7',
      grantId: 'grant_9',
      expiresAt: null,
    };
    for (const other of others) {
      const { secret, record } = await other.issue(whose);
      expect(await subjectsOf(secret)).toEqual(['unknown']);
      expect(await life.get(record.id)).toBeUndefined();
      expect(await life.rotate(record.id)).toBeUndefined();
      expect(await life.update(record.id, { scopes: ['admin'] })).toBeUndefined();
      expect(await life.revoke(record.id)).toBe(false);
      for (const owner of [
        { subject: 'acct_42' },
        { clientId: 'client_7' },
        { grantId: 'grant_9' },
      ]) {
        expect(await life.list(owner)).toEqual([]);
        expect(await life.revokeAll(owner)).toBe(0);
      }
      await other.revoke((await other.issue(whose)).record.id);
      jest.setSystemTime(NOW + 1);
      expect(await life.prune({ olderThanMs: 0 })).toBe(0);
      expect(await other.get(record.id)).toEqual(record);
      expect(await other.verify(secret)).toMatchObject({ ok: true });
    }
  });

  it('hands out no digest, from no method', async () => {
    const { secret, record } = await issue();
    const handedOut = [
      record,
      await life.get(record.id),
      await life.list({ subject: 'acct_42' }),
      await life.update(record.id, { name: 'CI' }),
      await life.import([{ ...SUBJECT, digest: toDigest(generateSecret('osir', 'live')) }]),
      (await life.rotate(record.id))?.record,
    ].flat();
    expect(handedOut.map((one) => typeof one?.id)).toEqual(Array(6).fill('string'));
    for (const one of handedOut) {
      expect(one).not.toHaveProperty('digest');
    }
    expect(JSON.stringify(handedOut)).not.toContain(toDigest(secret));
  });
});
