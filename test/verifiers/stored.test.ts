import {
  accessTokens,
  apiKeys,
  CREDENTIAL_STORE_METHODS,
  type CredentialReader,
  type CredentialRecord,
  type CredentialStore,
  type ManagedVerifier,
  memoryStore,
  type RevocationEvent,
  sessionTokens,
  type StoredVerifier,
} from 'latchkey';

import { toDigest } from '../../src/credential/digest';
import { generateSecret } from '../../src/credential/secret';
import { badBearer, badKey, OUTAGE } from '../support/answers';
import { rowOf } from '../support/guarded-table';
import { asking, underBearer } from '../support/own-verifier';

const NOW = Date.UTC(2030, 0, 1);
const secret = generateSecret('osir', 'live');
const macrotask = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'],
    }),
);
afterEach(() => void jest.useRealTimers());

const KINDS: [
  string,
  string,
  string[],
  (store: CredentialReader, name?: string) => StoredVerifier,
][] = [
  [
    'api_key',
    'api_keys',
    ['bearer', 'api-key-header', 'query'],
    (store, name) => apiKeys({ prefix: 'osir', store, ...(name && { name }) }),
  ],
  [
    'access_token',
    'access_tokens',
    ['bearer', 'dpop'],
    (store, name) => accessTokens({ prefix: 'osir', store, ...(name && { name }) }),
  ],
  [
    'session_token',
    'session_tokens',
    ['bearer', 'cookie'],
    (store, name) => sessionTokens({ prefix: 'osir', store, ...(name && { name }) }),
  ],
];

describe.each(KINDS)('a verifier of kind %s', (kind, name, extractors, make) => {
  const verifier = make({ find: async () => undefined });

  it('accepts secrets with its prefix from its extractors only', () => {
    expect(verifier.name).toBe(name);
    const all = ['bearer', 'dpop', 'api-key-header', 'query', 'cookie', 'own'];
    expect(all.filter((extractor) => verifier.accepts({ extractor, token: secret }))).toEqual(
      extractors,
    );
    const tokens = [
      'osir_',
      'osir_junk',
      'osir',
      'osi_x',
      'osirx_',
      'xosir_',
      'OSIR_',
      ' osir_',
      'ｏsir_',
      '',
      'a.b.c',
    ];
    expect(tokens.filter((token) => verifier.accepts({ extractor: 'bearer', token }))).toEqual([
      'osir_',
      'osir_junk',
    ]);
  });

  it('uses a configured name in principals and errors', async () => {
    const named = make({ find: async () => rowOf(secret, { kind }) }, 'partners');
    expect(named.name).toBe('partners');
    expect(await named.verify(secret)).toMatchObject({
      ok: true,
      principal: { verifier: 'partners', kind },
    });
    await expect((named as ManagedVerifier).revoke('k1')).rejects.toThrow(/^partners: /);
  });

  it('has a pattern that matches its secrets', () => {
    const text = `KEY=${secret} OTHER=${generateSecret('other', 'live')} SHORT=osir_live_x`;
    expect(text.match(new RegExp(verifier.pattern, 'g'))).toEqual([secret]);
  });

  it('rejects a record of another kind', async () => {
    const others = KINDS.map(([other]) => other).filter((other) => other !== kind);
    for (const other of [...others, 'refresh_token', kind.toUpperCase()]) {
      const verification = await make({ find: async () => rowOf(secret, { kind: other }) }).verify(
        secret,
      );
      expect(verification).toMatchObject({
        ok: false,
        reason: 'unknown',
        detail: `the record is of the kind ${other}, not ${kind}`,
      });
    }
  });
});

describe('a token that is rejected without a query to the store', () => {
  test.each([
    ['one character off', `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`],
    ['another case', secret.toUpperCase().replace('OSIR_LIVE', 'osir_live')],
    ['another prefix', generateSecret('other', 'live')],
    ['a longer prefix', generateSecret('osirx', 'live')],
    ['another environment under the same checksum', secret.replace('live', 'test')],
    ['its hint', secret.slice(0, 14)],
    ['its digest', toDigest(secret)],
    ['its digest after the prefix', `osir_live_${toDigest(secret)}`],
    ['SQL', "osir_live_'OR'1'='1"],
    ['a comment of SQL', `${secret}--`],
    ['a glob', 'osir_live_*'],
    ['a wildcard of SQL', 'osir_live_%'],
    ['a path', 'osir_/../../etc/passwd'],
    ['junk', 'osir_'],
    ['500 characters', `osir_live_${'x'.repeat(490)}`],
  ])('is %s', async (_, token) => {
    const find = jest.fn(async (digest: string) => ({ ...rowOf(secret), digest }));
    const { ask } = asking([apiKeys({ prefix: 'osir', store: { find } })]);
    expect(await ask({ headers: { 'x-api-key': token } })).toMatchObject(
      badKey(token.startsWith('osir_') ? 'malformed' : 'unknown'),
    );
    expect(await ask(underBearer(token))).toMatchObject({
      status: 'refused',
      refusal: badBearer('unknown').refusal,
    });
    expect(find).not.toHaveBeenCalled();
  });

  test.each([
    ['a control character', '\0'],
    ['a line feed', '\n'],
    ['a full-width letter', 'ｏ'],
    ['a space', ' '],
    ['a comma', ','],
  ])('contains %s', async (_, odd) => {
    const find = jest.fn(async (digest: string) => ({ ...rowOf(secret), digest }));
    const { ask } = asking([apiKeys({ prefix: 'osir', store: { find } })]);
    for (const token of [secret + odd, odd + secret, secret.replace('live', `li${odd}e`)]) {
      expect(await ask({ headers: { 'x-api-key': token } })).toEqual(badKey('malformed'));
    }
    expect(find).not.toHaveBeenCalled();
  });
});

test('responds with the same bytes to unknown, revoked, expired and misplaced keys', async () => {
  const answers = new Map<string, CredentialRecord>();
  const keys = apiKeys({
    prefix: 'osir',
    environment: 'live',
    store: { find: async (digest) => answers.get(digest) },
  });
  const { ask } = asking([keys]);
  const put = (members: Partial<CredentialRecord>) => {
    const token = generateSecret('osir', 'live');
    answers.set(toDigest(token), rowOf(token, members));
    return token;
  };
  const tokens = {
    unknown: generateSecret('osir', 'live'),
    revoked: put({ revokedAt: NOW - 1 }),
    expired: put({ expiresAt: NOW }),
    wrong_environment: generateSecret('osir', 'test'),
    malformed: 'osir_live_junk',
  };
  for (const [reason, token] of Object.entries(tokens)) {
    expect(await ask(underBearer(token))).toEqual(badBearer(reason as 'unknown'));
    expect(await ask({ headers: { 'x-api-key': token } })).toEqual(badKey(reason as 'unknown'));
  }
});

describe('an environment', () => {
  const find = jest.fn(async (digest: string): Promise<CredentialRecord | undefined> => ({
    ...rowOf(secret),
    digest,
    environment: 'test',
  }));
  beforeEach(() => find.mockClear());

  it('of the secret takes precedence over the one of the record', async () => {
    const verification = await apiKeys({ prefix: 'osir', store: { find } }).verify(secret);
    expect(verification).toMatchObject({ ok: true, principal: { environment: 'live' } });
  });

  it('other than the configured one is rejected without a query to the store', async () => {
    const keys = apiKeys({ prefix: 'osir', environment: 'live', store: { find } });
    expect(await keys.verify(generateSecret('osir', 'test'))).toEqual({
      ok: false,
      reason: 'wrong_environment',
      detail: 'the key is of the environment test, not live',
    });
    expect(find).not.toHaveBeenCalled();
    expect(await keys.verify(secret)).toMatchObject({
      ok: true,
      principal: { environment: 'live' },
    });
  });

  it('of a legacy key is the one of the record, and must be the configured one', async () => {
    const legacy = /^sk-[a-z]+$/;
    const any = apiKeys({ prefix: 'osir', legacy, store: { find } });
    expect(await any.verify('sk-old')).toMatchObject({
      ok: true,
      principal: { environment: 'test' },
    });
    const test = apiKeys({ prefix: 'osir', legacy, environment: 'test', store: { find } });
    expect(await test.verify('sk-old')).toMatchObject({
      ok: true,
      principal: { environment: 'test' },
    });
    const live = apiKeys({ prefix: 'osir', legacy, environment: 'live', store: { find } });
    expect(await live.verify('sk-old')).toMatchObject({ ok: false, reason: 'wrong_environment' });
    find.mockImplementationOnce(async (digest) => ({ ...rowOf('sk-old'), digest }));
    expect(await live.verify('sk-old')).toMatchObject({ ok: false, reason: 'wrong_environment' });
  });
});

describe('legacy keys', () => {
  const legacy = /^(sk-[a-z]+|[0-9a-f]{32}|[\w-]{43})$/;

  it('are found by the digest of the whole key', async () => {
    const keys = apiKeys({ prefix: 'osir', legacy, store: memoryStore() });
    const { ask } = asking([keys]);
    await keys.import([{ subject: 'old', scopes: ['a'], digest: toDigest('sk-old') }]);
    const { secret: issued } = await keys.issue({ subject: 'new', scopes: ['a'] });
    expect(await ask(underBearer('sk-old'))).toMatchObject({
      status: 'authenticated',
      principal: { subject: 'old', scopes: ['a'] },
    });
    expect(await ask({ headers: { 'x-api-key': 'sk-old' } })).toMatchObject({
      principal: { subject: 'old' },
    });
    expect(await ask(underBearer(issued))).toMatchObject({ principal: { subject: 'new' } });
    expect(await ask(underBearer('sk-older'))).toEqual(badBearer('unknown'));
  });

  it('cannot be used by their digest', async () => {
    const keys = apiKeys({ prefix: 'osir', legacy, store: memoryStore() });
    const { ask } = asking([keys]);
    const { secret: issued } = await keys.issue({ subject: 'acct_42', scopes: [] });
    for (const seen of [
      toDigest(issued),
      Buffer.from(toDigest(issued), 'base64url').toString('hex').slice(0, 32),
    ]) {
      expect(await ask(underBearer(seen))).toEqual(badBearer('unknown'));
    }
  });

  it('are replaced by keys of the new form when they are rotated', async () => {
    const keys = apiKeys({ prefix: 'osir', legacy, store: memoryStore() });
    const [old] = await keys.import([
      { subject: 'acct_42', scopes: ['a'], digest: toDigest('sk-old') },
    ]);
    const next = await keys.rotate(old?.id as string, { overlapMs: 1_000 });
    expect(next).toMatchObject({
      secret: expect.stringMatching(/^osir_live_/) as string,
      record: { rotatedFrom: old?.id, scopes: ['a'] },
    });
    expect(await keys.verify('sk-old')).toMatchObject({ ok: true });
    jest.setSystemTime(NOW + 1_000);
    expect(await keys.verify('sk-old')).toEqual({ ok: false, reason: 'expired' });
  });

  it('are rejected without a query to the store if they are too long', async () => {
    const find = jest.fn(async (digest: string) => ({ ...rowOf('x'), digest }));
    const { ask } = asking([apiKeys({ prefix: 'osir', legacy: /^x+$/, store: { find } })]);
    expect(await ask(underBearer('x'.repeat(513)))).toEqual(badBearer('malformed'));
    expect(find).not.toHaveBeenCalled();
    expect(await ask(underBearer('x'.repeat(512)))).toMatchObject({ status: 'authenticated' });
  });
});

describe('subscribe()', () => {
  it('notifies of revocations, here and by the store, until the subscription ends', async () => {
    const unwatch = jest.fn();
    let push: ((mark: RevocationEvent) => void) | undefined;
    const store: CredentialStore = {
      ...memoryStore(),
      subscribe: (listener) => ((push = listener), unwatch),
    };
    const keys = apiKeys({ prefix: 'osir', store });
    const marks: RevocationEvent[] = [];
    const end = keys.subscribe?.((mark) => marks.push(mark));
    const { record } = await keys.issue({ subject: 'acct_42', scopes: [] });
    await keys.revoke(record.id);
    await keys.revokeAll({ subject: 'acct_42' });
    push?.({ type: 'credential', id: 'k2', at: NOW });
    const told = [
      { type: 'credential', id: record.id, at: NOW },
      { type: 'subject', id: 'acct_42', at: NOW },
      { type: 'credential', id: 'k2', at: NOW },
    ];
    expect(marks).toEqual(told);
    await end?.();
    expect(unwatch).toHaveBeenCalledTimes(1);
    await keys.revokeAll({ subject: 'acct_42' });
    expect(marks).toEqual(told);
  });
});

type Find = CredentialReader['find'];
const FAULTS: [string, (digest: string) => unknown][] = [
  [
    'throws synchronously',
    () => {
      throw new Error('connect ECONNREFUSED');
    },
  ],
  ['rejects', () => Promise.reject(new Error('connect ECONNREFUSED'))],
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  ['rejects with null', () => Promise.reject(null)],
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  ['rejects with undefined', () => Promise.reject()],
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  ['rejects with text', () => Promise.reject('down')],
  ['never settles', () => new Promise(() => {})],
  [
    'settles after the deadline',
    () => new Promise((resolve) => setTimeout(() => resolve(rowOf(secret)), 1_001)),
  ],
  [
    'fails after the deadline',
    () => new Promise((_, reject) => setTimeout(() => reject(new Error('cut')), 1_001)),
  ],
  ['answers {}', async () => ({})],
  ['answers true', async () => true],
  ['answers text', async () => JSON.stringify(rowOf(secret))],
  ['answers a list', async () => [rowOf(secret)]],
  ['answers a list of nothing', async () => []],
  ['answers false', async () => false],
  ['answers another record', async () => rowOf(generateSecret('osir', 'live'))],
  [
    'answers a record under a digest of the wrong length',
    async (digest) => ({ ...rowOf(secret), digest: digest.slice(1) }),
  ],
  ['answers a record under no digest', async () => ({ ...rowOf(secret), digest: undefined })],
  ['answers a Date', async () => rowOf(secret, { expiresAt: new Date(NOW + 5) as never })],
  ['answers a bad date', async () => rowOf(secret, { expiresAt: NaN })],
  ['answers a date as text', async () => rowOf(secret, { expiresAt: '2031-01-01' as never })],
  ['answers no word on revocation', async () => rowOf(secret, { revokedAt: undefined as never })],
  ['answers a subject of nobody', async () => rowOf(secret, { subject: '' })],
  ['answers scopes as text', async () => rowOf(secret, { scopes: 'domains:read' as never })],
  [
    'answers a record that throws when it is read',
    async () => ({
      get digest() {
        throw new Error('lazy');
      },
    }),
  ],
];

describe('a store that', () => {
  test.each(FAULTS)(
    '%s is an outage for known and unknown keys, and recovers',
    async (_, fault) => {
      const find = jest.fn(fault) as jest.MockedFunction<Find>;
      const { ask } = asking([apiKeys({ prefix: 'osir', store: { find } })]);
      for (const token of [secret, generateSecret('osir', 'live')]) {
        const answers = [ask(underBearer(token)), ask({ headers: { 'x-api-key': token } })];
        await jest.advanceTimersByTimeAsync(1_000);
        expect(await Promise.all(answers)).toEqual([OUTAGE, OUTAGE]);
      }
      await jest.advanceTimersByTimeAsync(10_000);
      await macrotask();
      find.mockImplementation(async () => rowOf(secret));
      expect(await ask(underBearer(secret))).toMatchObject({
        status: 'authenticated',
        principal: { subject: 'acct_42' },
      });
    },
  );

  test.each([null, undefined])('returns %p has no such record', async (nothing) => {
    const { ask } = asking([
      apiKeys({ prefix: 'osir', store: { find: async () => nothing as undefined } }),
    ]);
    expect(await ask(underBearer(secret))).toEqual(badBearer('unknown'));
  });

  it('may return a record without a promise', async () => {
    const { ask } = asking([
      apiKeys({ prefix: 'osir', store: { find: () => rowOf(secret) as never } }),
    ]);
    expect(await ask(underBearer(secret))).toMatchObject({ status: 'authenticated' });
  });

  it('may use its own state', async () => {
    class Table {
      readonly #rows = new Map([[toDigest(secret), rowOf(secret)]]);
      async find(digest: string) {
        return this.#rows.get(digest);
      }
    }
    const { ask } = asking([apiKeys({ prefix: 'osir', store: new Table() })]);
    expect(await ask(underBearer(secret))).toMatchObject({ status: 'authenticated' });
  });
});

describe('a store with nothing but find()', () => {
  const find = jest.fn(async () => rowOf(secret));
  const keys = apiKeys({ prefix: 'osir', store: { find } }) as ManagedVerifier;

  it('verifies keys by the required members of a record', async () => {
    const { ask, close } = asking([keys]);
    expect(await ask(underBearer(secret))).toEqual({
      status: 'authenticated',
      principal: {
        kind: 'api_key',
        verifier: 'api_keys',
        subject: 'acct_42',
        credentialId: rowOf(secret).id,
        environment: 'live',
        scopes: ['domains:read'],
        claims: {},
      },
      headers: {},
    });
    expect(find).toHaveBeenCalledWith(toDigest(secret));
    await expect(close()).resolves.toBeUndefined();
  });

  const SUBJECT = { subject: 'acct_42', scopes: [] };
  test.each<[string, () => Promise<unknown>]>([
    ['issue', () => keys.issue(SUBJECT)],
    ['rotate', () => keys.rotate('k1')],
    ['update', () => keys.update('k1', {})],
    ['revoke', () => keys.revoke('k1')],
    ['revokeAll', () => keys.revokeAll({ subject: 'acct_42' })],
    ['get', () => keys.get('k1')],
    ['list', () => keys.list({ subject: 'acct_42' })],
    ['import', () => keys.import([{ ...SUBJECT, digest: toDigest('old') }])],
    ['import of nothing', () => keys.import([])],
    ['prune', () => keys.prune()],
  ])('cannot be managed: %s is a TypeError that names the missing methods', async (_, call) => {
    await expect(call()).rejects.toThrow(
      new TypeError(
        'api_keys: its store can only verify credentials, since it lacks findById(), insert(), list(), update(), expireAt(), revoke(), revokeAll(), recordUsage(), prune(), publish(), subscribe(); to issue, list or revoke, pass a CredentialStore such as memoryStore()',
      ),
    );
    await expect(call()).rejects.toHaveProperty('code', 'ERR_LATCHKEY_STORE_METHODS');
  });

  it('has no methods of a manager in its type', () => {
    // @ts-expect-error a reader's verifier does not issue
    expect(typeof apiKeys({ prefix: 'osir', store: { find } }).issue).toBe('function');
  });

  it.each(CREDENTIAL_STORE_METHODS.filter((method) => method !== 'find'))(
    'still verifies, and names %s() as missing',
    async (method) => {
      const complete = memoryStore();
      const { secret } = await apiKeys({ prefix: 'osir', store: complete }).issue(SUBJECT);
      const store = { ...complete, [method]: undefined } as CredentialReader;
      const verifiers = [
        apiKeys({ prefix: 'osir', store }),
        accessTokens({ prefix: 'osir', store }),
        sessionTokens({ prefix: 'osir', store }),
      ];
      for (const verifier of verifiers as ManagedVerifier[]) {
        await expect(verifier.issue(SUBJECT)).rejects.toThrow(`it lacks ${method}();`);
      }
      expect(await verifiers[0]?.verify(secret)).toMatchObject({ ok: true });
    },
  );
});
