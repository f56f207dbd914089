import { generateKeyPairSync } from 'node:crypto';

import { accessTokens, memoryStore } from 'latchkey';
import { authorizationServer } from 'latchkey/authorization-server';
import { allowInsecureRequests, discoveryRequest, processDiscoveryResponse } from 'oauth4webapi';

import { type Issuing, type IssuingOptions, startIssuing } from '../support/issuing';
import { complianceMatrix } from './compliance-matrix';

const WELL_KNOWN = '/.well-known/oauth-authorization-server';

let issuing: Issuing;
beforeAll(async () => {
  issuing = await startIssuing();
});
afterAll(() => issuing.close());

const metadata = async (options?: IssuingOptions) => {
  const server = options ? await startIssuing(options) : issuing;
  const document = (await (await fetch(`${server.origin}${WELL_KNOWN}`)).json()) as Record<
    string,
    unknown
  >;
  if (options) {
    await server.close();
  }
  return document;
};
const serverAt = (issuer: string) => () => {
  const store = memoryStore();
  return authorizationServer({
    issuer,
    store,
    tokens: accessTokens({ store, prefix: 'osirat' }),
    scopes: ['domains:read'],
  });
};
const endpoint = (name: string, path: string) => async () =>
  expect((await metadata())[name]).toBe(`${issuing.issuer}${path}`);
const keys = [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey] as const;

complianceMatrix('RFC 8414', [
  {
    section: '2',
    level: 'REQUIRED',
    says: 'issuer is a URL of https without query and fragment.',
    async test() {
      expect((await metadata()).issuer).toBe(issuing.issuer);
      for (const bad of [
        'http://api.osir.com',
        'https://api.osir.com?a=b',
        'https://api.osir.com#x',
      ]) {
        expect(serverAt(bad)).toThrow(TypeError);
      }
    },
  },
  {
    section: '2',
    level: 'REQUIRED',
    says: 'authorization_endpoint is there, unless no grant needs it.',
    async test() {
      await endpoint('authorization_endpoint', '/oauth/authorize')();
      expect(await metadata({ login: null })).not.toHaveProperty('authorization_endpoint');
    },
  },
  {
    section: '2',
    level: 'REQUIRED',
    says: 'token_endpoint is there.',
    test: endpoint('token_endpoint', '/oauth/token'),
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'jwks_uri names the keys that tokens are signed with, over https; it is there where any are.',
    async test() {
      expect((await metadata({ tokens: { keys } })).jwks_uri).toMatch(/\/oauth\/jwks$/);
      expect(await metadata()).not.toHaveProperty('jwks_uri');
    },
  },
  {
    section: '2',
    level: 'REQUIRED',
    says: 'A key for both uses says which.',
    async test() {
      const server = await startIssuing({ tokens: { keys } });
      const set = (await (await fetch(`${server.origin}/oauth/jwks`)).json()) as {
        keys: { use?: string }[];
      };
      await server.close();
      expect(set.keys.map(({ use }) => use)).toEqual(['sig']);
    },
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'registration_endpoint names where clients register themselves.',
    notOurs: 'because clients are registered by the operator, in code or from a terminal',
  },
  {
    section: '2',
    level: 'RECOMMENDED',
    says: 'scopes_supported lists the scopes that were declared.',
    async test() {
      expect((await metadata()).scopes_supported).toEqual([
        'domains:read',
        'domains:write',
        'billing:read',
      ]);
    },
  },
  {
    section: '2',
    level: 'REQUIRED',
    says: 'response_types_supported is there, and empty where there is no authorization endpoint.',
    async test() {
      expect((await metadata()).response_types_supported).toEqual(['code']);
      expect((await metadata({ login: null })).response_types_supported).toEqual([]);
    },
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'response_modes_supported and grant_types_supported are published, since their defaults differ.',
    async test() {
      expect(await metadata()).toMatchObject({
        response_modes_supported: ['query', 'fragment'],
        grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      });
    },
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'The ways of client authentication are named for each endpoint that wants one.',
    async test() {
      const document = await metadata();
      for (const name of ['token', 'revocation', 'introspection']) {
        expect(document[`${name}_endpoint_auth_methods_supported`]).toEqual(
          expect.arrayContaining(['client_secret_basic', 'client_secret_post']),
        );
      }
    },
  },
  {
    section: '2',
    level: 'MUST NOT',
    says: 'No signature of a client is taken by the algorithm none.',
    notOurs: 'because no client authenticates by a signature here, and so none is named',
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'revocation_endpoint is named.',
    test: endpoint('revocation_endpoint', '/oauth/revoke'),
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'introspection_endpoint is named.',
    test: endpoint('introspection_endpoint', '/oauth/introspect'),
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'code_challenge_methods_supported names the methods of PKCE, of which plain is none.',
    async test() {
      expect((await metadata()).code_challenge_methods_supported).toEqual(['S256']);
    },
  },
  {
    section: '2.1',
    level: 'OPTIONAL',
    says: 'The metadata is signed.',
    notOurs:
      'because TLS proves it to clients of this server, and none that were tried asks for more',
  },
  {
    section: '3',
    level: 'MUST',
    says: 'The metadata is at the well-known path, which stands before the path of the issuer.',
    async test() {
      const server = await startIssuing({ issuerPath: '/tenant/a' });
      const statuses = await Promise.all(
        [`${WELL_KNOWN}/tenant/a`, WELL_KNOWN].map(
          async (path) => (await fetch(server.origin + path)).status,
        ),
      );
      await server.close();
      expect(statuses).toEqual([200, 404]);
    },
  },
  {
    section: '3.1',
    level: 'MUST',
    says: 'It is asked for by GET, and a slash at the end of the issuer is left out of the path.',
    async test() {
      const server = await startIssuing({ issuerPath: '/tenant/' });
      const { status } = await fetch(`${server.origin}${WELL_KNOWN}/tenant`);
      await server.close();
      expect([
        status,
        (await fetch(`${issuing.origin}${WELL_KNOWN}`, { method: 'POST' })).status,
      ]).toEqual([200, 405]);
    },
  },
  {
    section: '3.2',
    level: 'MUST',
    says: 'It is a JSON object with the status 200.',
    async test() {
      const response = await fetch(`${issuing.origin}${WELL_KNOWN}`);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        200,
        'application/json; charset=utf-8',
      ]);
      expect(await response.json()).toEqual(expect.any(Object));
    },
  },
  {
    section: '3.2',
    level: 'MUST',
    says: 'Lists without elements are left out, but for the one that §2 requires.',
    async test() {
      const document = await metadata({ login: null });
      const empty = Object.entries(document).flatMap(([name, value]) =>
        Array.isArray(value) && value.length === 0 ? [name] : [],
      );
      expect(empty).toEqual(['response_types_supported']);
    },
  },
  {
    section: '3.3',
    level: 'MUST',
    says: 'issuer is the identifier that the address was made of, whatever host a request names.',
    async test() {
      const url = new URL(issuing.issuer);
      const response = await discoveryRequest(url, {
        algorithm: 'oauth2',
        [allowInsecureRequests]: true,
      });
      expect((await processDiscoveryResponse(url, response)).issuer).toBe(issuing.issuer);
      const asOther = await fetch(`${issuing.origin}${WELL_KNOWN}`, {
        headers: { 'x-forwarded-host': 'evil.example', host: 'evil.example' },
      });
      expect(await asOther.json()).toMatchObject({ issuer: issuing.issuer });
    },
  },
  {
    section: '4',
    level: 'MUST',
    says: 'Texts are compared without normalization.',
    notOurs: 'because it is for the client to do',
  },
  {
    section: '6.1',
    level: 'MUST',
    says: 'The metadata is served over TLS.',
    test() {
      expect(serverAt('http://api.osir.com')).toThrow(/option "issuer" must be an https URL/);
      expect(serverAt('https://api.osir.com')).not.toThrow();
    },
  },
  {
    section: '6.2',
    level: 'MUST',
    says: 'The client sees to it that the issuer is the one that it meant.',
    notOurs: 'because it is for the client to do',
  },
]);
