import jsonwebtoken from 'jsonwebtoken';
import {
  accessTokens,
  bearer,
  type Confirmation,
  dpop,
  type DpopOptions,
  jwt,
  latchkey,
  memoryStore,
  type RequestLike,
  type Verifier,
} from 'latchkey';

import { clientKey, proofOf, type ProofParts } from '../support/dpop';
import { complianceMatrix, type Entry } from './compliance-matrix';

const tokens = accessTokens({ prefix: 'osirat', store: memoryStore() });
const SECRET = 'a secret that two parties share, long';
const signedTokens = jwt({
  issuer: 'https://osir.com',
  audience: 'https://api.example.com',
  algorithms: ['HS256'],
  key: SECRET,
});
const introspected: Verifier = {
  name: 'introspected',
  accepts: ({ token }) => token.startsWith('opaque-'),
  verify: ({ token }) => ({
    ok: true,
    principal: {
      kind: 'access_token',
      verifier: 'introspected',
      subject: 'user_7',
      scopes: [],
      claims: {},
    },
    confirmation: { jkt: token.slice('opaque-'.length) },
  }),
};
afterAll(() => tokens.close?.());
const key = clientKey();
const bound = async (confirmation: Confirmation | null = { jkt: key.jkt }) =>
  (await tokens.issue({ subject: 'user_7', scopes: [], confirmation })).secret;

const nonce = { secret: 'a secret of this server, long enough' };
const guarded = (options: DpopOptions = {}) =>
  latchkey({
    extractors: [bearer(), dpop(options)],
    verifiers: [tokens, signedTokens, introspected],
  });

interface Asked {
  readonly parts?: Partial<ProofParts>;
  readonly options?: DpopOptions;
  readonly token?: string;
  readonly scheme?: string;
  /** What stands in the header in place of the proof. */
  readonly written?: (proof: string) => string | undefined;
  readonly request?: Partial<RequestLike>;
  readonly check?: ReturnType<typeof guarded>['check'];
}
/** What a guard answers: 'passed', or the challenges of its refusal and the nonce beside them. */
async function answerTo({
  parts,
  options,
  token,
  scheme = 'DPoP',
  written = (proof) => proof,
  request,
  check = guarded(options).check,
}: Asked) {
  const secret = token ?? (await bound());
  const proof = written(proofOf({ key, token: secret, ...parts }));
  const answer = await check({
    method: 'GET',
    url: '/',
    ...request,
    headers: {
      host: 'api.example.com',
      authorization: `${scheme} ${secret}`,
      dpop: proof,
      ...request?.headers,
    },
  });
  if (answer.status !== 'refused') {
    return { passed: answer.status === 'authenticated' };
  }
  const { status, headers } = answer.refusal;
  return { status, challenges: [headers['WWW-Authenticate']].flat(), nonce: headers['DPoP-Nonce'] };
}
const PASSED = { passed: true };
const refusedBy = (error: string) => ({
  status: 401,
  challenges: [expect.stringContaining(`DPoP error="${error}"`)],
});
const BAD_PROOF = refusedBy('invalid_dpop_proof');
const BAD_TOKEN = refusedBy('invalid_token');

/**
 * An entry whose demand is that each of these is refused as a bad proof, where a good one passes.
 */
const refuses = (...bad: readonly Asked[]): Pick<Entry, 'test'> => ({
  async test() {
    expect(await answerTo({})).toEqual(PASSED);
    for (const asked of bad) {
      expect(await answerTo(asked)).toMatchObject(BAD_PROOF);
    }
  },
});
const header = (more: object): Asked => ({ parts: { header: more } });
const claims = (more: object): Asked => ({ parts: { claims: more } });
const now = () => Math.floor(Date.now() / 1_000);

complianceMatrix('RFC 9449', [
  {
    section: '4.2',
    level: 'MUST',
    says: 'The header of a proof has typ, an asymmetric alg, and the public key in jwk.',
    ...refuses(header({ typ: undefined }), header({ alg: undefined }), header({ jwk: undefined })),
  },
  {
    section: '4.2',
    level: 'MUST',
    says: 'The claims of a proof have jti, htm, htu and iat.',
    ...refuses(...['jti', 'htm', 'htu', 'iat'].map((name) => claims({ [name]: undefined }))),
  },
  {
    section: '4.2',
    level: 'MUST',
    says: 'A client makes each jti so that no other proof has it.',
    notOurs: 'because it is for the client; a jti that came before is refused by §11.1',
  },
  {
    section: '4.2',
    level: 'MUST',
    says: 'A proof that comes with an access token has in ath the base64url of the token’s SHA-256.',
    ...refuses(claims({ ath: undefined }), { parts: { token: 'another' } }),
  },
  {
    section: '4.2',
    level: 'MUST',
    says: 'A proof has the nonce that the server gave.',
    async test() {
      const { check } = guarded({ nonce });
      const first = await answerTo({ check });
      expect(first).toMatchObject({ ...refusedBy('use_dpop_nonce'), nonce: expect.any(String) });
      expect(await answerTo({ check, ...claims({ nonce: first.nonce }) })).toEqual(PASSED);
    },
  },
  {
    section: '4.2',
    level: 'MAY',
    says: 'A proof may have header parameters and claims beyond those.',
    async test() {
      expect(
        await answerTo({ parts: { header: { kid: 'k1' }, claims: { sub: 'user_7' } } }),
      ).toEqual(PASSED);
    },
  },
  {
    section: '4.3',
    level: 'MUST',
    says: 'There is not more than one DPoP header field, and it is one well-formed JWT.',
    ...refuses(
      { written: () => undefined },
      { written: (proof) => `${proof}, ${proof}` },
      { written: (proof) => proof.slice(0, 20) },
      { request: { rawHeaders: ['DPoP', 'a', 'DPoP', 'b'] } },
    ),
  },
  {
    section: '4.3',
    level: 'MUST',
    says: 'The typ is dpop+jwt.',
    ...refuses(header({ typ: 'JWT' }), header({ typ: 'at+jwt' })),
  },
  {
    section: '4.3',
    level: 'MUST',
    says: 'The alg is a registered asymmetric one, is not none, and is acceptable to local policy.',
    ...refuses(header({ alg: 'none' }), header({ alg: 'HS256' }), {
      options: { algorithms: ['PS256'] },
    }),
  },
  {
    section: '4.3',
    level: 'MUST',
    says: 'The signature verifies with the key in jwk.',
    ...refuses({ parts: { signer: clientKey().privateKey } }),
  },
  {
    section: '4.3',
    level: 'MUST',
    says: 'The jwk does not hold a private key (§4.2 too).',
    ...refuses(header({ jwk: key.privateKey.export({ format: 'jwk' }) })),
  },
  {
    section: '4.3',
    level: 'MUST',
    says: 'The htm is the method of the request.',
    ...refuses(claims({ htm: 'POST' })),
  },
  {
    section: '4.3',
    level: 'MUST',
    says: 'The htu is the URI of the request.',
    ...refuses(
      claims({ htu: 'http://api.example.com/other' }),
      claims({ htu: 'http://evil.example/' }),
    ),
  },
  {
    section: '4.3',
    level: 'MUST',
    says: 'Query and fragment are no part of that comparison.',
    async test() {
      expect(
        await answerTo({
          request: { url: '/?a=b' },
          ...claims({ htu: 'http://api.example.com/?c=d#e' }),
        }),
      ).toEqual(PASSED);
    },
  },
  {
    section: '4.3',
    level: 'SHOULD',
    says: 'Both are normalised by syntax and scheme (RFC 3986 §6.2.2, §6.2.3) before they are compared.',
    async test() {
      expect(
        await answerTo({
          request: { url: '/%61/../b' },
          ...claims({ htu: 'HTTP://API.example.com:80/%62' }),
        }),
      ).toEqual(PASSED);
    },
  },
  {
    section: '4.3',
    level: 'MUST',
    says: 'Where the server gave the client a nonce, the nonce claim is that one.',
    async test() {
      expect(await answerTo({ options: { nonce }, ...claims({ nonce: 'x' }) })).toMatchObject(
        refusedBy('use_dpop_nonce'),
      );
    },
  },
  {
    section: '4.3',
    level: 'MUST',
    says: 'The proof was made within an acceptable window of time.',
    ...refuses(claims({ iat: now() - 100 }), claims({ iat: now() + 100 })),
  },
  {
    section: '4.3',
    level: 'MUST',
    says: 'With an access token, the key of the proof is the one that the token is bound to.',
    async test() {
      expect(await answerTo({ parts: { key: clientKey() } })).toMatchObject(BAD_TOKEN);
    },
  },
  {
    section: '5',
    level: 'MUST',
    says: 'A token request has a proof, and the answer says that the token is of type DPoP.',
    notOurs: 'because the authorization server binds tokens; a resource server takes what it bound',
  },
  {
    section: '6',
    level: 'MUST',
    says: 'A resource server can tell whether a token is bound, and to which key.',
    async test() {
      expect(await answerTo({})).toEqual(PASSED);
      expect(await answerTo({ token: await bound(null) })).toMatchObject(BAD_TOKEN);
    },
  },
  {
    section: '6.1',
    level: 'MUST',
    says: 'A JWT says the key in cnf.jkt, the base64url of its SHA-256 thumbprint (RFC 7638).',
    async test() {
      const sign = (jkt: string) =>
        jsonwebtoken.sign({ sub: 'user_7', cnf: { jkt } }, SECRET, {
          issuer: 'https://osir.com',
          audience: 'https://api.example.com',
          expiresIn: 60,
        });
      expect(await answerTo({ token: sign(key.jkt) })).toEqual(PASSED);
      expect(
        await answerTo({ token: sign(Buffer.from(key.jkt, 'base64url').toString('hex')) }),
      ).toMatchObject(BAD_TOKEN);
    },
  },
  {
    section: '6',
    level: 'MUST',
    says: 'A resource server sees to it that the key of the proof is the one that the token is bound to.',
    async test() {
      const other = clientKey();
      expect(await answerTo({ parts: { key: other } })).toMatchObject(BAD_TOKEN);
      expect(
        await answerTo({ token: await bound({ jkt: other.jkt }), parts: { key: other } }),
      ).toEqual(PASSED);
    },
  },
  {
    section: '6.2',
    level: '-',
    says: 'An introspected token says it in the member cnf, in the same form.',
    async test() {
      expect(await answerTo({ token: `opaque-${key.jkt}` })).toEqual(PASSED);
      expect(await answerTo({ token: `opaque-${clientKey().jkt}` })).toMatchObject(BAD_TOKEN);
    },
  },
  {
    section: '6.2',
    level: 'MUST',
    says: 'If the answer of introspection says a token_type, that is DPoP.',
    notOurs:
      'because the server says it; here a token_type of DPoP is taken with the key in cnf.jkt alone, and the binding counts whatever it says',
  },
  {
    section: '7',
    level: 'MUST',
    says: 'A request for a protected resource has a proof beside its bound token.',
    ...refuses({ written: () => undefined }),
  },
  {
    section: '7.1',
    level: 'MUST NOT',
    says: 'A resource server grants access only where all checks succeed, by a proof of its own for each request.',
    async test() {
      const { check } = guarded();
      const token = await bound();
      expect(await answerTo({ check, token })).toEqual(PASSED);
      expect(await answerTo({ check, token, written: () => undefined })).toMatchObject(BAD_PROOF);
    },
  },
  {
    section: '7.1',
    level: 'SHOULD',
    says: 'A challenge has in algs the algorithms that proofs may be signed by.',
    async test() {
      const { challenges } = await answerTo({
        options: { algorithms: ['ES256', 'PS512'] },
        written: () => undefined,
      });
      expect(challenges).toEqual(['DPoP error="invalid_dpop_proof", algs="ES256 PS512"']);
    },
  },
  {
    section: '7.1',
    level: 'SHOULD',
    says: 'A request that had a token and failed is told why by error; one that had none is not.',
    async test() {
      expect(await answerTo({ token: 'osirat_live_unknown' })).toMatchObject(BAD_TOKEN);
      expect(await answerTo({ written: () => 'x' })).toMatchObject(BAD_PROOF);
      const without = await guarded().check({ headers: {} }, { scopes: [] });
      expect(without).toMatchObject({
        refusal: {
          headers: {
            'WWW-Authenticate': ['Bearer realm="api"', expect.not.stringContaining('error')],
          },
        },
      });
    },
  },
  {
    section: '7.1',
    level: 'MAY',
    says: 'A challenge may have a realm, a scope and an error_description.',
    async test() {
      const { check } = guarded();
      const token = await bound();
      const answer = await check(
        {
          method: 'GET',
          url: '/',
          headers: {
            host: 'api.example.com',
            authorization: `DPoP ${token}`,
            dpop: proofOf({ key, token }),
          },
        },
        { scopes: ['a'] },
      );
      expect(answer).toMatchObject({
        refusal: {
          status: 403,
          headers: { 'WWW-Authenticate': expect.stringMatching(/^DPoP realm="api", .*scope="a"/) },
        },
      });
    },
  },
  {
    section: '7.2',
    level: 'MUST',
    says: 'A resource server that takes both schemes refuses a bound token that comes as a bearer token.',
    async test() {
      expect(await answerTo({ scheme: 'Bearer' })).toMatchObject({
        status: 401,
        challenges: [
          expect.stringMatching(/^Bearer .*error="invalid_token"/),
          expect.stringMatching(/^DPoP algs=/),
        ],
      });
      expect(await answerTo({ scheme: 'Bearer', token: await bound(null) })).toEqual(PASSED);
    },
  },
  {
    section: '7.2',
    level: '-',
    says: 'A resource server that takes Bearer alone may well take a bound token as a bearer token: this one refuses it.',
    async test() {
      const { check } = latchkey({ verifiers: [tokens] });
      const answer = await check({ headers: { authorization: `Bearer ${await bound()}` } });
      expect(answer).toMatchObject({
        status: 'refused',
        reason: 'bad_proof',
        refusal: { status: 401 },
      });
    },
  },
  {
    section: '7.2',
    level: 'SHOULD NOT',
    says: 'Where a request brought nothing, the challenges have no error.',
    async test() {
      const without = await guarded().check({ headers: {} }, { scopes: [] });
      expect(without).toMatchObject({
        refusal: {
          headers: {
            'WWW-Authenticate': ['Bearer realm="api"', expect.stringMatching(/^DPoP (?!.*error)/)],
          },
        },
      });
    },
  },
  {
    section: '7.2',
    level: 'SHOULD',
    says: 'Where it is clear by which scheme a request tried, the challenge of that scheme has the error.',
    async test() {
      expect(await answerTo({ token: 'osirat_live_unknown' })).toMatchObject(BAD_TOKEN);
      expect(await answerTo({ token: 'osirat_live_unknown', scheme: 'Bearer' })).toMatchObject({
        challenges: [
          expect.stringMatching(/^Bearer .*error="invalid_token"/),
          expect.stringMatching(/^DPoP (?!.*error)/),
        ],
      });
    },
  },
  {
    section: '7.2',
    level: 'MAY',
    says: 'Where it is not, both have it.',
    async test() {
      const lines = ['Authorization', 'Bearer abc', 'Authorization', 'DPoP abc'];
      expect(await answerTo({ request: { rawHeaders: lines } })).toMatchObject({
        status: 400,
        challenges: [
          expect.stringMatching(/^Bearer .*error="invalid_request"/),
          expect.stringMatching(/^DPoP .*error="invalid_request"/),
        ],
      });
    },
  },
  {
    section: '7.3',
    level: 'RECOMMENDED',
    says: 'A client makes a new proof for each try.',
    notOurs: 'because it is for the client; a proof that comes twice is refused by §11.1',
  },
  {
    section: '8',
    level: '-',
    says: 'An authorization server that wants a nonce answers 400 with use_dpop_nonce.',
    notOurs:
      'because it is for the token endpoint of the authorization server; a resource server answers by §9',
  },
  {
    section: '8',
    level: 'MUST',
    says: 'Nobody can foresee a nonce.',
    async test() {
      const nonceBy = async (secret: string) =>
        (await answerTo({ options: { nonce: { secret } } })).nonce;
      expect(await nonceBy(nonce.secret)).not.toBe(await nonceBy(`${nonce.secret}!`));
      expect(() => dpop({ nonce: { secret: 'short' } })).toThrow(/secret of at least 32 bytes/);
    },
  },
  {
    section: '8',
    level: 'MUST NOT',
    says: 'There is not more than one DPoP-Nonce header.',
    async test() {
      expect(await answerTo({ options: { nonce } })).toMatchObject({
        nonce: expect.stringMatching(/^[^,]+$/),
      });
    },
  },
  {
    section: '8',
    level: 'MUST',
    says: 'A proof whose nonce is not one that was given of late is refused, with a new nonce that may stand beside.',
    async test() {
      const answer = await answerTo({ options: { nonce }, ...claims({ nonce: 'x' }) });
      expect(answer).toMatchObject({ ...refusedBy('use_dpop_nonce'), nonce: expect.any(String) });
    },
  },
  {
    section: '8.1',
    level: '-',
    says: 'A nonce is of visible ASCII without quote and backslash.',
    async test() {
      expect(await answerTo({ options: { nonce } })).toMatchObject({
        nonce: expect.stringMatching(/^[!#-[\]-~]{43}$/),
      });
    },
  },
  {
    section: '8.2',
    level: 'MUST',
    says: 'A client uses the nonce that it was given last.',
    notOurs:
      'because it is for the client; the nonce before the last is good as well, for requests that are under way',
  },
  {
    section: '8.2',
    level: '-',
    says: 'An answer with a nonce is not to be stored by a cache.',
    async test() {
      const answer = await guarded({ nonce }).check({
        method: 'GET',
        url: '/',
        headers: { host: 'api.example.com', authorization: 'DPoP abc' },
      });
      expect(answer).toMatchObject({ refusal: { headers: { 'Cache-Control': 'no-store' } } });
    },
  },
  {
    section: '9',
    level: '-',
    says: 'A resource server that requires a nonce responds with 401, use_dpop_nonce and a DPoP-Nonce header.',
    async test() {
      expect(await answerTo({ options: { nonce } })).toMatchObject({
        ...refusedBy('use_dpop_nonce'),
        nonce: expect.any(String),
      });
    },
  },
  {
    section: '10',
    level: 'MUST',
    says: 'An authorization code that was asked for with dpop_jkt is given for a proof of that key alone.',
    notOurs: 'because codes are for the authorization server',
  },
  {
    section: '10.1',
    level: 'MUST',
    says: 'An authorization server that takes pushed requests takes the key there by dpop_jkt and by a proof.',
    notOurs: 'because pushed requests are for the authorization server',
  },
  {
    section: '11.1',
    level: 'MUST',
    says: 'A proof is accepted for a limited time after it was made, and that is short.',
    ...refuses(claims({ iat: now() - 61 - 30 }), {
      ...claims({ iat: now() - 30 }),
      options: { windowMs: 5_000 },
    }),
  },
  {
    section: '11.1',
    level: 'MAY',
    says: 'A server may forgive clients whose clocks are a little ahead.',
    async test() {
      expect(await answerTo(claims({ iat: now() + 10 }))).toEqual(PASSED);
    },
  },
  {
    section: '11.1',
    level: '-',
    says: 'A server remembers the jti of each proof for as long as it would be accepted, and refuses it a second time.',
    async test() {
      const { check } = guarded();
      expect(await answerTo({ check, ...claims({ jti: 'again' }) })).toEqual(PASSED);
      expect(await answerTo({ check, ...claims({ jti: 'again' }) })).toMatchObject(BAD_PROOF);
    },
  },
  {
    section: '11.1',
    level: '-',
    says: 'A jti that is too large is refused, or only a hash of it is kept, so that it cannot fill the memory.',
    async test() {
      const put = jest.fn(async () => true);
      const options = { store: { setIfAbsent: put } as never };
      expect(await answerTo({ options, ...claims({ jti: 'x'.repeat(256) }) })).toEqual(PASSED);
      expect(put.mock.calls).toEqual([
        ['dpop', expect.stringMatching(/^.{43}$/), expect.any(String), expect.any(Number)],
      ]);
      expect(await answerTo(claims({ jti: 'x'.repeat(257) }))).toMatchObject(BAD_PROOF);
    },
  },
  {
    section: '11.2',
    level: 'SHOULD NOT',
    says: 'Tokens live long where no nonces are asked for, and proofs could be made in advance for as long.',
    notOurs: 'because the authorization server says how long a token lives',
  },
  {
    section: '11.2',
    level: '-',
    says: 'Nonces of the server keep a client’s proofs from being made in advance.',
    async test() {
      const ahead = claims({ iat: now() + 30 });
      expect(await answerTo(ahead)).toEqual(PASSED);
      expect(await answerTo({ options: { nonce }, ...ahead })).toMatchObject(
        refusedBy('use_dpop_nonce'),
      );
    },
  },
  {
    section: '11.3',
    level: 'MUST NOT',
    says: 'A server that gives nonces takes no proof without one.',
    async test() {
      expect(await answerTo({ options: { nonce } })).toMatchObject(refusedBy('use_dpop_nonce'));
    },
  },
  {
    section: '11.4',
    level: '-',
    says: 'A client keeps its private key where other code of the same origin cannot use it.',
    notOurs: 'because it is for the client; nothing here can see where a key is kept',
  },
  {
    section: '11.5',
    level: 'MUST',
    says: 'The typ is looked at, so that no other signed JWT passes for a proof.',
    ...refuses(header({ typ: 'secevent+jwt' })),
  },
  {
    section: '11.6',
    level: 'MUST',
    says: 'Only asymmetric algorithms that are held secure can be configured; none can not.',
    async test() {
      for (const algorithm of ['none', 'HS256']) {
        expect(() => dpop({ algorithms: [algorithm as never] })).toThrow(TypeError);
      }
      expect(await answerTo(header({ alg: 'none' }))).toMatchObject(BAD_PROOF);
    },
  },
  {
    section: '11.7',
    level: '-',
    says: 'What else a request holds, its body and headers, is protected by other means.',
    notOurs: 'because a proof signs method and URL alone, and TLS protects the rest',
  },
]);
