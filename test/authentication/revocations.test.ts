import {
  apiKeys,
  type CredentialStore,
  type LatchkeyOptions,
  type ManagedVerifier,
  memoryStore,
  type Principal,
  type RevocationEvent,
  type Verification,
} from 'latchkey';

import { type Revocable, Revocations } from '../../src/authentication/revocations';
import { badBearer, OUTAGE } from '../support/answers';
import { deferred } from '../support/deferred';
import { asking, ownVerifier, underBearer } from '../support/own-verifier';

const NOW = Date.UTC(2030, 0, 1);
const RETENTION_MS = 31_000;
const macrotask = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'],
    }),
);
afterEach(() => void jest.useRealTimers());

const principal: Principal = {
  kind: 'access_token',
  verifier: 'jwt',
  subject: 'acct_42',
  clientId: 'client_7',
  credentialId: 'k1',
  scopes: [],
  claims: {},
};
const proof = (members: Partial<Revocable> = {}): Revocable => ({
  digest: 'digest',
  principal,
  grantId: 'grant_9',
  issuedAt: undefined,
  revocationsSeen: 0,
  ...members,
});
const mark = (kind: RevocationEvent['type'], id: string, at = NOW): RevocationEvent => ({
  type: kind,
  id,
  at,
});

const ABOUT_THE_PROOF: [RevocationEvent['type'], string][] = [
  ['digest', 'digest'],
  ['credential', 'k1'],
  ['subject', 'acct_42'],
  ['client', 'client_7'],
  ['grant', 'grant_9'],
];

test.each(ABOUT_THE_PROOF)('an event for its %s ends a cached verification', (kind, id) => {
  const revocations = new Revocations(RETENTION_MS);
  expect(revocations.isRevoked(proof())).toBe(false);
  revocations.add(mark(kind, id));
  expect(revocations.isRevoked(proof())).toBe(true);
});

test.each(ABOUT_THE_PROOF)(
  'an event for another %s, or for another type with the ID of its %s, ends none',
  (kind, id) => {
    const revocations = new Revocations(RETENTION_MS);
    revocations.add(mark(kind, `${id}x`));
    for (const [other] of ABOUT_THE_PROOF) {
      if (other !== kind) {
        revocations.add(mark(other, id));
      }
    }
    expect(revocations.isRevoked(proof())).toBe(false);
  },
);

test.each(['credential', 'client', 'grant'] as const)(
  'an event for a %s called "undefined" ends no cached verification without one',
  (kind) => {
    const revocations = new Revocations(RETENTION_MS);
    const { credentialId: _, clientId: __, ...without } = principal;
    revocations.add(mark(kind, 'undefined'));
    expect(revocations.isRevoked(proof({ principal: without, grantId: undefined }))).toBe(false);
  },
);

describe('a verification that can be repeated', () => {
  it('is ended by an event that arrived after it began, and by no earlier one, whatever their times', () => {
    const revocations = new Revocations(RETENTION_MS);
    revocations.add(mark('credential', 'k1', NOW + 60_000));
    expect(revocations.isRevoked(proof({ revocationsSeen: 0 }))).toBe(true);
    expect(revocations.isRevoked(proof({ revocationsSeen: revocations.count }))).toBe(false);
    revocations.add(mark('credential', 'k1', NOW - 60_000));
    expect(revocations.isRevoked(proof({ revocationsSeen: 1 }))).toBe(true);
  });

  it('is not ended by later revocations of other credentials', () => {
    const revocations = new Revocations(RETENTION_MS);
    revocations.add(mark('credential', 'k1'));
    revocations.add(mark('credential', 'k2'));
    expect(revocations.isRevoked(proof({ revocationsSeen: 1 }))).toBe(false);
  });
});

describe('a proof that is as old as its evidence', () => {
  test.each([
    ['younger than the mark by a millisecond', NOW + 1, false],
    ['exactly as old', NOW, true],
    ['older by a millisecond', NOW - 1, true],
  ])('that is %s', (_, asOf, voided) => {
    const revocations = new Revocations(RETENTION_MS);
    revocations.add(mark('subject', 'acct_42'));
    expect(
      revocations.isRevoked(proof({ issuedAt: asOf, revocationsSeen: revocations.count })),
    ).toBe(voided);
  });

  it('is compared with the latest of several events, in any order of arrival', () => {
    const revocations = new Revocations(RETENTION_MS);
    revocations.add(mark('subject', 'acct_42', NOW));
    revocations.add(mark('subject', 'acct_42', NOW - 60_000));
    expect(revocations.isRevoked(proof({ issuedAt: NOW }))).toBe(true);
  });
});

it('counts every mark that comes, one that is known already too', () => {
  const revocations = new Revocations(RETENTION_MS);
  revocations.add(mark('credential', 'k1'));
  revocations.add(mark('credential', 'k1'));
  revocations.add(mark('subject', 'acct_42'));
  expect(revocations.count).toBe(3);
});

describe('forgetting', () => {
  const others = (revocations: Revocations, count: number) => {
    for (let n = 0; n < count; n++) {
      revocations.add(mark('credential', `other ${Date.now()} ${n}`));
    }
  };

  it('keeps a mark without an end for as long as a proof may be older than it', () => {
    const revocations = new Revocations(RETENTION_MS);
    revocations.add(mark('credential', 'k1'));
    jest.setSystemTime(NOW + RETENTION_MS - 1);
    others(revocations, 5_000);
    expect(revocations.isRevoked(proof())).toBe(true);
  });

  it('then drops it, so that marks do not fill the memory', () => {
    const revocations = new Revocations(RETENTION_MS);
    revocations.add(mark('credential', 'k1'));
    jest.setSystemTime(NOW + RETENTION_MS);
    others(revocations, 5_000);
    expect(revocations.isRevoked(proof())).toBe(false);
  });

  it('keeps an event with an expiry until it expires', () => {
    const revocations = new Revocations(RETENTION_MS);
    revocations.add({ ...mark('credential', 'k1'), expiresAt: NOW + 3_600_000 });
    jest.setSystemTime(NOW + 3_600_000 - 1);
    others(revocations, 5_000);
    expect(revocations.isRevoked(proof())).toBe(true);
    jest.setSystemTime(NOW + 3_600_000);
    others(revocations, 20_000);
    expect(revocations.isRevoked(proof())).toBe(false);
  });

  it('keeps the later of two expiries', () => {
    const revocations = new Revocations(RETENTION_MS);
    revocations.add({ ...mark('credential', 'k1'), expiresAt: NOW + 3_600_000 });
    revocations.add({ ...mark('credential', 'k1'), expiresAt: NOW + 1 });
    jest.setSystemTime(NOW + 60_000);
    others(revocations, 5_000);
    expect(revocations.isRevoked(proof())).toBe(true);
  });
});

/** A store whose look-ups have read, but do not answer until they are let. It pushes nothing. */
function slowStore() {
  const inner = memoryStore();
  let gate = deferred<void>();
  gate.resolve();
  const find = jest.fn(async (digest: string) => {
    const record = await inner.find(digest);
    await gate.promise;
    return record;
  });
  const store: CredentialStore = { ...inner, find, subscribe: () => () => undefined };
  return { store, find, hold: () => (gate = deferred<void>()), release: () => gate.resolve() };
}

const CHANGES: [
  string,
  (keys: ManagedVerifier, id: string) => Promise<unknown>,
  'revoked' | 'expired',
][] = [
  ['revoke()', (keys, id) => keys.revoke(id), 'revoked'],
  ['rotate()', (keys, id) => keys.rotate(id), 'revoked'],
  ['revokeAll({ subject })', (keys) => keys.revokeAll({ subject: 'acct_42' }), 'revoked'],
  ['revokeAll({ clientId })', (keys) => keys.revokeAll({ clientId: 'client_7' }), 'revoked'],
  ['revokeAll({ grantId })', (keys) => keys.revokeAll({ grantId: 'grant_9' }), 'revoked'],
  [
    'update({ expiresAt })',
    async (keys, id) => {
      await keys.update(id, { expiresAt: NOW + 1 });
      jest.setSystemTime(NOW + 1);
    },
    'expired',
  ],
];
const WHOSE = {
  subject: 'acct_42',
  scopes: ['domains:read'],
  clientId: 'client_7',
  grantId: 'grant_9',
};

describe('what was ended on this instance', () => {
  test.each(CHANGES)(
    'is refused with the next request, though it is in the cache: %s',
    async (_, change, reason) => {
      const { store, find } = slowStore();
      const keys = apiKeys({ prefix: 'osir', store });
      const { ask } = asking([keys]);
      const { secret, record } = await keys.issue(WHOSE);
      const { secret: other } = await keys.issue({ subject: 'acct_43', scopes: [] });
      for (const token of [secret, other, secret]) {
        await ask(underBearer(token));
      }
      expect(find).toHaveBeenCalledTimes(2);
      await change(keys, record.id);
      expect(await ask(underBearer(secret))).toEqual(badBearer(reason));
      expect(await ask(underBearer(other))).toMatchObject({
        status: 'authenticated',
        principal: { subject: 'acct_43' },
      });
      expect(find).toHaveBeenCalledTimes(3);
    },
  );

  test.each(CHANGES)(
    'while its look-up is in flight is refused for all who come after, and not kept: %s',
    async (_, change, reason) => {
      const { store, hold, release } = slowStore();
      const keys = apiKeys({ prefix: 'osir', store });
      const { ask } = asking([keys]);
      const { secret, record } = await keys.issue(WHOSE);
      hold();
      const before = ask(underBearer(secret));
      await macrotask();
      await change(keys, record.id);
      const after = ask(underBearer(secret));
      release();
      await before;
      expect(await after).toEqual(badBearer(reason));
      expect(await ask(underBearer(secret))).toEqual(badBearer(reason));
    },
  );

  it('is not rejected for earlier requests if it was only changed during the look-up', async () => {
    const { store, hold, release } = slowStore();
    const keys = apiKeys({ prefix: 'osir', store });
    const { ask } = asking([keys]);
    const { secret, record } = await keys.issue(WHOSE);
    hold();
    const before = ask(underBearer(secret));
    await macrotask();
    await keys.update(record.id, { scopes: ['billing:read'] });
    release();
    expect(await before).toMatchObject({ status: 'authenticated' });
    expect(await ask(underBearer(secret))).toMatchObject({
      principal: { scopes: ['billing:read'] },
    });
  });

  it('is rejected by every guard that uses the same verifier, without a notification from the store', async () => {
    const keys = apiKeys({ prefix: 'osir', store: slowStore().store });
    const guards = [asking([keys]), asking([keys])];
    const { secret, record } = await keys.issue(WHOSE);
    for (const { ask } of guards) {
      await ask(underBearer(secret));
    }
    await keys.revoke(record.id);
    for (const { ask } of guards) {
      expect(await ask(underBearer(secret))).toEqual(badBearer('revoked'));
    }
  });

  it('is rejected at once on an instance that is notified, and within ttlMs on one that is not', async () => {
    const store = memoryStore();
    const [here, told, deaf] = [
      apiKeys({ prefix: 'osir', store }),
      apiKeys({ prefix: 'osir', store }),
      apiKeys({ prefix: 'osir', store: { ...store, subscribe: () => () => undefined } }),
    ];
    const [onTold, onDeaf] = [asking([told]), asking([deaf])];
    const { secret, record } = await here.issue(WHOSE);
    for (const { ask } of [onTold, onDeaf]) {
      await ask(underBearer(secret));
    }
    await here.revoke(record.id);
    expect(await onTold.ask(underBearer(secret))).toEqual(badBearer('revoked'));
    jest.setSystemTime(NOW + 29_999);
    expect(await onDeaf.ask(underBearer(secret))).toMatchObject({ status: 'authenticated' });
    jest.setSystemTime(NOW + 30_000);
    expect(await onDeaf.ask(underBearer(secret))).toEqual(badBearer('revoked'));
  });

  it('has its new scopes with the next request if it was changed, not ended', async () => {
    const keys = apiKeys({ prefix: 'osir', store: slowStore().store });
    const { ask } = asking([keys]);
    const { secret, record } = await keys.issue(WHOSE);
    await ask(underBearer(secret));
    await keys.update(record.id, { scopes: ['billing:read'] });
    expect(await ask(underBearer(secret))).toMatchObject({
      principal: { scopes: ['billing:read'] },
    });
  });
});

describe('a mark that a verifier pushes', () => {
  function watched(
    answer: Partial<Extract<Verification, { ok: true }>> = {},
    options: Partial<LatchkeyOptions> = {},
  ) {
    let revoked!: (mark: RevocationEvent) => void;
    const verifier = ownVerifier({
      subscribe: (listener) => ((revoked = listener), () => undefined),
    });
    verifier.verify.mockReturnValue({ ok: true, principal, grantId: 'grant_9', ...answer });
    return {
      verifier,
      push: (kind: RevocationEvent['type'], id: string, at = NOW) =>
        revoked({ type: kind, id, at }),
      ...asking([verifier], options),
    };
  }
  const MARKS: [RevocationEvent['type'], string][] = [
    ['digest', 'PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A'],
    ['credential', 'k1'],
    ['subject', 'acct_42'],
    ['client', 'client_7'],
    ['grant', 'grant_9'],
  ];

  test.each(MARKS)('for its %s makes a credential be verified again', async (kind, id) => {
    const { verifier, push, ask } = watched();
    await ask();
    push(kind, `${id}x`);
    await ask();
    expect(verifier.verify).toHaveBeenCalledTimes(1);
    push(kind, id);
    expect(await ask()).toEqual({ status: 'authenticated', principal, headers: {} });
    expect(verifier.verify).toHaveBeenCalledTimes(2);
    await ask();
    expect(verifier.verify).toHaveBeenCalledTimes(2);
  });

  test.each(MARKS)('for its %s rejects a JWT that was not issued later', async (kind, id) => {
    const { verifier, push, ask } = watched({ issuedAt: NOW });
    expect(await ask()).toMatchObject({ status: 'authenticated' });
    push(kind, id, NOW - 1);
    expect(await ask()).toMatchObject({ status: 'authenticated' });
    push(kind, id, NOW);
    for (let n = 0; n < 2; n++) {
      expect(await ask()).toEqual(badBearer('revoked'));
    }
    verifier.verify.mockReturnValue({ ok: true, principal, issuedAt: NOW + 1 });
    expect(await ask()).toMatchObject({ status: 'authenticated' });
  });

  it('rejects a JWT if the event arrives before the verification settles', async () => {
    const { verifier, push, ask } = watched();
    const verification = deferred<Verification>();
    verifier.verify.mockReturnValueOnce(verification.promise);
    const answer = ask();
    push('subject', 'acct_42');
    verification.resolve({ ok: true, principal, issuedAt: NOW });
    expect(await answer).toEqual(badBearer('revoked'));
  });

  test.each([
    ['may serve', {}, NOW + 29_999],
    ['may serve while it cannot be proven anew', { staleIfErrorMs: 60_000 }, NOW + 89_999],
  ])('is kept for as long as a proof %s, however many marks come', async (_, cache, then) => {
    const { verifier, push, ask } = watched({}, { cache });
    await ask();
    push('credential', 'k1');
    jest.setSystemTime(then);
    for (let n = 0; n < 5_000; n++) {
      push('credential', `other ${n}`);
    }
    verifier.verify.mockRejectedValue(new Error('connect ECONNREFUSED'));
    expect(await ask()).toEqual(OUTAGE);
  });

  it('applies only to the credentials of that verifier', async () => {
    const other = ownVerifier({ name: 'other', accepts: ({ token }) => token === 'other' });
    const { verifier, push } = watched();
    const { ask } = asking([other, verifier]);
    await ask(underBearer('other'));
    push('subject', 'acct_42');
    await ask(underBearer('other'));
    expect(other.verify).toHaveBeenCalledTimes(1);
  });
});
