import { generateKeyPairSync } from 'node:crypto';

import {
  accessTokens,
  type Algorithm,
  bearer,
  dpop,
  type DpopOptions,
  latchkey,
  memoryStore,
  type RequestLike,
} from 'latchkey';

import { toDigest } from '../../src/credential/digest';
import { importPublicKey, publicMembers } from '../../src/possession/jwk';
import { type ClientKey, clientKey, proofOf, type ProofParts, signed } from '../support/dpop';

const NOW = Date.UTC(2030, 0, 1);
const SECONDS = NOW / 1_000;
beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance', 'setTimeout'],
    }),
);
afterEach(() => void jest.useRealTimers());

const UNAUTHORIZED = '{"error":"unauthorized","message":"Invalid or missing API key"}';
const ALGS = 'algs="ES256 EdDSA Ed25519 PS256 RS256"';
const tokens = accessTokens({ prefix: 'osirat', store: memoryStore() });
afterAll(() => tokens.close?.());
const key = clientKey();
const issue = async (confirmation: object | null = { jkt: key.jkt }) =>
  (
    await tokens.issue({
      subject: 'user_7',
      scopes: ['domains:read'],
      confirmation: confirmation as never,
    })
  ).secret;

const guarded = (options?: DpopOptions) =>
  latchkey({ extractors: [bearer(), dpop(options)], verifiers: [tokens] });

/** What a request is, for the proof beside its token. */
const requestOf = (
  token: string,
  proof: string | readonly string[] | undefined,
  more: Partial<RequestLike> = {},
): RequestLike => ({
  method: 'GET',
  url: '/',
  ...more,
  headers: {
    host: 'api.example.com',
    authorization: `DPoP ${token}`,
    dpop: proof,
    ...more.headers,
  },
});

const refusal = (challenge: string | readonly string[], headers: object = {}) => ({
  status: 401,
  headers: {
    'WWW-Authenticate': challenge,
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': '63',
    'Cache-Control': 'no-store',
    ...headers,
  },
  body: UNAUTHORIZED,
});
const refused = (challenge: string | readonly string[], reason = 'bad_proof') => ({
  status: 'refused',
  reason,
  refusal: refusal(challenge),
});
const BAD_PROOF = refused(`DPoP error="invalid_dpop_proof", ${ALGS}`);
const BAD_TOKEN = refused(`DPoP error="invalid_token", ${ALGS}`);
const REPLAYED = refused(`DPoP error="invalid_dpop_proof", ${ALGS}`, 'replayed');
const PASSED = {
  status: 'authenticated',
  principal: expect.objectContaining({ subject: 'user_7' }) as unknown,
  headers: { Vary: 'Authorization' },
};

interface Trial {
  readonly parts?: Partial<ProofParts>;
  readonly request?: Partial<RequestLike>;
  readonly options?: DpopOptions;
}
/** Asks once with a token that is bound to `key`, and a proof that is good but for what is told. */
async function answerTo({ parts, request, options }: Trial) {
  const token = await issue({ jkt: (parts?.key ?? key).jkt });
  return guarded(options).check(requestOf(token, proofOf({ key, token, ...parts }), request));
}
const claims = (more: object): Trial => ({ parts: { claims: more } });
const header = (more: object): Trial => ({ parts: { header: more } });

describe('a proof', () => {
  it('lets the token pass that it belongs to', async () => {
    expect(await answerTo({})).toEqual(PASSED);
  });

  test.each(['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519'])('may be signed by %s', async (alg) => {
    expect(await answerTo({ parts: { key: clientKey(alg) } })).toEqual(PASSED);
  });

  test.each(['ES384', 'ES512'] as const)(
    'may be signed by %s if that is allowed, and by no other then',
    async (alg) => {
      const own = clientKey(alg);
      expect(await answerTo({ parts: { key: own }, options: { algorithms: [alg] } })).toEqual(
        PASSED,
      );
      expect(await answerTo({ parts: { key: own } })).toEqual(BAD_PROOF);
      expect(await answerTo({ options: { algorithms: [alg] } })).toEqual(
        refused(`DPoP error="invalid_dpop_proof", algs="${alg}"`),
      );
    },
  );

  test.each<[string, Trial]>([
    ['a jti as long as it may be', claims({ jti: 'x'.repeat(256) })],
    ['a time with a fraction', claims({ iat: SECONDS + 0.5 })],
    ['a time as far back as is allowed', claims({ iat: SECONDS - 60 })],
    ['a time as far ahead as is allowed', claims({ iat: SECONDS + 60 })],
    [
      'a time five seconds ahead, however small the window',
      { ...claims({ iat: SECONDS + 5 }), options: { windowMs: 1_000 } },
    ],
    ['a window of its own', { ...claims({ iat: SECONDS - 300 }), options: { windowMs: 300_000 } }],
    ['a nonce that nobody asked for', claims({ nonce: 'x' })],
    ['much in it', claims({ more: 'x'.repeat(4_096) })],
    ['claims of its own', claims({ sub: 'user_7', aud: 'x' })],
    ['a kid', header({ kid: 'k1' })],
    [
      'more about its key',
      header({ jwk: { ...key.jwk, kid: 'k1', use: 'sig', alg: 'ES256', key_ops: ['verify'] } }),
    ],
    [
      'its key with members in another order',
      header({ jwk: { y: key.jwk.y, x: key.jwk.x, kty: 'EC', crv: 'P-256' } }),
    ],
    ['another method', { parts: { method: 'POST' }, request: { method: 'POST' } }],
    ['a method of its own', { parts: { method: 'REPORT' }, request: { method: 'REPORT' } }],
  ])('may have %s', async (_what, trial) => {
    expect(await answerTo(trial)).toEqual(PASSED);
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const short = clientKey('RS256', rsa);
  const deep = {
    a: {
      b: {
        c: {
          d: {
            e: {
              f: { g: { h: { i: { j: { k: { l: { m: { n: { o: { p: { q: 1 } } } } } } } } } } },
            },
          },
        },
      },
    },
  };

  test.each<[string, Trial]>([
    ['no typ', header({ typ: undefined })],
    ['a typ of JWT', header({ typ: 'JWT' })],
    ['a typ of an access token', header({ typ: 'at+jwt' })],
    ['a typ in a list', header({ typ: ['dpop+jwt'] })],
    ['no alg', header({ alg: undefined })],
    ['an alg of none', header({ alg: 'none' })],
    ['an alg of None', header({ alg: 'None' })],
    ['a symmetric alg', header({ alg: 'HS256' })],
    ['an alg that is a list', header({ alg: ['ES256'] })],
    ['an alg that is not allowed', header({ alg: 'ES384' })],
    ['an alg of another kind of key', header({ alg: 'RS256' })],
    ['an alg of another curve', header({ alg: 'EdDSA' })],
    ['an alg called constructor', header({ alg: 'constructor' })],
    ['crit', header({ crit: ['exp'] })],
    ['b64', header({ b64: true })],
    ['no jwk', header({ jwk: undefined })],
    ['a jwk of null', header({ jwk: null })],
    ['a jwk that is text', header({ jwk: JSON.stringify(key.jwk) })],
    ['a jwk that is a list', header({ jwk: [key.jwk] })],
    ['a jwk without a type', header({ jwk: { ...key.jwk, kty: undefined } })],
    ['a jwk of a type that nobody knows', header({ jwk: { ...key.jwk, kty: 'constructor' } })],
    ['a jwk without y', header({ jwk: { ...key.jwk, y: undefined } })],
    ['a jwk whose x is a number', header({ jwk: { ...key.jwk, x: 1 } })],
    ['a private jwk', header({ jwk: key.privateKey.export({ format: 'jwk' }) })],
    ['a jwk with a private member of nothing', header({ jwk: { ...key.jwk, d: '' } })],
    ['a jwk with a private member of RSA', header({ jwk: { ...key.jwk, p: 'AQ' } })],
    ['a symmetric jwk', header({ jwk: { kty: 'oct', k: 'AAAA' } })],
    ['a symmetric jwk under a public name', header({ jwk: { ...key.jwk, k: 'AAAA' } })],
    ['a key that is too short', { parts: { key: short } }],
    ['a signature of another key', { parts: { signer: clientKey().privateKey } }],
    ['no jti', claims({ jti: undefined })],
    ['an empty jti', claims({ jti: '' })],
    ['a jti that is a number', claims({ jti: 1 })],
    ['a jti that is a list', claims({ jti: ['a'] })],
    ['a jti that is too long', claims({ jti: 'x'.repeat(257) })],
    ['no htm', claims({ htm: undefined })],
    ['an htm in lower case', claims({ htm: 'get' })],
    ['an htm of another method', claims({ htm: 'POST' })],
    ['an htm that is a list', claims({ htm: ['GET'] })],
    ['no htu', claims({ htu: undefined })],
    ['an htu of another path', claims({ htu: 'http://api.example.com/other' })],
    ['an htu of another host', claims({ htu: 'http://evil.example/' })],
    ['an htu that is a list', claims({ htu: ['http://api.example.com/'] })],
    ['no iat', claims({ iat: undefined })],
    ['an iat that is text', claims({ iat: String(SECONDS) })],
    ['an iat of null', claims({ iat: null })],
    ['an iat too far back', claims({ iat: SECONDS - 61 })],
    ['an iat a moment too far back', claims({ iat: SECONDS - 60.001 })],
    ['an iat too far ahead', claims({ iat: SECONDS + 60.001 })],
    [
      'an iat a moment more than five seconds ahead of a small window',
      { ...claims({ iat: SECONDS + 5.001 }), options: { windowMs: 1_000 } },
    ],
    [
      'an iat a moment too far back for a small window',
      { ...claims({ iat: SECONDS - 1.001 }), options: { windowMs: 1_000 } },
    ],
    ['an iat in milliseconds', claims({ iat: NOW })],
    ['no ath', claims({ ath: undefined })],
    ['an ath of another token', claims({ ath: toDigest('another') })],
    ['an ath in hex', claims({ ath: Buffer.from(toDigest('x'), 'base64url').toString('hex') })],
    ['an ath of null', claims({ ath: null })],
    ['so much in it that it is too long', claims({ more: 'x'.repeat(8_192) })],
    ['claims nested too deep', claims({ deep })],
  ])('is invalid with %s', async (_what, trial) => {
    expect(await answerTo(trial)).toEqual(BAD_PROOF);
  });

  it('is invalid with an iat that JSON cannot represent', async () => {
    const token = await issue();
    const part = (text: string) => Buffer.from(text).toString('base64url');
    const head = part(JSON.stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk }));
    const input = `${head}.${part(`{"jti":"1","htm":"GET","htu":"http://api.example.com/","iat":1e400,"ath":"${toDigest(token)}"}`)}`;
    expect(
      await guarded().check(requestOf(token, `${input}.${signed(input, 'ES256', key.privateKey)}`)),
    ).toEqual(BAD_PROOF);
  });

  test.each<[string, (proof: string) => string | readonly string[] | undefined]>([
    ['is not there', () => undefined],
    ['is empty', () => ''],
    ['comes twice, in a list', (proof) => [proof, proof]],
    ['comes twice, joined as Node does', (proof) => `${proof}, ${proof}`],
    ['comes after another', (proof) => `x, ${proof}`],
    ['has a space before it', (proof) => ` ${proof}`],
    ['has a space after it', (proof) => `${proof} `],
    ['is in quotes', (proof) => `"${proof}"`],
    ['is after a scheme', (proof) => `DPoP ${proof}`],
    ['has two parts', (proof) => proof.split('.').slice(0, 2).join('.')],
    ['has an empty signature', (proof) => `${proof.split('.').slice(0, 2).join('.')}.`],
    ['has four parts', (proof) => `${proof}.AAAA`],
    ['has padding', (proof) => `${proof}=`],
    ['is cut short', (proof) => proof.slice(0, -4)],
    [
      'has an altered claim',
      (proof) => proof.replace(/\.(.)/, (_, first: string) => `.${first === 'e' ? 'f' : 'e'}`),
    ],
    [
      'has a bit flipped in its signature',
      (proof) =>
        proof.replace(
          /\.([^.])([^.]+)$/,
          (_, one: string, rest: string) => `.${one === 'A' ? 'B' : 'A'}${rest}`,
        ),
    ],
    ['is too long', (proof) => proof + 'A'.repeat(8_192)],
    ['is JSON', (proof) => JSON.stringify({ jws: proof })],
  ])('is invalid if it %s', async (_what, written) => {
    const token = await issue();
    expect(await guarded().check(requestOf(token, written(proofOf({ key, token }))))).toEqual(
      BAD_PROOF,
    );
  });

  it('is invalid in two header lines', async () => {
    const token = await issue();
    const proof = proofOf({ key, token });
    expect(
      await guarded().check({
        ...requestOf(token, proof),
        rawHeaders: ['DPoP', proof, 'dpop', proof],
      }),
    ).toEqual(BAD_PROOF);
  });

  it('is invalid for a request without a method or URL, even if it names none', async () => {
    const token = await issue();
    const headers = {
      authorization: `DPoP ${token}`,
      dpop: proofOf({ key, token, claims: { htu: undefined } }),
    };
    const { check } = guarded();
    expect(await check({ headers: requestOf(token, proofOf({ key, token })).headers })).toEqual(
      BAD_PROOF,
    );
    expect(await check({ method: 'GET', url: '/', headers })).toEqual(BAD_PROOF);
    expect(
      await check({
        method: 'GET',
        url: '/',
        headers: { ...headers, dpop: proofOf({ key, token }) },
      }),
    ).toEqual(BAD_PROOF);
  });

  const ones = (bytes: number) => Buffer.alloc(bytes, 255).toString('base64url');
  test.each<[string, boolean, object]>([
    ['as large as may be asked of us', true, { n: ones(1_024) }],
    ['past what may be asked of us', false, { n: ones(1_025) }],
    ['with an exponent that costs', false, { e: ones(5) }],
    ['with the exponent 1', false, { e: 'AQ' }],
    ['with an even exponent', false, { e: 'AQAA' }],
  ])('may be of an RSA key %s: %s', (_what, taken, members) => {
    const jwk = { ...clientKey('RS256').jwk, ...members };
    expect(importPublicKey('RS256', publicMembers(jwk) ?? {}) !== undefined).toBe(taken);
  });
});

it('is invalid with an Ed25519 key of small order', () => {
  expect(
    importPublicKey('EdDSA', { crv: 'Ed25519', kty: 'OKP', x: `AQ${'A'.repeat(41)}` }),
  ).toBeUndefined();
});

describe('the token under DPoP', () => {
  test.each<[string, (key: ClientKey) => object | null]>([
    ['bound to nothing', () => null],
    ['bound to nothing, by an empty cnf', () => ({})],
    ['bound to another key', () => ({ jkt: clientKey().jkt })],
    ['bound to a key of null', () => ({ jkt: null })],
    ['bound to a list of keys', ({ jkt }) => ({ jkt: [jkt] })],
    [
      'bound to a certificate as well, which nothing here can see',
      ({ jkt }) => ({ jkt, 'x5t#S256': 'x' }),
    ],
    ['bound by another registered method as well', ({ jkt }) => ({ jkt, kid: 'x' })],
    ['bound to a key by another name', ({ jkt }) => ({ JKT: jkt })],
  ])('is refused that is %s', async (_what, confirmation) => {
    const token = await issue(confirmation(key));
    expect(await guarded().check(requestOf(token, proofOf({ key, token })))).toEqual(BAD_TOKEN);
  });

  it('is accepted with an unknown member of cnf next to its key', async () => {
    const token = await issue({ jkt: key.jkt, constructor: 'x', 'kc-jkt-type': 'DPoP' });
    expect(await guarded().check(requestOf(token, proofOf({ key, token })))).toEqual(PASSED);
  });

  it('is rejected if it is not bound, with or without a proof', async () => {
    const token = await issue(null);
    expect(await guarded().check(requestOf(token, undefined))).toEqual(BAD_TOKEN);
    expect(await guarded().check(requestOf(token, 'x'))).toEqual(BAD_TOKEN);
  });

  it('is refused before its proof is looked at', async () => {
    expect(await guarded().check(requestOf('osirat_live_unknown', undefined))).toEqual(
      refused(`DPoP error="invalid_token", ${ALGS}`, 'malformed'),
    );
    expect(await guarded().check(requestOf('', undefined))).toEqual(
      refused(`DPoP error="invalid_token", ${ALGS}`, 'malformed'),
    );
  });

  it('must be proven by every request, even from the cache', async () => {
    const token = await issue();
    const { check } = guarded();
    const proof = proofOf({ key, token });
    expect(await check(requestOf(token, proof))).toEqual(PASSED);
    expect(await check(requestOf(token, undefined))).toEqual(BAD_PROOF);
    expect(await check(requestOf(token, proof))).toEqual(REPLAYED);
    expect(await check(requestOf(token, proofOf({ key, token })))).toEqual(PASSED);
  });

  it('is rejected as a bearer token, also from the cache', async () => {
    const token = await issue();
    const { check } = guarded();
    const asBearer = () =>
      check(
        requestOf(token, proofOf({ key, token }), {
          headers: { authorization: `Bearer ${token}` },
        }),
      );
    const expected = refused([
      'Bearer realm="api", error="invalid_token", error_description="The access token is invalid or expired"',
      `DPoP ${ALGS}`,
    ]);
    expect(await asBearer()).toEqual(expected);
    expect(await check(requestOf(token, proofOf({ key, token })))).toEqual(PASSED);
    expect(await asBearer()).toEqual(expected);
  });

  it('that is not bound passes as a bearer token, and does not open the way under DPoP', async () => {
    const token = await issue(null);
    const { check } = guarded();
    expect(
      await check(requestOf(token, undefined, { headers: { authorization: `Bearer ${token}` } })),
    ).toEqual(PASSED);
    expect(await check(requestOf(token, proofOf({ key, token })))).toEqual(BAD_TOKEN);
  });

  it('is looked at for its scopes only once it is proven', async () => {
    const token = await issue();
    const { check } = guarded();
    const scopes = { scopes: ['domains:write'] };
    expect(await check(requestOf(token, undefined), scopes)).toEqual(BAD_PROOF);
    expect(await check(requestOf(token, proofOf({ key, token })), scopes)).toMatchObject({
      reason: 'insufficient_scope',
      refusal: { status: 403 },
    });
  });

  it('is counted as used only if it was proven', async () => {
    const { secret, record } = await tokens.issue({
      subject: 'user_7',
      scopes: [],
      confirmation: { jkt: key.jkt },
    });
    const { check } = guarded();
    await check(requestOf(secret, undefined));
    await check(requestOf(secret, proofOf({ key, token: secret })));
    expect(await tokens.get(record.id)).toMatchObject({ useCount: 1 });
  });
});

describe('the URL that a proof is for', () => {
  const resource = { url: 'https://api.osir.com/v1' };
  const inside = { url: '/v1/domains', headers: { host: 'internal:3000' } };
  const answerFor = async (url: string, options?: DpopOptions, more: object = {}) => {
    const token = await issue();
    const { check } = latchkey({ extractors: [dpop(options)], verifiers: [tokens], ...more });
    return (await check(requestOf(token, proofOf({ key, token, url }), inside))).status;
  };

  it('is that of the request, if nothing else is configured', async () => {
    expect(await answerFor('http://internal:3000/v1/domains')).toBe('authenticated');
    expect(await answerFor('https://api.osir.com/v1/domains')).toBe('refused');
  });

  it('is at the origin of the resource', async () => {
    expect(await answerFor('https://api.osir.com/v1/domains', {}, { resource })).toBe(
      'authenticated',
    );
    expect(await answerFor('https://api.osir.com/v1/v1/domains', {}, { resource })).toBe('refused');
    expect(await answerFor('http://internal:3000/v1/domains', {}, { resource })).toBe('refused');
  });

  test.each(['https://example.com/api', 'https://example.com/api/', 'HTTPS://Example.com:443/api'])(
    'is under baseUrl: %s',
    async (baseUrl) => {
      expect(await answerFor('https://example.com/api/v1/domains', { baseUrl }, { resource })).toBe(
        'authenticated',
      );
      expect(await answerFor('https://api.osir.com/v1/domains', { baseUrl }, { resource })).toBe(
        'refused',
      );
    },
  );
});

describe('the options of dpop()', () => {
  test.each<[string, unknown, string]>([
    ['algorithms', [], 'a non-empty list of algorithms of'],
    ['algorithms', 'ES256', 'a non-empty list of algorithms of'],
    ['algorithms', ['HS256'], 'a non-empty list of algorithms of'],
    ['algorithms', ['none'], 'a non-empty list of algorithms of'],
    ['algorithms', ['ES256', 'constructor'], 'a non-empty list of algorithms of'],
    ['baseUrl', '', 'an http or https URL'],
    ['baseUrl', 'api.example.com', 'an http or https URL'],
    ['baseUrl', 'ftp://api.example.com', 'an http or https URL'],
    ['baseUrl', 'https://api.example.com?x', 'an http or https URL'],
    ['baseUrl', 'https://api.example.com#x', 'an http or https URL'],
    ['baseUrl', 'https://user@api.example.com', 'an http or https URL'],
    ['baseUrl', 'https://api.example.com//', 'an http or https URL'],
    ['windowMs', 999, 'a number of milliseconds from 1000 to 300000'],
    ['windowMs', 300_001, 'a number of milliseconds from 1000 to 300000'],
    ['windowMs', '60000', 'a number of milliseconds from 1000 to 300000'],
    ['windowMs', NaN, 'a number of milliseconds from 1000 to 300000'],
    ['store', {}, 'an object with setIfAbsent()'],
    ['store', null, 'an object with setIfAbsent()'],
    ['nonce.secret', 'x'.repeat(31), 'a secret of at least 32 bytes'],
    ['nonce.secret', new Uint8Array(31), 'a secret of at least 32 bytes'],
    ['nonce.secret', undefined, 'a secret of at least 32 bytes'],
    ['nonce.rotateMs', 0, 'a number of milliseconds from 1000'],
  ])('names %s if it is wrong (case %#)', (name, value, allowed) => {
    const [outer, inner] = name.split('.') as [string, string | undefined];
    const options = inner
      ? { [outer]: { secret: 'x'.repeat(32), [inner]: value } }
      : { [outer]: value };
    const attempt = () => dpop(options);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(`dpop(): option "${name}" must be ${allowed}`);
  });

  it('are no others', () => {
    expect(() => dpop({ alg: ['ES256'] } as DpopOptions)).toThrow(
      'dpop(): unknown option "alg"; allowed are algorithms, baseUrl, windowMs, store, nonce',
    );
  });

  it('are listed in the challenge', () => {
    expect(dpop().algs).toBe('ES256 EdDSA Ed25519 PS256 RS256');
    expect(dpop({ algorithms: ['ES512'] as Algorithm[] }).algs).toBe('ES512');
  });
});
