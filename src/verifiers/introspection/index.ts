import { allowInsecureRequests, customFetch, introspectionRequest } from 'oauth4webapi';
import * as z from 'zod';

import { isCompactJws } from '../../credential/credential';
import { codedError } from '../../internal/errors';
import {
  booleanOption,
  checkOptions,
  clockTolerance,
  durationMs,
  functionOption,
  nonEmptyString,
  stringOrList,
} from '../../internal/options';
import { cachedLoader } from '../issuer/cached-loader';
import { answerOf, type Limits } from '../issuer/fetch';
import { fetchMetadata } from '../issuer/metadata';
import { isHost, type UrlPolicy, urlPolicy } from '../issuer/trusted-url';
import { DEFAULT_TOLERANCE_MS } from '../jwt/claims';
import { reject } from '../rejection';
import { extractorNames, insecureHosts, tokenLength } from '../verifier-options';
import { AUTHORIZATION, type Verification, type Verifier } from '../verifier';
import { authOf, clientAuthentication, clientSchema, type IntrospectionClient } from './client';
import {
  type Introspection,
  type IntrospectionPolicy,
  parseIntrospectionResponse,
  scopesIn,
  subjectIn,
  validateIntrospection,
} from './response';

export type {
  BearerClient,
  IntrospectionClient,
  KeyClient,
  NoClient,
  SecretClient,
} from './client';

/** Options of `introspection()`. */
export interface IntrospectionOptions {
  /**
   * Issuer of the tokens: an `https` URL, or `http` on a loopback host or one of `insecureHosts`.
   * Where a response has `iss`, it must be identical.
   */
  readonly issuer?: string;
  /**
   * Introspection endpoint.
   * @default the one in the issuer's metadata (RFC 8414, OpenID Connect Discovery)
   */
  readonly endpoint?: string;
  /**
   * How this API authenticates to the endpoint: `{ id, secret }`, `{ id, auth: 'post', secret }`,
   * `{ id, auth: 'private_key_jwt', key }`,
   * `{ auth: 'bearer', token }` or `{ auth: 'none' }`.
   */
  readonly client: IntrospectionClient;
  /** What `aud` must name: this API. One entry of a list is enough. */
  readonly audience: string | readonly string[];
  /**
   * Accepts tokens for which the server names no audience, if it calls them access tokens.
   * @default false
   */
  readonly allowMissingAudience?: boolean;
  /**
   * Also sends JWTs to the server that no other verifier accepts.
   * @default false
   */
  readonly jwts?: boolean;
  /**
   * How far the server's clock may differ, for `exp` and `nbf`: 0 to 300,000 ms. A future `iat`
   * never rejects a token.
   * @default 5_000
   */
  readonly clockToleranceMs?: number;
  /**
   * Deadline of one request to the server, in milliseconds. Shorter than that of `latchkey()`, so
   * that its error is reported first.
   * @default 900
   */
  readonly timeoutMs?: number;
  /** How the server is reached. */
  readonly remote?: {
    /**
     * Replaces the global `fetch`, for a proxy or a private CA. It must pass on `redirect` and
     * `signal`.
     */
    readonly fetch?: typeof fetch;
  };
  /**
   * Hosts that may be reached by plain `http`, such as `['keycloak:8080']`. Compared exactly, port
   * included.
   * @default []
   */
  readonly insecureHosts?: readonly string[];
  /**
   * Names of the extractors whose tokens are verified.
   * @default ['bearer', 'dpop']
   */
  readonly extractors?: readonly string[];
  /**
   * The longest token that is sent to the server, in characters.
   * @default 8192
   */
  readonly maxTokenLength?: number;
  /**
   * Names the verifier in principals and decisions.
   * @default 'introspection'
   */
  readonly name?: string;
}

const MAX_ANSWER_BYTES = 65_536;
const METADATA_BYTES = 1_048_576;
const METADATA_FRESHNESS = { maxAgeMs: 3_600_000, cooldownMs: 1_000 };
const HINT = { token_type_hint: 'access_token' };

/** What is wrong with a host has an error of its own. */
const urlsOf = (options: { readonly insecureHosts?: unknown }): UrlPolicy =>
  urlPolicy([options.insecureHosts].flat().filter(isHost));

const optionsSchema = z
  .strictObject({
    issuer: z.unknown().optional(),
    endpoint: z.unknown().optional(),
    client: clientSchema,
    audience: stringOrList,
    allowMissingAudience: booleanOption.optional(),
    jwts: booleanOption.optional(),
    clockToleranceMs: clockTolerance.optional(),
    timeoutMs: durationMs(1).optional(),
    remote: z.strictObject({ fetch: functionOption.optional() }).optional(),
    insecureHosts: insecureHosts.optional(),
    extractors: extractorNames.optional(),
    maxTokenLength: tokenLength.optional(),
    name: nonEmptyString.optional(),
  })
  .refine(({ issuer, ...options }) => issuer === undefined || urlsOf(options).isIssuer(issuer), {
    path: ['issuer'],
    error:
      'must be an https URL without query and fragment (http on a loopback host or one of "insecureHosts")',
  })
  .refine(
    ({ endpoint, ...options }) => endpoint === undefined || urlsOf(options).isSecure(endpoint),
    {
      path: ['endpoint'],
      error:
        'must be an https URL without fragment (http on a loopback host or one of "insecureHosts")',
    },
  )
  .refine(({ issuer, endpoint }) => issuer !== undefined || endpoint !== undefined, {
    error: 'give "issuer", "endpoint" or both',
  })
  .refine(({ issuer, client }) => issuer !== undefined || authOf(client) !== 'private_key_jwt', {
    path: ['issuer'],
    error:
      'must be given: an assertion of private_key_jwt says for which server it is (RFC 7523 §3)',
  });

/**
 * Creates a verifier that queries the authorization server about every opaque access token that no
 * other verifier accepts, so it must be the last one. The response about an active token is cached
 * for `cache.ttlMs`, never past its `exp`.
 *
 * @param options - `client`, `audience`, and `issuer` or `endpoint` are required
 * @returns a verifier for `latchkey({ verifiers })`
 * @throws TypeError (`ERR_LATCHKEY_OPTION`) for an invalid, misspelt or unsafe option
 * @see https://www.rfc-editor.org/rfc/rfc7662
 *
 * @example
 * introspection({
 *   issuer: 'https://login.example.com',
 *   client: { id: 'api', secret: process.env.CLIENT_SECRET },
 *   audience: 'https://api.example.com',
 * })
 */
export function introspection(options: IntrospectionOptions): Verifier {
  checkOptions('introspection()', optionsSchema, options);
  const {
    name = 'introspection',
    jwts = false,
    extractors = AUTHORIZATION,
    maxTokenLength,
  } = options;
  const query = introspectionQuery(options);
  const policy: IntrospectionPolicy = {
    issuer: options.issuer,
    audiences: new Set([options.audience].flat()),
    allowMissingAudience: options.allowMissingAudience ?? false,
    toleranceMs: options.clockToleranceMs ?? DEFAULT_TOLERANCE_MS,
  };

  return {
    name,
    catchAll: true,
    extractors,
    ...(maxTokenLength !== undefined && { maxTokenLength }),
    accepts: ({ extractor, token }) =>
      extractors.includes(extractor) && (jwts || !isCompactJws(token)),
    async verify({ token }) {
      const response = parseIntrospectionResponse(await query(token));
      if (!response) {
        return reject('unknown', 'the server says that the token is not active');
      }
      return validateIntrospection(response, policy, Date.now()) ?? accept(response, policy, name);
    },
  };
}

/**
 * Creates the function that sends a token to the introspection endpoint and returns the JSON of the
 * response.
 */
function introspectionQuery(options: IntrospectionOptions) {
  const { issuer, client, timeoutMs = 900, remote = {} } = options;
  const limits: Limits = { timeoutMs, maxBytes: MAX_ANSWER_BYTES };
  const authentication = clientAuthentication(client);
  const endpoint = endpointOf(options, {
    timeoutMs,
    maxBytes: METADATA_BYTES,
    ...(remote.fetch && { fetch: remote.fetch }),
  });
  // The library requires a client ID; where the client has none, nothing sends it.
  const id = ('id' in client ? client.id : undefined) ?? 'none';

  return async (token: string) => {
    const url = await endpoint();
    const server = { issuer: issuer ?? url, introspection_endpoint: url };
    return answerOf(url, limits, (signal) =>
      introspectionRequest(server, { client_id: id }, authentication, token, {
        signal,
        additionalParameters: HINT,
        // The URL was checked: plain HTTP is for a loopback host or an insecure host only.
        [allowInsecureRequests]: true,
        ...(remote.fetch && { [customFetch]: remote.fetch }),
      }),
    );
  };
}

/** Where to send tokens: as configured, otherwise as the issuer's metadata says. */
function endpointOf(options: IntrospectionOptions, limits: Limits): () => Promise<string> {
  const { endpoint, issuer = '' } = options;
  if (endpoint !== undefined) {
    return async () => endpoint;
  }
  const urls = urlsOf(options);
  return cachedLoader(async () => {
    const { introspection_endpoint: found } = await fetchMetadata(issuer, limits);
    if (!urls.isTrustedEndpoint(issuer, found)) {
      throw codedError(
        'ERR_LATCHKEY_ISSUER',
        `The metadata of ${issuer} names no introspection endpoint that a secret may be sent to`,
      );
    }
    return found;
  }, METADATA_FRESHNESS);
}

function accept(
  response: Introspection,
  policy: IntrospectionPolicy,
  verifier: string,
): Verification {
  const { client_id: clientId, iss = policy.issuer, jti, exp, cnf } = response;
  return {
    ok: true,
    ...(exp !== undefined && { expiresAt: exp * 1000 + policy.toleranceMs }),
    ...(cnf && { confirmation: cnf }),
    principal: {
      kind: 'access_token',
      verifier,
      subject: subjectIn(response) as string,
      ...(iss !== undefined && { issuer: iss }),
      ...(clientId !== undefined && { clientId }),
      ...(jti !== undefined && { credentialId: jti }),
      scopes: scopesIn(response) ?? [],
      ...(exp !== undefined && { expiresAt: exp * 1000 }),
      claims: response,
    },
  };
}
