import { generateKeyPairSync } from 'node:crypto';

import { jwt, type JwtOptions, latchkey, type Verifier } from 'latchkey';

import { fetchedKeys } from '../../../src/verifiers/jwt/keys';
import { RemoteKeys } from '../../../src/verifiers/jwt/remote-keys';
import {
  type FakeIssuer,
  json,
  JWKS,
  METADATA,
  publicJwk,
  startFakeIssuer,
} from '../../support/fake-issuer';
import { AUDIENCE, PAIRS, verdict } from './tokens';

let server: FakeIssuer;
let elsewhere: FakeIssuer;
let aheadMs = 0;
const realNow = Date.now;

beforeEach(async () => {
  aheadMs = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => realNow() + aheadMs);
  [server, elsewhere] = await Promise.all([startFakeIssuer(), startFakeIssuer()]);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all([server.close(), elsewhere.close()]);
});

const COOLDOWN_MS = 5_000;
const TTL_MS = 600_000;
const verifierOf = (options: Partial<JwtOptions> = {}) =>
  jwt({ issuer: server.issuer, audience: AUDIENCE, ...options });
/** Whether the token is good, why not, or that nobody could tell. */
const outcome = async (verifier: Verifier, token: string) => {
  try {
    return await verdict(token, verifier);
  } catch {
    return 'outage';
  }
};
const EVERYTHING = { [METADATA]: 1, [JWKS]: 1 };

describe('two lines', () => {
  it('accept a token by discovered keys, which are fetched once', async () => {
    const verifier = verifierOf();
    expect(server.connections()).toBe(0);
    for (let n = 0; n < 3; n++) {
      expect(await verdict(server.token(), verifier)).toBe('good');
    }
    expect(server.asked).toEqual(EVERYTHING);
  });

  it('need no metadata with jwksUri', async () => {
    expect(await verdict(server.token(), verifierOf({ jwksUri: `${server.issuer}${JWKS}` }))).toBe(
      'good',
    );
    expect(server.asked).toEqual({ [JWKS]: 1 });
  });

  it('accept every algorithm except HS, or only the configured ones', async () => {
    server.keys = [publicJwk('rs', 'RS256'), publicJwk('es', 'ES256'), publicJwk('ed', 'EdDSA')];
    const tokens = [server.token({ kid: 'es' }), server.token({ kid: 'es', alg: 'HS256' })];
    expect(await Promise.all(tokens.map((token) => verdict(token, verifierOf())))).toEqual([
      'good',
      'bad_signature',
    ]);
    expect(await verdict(server.token({ kid: 'es' }), verifierOf({ algorithms: ['RS256'] }))).toBe(
      'bad_signature',
    );
  });

  it('return a known key without a promise', async () => {
    const verifier = verifierOf();
    const verify = () => verifier.verify({ extractor: 'bearer', token: server.token() });
    expect(verify()).toBeInstanceOf(Promise);
    await verify();
    expect(verify()).toMatchObject({ ok: true });
  });

  it('fetch nothing for a token of another issuer', async () => {
    const verifier = verifierOf();
    const { check } = latchkey({ verifiers: [verifier] });
    const others = [
      elsewhere.token(),
      server.token({ alg: 'HS256' }),
      server.token({ alg: 'none' }),
      server.token({ kid: ['k1'] }),
    ];
    for (const token of [
      ...others,
      server.token({ crit: ['jku'], jku: `${elsewhere.issuer}${JWKS}` }),
    ]) {
      const decision = await check(
        { headers: { authorization: `Bearer ${token}` } },
        { scopes: [] },
      );
      expect(decision).toMatchObject({ status: 'refused', refusal: { status: 401 } });
    }
    expect(await verdict(elsewhere.token(), verifier)).toBe('bad_issuer');
    expect([server.connections(), elsewhere.connections()]).toEqual([0, 0]);
  });
});

describe('keys that are fetched', () => {
  it('are skipped if they are not safe', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const odd = [
      { kty: 'oct', k: 'AAAA', kid: 'k1' },
      { kty: 'EC', crv: 'P-256', kid: 'k1' },
      { kty: 'other', kid: 'k1' },
      { ...publicKey.export({ format: 'jwk' }), kid: 'short' },
      { ...privateKey.export({ format: 'jwk' }), kid: 'k1' },
      { ...PAIRS.ES256.privateKey.export({ format: 'jwk' }), kid: 'private' },
      publicJwk('enc', 'ES256', { use: 'enc' }),
      publicJwk('ops', 'ES256', { key_ops: ['sign'] }),
      publicJwk('other', 'ES256', { alg: 'ES384' }),
      null,
      'text',
      7,
      [],
    ];
    server.answers.set(JWKS, json({ keys: [...odd, publicJwk('k1'), publicJwk('k1', 'ES384')] }));
    const verifier = verifierOf();
    expect(await verdict(server.token(), verifier)).toBe('good');
    for (const kid of ['private', 'enc', 'ops', 'other', 'short']) {
      expect(await verdict(server.token({ kid }), verifier)).toBe('bad_signature');
    }
  });

  it('are all tried for a token without kid', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    server.keys = [
      { ...other.publicKey.export({ format: 'jwk' }), kid: 'a' },
      publicJwk('b'),
      publicJwk(undefined, 'RS256'),
    ];
    const verifier = verifierOf();
    const mallory = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    expect(await verdict(server.token({ kid: undefined }), verifier)).toBe('good');
    expect(await verdict(server.token({ kid: undefined }, {}, other.privateKey), verifier)).toBe(
      'good',
    );
    expect(await verdict(server.token({ kid: undefined }, {}, mallory), verifier)).toBe(
      'bad_signature',
    );
    expect(await verdict(server.token({ kid: 'a' }), verifier)).toBe('bad_signature');
  });

  it('are fetched again for an unknown kid, once in a cool-down however many come, and their absence is the token’s fault', async () => {
    const verifier = verifierOf();
    await verdict(server.token(), verifier);
    const flood = () =>
      Promise.all(
        Array.from({ length: 200 }, (_, n) =>
          outcome(verifier, server.token({ kid: `unknown ${n}` })),
        ),
      );
    expect(new Set(await flood())).toEqual(new Set(['bad_signature']));
    expect(server.asked[JWKS]).toBe(1);
    aheadMs += COOLDOWN_MS;
    expect(new Set(await flood())).toEqual(new Set(['bad_signature']));
    expect(new Set(await flood())).toEqual(new Set(['bad_signature']));
    expect(server.asked).toEqual({ [METADATA]: 2, [JWKS]: 2 });
  });

  it('are replaced after a rotation by one fetch for all waiting tokens', async () => {
    const verifier = verifierOf();
    await verdict(server.token(), verifier);
    const next = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    server.keys = [{ ...next.publicKey.export({ format: 'jwk' }), kid: 'k2' }];
    aheadMs += COOLDOWN_MS;
    const verdicts = await Promise.all(
      Array.from({ length: 50 }, () =>
        outcome(verifier, server.token({ kid: 'k2' }, {}, next.privateKey)),
      ),
    );
    expect(new Set(verdicts)).toEqual(new Set(['good']));
    expect(server.asked[JWKS]).toBe(2);
    expect(await outcome(verifier, server.token())).toBe('bad_signature');
  });

  it.each([
    ['without a kid', undefined],
    ['under the same kid', 'k1'],
  ])('are replaced after a rotation %s', async (_, kid) => {
    server.keys = [publicJwk(kid)];
    const verifier = verifierOf();
    expect(await verdict(server.token({ kid }), verifier)).toBe('good');
    const next = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    server.keys = [
      { ...next.publicKey.export({ format: 'jwk' }), ...(kid !== undefined && { kid }) },
    ];
    expect(await outcome(verifier, server.token({ kid }, {}, next.privateKey))).toBe(
      'bad_signature',
    );
    expect(server.asked[JWKS]).toBe(1);
    aheadMs += COOLDOWN_MS;
    const verdicts = await Promise.all(
      Array.from({ length: 50 }, () =>
        outcome(verifier, server.token({ kid }, {}, next.privateKey)),
      ),
    );
    expect(new Set(verdicts)).toEqual(new Set(['good']));
    expect(await outcome(verifier, server.token({ kid }))).toBe('bad_signature');
    expect(server.asked[JWKS]).toBe(2);
  });

  it('are fetched once per cooldown for forged tokens with a known kid', async () => {
    const verifier = verifierOf();
    await verdict(server.token(), verifier);
    const mallory = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const flood = () =>
      Promise.all(
        Array.from({ length: 100 }, () => outcome(verifier, server.token({}, {}, mallory))),
      );
    const unknown = () => outcome(verifier, server.token({ kid: 'unknown' }));
    for (let n = 1; n <= 3; n++) {
      if (n === 3) {
        server.answers.set(JWKS, (res) => void res.writeHead(500).end());
      }
      expect(new Set([...(await flood()), ...(await flood())])).toEqual(new Set(['bad_signature']));
      expect(await unknown()).toBe(n === 3 ? 'outage' : 'bad_signature');
      expect(await outcome(verifier, server.token())).toBe('good');
      expect(server.asked[JWKS]).toBe(n);
      aheadMs += COOLDOWN_MS;
    }
  });

  it('are fetched again a second after a fetch that failed', async () => {
    const verifier = verifierOf();
    server.answers.set(JWKS, (res) => void res.writeHead(500).end());
    expect(await outcome(verifier, server.token())).toBe('outage');
    server.answers.delete(JWKS);
    aheadMs += 900;
    expect(await outcome(verifier, server.token())).toBe('outage');
    aheadMs += 100;
    expect(await outcome(verifier, server.token())).toBe('good');
    expect(server.asked[JWKS]).toBe(2);
  });

  it('are newer if another token fetched them meanwhile', async () => {
    const policy = {
      ttlMs: TTL_MS,
      staleIfErrorMs: 0,
      cooldownMs: COOLDOWN_MS,
      mayBeAbsent: false,
    };
    const source = new RemoteKeys(async () => `${server.issuer}${JWKS}`, ['ES256'], policy, {
      timeoutMs: 1_000,
      maxBytes: 10_000,
    });
    const tried = await source.candidates('ES256', 'k1');
    expect(await source.newer?.('ES256', 'k1', tried)).toEqual([]);
    aheadMs += COOLDOWN_MS;
    await source.candidates('ES256', 'unknown');
    expect(await source.newer?.('ES256', 'k1', tried)).toHaveLength(1);
    expect(server.asked[JWKS]).toBe(2);
  });

  it('are fetched again after ttlMs, so that a withdrawn key is rejected', async () => {
    const verifier = verifierOf();
    await verdict(server.token(), verifier);
    server.keys = [publicJwk('k2')];
    aheadMs = TTL_MS - 1_000;
    expect(await outcome(verifier, server.token())).toBe('good');
    aheadMs = TTL_MS + 1;
    expect(await outcome(verifier, server.token())).toBe('bad_signature');
  });

  it('are fetched at the configured times', async () => {
    const verifier = verifierOf({
      remote: { ttlMs: 2_000, cooldownMs: 1_000, staleIfErrorMs: 3_000 },
    });
    await verdict(server.token(), verifier);
    aheadMs = 2_001;
    await verdict(server.token(), verifier);
    expect(server.asked[JWKS]).toBe(2);
    await server.refuse();
    aheadMs += 4_900;
    expect(await outcome(verifier, server.token())).toBe('good');
    aheadMs += 200;
    expect(await outcome(verifier, server.token())).toBe('outage');
  });

  it('are fetched by remote.fetch', async () => {
    const asked: [unknown, unknown][] = [];
    const own: typeof fetch = (url, init) => {
      asked.push([url, init?.redirect]);
      return fetch(url, init);
    };
    expect(await verdict(server.token(), verifierOf({ remote: { fetch: own } }))).toBe('good');
    expect(asked).toEqual([METADATA, JWKS].map((path) => [`${server.issuer}${path}`, 'manual']));
  });

  it('are no longer fetched after close()', async () => {
    const ended = new Promise((resolve) =>
      server.answers.set(JWKS, (_res, req) => void req.on('close', resolve)),
    );
    const { check, close } = latchkey({ verifiers: [verifierOf()] });
    const decision = check(
      { headers: { authorization: `Bearer ${server.token()}` } },
      { scopes: [] },
    );
    while (server.asked[JWKS] === undefined) {
      await new Promise(setImmediate);
    }
    await close();
    expect(await decision).toMatchObject({ reason: 'unavailable' });
    await ended;
  });
});

test.each<[string, unknown]>([
  ['no keys', {}],
  ['keys that are no list', { keys: publicJwk('k1') }],
])('responds with 503 and names the URL if a document is %s', async (_, document) => {
  server.answers.set(JWKS, json(document));
  const verifier = verifierOf({ jwksUri: `${server.issuer}${JWKS}?secret=s` });
  await expect(verdict(server.token(), verifier)).rejects.toThrow(
    new Error(
      `${server.issuer}${JWKS} responded with something that is not a JWK Set (RFC 7517 §5)`,
    ),
  );
});

describe('a slow server', () => {
  const ask = (verifier: Verifier, timeoutMs: number) =>
    latchkey({ verifiers: [verifier], timeoutMs, cache: false }).check(
      { headers: { authorization: `Bearer ${server.token()}` } },
      { scopes: [] },
    );

  it('is awaited longer than the request, so that the next request succeeds', async () => {
    let answer = () => {};
    const held = new Promise<void>((resolve) =>
      server.answers.set(JWKS, (res, req) =>
        resolve(void (answer = () => json({ keys: server.keys })(res, req))),
      ),
    );
    const verifier = verifierOf();
    expect(await ask(verifier, 50)).toMatchObject({ reason: 'unavailable' });
    await held;
    answer();
    while ((await ask(verifier, 1_000)).status !== 'authenticated') {
      await new Promise(setImmediate);
    }
    expect(server.asked[JWKS]).toBe(1);
  });

  it('does not delay tokens with a known key beyond the deadline', async () => {
    const verifier = verifierOf();
    await verdict(server.token(), verifier);
    server.answers.set(JWKS, () => undefined);
    aheadMs = TTL_MS;
    expect(await ask(verifier, 1_000)).toMatchObject({ status: 'authenticated' });
    await verifier.close?.();
  });

  it('does not delay tokens with a known key after a failed fetch', async () => {
    const verifier = verifierOf({ remote: { timeoutMs: 100 } });
    await verdict(server.token(), verifier);
    server.answers.set(JWKS, () => undefined);
    aheadMs = TTL_MS;
    await verdict(server.token(), verifier);
    aheadMs += COOLDOWN_MS;
    expect(verifier.verify({ extractor: 'bearer', token: server.token() })).toMatchObject({
      ok: true,
    });
  });

  it('gets one request at a time', async () => {
    server.answers.set(
      JWKS,
      (res, req) => void setTimeout(() => json({ keys: server.keys })(res, req), 100),
    );
    const verifier = verifierOf({ remote: { cooldownMs: 1 } });
    const first = verdict(server.token(), verifier);
    while (server.asked[JWKS] === undefined) {
      await new Promise(setImmediate);
    }
    aheadMs = COOLDOWN_MS;
    expect([await verdict(server.token(), verifier), await first]).toEqual(['good', 'good']);
    expect(server.asked[JWKS]).toBe(1);
  });
});

describe('an unusable set', () => {
  const weak = { ...PAIRS.RS256.publicKey.export({ format: 'jwk' }), e: 'AQ', kid: 'k1' };
  const many = Array.from({ length: 101 }, (_, n) => publicJwk(`k${n}`));
  const none = (keys: number, algorithms = 'RS256') =>
    new RegExp(`/keys published ${keys} keys, of which none can verify ${algorithms}`);

  it.each<[string, object[], RegExp]>([
    ['no key', [], none(0)],
    ['keys for encryption alone', [publicJwk('k1', 'ES256', { use: 'enc' })], none(1)],
    ['weak keys alone', [weak], none(1)],
    ['keys of unknown types alone', [{ kty: 'AKP' }, { kty: 'oct', k: 'AAAA' }], none(2)],
    ['too many keys', many, /\/keys published 101 keys; at most 100 are accepted$/],
  ])('is an outage that names the URL and the cause: %s', async (_, keys, message) => {
    server.answers.set(JWKS, json({ keys }));
    await expect(verdict(server.token(), verifierOf())).rejects.toThrow(message);
  });

  it('has no key for the configured algorithms', async () => {
    await expect(
      verdict(server.token({ alg: 'RS256' }), verifierOf({ algorithms: ['RS256'] })),
    ).rejects.toThrow(none(1));
  });

  it('does not replace known keys', async () => {
    const verifier = verifierOf();
    await verdict(server.token(), verifier);
    for (const keys of [[], [weak], many]) {
      server.answers.set(JWKS, json({ keys }));
      aheadMs += TTL_MS;
      expect([
        await outcome(verifier, server.token()),
        await outcome(verifier, server.token({ kid: 'k2' })),
      ]).toEqual(['good', 'outage']);
    }
    server.answers.delete(JWKS);
    server.keys = [publicJwk('k2')];
    aheadMs += TTL_MS;
    expect(await outcome(verifier, server.token({ kid: 'k2' }))).toBe('good');
    expect(await outcome(verifier, server.token())).toBe('bad_signature');
  });
});

describe('a set of many keys', () => {
  const others = (count: number, members: object = {}) =>
    Array.from({ length: count }, (_, n) => ({
      ...PAIRS.ES512.publicKey.export({ format: 'jwk' }),
      kid: `other ${n}`,
      ...members,
    }));

  it('is searched by kid', async () => {
    server.keys = [...others(99), publicJwk('k1')];
    expect(await verdict(server.token(), verifierOf())).toBe('good');
  });

  it.each([
    ['without a kid', { kid: undefined }, undefined],
    ['with a kid that several keys share', { kid: 'k1' }, 'k1'],
  ])('is tried with at most eight keys for a token %s', async (_, members, kid) => {
    const source = await fetchedKeys('https://id.example/keys', { keys: others(100, members) }, [
      'ES512',
    ]);
    expect(source.candidates('ES512', kid)).toHaveLength(8);
  });

  it('is tried with the keys of the kid first, then those without', async () => {
    const keys = [...others(10, { kid: undefined }), ...others(1, { kid: 'k1' })];
    const source = await fetchedKeys('https://id.example/keys', { keys }, ['ES512']);
    expect(source.candidates('ES512', 'k1').map(({ kid }) => kid)).toEqual([
      'k1',
      ...Array<undefined>(7).fill(undefined),
    ]);
  });
});

test('does not extend keys or the cooldown if the clock is set back', async () => {
  aheadMs = 3_600_000;
  const verifier = verifierOf();
  await verdict(server.token(), verifier);
  server.keys = [publicJwk('k2')];
  aheadMs = 0;
  expect(await outcome(verifier, server.token())).toBe('bad_signature');
});
