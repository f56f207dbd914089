import {
  apiKeys,
  type CacheLimits,
  type CredentialRecord,
  latchkey,
  type Principal,
  type Reason,
  type Verifier,
} from 'latchkey';

import { Revocations } from '../../src/authentication/revocations';
import {
  type CachedVerification,
  NO_CACHE,
  verificationCache,
} from '../../src/authentication/verification-cache';
import { generateSecret } from '../../src/credential/secret';
import { badBearer, OUTAGE } from '../support/answers';
import { deferred } from '../support/deferred';
import { type GuardedTable, guardedTable, rowOf } from '../support/guarded-table';
import { asking, ownVerifier, proven } from '../support/own-verifier';

const NOW = Date.UTC(2030, 0, 1);
const TTL_MS = 30_000;

beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'],
    }),
);
afterEach(() => void jest.useRealTimers());

const principal: Principal = {
  kind: 'api_key',
  verifier: 'api_keys',
  subject: 'acct_42',
  credentialId: 'k1',
  scopes: [],
  claims: {},
};
const proofOf = (members: Partial<CachedVerification> = {}): CachedVerification => ({
  digest: 'digest',
  principal,
  grantId: undefined,
  issuedAt: undefined,
  revocationsSeen: 0,
  revocations: new Revocations(60_000),
  verifiedAt: NOW,
  verifiedAtMonotonic: performance.now(),
  expiresAt: Infinity,
  ...members,
});

describe('proofs by fingerprint', () => {
  const cacheOf = (limits: Partial<CacheLimits> = {}) =>
    verificationCache<CachedVerification>({
      max: 100,
      ttlMs: TTL_MS,
      staleIfErrorMs: 0,
      ...limits,
    });

  it('are returned unchanged, only under their own fingerprint', () => {
    const cache = cacheOf();
    const proof = proofOf();
    cache.set('fingerprint', proof);
    expect(cache.fresh('fingerprint', NOW)).toBe(proof);
    expect(cache.fresh('another', NOW)).toBeUndefined();
  });

  it('are replaced by a later one', () => {
    const cache = cacheOf();
    cache.set('fingerprint', proofOf());
    const later = proofOf({ verifiedAt: NOW + 1 });
    cache.set('fingerprint', later);
    expect(cache.fresh('fingerprint', NOW + 1)).toBe(later);
  });

  it('are bounded: the one that was not used for longest goes', () => {
    const cache = cacheOf({ max: 3 });
    for (const digest of ['a', 'b', 'c']) {
      cache.set(digest, proofOf({ digest }));
    }
    cache.fresh('a', NOW);
    cache.set('d', proofOf({ digest: 'd' }));
    expect(['a', 'b', 'c', 'd'].map((digest) => cache.fresh(digest, NOW)?.digest)).toEqual([
      'a',
      undefined,
      'c',
      'd',
    ]);
  });

  test.each([
    ['at once', {}, 0, true],
    ['a millisecond before their time to live is over', {}, TTL_MS - 1, true],
    ['when their time to live is over', {}, TTL_MS, false],
    ['a millisecond before their own end', { expiresAt: NOW + 1_000 }, 999, true],
    ['at their own end', { expiresAt: NOW + 1_000 }, 1_000, false],
    ['where their own end was when they were made', { expiresAt: NOW }, 0, false],
    ['where their own end was before 1970', { expiresAt: -1 }, 0, false],
    ['where the clock was set back', {}, -1, false],
  ])('%s: %p after %p ms they are valid: %p', (_, members, after, good) => {
    const cache = cacheOf();
    cache.set('fingerprint', proofOf(members));
    expect(cache.fresh('fingerprint', NOW + after) !== undefined).toBe(good);
  });

  test.each<[string, 'fresh' | 'stale', number]>([
    ['their time to live', 'fresh', TTL_MS],
    ['the further time', 'stale', TTL_MS + 5_000],
  ])('do not outlive %s if the clock is set back, however often', (_, look, ageMs) => {
    const up = jest.spyOn(performance, 'now').mockReturnValue(7);
    const cache = cacheOf({ staleIfErrorMs: 5_000 });
    cache.set('fingerprint', proofOf({ verifiedAtMonotonic: 7 }));
    const afterwards = [0, 1_000, ageMs - 1, ageMs, ageMs + 1].map((after) => {
      up.mockReturnValue(7 + after);
      return [NOW + 1_000, NOW].map((now) => cache[look]('fingerprint', now) !== undefined);
    });
    up.mockRestore();
    const [good, over] = [
      [true, true],
      [false, false],
    ];
    expect(afterwards).toEqual([good, good, good, over, over]);
  });

  it('are not made younger by use', () => {
    const cache = cacheOf();
    cache.set('fingerprint', proofOf());
    for (let after = 0; after < TTL_MS; after += 1_000) {
      expect(cache.fresh('fingerprint', NOW + after)).toBeDefined();
    }
    expect(cache.fresh('fingerprint', NOW + TTL_MS)).toBeUndefined();
  });

  it('are removed permanently by a revocation', () => {
    const cache = cacheOf();
    const proof = proofOf();
    cache.set('fingerprint', proof);
    proof.revocations.add({ type: 'credential', id: 'k1', at: NOW });
    expect(cache.fresh('fingerprint', NOW)).toBeUndefined();
    proof.revocationsSeen = proof.revocations.count;
    expect(cache.fresh('fingerprint', NOW)).toBeUndefined();
  });

  it('are held against marks once for each that is new', () => {
    const cache = cacheOf();
    const proof = proofOf();
    const isRevoked = jest.spyOn(proof.revocations, 'isRevoked');
    cache.set('fingerprint', proof);
    proof.revocations.add({ type: 'credential', id: 'another', at: NOW });
    for (let n = 0; n < 10; n++) {
      expect(cache.fresh('fingerprint', NOW)).toBe(proof);
    }
    expect(isRevoked).toHaveBeenCalledTimes(1);
    proof.revocations.add({ type: 'subject', id: 'acct_42', at: NOW });
    expect(cache.fresh('fingerprint', NOW)).toBeUndefined();
    expect(isRevoked).toHaveBeenCalledTimes(2);
  });

  describe('that are past their time to live', () => {
    test.each([
      ['a millisecond before the further time is over', {}, TTL_MS + 4_999, true],
      ['when the further time is over', {}, TTL_MS + 5_000, false],
      ['at their own end', { expiresAt: NOW + TTL_MS + 1_000 }, TTL_MS + 1_000, false],
      ['where the clock was set back', {}, -1, false],
    ])(
      '%s: %p after %p ms they may serve while there is no other: %p',
      (_, members, after, good) => {
        const cache = cacheOf({ staleIfErrorMs: 5_000 });
        cache.set('fingerprint', proofOf(members));
        expect(cache.stale('fingerprint', NOW + after) !== undefined).toBe(good);
        if (after >= TTL_MS) {
          expect(cache.fresh('fingerprint', NOW + after)).toBeUndefined();
        }
      },
    );

    it('are never used unless configured, not even within the time', () => {
      const cache = cacheOf();
      cache.set('fingerprint', proofOf());
      expect([cache.stale('fingerprint', NOW), cache.stale('fingerprint', NOW + TTL_MS)]).toEqual([
        undefined,
        undefined,
      ]);
    });

    it('do not serve after a mark', () => {
      const cache = cacheOf({ staleIfErrorMs: 5_000 });
      const proof = proofOf();
      cache.set('fingerprint', proof);
      proof.revocations.add({ type: 'subject', id: 'acct_42', at: NOW });
      expect(cache.stale('fingerprint', NOW + TTL_MS)).toBeUndefined();
    });
  });

  it('are not kept at all by no cache', () => {
    NO_CACHE.set('fingerprint', proofOf() as never);
    expect([NO_CACHE.fresh('fingerprint', NOW), NO_CACHE.stale('fingerprint', NOW)]).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('a guard with a cache', () => {
  const secret = generateSecret('osir', 'live');

  it('queries the store once for a key from any extractor, and again after ttlMs', async () => {
    const { find, put, ask, askByHeader } = guardedTable();
    put(secret);
    const first = await ask(secret);
    expect(first).toMatchObject({ status: 'authenticated', principal: { subject: 'acct_42' } });
    jest.setSystemTime(NOW + TTL_MS - 1);
    expect(await askByHeader(secret)).toEqual({
      ...first,
      headers: { 'Cache-Control': 'private', Vary: 'X-API-Key' },
    });
    expect(find).toHaveBeenCalledTimes(1);
    jest.setSystemTime(NOW + TTL_MS);
    expect(await ask(secret)).toEqual(first);
    expect(find).toHaveBeenCalledTimes(2);
  });

  it.each([1, 5_000, 3_600_000])(
    'never lets a revocation elsewhere go unseen for longer than its time to live of %p ms',
    async (ttlMs) => {
      const { put, ask } = guardedTable({ cache: { ttlMs } });
      put(secret);
      await ask(secret);
      put(secret, { revokedAt: NOW });
      jest.setSystemTime(NOW + ttlMs - 1);
      expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
      jest.setSystemTime(NOW + ttlMs);
      expect(await ask(secret)).toEqual(badBearer('revoked'));
    },
  );

  it('measures ttlMs from the start of the query, not from its end', async () => {
    const { find, put, ask } = guardedTable();
    put(secret);
    find.mockImplementationOnce(async () => {
      const read = rowOf(secret);
      jest.setSystemTime(NOW + 900);
      return read;
    });
    await ask(secret);
    put(secret, { revokedAt: NOW });
    jest.setSystemTime(NOW + TTL_MS);
    expect(await ask(secret)).toEqual(badBearer('revoked'));
  });

  it('reckons it so for those too who joined a look-up that was under way', async () => {
    const { find, put, ask } = guardedTable({ cache: { ttlMs: 100 } });
    const answer = deferred<CredentialRecord>();
    find.mockReturnValueOnce(answer.promise);
    const first = ask(secret);
    jest.setSystemTime(NOW + 450);
    const joined = ask(secret);
    answer.resolve(rowOf(secret));
    await Promise.all([first, joined]);
    put(secret, { revokedAt: NOW + 1 });
    expect(await ask(secret)).toEqual(badBearer('revoked'));
  });

  it('never outlives the key, to the millisecond', async () => {
    const { find, put, ask } = guardedTable();
    put(secret, { expiresAt: NOW + 1_000 });
    await ask(secret);
    jest.setSystemTime(NOW + 999);
    expect(await ask(secret)).toMatchObject({
      status: 'authenticated',
      principal: { expiresAt: NOW + 1_000 },
    });
    expect(find).toHaveBeenCalledTimes(1);
    jest.setSystemTime(NOW + 1_000);
    expect(await ask(secret)).toEqual(badBearer('expired'));
  });

  it('queries again if the clock was set back', async () => {
    const { find, put, ask } = guardedTable();
    put(secret);
    await ask(secret);
    put(secret, { revokedAt: NOW });
    jest.setSystemTime(NOW - 3_600_000);
    expect(await ask(secret)).toEqual(badBearer('revoked'));
    expect(find).toHaveBeenCalledTimes(2);
  });

  it('keeps no more than it may', async () => {
    const { find, put, ask } = guardedTable({ cache: { max: 2 } });
    const secrets = Array.from({ length: 3 }, () => generateSecret('osir', 'live'));
    for (const one of secrets) {
      put(one);
    }
    for (const one of secrets) {
      await ask(one);
    }
    for (const one of secrets.slice(1)) {
      await ask(one);
    }
    expect(find).toHaveBeenCalledTimes(3);
    await ask(secrets[0] as string);
    expect(find).toHaveBeenCalledTimes(4);
  });

  it('keeps valid keys during a flood of unknown ones, each of which is looked up', async () => {
    const { find, put, ask } = guardedTable({ cache: { max: 10 } });
    const good = Array.from({ length: 10 }, () => generateSecret('osir', 'live'));
    for (const one of good) {
      put(one);
    }
    for (const one of good) {
      await ask(one);
    }
    find.mockClear();
    const answers = new Set<string>();
    for (let n = 0; n < 20_000; n++) {
      answers.add(JSON.stringify(await ask(generateSecret('osir', 'live'))));
    }
    expect([...answers].map((answer) => JSON.parse(answer) as unknown)).toEqual([
      badBearer('unknown'),
    ]);
    expect(find).toHaveBeenCalledTimes(20_000);
    for (const one of good) {
      expect(await ask(one)).toMatchObject({ status: 'authenticated' });
    }
    expect(find).toHaveBeenCalledTimes(20_000);
  });

  it('does not cache rejections: an unknown key is accepted as soon as it exists', async () => {
    const { put, ask } = guardedTable();
    expect(await ask(secret)).toEqual(badBearer('unknown'));
    put(secret);
    expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
  });

  it('rejects a cached key from an extractor that the verifier does not read', async () => {
    const find = async () => rowOf('old!key');
    const { check } = latchkey({
      verifiers: [apiKeys({ prefix: 'osir', legacy: /^old![a-z]+$/, store: { find } })],
    });
    const asBearer = () => check({ headers: { authorization: 'Bearer old!key' } });
    const asKey = () => check({ headers: { 'x-api-key': 'old!key' } });
    expect(await asBearer()).toEqual(badBearer('malformed'));
    expect(await asKey()).toMatchObject({ status: 'authenticated' });
    expect(await asBearer()).toEqual(badBearer('malformed'));
  });
});

describe('a guard without a cache', () => {
  it('queries the store for every request, including concurrent ones', async () => {
    const { find, put, ask } = guardedTable({ cache: false });
    const secret = generateSecret('osir', 'live');
    put(secret);
    await ask(secret);
    await Promise.all([ask(secret), ask(secret), ask(secret)]);
    expect(find).toHaveBeenCalledTimes(4);
    put(secret, { revokedAt: NOW });
    expect(await ask(secret)).toEqual(badBearer('revoked'));
  });
});

describe('a guard that may serve what is stale while the store is down', () => {
  const secret = generateSecret('osir', 'live');
  const STALE_MS = 60_000;

  async function servedBefore(members: Partial<CredentialRecord> = {}) {
    const guard = guardedTable({ cache: { staleIfErrorMs: STALE_MS } });
    guard.put(secret, members);
    await guard.ask(secret);
    jest.setSystemTime(NOW + TTL_MS);
    return guard;
  }
  const FAULTS: [string, () => Promise<CredentialRecord | undefined>][] = [
    ['refuses', () => Promise.reject(new Error('connect ECONNREFUSED'))],
    ['hangs', () => new Promise(() => {})],
    ['talks nonsense', () => Promise.resolve({} as CredentialRecord)],
  ];
  const underway = async <T>(answer: Promise<T>): Promise<T> => {
    await jest.advanceTimersByTimeAsync(1_000);
    return answer;
  };

  test.each(FAULTS)('does so if it %s', async (_, fault) => {
    const { find, ask } = await servedBefore();
    find.mockImplementation(fault);
    expect(await underway(ask(secret))).toMatchObject({
      status: 'authenticated',
      principal: { subject: 'acct_42' },
    });
  });

  it('does so until the time is over, to the millisecond', async () => {
    const { find, ask } = await servedBefore();
    find.mockRejectedValue(new Error('connect ECONNREFUSED'));
    jest.setSystemTime(NOW + TTL_MS + STALE_MS - 1);
    expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
    jest.setSystemTime(NOW + TTL_MS + STALE_MS);
    expect(await ask(secret)).toEqual(OUTAGE);
  });

  it('does not do so past the end of the key', async () => {
    const { find, ask } = await servedBefore({ expiresAt: NOW + TTL_MS + 1 });
    find.mockRejectedValue(new Error('connect ECONNREFUSED'));
    expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
    jest.setSystemTime(NOW + TTL_MS + 1);
    expect(await ask(secret)).toEqual(OUTAGE);
  });

  it('does not do so for what was never verified', async () => {
    const { find, ask } = await servedBefore();
    find.mockRejectedValue(new Error('connect ECONNREFUSED'));
    expect(await ask(generateSecret('osir', 'live'))).toEqual(OUTAGE);
  });

  test.each([
    ['over', { expiresAt: NOW + TTL_MS }, OUTAGE],
    [
      'bound to a key that nothing can ask for',
      { confirmation: { jkt: 'x' } },
      badBearer('bad_proof'),
    ],
  ])('does not do so once the verifier has said that it is %s', async (_, answer, refused) => {
    const verifier = ownVerifier();
    const { ask } = asking([verifier], { cache: { staleIfErrorMs: STALE_MS } });
    expect(await ask()).toMatchObject({ status: 'authenticated' });
    jest.setSystemTime(NOW + TTL_MS);
    verifier.verify.mockReturnValueOnce({ ...proven, ...answer });
    expect(await ask()).toMatchObject({ status: 'refused', refusal: { status: 401 } });
    verifier.verify.mockRejectedValue(new Error('connect ECONNREFUSED'));
    expect(await ask()).toEqual(refused);
  });

  it('does not do so with the proof of another verifier', async () => {
    const [one, other] = ['bearer', 'api-key-header'].map((extractor) =>
      ownVerifier({ accepts: (credential) => credential.extractor === extractor }),
    );
    other?.verify.mockRejectedValue(new Error('connect ECONNREFUSED'));
    const { ask } = asking([one, other] as Verifier[], { cache: { staleIfErrorMs: STALE_MS } });
    expect(await ask({ headers: { authorization: 'Bearer token' } })).toMatchObject({
      status: 'authenticated',
    });
    expect(await ask({ headers: { 'x-api-key': 'token' } })).toEqual(OUTAGE);
  });

  it('queries the store first, and uses its result', async () => {
    const { find, put, ask } = await servedBefore();
    put(secret, { scopes: [] });
    expect(await ask(secret)).toMatchObject({ principal: { scopes: [] } });
    expect(find).toHaveBeenCalledTimes(2);
  });

  test.each<[Reason, (guard: GuardedTable) => void]>([
    ['revoked', (guard) => guard.put(secret, { revokedAt: NOW })],
    ['expired', (guard) => guard.put(secret, { expiresAt: NOW })],
    ['unknown', (guard) => guard.drop(secret)],
  ])('does not do so once the store has said that the key is %s', async (reason, change) => {
    const guard = await servedBefore();
    change(guard);
    expect(await guard.ask(secret)).toEqual(badBearer(reason));
    guard.find.mockRejectedValue(new Error('connect ECONNREFUSED'));
    expect(await guard.ask(secret)).toEqual(OUTAGE);
  });

  it('is not what happens by default', async () => {
    const { find, put, ask } = guardedTable();
    put(secret);
    await ask(secret);
    jest.setSystemTime(NOW + TTL_MS);
    find.mockRejectedValue(new Error('connect ECONNREFUSED'));
    expect(await ask(secret)).toEqual(OUTAGE);
  });
});

describe('the option "cache"', () => {
  const verifiers = [apiKeys({ prefix: 'osir', store: { find: async () => undefined } })];

  test.each<[string, unknown]>([
    ['ttlMs', { ttlMs: 0 }],
    ['ttlMs', { ttlMs: -1 }],
    ['ttlMs', { ttlMs: NaN }],
    ['ttlMs', { ttlMs: Infinity }],
    ['ttlMs', { ttlMs: '30000' }],
    ['ttlMs', { ttlMs: null }],
    ['max', { max: 0 }],
    ['max', { max: -1 }],
    ['max', { max: 1.5 }],
    ['max', { max: NaN }],
    ['max', { max: Infinity }],
    ['max', { max: '10' }],
    ['staleIfErrorMs', { staleIfErrorMs: -1 }],
    ['staleIfErrorMs', { staleIfErrorMs: NaN }],
    ['staleIfErrorMs', { staleIfErrorMs: Infinity }],
    ['staleIfErrorMs', { staleIfErrorMs: '1' }],
    ['ttl', { ttl: 30_000 }],
    ['cache', true],
    ['cache', null],
    ['cache', 30_000],
  ])('is a TypeError that names %s for %p', (name, cache) => {
    const make = () => latchkey({ verifiers, cache: cache as never });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(name === 'cache' ? 'option "cache"' : `"cache.${name}"`);
  });
});
