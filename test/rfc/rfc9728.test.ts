import {
  accessTokens,
  apiKeyHeader,
  apiKeys,
  bearer,
  dpop,
  latchkey,
  type LatchkeyOptions,
  memoryStore,
  type Middleware,
  type ResourceOptions,
} from 'latchkey';

import { ask, valuesOf } from '../http/ask';
import { ownVerifier, principal } from '../support/own-verifier';
import { MOUNTS, rawRequest } from '../support/servers';
import { complianceMatrix } from './compliance-matrix';

const PATH = '/.well-known/oauth-protected-resource';
const URL_OF_API = 'https://api.osir.com/v1';
const store = memoryStore();
const verifiers = [apiKeys({ prefix: 'osir', store })];
/** A guard that offers a second scheme. */
const withDpop = {
  extractors: [bearer(), dpop()],
  verifiers: [accessTokens({ prefix: 'osirat', store })],
};

const made = (resource: Partial<ResourceOptions> = {}, options: Partial<LatchkeyOptions> = {}) =>
  latchkey({ verifiers, resource: { url: URL_OF_API, ...resource }, ...options });

/** What is answered at a path: by the metadata, or by a guard behind it. */
function answer(
  request: string,
  resource: Partial<ResourceOptions> = {},
  options: Partial<LatchkeyOptions> = {},
) {
  const { resourceMetadata, requireScopes } = made(resource, options);
  return ask(
    MOUNTS['Express 5']!(
      [resourceMetadata(), requireScopes('domains:read')],
      (_req, res) => void res.end(),
    ),
    request,
  );
}
/** What a guard answers to a token. */
const answerOf = (guard: Middleware) =>
  ask(
    MOUNTS['Express 5']!([guard], (_req, res) => void res.end()),
    rawRequest('GET /v1', 'Authorization: Bearer t'),
  );
const published = async (
  resource: Partial<ResourceOptions> = {},
  options: Partial<LatchkeyOptions> = {},
) => {
  const { pathname } = new URL(resource.url ?? URL_OF_API);
  return JSON.parse(
    (await answer(rawRequest(`GET ${PATH}${pathname === '/' ? '' : pathname}`), resource, options))
      .body,
  ) as Record<string, unknown>;
};
const member = (name: string, resource: Partial<ResourceOptions>, value: unknown) => async () => {
  expect(await published(resource)).toHaveProperty(name, value);
  expect(await published()).not.toHaveProperty(name);
};

complianceMatrix('RFC 9728', [
  {
    section: '1.2',
    level: '-',
    says: 'The resource identifier is an https URL without a fragment.',
    test() {
      for (const url of [
        'http://api.osir.com',
        'https://api.osir.com/#a',
        'api.osir.com',
        'urn:api',
      ]) {
        expect(() => made({ url })).toThrow(
          /option "resource.url" must be an https URL without query and fragment/,
        );
      }
      expect(() => made()).not.toThrow();
    },
  },
  {
    section: '1.2',
    level: 'SHOULD NOT',
    says: 'The resource identifier has no query.',
    test() {
      expect(() => made({ url: 'https://api.osir.com/?a' })).toThrow(/without query/);
    },
  },
  {
    section: '2',
    level: 'REQUIRED',
    says: 'resource is the identifier, exactly as clients know it.',
    async test() {
      for (const url of [URL_OF_API, 'https://api.osir.com', 'https://api.osir.com/v1/']) {
        expect(await published({ url })).toMatchObject({ resource: url });
      }
    },
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'authorization_servers lists issuers whose tokens are good.',
    test: member('authorization_servers', { authorizationServers: ['https://osir.com'] }, [
      'https://osir.com',
    ]),
  },
  {
    section: '2',
    level: 'RECOMMENDED',
    says: 'scopes_supported lists scopes to ask for; those that were declared, unless some are kept back.',
    async test() {
      const scopes = ['domains:read', 'domains:write'];
      expect(await published({}, { scopes })).toMatchObject({ scopes_supported: scopes });
      expect(await published({ scopesSupported: ['domains:read'] }, { scopes })).toMatchObject({
        scopes_supported: ['domains:read'],
      });
    },
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'bearer_methods_supported says how a token is sent: by the header alone, or not at all.',
    async test() {
      expect(await published()).toMatchObject({ bearer_methods_supported: ['header'] });
      expect(await published({}, { extractors: [apiKeyHeader()] })).toMatchObject({
        bearer_methods_supported: [],
      });
    },
  },
  {
    section: '2',
    level: 'RECOMMENDED',
    says: 'resource_name is for people.',
    test: member('resource_name', { name: 'Osir' }, 'Osir'),
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'resource_documentation is a page for developers.',
    test: member(
      'resource_documentation',
      { documentation: 'https://docs.osir.com' },
      'https://docs.osir.com',
    ),
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'resource_policy_uri and resource_tos_uri are pages on what may be done with the data.',
    async test() {
      await member(
        'resource_policy_uri',
        { policyUri: 'https://osir.com/policy' },
        'https://osir.com/policy',
      )();
      await member(
        'resource_tos_uri',
        { tosUri: 'https://osir.com/terms' },
        'https://osir.com/terms',
      )();
    },
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'tls_client_certificate_bound_access_tokens says that tokens may be bound to a certificate.',
    async test() {
      const name = 'tls_client_certificate_bound_access_tokens';
      expect(await published({}, { clientCertificate: 'socket' })).toHaveProperty(name, true);
      expect(await published()).not.toHaveProperty(name);
    },
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'dpop_signing_alg_values_supported lists the algorithms of proofs, as the challenge does.',
    async test() {
      const algorithms = (await published({}, withDpop))
        .dpop_signing_alg_values_supported as string[];
      const [, challenge] = valuesOf(
        await answer(rawRequest('GET /v1'), {}, withDpop),
        'WWW-Authenticate',
      );
      expect(algorithms).toContain('ES256');
      expect(challenge).toContain(`algs="${algorithms.join(' ')}"`);
      expect(await published()).not.toHaveProperty('dpop_signing_alg_values_supported');
    },
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'dpop_bound_access_tokens_required says that every token has to be bound to a key.',
    notOurs:
      'because a extractor does not know what its verifiers ask of a token; the challenges say whether DPoP alone will do',
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'authorization_details_types_supported lists the types of RFC 9396.',
    notOurs: 'because no decision here reads authorization details; they reach the API as a claim',
  },
  {
    section: '2',
    level: 'MAY',
    says: 'Other members may be published too.',
    notOurs:
      'because what the API adds of its own would have to be known to its clients; it can serve a document of its own',
  },
  {
    section: '2',
    level: 'OPTIONAL',
    says: 'jwks_uri and resource_signing_alg_values_supported are for answers that the resource signs.',
    notOurs: 'because nothing that Latchkey answers is signed',
  },
  {
    section: '2.1',
    level: 'MAY',
    says: 'Values for people may be given in several languages.',
    notOurs: 'because one language was enough until now; it would be one more option',
  },
  {
    section: '2.2',
    level: 'MAY',
    says: 'The metadata may be signed as a whole.',
    notOurs: 'because TLS vouches for it, and no client that was looked at asks for more',
  },
  {
    section: '3',
    level: 'MUST',
    says: 'The well-known path stands between the host and the path of the identifier.',
    async test() {
      expect(await answer(rawRequest(`GET ${PATH}/v1`))).toMatchObject({ status: 200 });
      expect(await answer(rawRequest(`GET ${PATH}`))).toMatchObject({ status: 401 });
      expect(await answer(rawRequest(`GET /v1${PATH}`))).toMatchObject({ status: 401 });
    },
  },
  {
    section: '3.1',
    level: 'MUST',
    says: 'The metadata is there for GET, and any slash after the host alone is left out.',
    async test() {
      expect(
        await answer(rawRequest(`GET ${PATH}`), { url: 'https://api.osir.com/' }),
      ).toMatchObject({ status: 200 });
      expect(await answer(rawRequest(`POST ${PATH}/v1`, 'Content-Length: 0'))).toMatchObject({
        status: 405,
      });
    },
  },
  {
    section: '3.2',
    level: 'MUST',
    says: 'The answer is 200 with JSON as application/json.',
    async test() {
      const response = await answer(rawRequest(`GET ${PATH}/v1`));
      expect(response.status).toBe(200);
      expect(valuesOf(response, 'Content-Type')).toEqual(['application/json; charset=utf-8']);
      expect(JSON.parse(response.body)).toEqual({
        resource: URL_OF_API,
        bearer_methods_supported: ['header'],
      });
    },
  },
  {
    section: '3.2',
    level: 'MUST',
    says: 'What has no value is left out.',
    async test() {
      expect(Object.keys(await published())).toEqual(['resource', 'bearer_methods_supported']);
      expect(() => made({ authorizationServers: [] })).toThrow(/authorizationServers/);
      expect(() => made({ scopesSupported: [] })).toThrow(/scopesSupported/);
    },
  },
  {
    section: '3.2',
    level: 'MUST',
    says: 'The client passes over members that it does not know.',
    notOurs: 'because it is for the client',
  },
  {
    section: '3.3',
    level: 'MUST',
    says: 'The client compares resource with the identifier that it began with.',
    notOurs: 'because it is for the client; that both are the same bytes here is the entry of §2',
  },
  {
    section: '5.1',
    level: 'MAY',
    says: 'Challenges name the URL of the metadata in resource_metadata.',
    async test() {
      const bare = await answer(rawRequest('GET /v1'));
      const bad = await answer(rawRequest('GET /v1', 'Authorization: Bearer junk'));
      const url = `resource_metadata="https://api.osir.com${PATH}/v1"`;
      expect([bare.status, bad.status]).toEqual([401, 401]);
      for (const response of [bare, bad]) {
        expect(valuesOf(response, 'WWW-Authenticate')).toEqual([expect.stringContaining(url)]);
      }
    },
  },
  {
    section: '5.1',
    level: 'MAY',
    says: 'It stands in challenges of any scheme, DPoP and others too.',
    async test() {
      const response = await answer(rawRequest('GET /v1'), {}, withDpop);
      const challenges = valuesOf(response, 'WWW-Authenticate');
      expect(challenges.map((challenge) => challenge.split(' ')[0])).toEqual(['Bearer', 'DPoP']);
      for (const challenge of challenges) {
        expect(challenge).toContain('resource_metadata="');
      }
      const keysAlone = await answer(rawRequest('GET /v1'), {}, { extractors: [apiKeyHeader()] });
      expect(valuesOf(keysAlone, 'WWW-Authenticate')).toEqual([
        expect.stringMatching(/^ApiKey .*resource_metadata="/),
      ]);
    },
  },
  {
    section: '5.1',
    level: 'MAY',
    says: 'It stands beside parameters of other extensions, such as those of RFC 9470.',
    async test() {
      const verify = () =>
        ({ ok: true, principal: { ...principal, kind: 'access_token' } }) as const;
      const { requireFreshAuth } = made({}, { verifiers: [{ ...ownVerifier(), verify }] });
      const response = await answerOf(requireFreshAuth({ maxAgeMs: 60_000 }));
      expect(response.status).toBe(401);
      const [challenge] = valuesOf(response, 'WWW-Authenticate');
      expect(challenge).toMatch(/ max_age="60"/);
      expect(challenge).toContain(' resource_metadata="https:');
    },
  },
  {
    section: '5.2',
    level: 'MAY',
    says: 'Any answer may lead the client to the metadata again: the 403 for a missing scope does too.',
    async test() {
      const response = await answerOf(
        made({}, { verifiers: [ownVerifier()] }).requireScopes('domains:write'),
      );
      expect(response.status).toBe(403);
      expect(valuesOf(response, 'WWW-Authenticate')).toEqual([
        expect.stringContaining('resource_metadata="https:'),
      ]);
    },
  },
  {
    section: '5.2',
    level: 'SHOULD',
    says: 'The client fetches the metadata anew when an answer leads there.',
    notOurs: 'because it is for the client',
  },
  {
    section: '5.4',
    level: 'MAY',
    says: 'Other schemes are offered beside it.',
    async test() {
      const response = await answer(rawRequest('GET /v1'), {}, withDpop);
      expect(valuesOf(response, 'WWW-Authenticate')).toEqual([
        expect.stringMatching(/^Bearer /),
        expect.stringMatching(/^DPoP /),
      ]);
    },
  },
  {
    section: '6',
    level: 'MUST NOT',
    says: 'The identifier is published byte for byte as configured, without Unicode normalization.',
    async test() {
      const url = 'https://api.osir.com/%7Ev1/e\u0301';
      expect(() => made({ url })).toThrow(/resource.url/);
      const document = await published({ url: 'https://api.osir.com/%7Ev1', name: 'Cafe\u0301' });
      expect(document.resource).toBe('https://api.osir.com/%7Ev1');
      expect(Buffer.from(document.resource_name as string, 'latin1').toString()).toBe('Cafe\u0301');
    },
  },
  {
    section: '7.1',
    level: 'MUST',
    says: 'The metadata is fetched over TLS.',
    test() {
      expect(() => made({ url: 'http://api.osir.com/v1' })).toThrow(/https/);
      expect(() => made({ authorizationServers: ['http://osir.com'] })).toThrow(/https/);
    },
  },
  {
    section: '7.2',
    level: 'SHOULD',
    says: 'The client asks for as few scopes as it needs.',
    notOurs:
      'because it is for the client; the challenge of a 403 names the scopes of its route alone',
  },
  {
    section: '7.3',
    level: 'MUST',
    says: 'The client checks the certificate of the API, and that the document names it.',
    notOurs: 'because it is for the client',
  },
  {
    section: '7.4',
    level: 'SHOULD',
    says: 'Clients ask for tokens for one audience, and authorization servers issue them.',
    notOurs:
      'because it is for the client and the server; the parameter resource of RFC 8707 is read by oauthRoutes()',
  },
  {
    section: '7.4',
    level: 'RECOMMENDED',
    says: 'A token is good for one resource: it has to name this one as its audience.',
    notOurs:
      'because it is what jwt() and introspection() ask of every token, in the ledgers of RFC 9068 and RFC 7662',
  },
  {
    section: '7.7',
    level: 'SHOULD',
    says: 'Clients guard against being sent to fetch from inside their network.',
    notOurs:
      'because it is for the client; nothing here fetches a URL that a token or a client names',
  },
  {
    section: '7.10',
    level: '-',
    says: 'The metadata says how long it may be kept.',
    async test() {
      expect(valuesOf(await answer(rawRequest(`GET ${PATH}/v1`)), 'Cache-Control')).toEqual([
        'public, max-age=3600',
      ]);
    },
  },
]);
