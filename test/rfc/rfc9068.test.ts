import { jwt, type JwtOptions, latchkey } from 'latchkey';

import {
  type FakeIssuer,
  json,
  METADATA,
  publicJwk,
  startFakeIssuer,
} from '../support/fake-issuer';
import {
  AUDIENCE,
  ISSUER,
  NOW,
  PAIRS,
  part,
  seal,
  tokenOf,
  verdict,
} from '../verifiers/jwt/tokens';
import { complianceMatrix } from './compliance-matrix';

const profile = (options: Partial<JwtOptions> = {}) =>
  jwt({
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ['RS256'],
    key: PAIRS.RS256.publicKey,
    profile: 'rfc9068',
    ...options,
  });

const REQUIRED = { client_id: 'app', iat: NOW / 1000 - 10, jti: 'token-1' };
/** A token that keeps every rule, but for what is given. */
const token = (claims: object = {}, header: object = {}) =>
  tokenOf({ ...REQUIRED, ...claims }, { typ: 'at+jwt', ...header }, 'RS256');
const verdicts = (tokens: readonly string[], verifier = profile()) =>
  Promise.all(tokens.map((one) => verdict(one, verifier)));

/** A REQUIRED claim (§2.2): refused where it is absent, and for what cannot be one. */
const required =
  (name: string, absent: string, oddities: readonly unknown[]) => async (): Promise<void> => {
    expect(await verdicts([token()])).toEqual(['good']);
    expect(await verdicts([token({ [name]: undefined })])).toEqual([absent]);
    const odd = await verdicts(oddities.map((value) => token({ [name]: value })));
    expect(odd).not.toContain('good');
  };

/** An issuer with a path, at which the well-known places differ. */
async function withIssuer(action: (server: FakeIssuer) => Promise<void>): Promise<void> {
  const server = await startFakeIssuer('/tenant');
  await action(server).finally(() => server.close());
}
const metadataOf = ({ issuer }: FakeIssuer, members: object = {}) =>
  json({ issuer, jwks_uri: new URL('/keys', issuer).href, ...members });
const verdictBy = (server: FakeIssuer, signed = server.token({ typ: 'at+jwt' }, REQUIRED)) =>
  verdict(signed, jwt({ issuer: server.issuer, audience: AUDIENCE, profile: 'rfc9068' }));

const check = (authorization: string, verifier = profile()) =>
  latchkey({ verifiers: [verifier] }).check({ headers: { authorization } }, { scopes: [] });

complianceMatrix('RFC 9068', [
  {
    section: '2.1',
    level: 'MUST',
    says: 'An access token is signed.',
    async test() {
      const [header, payload] = token().split('.');
      expect(await verdicts([`${header}.${payload}.`, `${header}.${payload}`])).toEqual([
        'malformed',
        'malformed',
      ]);
    },
  },
  {
    section: '2.1',
    level: 'MUST NOT',
    says: 'The algorithm is never none.',
    async test() {
      const body = token().split('.')[1];
      const spellings = ['none', 'None', 'NONE', 'nOnE', ''];
      const unsigned = spellings.map(
        (alg) => `${part({ alg, typ: 'at+jwt' })}.${body}.${part('x')}`,
      );
      expect(await verdicts(unsigned)).toEqual(spellings.map(() => 'bad_signature'));
      expect(() => profile({ algorithms: ['none'] as never })).toThrow(/option "algorithms"/);
    },
  },
  {
    section: '2.1',
    level: 'MUST',
    says: 'RS256 is among the algorithms that a resource server can verify.',
    async test() {
      expect(await verdict(token(), profile({ algorithms: ['RS256'] }))).toBe('good');
    },
  },
  {
    section: '2.1',
    level: 'MUST',
    says: 'The media type of the token stands in typ.',
    async test() {
      expect(await verdicts([token({}, { typ: undefined })])).toEqual(['bad_type']);
    },
  },
  {
    section: '2.1',
    level: 'SHOULD',
    says: 'It is at+jwt there; the prefix application/ is left out, and may be there.',
    async test() {
      expect(
        await verdicts([token({}, { typ: 'application/at+jwt' }), token({}, { typ: 'AT+JWT' })]),
      ).toEqual(['good', 'good']);
    },
  },
  {
    section: '2.2',
    level: 'REQUIRED',
    says: 'iss names the issuer.',
    test: required('iss', 'bad_issuer', ['', 1, [ISSUER], null]),
  },
  {
    section: '2.2',
    level: 'REQUIRED',
    says: 'exp says when the token ends.',
    test: required('exp', 'bad_claim', ['9999999999', null, -1, [], {}]),
  },
  {
    section: '2.2',
    level: 'REQUIRED',
    says: 'aud names the resource server.',
    test: required('aud', 'bad_audience', ['', 1, [], {}, [1], null]),
  },
  {
    section: '2.2',
    level: 'REQUIRED',
    says: 'sub names the subject.',
    test: required('sub', 'bad_claim', ['', 1, [], null]),
  },
  {
    section: '2.2',
    level: 'SHOULD',
    says: 'sub is the user’s where one takes part, and else the client’s.',
    async test() {
      expect(await check(`Bearer ${token({ sub: 'app' })}`)).toMatchObject({
        principal: { subject: 'app', clientId: 'app' },
      });
      expect(await check(`Bearer ${token()}`)).toMatchObject({
        principal: { subject: 'acct_42', clientId: 'app' },
      });
    },
  },
  {
    section: '2.2',
    level: 'REQUIRED',
    says: 'client_id names the client.',
    test: required('client_id', 'bad_claim', ['', 1, [], null]),
  },
  {
    section: '2.2',
    level: 'REQUIRED',
    says: 'iat says when the token was issued.',
    test: required('iat', 'bad_claim', ['1', null, -1, []]),
  },
  {
    section: '2.2',
    level: 'REQUIRED',
    says: 'jti names the token.',
    test: required('jti', 'bad_claim', ['', 1, [], null]),
  },
  {
    section: '2.2.1',
    level: 'OPTIONAL',
    says: 'auth_time, acr and amr tell of the login, and reach the API.',
    async test() {
      const login = { auth_time: NOW / 1000 - 60, acr: 'urn:mfa', amr: ['pwd', 'otp'] };
      expect(await check(`Bearer ${token(login)}`)).toMatchObject({
        status: 'authenticated',
        principal: { claims: login },
      });
    },
  },
  {
    section: '2.2.2',
    level: 'SHOULD',
    says: 'Identity claims of the subject have their registered names, and other claims are allowed.',
    async test() {
      expect(await check(`Bearer ${token({ email: 'ada@example.com' })}`)).toMatchObject({
        principal: { claims: { email: 'ada@example.com' } },
      });
    },
  },
  {
    section: '2.2.3',
    level: 'SHOULD',
    says: 'scope holds what was granted, parted by spaces (RFC 8693 §4.2).',
    async test() {
      expect(await check(`Bearer ${token({ scope: 'domains:read domains:write' })}`)).toMatchObject(
        {
          principal: { scopes: ['domains:read', 'domains:write'] },
        },
      );
      expect(await verdicts([token({ scope: 7 }), token({ scope: {} })])).toEqual(
        Array(2).fill('bad_claim'),
      );
      expect(await check(`Bearer ${token({ scope: ['a b', 'c'] })}`)).toMatchObject({
        principal: { scopes: ['c'] },
      });
    },
  },
  {
    section: '2.2.3',
    level: 'MUST',
    says: 'Every scope of the token has a meaning for the resources in aud.',
    notOurs:
      'because the authorization server grants them; a guard asks for the scopes of its own API and gives no meaning to others',
  },
  {
    section: '2.2.3.1',
    level: 'SHOULD',
    says: 'groups, roles and entitlements are carried by the claims of RFC 7643.',
    async test() {
      expect(await check(`Bearer ${token({ groups: ['staff'], roles: ['admin'] })}`)).toMatchObject(
        {
          principal: { scopes: [], claims: { groups: ['staff'], roles: ['admin'] } },
        },
      );
    },
  },
  {
    section: '3',
    level: 'SHOULD',
    says: 'The authorization server writes the resource that was asked for into aud.',
    notOurs: 'because it is for the authorization server',
  },
  {
    section: '3',
    level: 'MUST NOT',
    says: 'The authorization server issues no token of which it would be unclear what it grants.',
    notOurs: 'because it is for the authorization server',
  },
  {
    section: '3',
    level: 'MUST',
    says: 'Where no resource was asked for, the authorization server writes a default one into aud, which it SHOULD infer from the scopes.',
    notOurs:
      'because it is for the authorization server; a token without aud is refused by the entry of §2.2',
  },
  {
    section: '4',
    level: 'RECOMMENDED',
    says: 'Tokens are signed by an asymmetric algorithm: for keys from a URL no other is taken.',
    test() {
      expect(() =>
        jwt({
          issuer: ISSUER,
          audience: AUDIENCE,
          algorithms: ['HS256'],
          jwksUri: 'https://osir.com/keys',
        }),
      ).toThrow(/option "algorithms" must not contain HS for keys from a URL/);
    },
  },
  {
    section: '4',
    level: 'SHOULD',
    says: 'The keys are found by RFC 8414: jwks_uri says where, and issuer what iss has to be.',
    async test() {
      await withIssuer(async (server) => {
        const { pathname } = new URL(server.issuer);
        server.answers.set(`${pathname}${METADATA}`, (res) => void res.writeHead(404).end());
        server.answers.set(
          `/.well-known/oauth-authorization-server${pathname}`,
          metadataOf(server),
        );
        expect(await verdictBy(server)).toBe('good');
        server.answers.set(
          `/.well-known/oauth-authorization-server${pathname}`,
          metadataOf(server, { issuer: `${server.issuer}/` }),
        );
        await expect(verdictBy(server)).rejects.toThrow(/is the metadata of another issuer/);
      });
    },
  },
  {
    section: '4',
    level: 'MAY',
    says: 'OpenID Connect Discovery serves the same purpose.',
    async test() {
      await withIssuer(async (server) => {
        const { pathname } = new URL(server.issuer);
        server.answers.set(
          `/.well-known/oauth-authorization-server${pathname}`,
          (res) => void res.writeHead(404).end(),
        );
        expect(await verdictBy(server)).toBe('good');
      });
    },
  },
  {
    section: '4',
    level: 'MUST',
    says: 'An authorization server that publishes both publishes the same.',
    notOurs:
      'because it is for the authorization server; the first that names this issuer is believed, and the other not asked',
  },
  {
    section: '4',
    level: 'MAY',
    says: 'ID tokens and access tokens may be signed with different keys: each published key is accepted.',
    async test() {
      await withIssuer(async (server) => {
        server.keys = [publicJwk('for-id-tokens', 'RS256'), publicJwk('k1')];
        const byFirst = tokenOf(
          { ...REQUIRED, iss: server.issuer },
          { typ: 'at+jwt', kid: 'for-id-tokens' },
          'RS256',
        );
        expect([await verdictBy(server), await verdictBy(server, byFirst)]).toEqual([
          'good',
          'good',
        ]);
      });
    },
  },
  {
    section: '4',
    level: 'MUST',
    says: 'A token whose alg is none is refused.',
    async test() {
      const [, body] = token().split('.');
      expect(
        await verdicts([`${part({ alg: 'none', typ: 'at+jwt' })}.${body}.${part('x')}`]),
      ).toEqual(['bad_signature']);
    },
  },
  {
    section: '4',
    level: 'MUST',
    says: 'A typ other than at+jwt is refused.',
    async test() {
      const types = [
        'JWT',
        'jwt',
        'logout+jwt',
        'dpop+jwt',
        'id_token+jwt',
        'at+jwt ',
        'text/at+jwt',
        '',
        null,
        1,
        ['at+jwt'],
      ];
      expect(await verdicts(types.map((typ) => token({}, { typ })))).toEqual(
        types.map(() => 'bad_type'),
      );
    },
  },
  {
    section: '4',
    level: 'SHOULD',
    says: 'Where encryption was agreed upon, a token that is not encrypted is refused.',
    notOurs: 'because encrypted tokens are not supported: none is accepted, so none is agreed upon',
  },
  {
    section: '4',
    level: 'MUST',
    says: 'iss is exactly the identifier of the authorization server.',
    async test() {
      const issuers = [
        `${ISSUER}/`,
        ISSUER.toUpperCase(),
        ISSUER.replace('https', 'http'),
        `${ISSUER}#`,
        `${ISSUER} `,
      ];
      expect(await verdicts(issuers.map((iss) => token({ iss })))).toEqual(
        issuers.map(() => 'bad_issuer'),
      );
      expect(profile().accepts({ extractor: 'bearer', token: token({ iss: `${ISSUER}/` }) })).toBe(
        false,
      );
    },
  },
  {
    section: '4',
    level: 'MUST',
    says: 'aud holds an identifier that this resource server expects for itself, alone or among others.',
    async test() {
      expect(
        await verdicts([
          token({ aud: [AUDIENCE] }),
          token({ aud: ['https://other.example', AUDIENCE] }),
        ]),
      ).toEqual(['good', 'good']);
      const others = [
        `${AUDIENCE}/`,
        AUDIENCE.toUpperCase(),
        'https://other.example',
        ['https://other.example'],
        `${AUDIENCE} x`,
      ];
      expect(await verdicts(others.map((aud) => token({ aud })))).toEqual(
        others.map(() => 'bad_audience'),
      );
    },
  },
  {
    section: '4',
    level: 'MUST',
    says: 'The signature is verified by the algorithm that the header names.',
    async test() {
      const [header, payload] = token().split('.') as [string, string];
      const otherAlgorithm = `${part({ alg: 'PS256', typ: 'at+jwt' })}.${payload}`;
      const signature = seal(header, payload, 'PS256').split('.')[2];
      expect(
        await verdicts([`${otherAlgorithm}.${signature}`, `${header}.${payload}.${signature}`]),
      ).toEqual(['bad_signature', 'bad_signature']);
    },
  },
  {
    section: '4',
    level: 'MUST',
    says: 'Only keys of the authorization server verify, whatever keys a token brings along.',
    async test() {
      const jwk = PAIRS.ES256.publicKey.export({ format: 'jwk' });
      const own = tokenOf(REQUIRED, { typ: 'at+jwt', jwk }, 'ES256');
      expect(await verdict(own, profile({ algorithms: ['RS256'] }))).not.toBe('good');
      const hints = [{ jwk }, { jku: 'https://evil.example' }, { x5c: [] }];
      expect(await verdicts(hints.map((hint) => token({}, hint)))).toEqual(Array(3).fill('good'));
      const forged = hints.map((hint) =>
        tokenOf(REQUIRED, { typ: 'at+jwt', alg: 'RS256', ...hint }, 'ES256'),
      );
      expect(await verdicts(forged)).toEqual(Array(3).fill('bad_signature'));
    },
  },
  {
    section: '4',
    level: 'MUST',
    says: 'The current time is before exp.',
    async test() {
      const now = NOW / 1000;
      expect(
        await verdicts([
          token({ exp: now - 5 }),
          token({ exp: now - 600 }),
          token({ exp: now + 60 }),
        ]),
      ).toEqual(['expired', 'expired', 'good']);
    },
  },
  {
    section: '4',
    level: 'MAY',
    says: 'A small leeway for clocks is no more than a few minutes.',
    async test() {
      expect(
        await verdict(token({ exp: NOW / 1000 - 60 }), profile({ clockToleranceMs: 300_000 })),
      ).toBe('good');
      expect(() => profile({ clockToleranceMs: 300_001 })).toThrow(/option "clockToleranceMs"/);
    },
  },
  {
    section: '4',
    level: 'MUST',
    says: 'A token that fails is answered 401 with invalid_token (RFC 6750 §3.1).',
    async test() {
      expect(await check(`Bearer ${token({ aud: 'https://other.example' })}`)).toMatchObject({
        status: 'refused',
        refusal: {
          status: 401,
          headers: { 'WWW-Authenticate': expect.stringContaining('error="invalid_token"') },
        },
      });
    },
  },
  {
    section: '4',
    level: 'SHOULD',
    says: 'Authorization claims are used together with whatever else the resource server knows.',
    async test() {
      const { check: decide } = latchkey({ verifiers: [profile()], scopes: ['read', 'write'] });
      const request = { headers: { authorization: `Bearer ${token({ scope: 'read' })}` } };
      expect(await decide(request, { scopes: ['read'] })).toMatchObject({
        status: 'authenticated',
      });
      expect(await decide(request, { scopes: ['write'] })).toMatchObject({
        status: 'refused',
        reason: 'insufficient_scope',
      });
    },
  },
  {
    section: '5',
    level: '-',
    says: 'Tokens of another kind, signed by the same keys, are told from access tokens.',
    async test() {
      const idToken = token({ nonce: 'n-0S6', at_hash: 'x' }, { typ: 'JWT' });
      expect(
        await verdicts([idToken, token({}, { typ: 'id+jwt' }), token({}, { typ: 'logout+jwt' })]),
      ).toEqual(Array(3).fill('bad_type'));
    },
  },
  {
    section: '5',
    level: '-',
    says: 'The authorization server keeps clients from choosing a sub that is that of a user.',
    notOurs:
      'because it is for the authorization server; the principal has the issuer and the client beside the subject',
  },
  {
    section: '5',
    level: 'MUST',
    says: 'The authorization server gives each resource an aud of its own.',
    notOurs:
      'because it is for the authorization server; that the aud of another resource is refused is an entry of §4',
  },
  {
    section: '6',
    level: 'MUST NOT',
    says: 'Clients do not look into access tokens.',
    notOurs: 'because it is for the client',
  },
]);
