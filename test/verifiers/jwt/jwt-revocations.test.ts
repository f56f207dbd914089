import {
  jwt,
  type JwtOptions,
  latchkey,
  memoryStore,
  type RevocationStore,
  type RevokedTokens,
} from 'latchkey';
import { LRUCache } from 'lru-cache';

import { AUDIENCE, ISSUER, NOW, PAIRS, part, thrownBy, tokenOf, verdict } from './tokens';

const SECONDS = NOW / 1000;
const OTHER = 'https://other.example';
const DAY_MS = 86_400_000;
const keys = { algorithms: ['ES256'], key: PAIRS.ES256.publicKey } as const;
const verifierOver = (revocations: RevocationStore, options: Partial<JwtOptions> = {}) =>
  jwt({ issuer: ISSUER, audience: AUDIENCE, ...keys, ...options, revocations });
/** Another instance with the same store: what it says, time after time. */
function instance(revocations: RevocationStore, options: Partial<JwtOptions> = {}, ttlMs = 30_000) {
  const verifier = verifierOver(revocations, options);
  const { check, close } = latchkey({ verifiers: [verifier], cache: { ttlMs }, timeoutMs: 100 });
  const ask = async (token: string) => {
    const decision = await check({ headers: { authorization: `Bearer ${token}` } }, { scopes: [] });
    return decision.status === 'refused'
      ? `${decision.refusal.status} ${decision.reason}`
      : decision.status;
  };
  return { ask, close, revoke: verifier.revoke };
}
const token = (claims: object = {}) =>
  tokenOf({ iat: SECONDS - 10, jti: 't1', client_id: 'app', ...claims }, {}, 'ES256');
/** The state alone: what a store has that can tell nobody. */
const silent = (): RevocationStore => {
  const store = memoryStore();
  return { get: (...key) => store.get(...key), set: (...entry) => store.set(...entry) };
};

describe('a revoked token', () => {
  test.each<[string, RevokedTokens, object[], object[]]>([
    [
      'its jti',
      { credentialId: 't1' },
      [{}, { sub: 'acct_7' }, { iat: SECONDS + 5 }],
      [{ jti: 't2' }, { jti: undefined }],
    ],
    [
      'its subject',
      { subject: 'acct_42' },
      [{}, { jti: 't2' }, { jti: undefined }],
      [{ sub: 'acct_7' }, { sub: 't1' }],
    ],
    [
      'its grant',
      { grantId: 'g1' },
      [{ grant_id: 'g1' }, { grant_id: 'g1', sub: 'acct_7', iat: SECONDS + 5 }],
      [{}, { grant_id: 'g2' }, { grant_id: 7 }],
    ],
    [
      'its client',
      { clientId: 'app' },
      [{}, { sub: 'acct_7' }, { sub: undefined }],
      [{ client_id: 'other' }, { client_id: undefined }],
    ],
  ])(
    'is rejected by %s on every instance from the next request on',
    async (_, revoked, theirs, others) => {
      const store = memoryStore();
      const [one, two] = [
        instance(store, { clockToleranceMs: 10_000 }),
        instance(store, { clockToleranceMs: 10_000 }),
      ];
      const all = new Map([...theirs, ...others].map((claims) => [claims, token(claims)]));
      for (const same of all.values()) {
        expect([await one.ask(same), await two.ask(same)]).toEqual([
          'authenticated',
          'authenticated',
        ]);
      }
      await one.revoke(revoked);
      const later = instance(store, { clockToleranceMs: 10_000 });
      for (const { ask } of [one, two, later]) {
        for (const claims of theirs) {
          expect([claims, await ask(all.get(claims) as string)]).toEqual([claims, '401 revoked']);
        }
        for (const claims of others) {
          expect([claims, await ask(all.get(claims) as string)]).toEqual([claims, 'authenticated']);
        }
      }
      await Promise.all([one, two, later].map(({ close }) => close()));
    },
  );

  it('is rejected with another encoding of its signature', async () => {
    const { ask, revoke } = instance(memoryStore());
    const original = token();
    const [head, body, signature = ''] = original.split('.');
    // Of an ECDSA signature (r, s), (r, n - s) is one as well.
    const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
    const bytes = Buffer.from(signature, 'base64url');
    const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
    const twin = [
      head,
      body,
      part(
        Buffer.concat([
          bytes.subarray(0, 32),
          Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
        ]),
      ),
    ].join('.');
    expect(twin).not.toBe(original);
    expect([await ask(original), await ask(twin)]).toEqual(['authenticated', 'authenticated']);
    await revoke({ credentialId: 't1' });
    expect([await ask(original), await ask(twin)]).toEqual(['401 revoked', '401 revoked']);
  });

  it('does not affect tokens that are issued later', async () => {
    let now = NOW;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    const { ask, revoke } = instance(memoryStore());
    await revoke({ subject: 'acct_42' });
    now += 2_000;
    const answers = [SECONDS - 10, SECONDS, SECONDS + 1].map((iat) =>
      ask(token({ iat, jti: `at ${iat}` })),
    );
    expect(await Promise.all(answers)).toEqual(['401 revoked', '401 revoked', 'authenticated']);
    jest.restoreAllMocks();
  });

  it('is rejected if the issuer’s clock is ahead', async () => {
    jest.spyOn(Date, 'now').mockImplementation(() => NOW);
    const { ask, revoke } = instance(memoryStore(), { clockToleranceMs: 5_000 });
    await revoke({ subject: 'acct_42' });
    expect(await ask(token({ iat: SECONDS + 5 }))).toBe('401 revoked');
    jest.restoreAllMocks();
  });

  it.each([3, 60, 3_600])(
    'may have an iat %d seconds in the future, and stays revoked when that has passed',
    async (ahead) => {
      let now = NOW;
      jest.spyOn(Date, 'now').mockImplementation(() => now);
      const store = memoryStore();
      const [one, two] = [instance(store), instance(store)];
      const same = token({ iat: SECONDS + ahead, exp: SECONDS + ahead + 600 });
      for (const { ask } of [one, two]) {
        expect(await ask(same)).toBe('authenticated');
      }
      now += 1_000;
      await one.revoke({ subject: 'acct_42' });
      for (const { ask } of [one, two, instance(store)]) {
        expect(await ask(same)).toBe('401 revoked');
      }
      now += ahead * 1_000;
      for (const { ask } of [one, two, instance(store)]) {
        expect(await ask(same)).toBe('401 revoked');
      }
      jest.restoreAllMocks();
    },
  );

  it('is rejected while its iat is in the future, by an instance that never saw it before', async () => {
    let now = NOW;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    const { ask, revoke } = instance(memoryStore());
    await revoke({ subject: 'acct_42' });
    now += 1_000;
    expect(await ask(token({ iat: SECONDS + 3 }))).toBe('401 revoked');
    jest.restoreAllMocks();
  });

  it('does not reject a later login if the issuer’s clock is ahead', async () => {
    let now = NOW;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    const { ask, revoke } = instance(memoryStore());
    await revoke({ subject: 'acct_42' });
    now += 400_000;
    expect(await ask(token({ iat: SECONDS + 402 }))).toBe('authenticated');
    jest.restoreAllMocks();
  });

  it('affects only tokens of its issuer', async () => {
    const store = memoryStore();
    const { ask, revoke } = instance(store, { issuer: [ISSUER, OTHER] });
    expect(await ask(token({ iss: OTHER }))).toBe('authenticated');
    await revoke({ subject: 'acct_42', issuer: ISSUER });
    expect([await ask(token()), await ask(token({ iss: OTHER }))]).toEqual([
      '401 revoked',
      'authenticated',
    ]);
  });

  it('is noticed within cache.ttlMs if the store cannot publish', async () => {
    let now = NOW;
    jest.spyOn(Date, 'now').mockImplementation(() => now);
    const store = silent();
    const elsewhere = { ...store };
    const [one, two] = [instance(store, {}, 5_000), instance(elsewhere, {}, 5_000)];
    const same = token();
    for (const { ask } of [one, two]) {
      expect(await ask(same)).toBe('authenticated');
    }
    await one.revoke({ credentialId: 't1' });
    expect([await one.ask(same), await two.ask(same)]).toEqual(['401 revoked', 'authenticated']);
    now += 5_000;
    expect(await two.ask(same)).toBe('401 revoked');
    jest.restoreAllMocks();
  });

  it('is rejected at once in this process if the store cannot publish', async () => {
    const store = silent();
    const [one, two] = [instance(store), instance(store)];
    const same = token({ grant_id: 'g1' });
    for (const { ask } of [one, two]) {
      expect(await ask(same)).toBe('authenticated');
    }
    await one.revoke({ grantId: 'g1' });
    expect([await one.ask(same), await two.ask(same)]).toEqual(['401 revoked', '401 revoked']);
    await Promise.all([one, two].map(({ close }) => close()));
  });

  it('notifies no listener after its subscription ended', async () => {
    const verifier = verifierOver(silent());
    const heard: unknown[] = [];
    const ends = [1, 2].map((listener) =>
      verifier.subscribe?.(({ id }) => void heard.push([listener, id])),
    );
    await ends[0]?.();
    await verifier.revoke({ subject: 'acct_42' });
    expect(heard).toEqual([[2, 'acct_42']]);
  });

  it('is kept for the longest lifetime of a token', async () => {
    const store = memoryStore();
    const replace = jest.spyOn(store, 'set');
    const verifier = jwt({
      issuer: ISSUER,
      audience: AUDIENCE,
      ...keys,
      clockToleranceMs: 1_000,
      maxLifetimeMs: 3_600_000,
      revocations: store,
    });
    const before = Date.now();
    await verifier.revoke({ subject: 'acct_42' });
    const until = replace.mock.calls[0]?.[3] as number;
    expect(until - before).toBeGreaterThanOrEqual(3_602_000);
    expect(until - Date.now()).toBeLessThanOrEqual(3_602_000);
    expect(await verdict(token(), verifier)).toBe('revoked');
  });

  it('is only looked up for tokens that are valid otherwise', async () => {
    const store = memoryStore();
    const get = jest.spyOn(store, 'get');
    const verifier = verifierOver(store);
    await verifier.revoke({ credentialId: 't1' });
    const bad = [
      token({ exp: SECONDS - 5 }),
      token({ iss: OTHER }),
      token({ aud: OTHER }),
      token().replace(/[^.]+$/, 'AAAA'),
      'a.b.c',
    ];
    const verdicts = await Promise.all(bad.map((one) => verdict(one, verifier)));
    expect(verdicts).toEqual([
      'expired',
      'bad_issuer',
      'bad_audience',
      'bad_signature',
      'malformed',
    ]);
    expect(get).not.toHaveBeenCalled();
    expect(await verdict(token(), verifier)).toBe('revoked');
    expect(get).toHaveBeenCalledTimes(3);
  });
});

test.each<[string, () => unknown]>([
  ['rejects', () => Promise.reject(new Error('down'))],
  [
    'throws',
    () => {
      throw new Error('down');
    },
  ],
  ['hangs', () => new Promise(() => undefined)],
  ['answers what is no time', () => Promise.resolve('yesterday')],
  ['answers null', () => Promise.resolve(null)],
])('a store that %s is an outage', async (_, get) => {
  const store = { ...silent(), get } as RevocationStore;
  expect(await instance(store).ask(token())).toBe('503 unavailable');
});

describe('a token that could outlive its revocation', () => {
  const store = memoryStore();
  it.each<[string, object, Partial<JwtOptions>, string]>([
    ['without iat', { iat: undefined }, {}, 'bad_claim'],
    [
      'that is issued in a week',
      { iat: SECONDS + 7 * 86_400, exp: SECONDS + 7 * 86_400 + 60 },
      {},
      'bad_claim',
    ],
    ['of more than a day', { exp: SECONDS - 10 + DAY_MS / 1000 + 1 }, {}, 'bad_claim'],
    ['of a day', { exp: SECONDS - 10 + DAY_MS / 1000 }, {}, 'good'],
    ['of more than it may have', { exp: SECONDS + 600 }, { maxLifetimeMs: 609_999 }, 'bad_claim'],
    ['of as much as it may have', { exp: SECONDS + 600 }, { maxLifetimeMs: 610_000 }, 'good'],
  ])('is rejected: %s', async (_, claims, options, expected) => {
    expect(await verdict(token(claims), verifierOver(store, options))).toBe(expected);
  });
  it('is accepted without revocations', async () => {
    expect(
      await verdict(
        token({ iat: undefined, exp: SECONDS + 10 * DAY_MS }),
        jwt({ issuer: ISSUER, audience: AUDIENCE, ...keys }),
      ),
    ).toBe('good');
  });
});

describe('revoke()', () => {
  const revoke = (tokens: unknown, issuer: JwtOptions['issuer'] = ISSUER) =>
    verifierOver(memoryStore(), { issuer }).revoke(tokens as RevokedTokens);
  const message =
    'revoke(): pass exactly one of "credentialId", "subject", "clientId" and "grantId"';
  it.each<[unknown, string]>([
    [{}, message],
    [{ issuer: ISSUER }, message],
    [{ subject: 'a', clientId: 'b' }, message],
    [{ subject: '' }, 'revoke(): option "subject" must be a non-empty string'],
    [{ credentialId: 7 }, 'revoke(): option "credentialId" must be a non-empty string'],
    [
      { jti: 'a', subject: 'a' },
      'revoke(): unknown option "jti"; allowed are credentialId, subject, clientId, grantId, issuer',
    ],
  ])('rejects %j with a TypeError', async (tokens, expected) => {
    await expect(revoke(tokens)).rejects.toThrow(new TypeError(expected));
  });
  it.each<[JwtOptions['issuer'], string]>([
    [[ISSUER, OTHER], OTHER],
    ['https://id.example/{tenant}', 'https://id.example/acme'],
    [(iss) => iss === OTHER, OTHER],
  ])('requires the issuer if the verifier has %p', async (issuer, one) => {
    await expect(revoke({ subject: 'a' }, issuer)).rejects.toThrow(
      new TypeError('revoke(): option "issuer" is required: this verifier has several issuers'),
    );
    await expect(revoke({ subject: 'a', issuer: one }, issuer)).resolves.toBeUndefined();
  });
  it.each<[JwtOptions['issuer']]>([
    [ISSUER],
    [[ISSUER, OTHER]],
    ['https://id.example/{tenant}'],
    [(iss) => iss === OTHER],
  ])('rejects an issuer that the verifier does not have: %p', async (issuer) => {
    await expect(revoke({ subject: 'a', issuer: 'https://id.exmaple' }, issuer)).rejects.toThrow(
      new TypeError('revoke(): option "issuer" must be an issuer of this verifier'),
    );
  });
  it('rejects if the revocation cannot be stored or published', async () => {
    const down = { ...silent(), set: () => Promise.reject(new Error('down')) };
    await expect(verifierOver(down).revoke({ subject: 'a' })).rejects.toThrow('down');
    const mute = { ...silent(), publish: () => Promise.reject(new Error('mute')) };
    const { ask, revoke: revokeThere } = instance(mute);
    await ask(token());
    await expect(revokeThere({ credentialId: 't1' })).rejects.toThrow('mute');
    expect(await ask(token())).toBe('401 revoked');
  });
});

describe('an option', () => {
  const messageOf = (options: object) =>
    (
      thrownBy(() =>
        jwt({ issuer: ISSUER, audience: AUDIENCE, ...keys, ...options } as JwtOptions),
      ) as Error
    ).message;
  it.each([null, {}, { get() {} }, 'redis', new Map(), new WeakMap(), new LRUCache({ max: 1 })])(
    'revocations must be an object with get() and set() (case %#)',
    (revocations) => {
      expect(messageOf({ revocations })).toBe(
        'jwt(): option "revocations" must be an object with get(), set()',
      );
    },
  );
  it('maxLifetimeMs is for revocations', () => {
    expect(messageOf({ maxLifetimeMs: 1 })).toBe(
      'jwt(): option "maxLifetimeMs" is only allowed with "revocations"',
    );
    for (const maxLifetimeMs of [0, '1', NaN, Infinity]) {
      expect(messageOf({ revocations: memoryStore(), maxLifetimeMs })).toContain(
        'option "maxLifetimeMs" must be a number',
      );
    }
  });
});
