import { codedError } from '../../internal/errors';
import { introspectionRequest, allowInsecureRequests } from 'oauth4webapi';
import * as z from 'zod';
import {
  booleanOption,
  clockTolerance,
  durationMs,
  nonEmptyString,
  stringOrList,
  checkOptions,
  isIdentifier,
  isSecureUrl,
  check,
} from '../../internal/options';
import { isCompactJws } from '../../credential/credential';
import { answerOf, type Limits } from '../issuer/fetch';
import { cachedLoader } from '../issuer/cached-loader';
import { fetchMetadata, isTrustedEndpoint } from '../issuer/metadata';
import { AUTHORIZATION, type Verification, type Verifier } from '../verifier';
import { validateIntrospection, parseIntrospectionResponse, scopesIn, type Introspection, type IntrospectionPolicy } from './response';
import { clientAuthentication, clientSchema, type KeyClient, type SecretClient } from './client';

export type { KeyClient, SecretClient } from './client';

export interface IntrospectionOptions {
  /** Issuer of the tokens: an `https` URL; `http` on a loopback host. What `iss` must say, where the server says it. */
  readonly issuer?: string;
  /** Introspection endpoint; by default the one that the issuer's metadata names (RFC 8414, OpenID Connect Discovery). */
  readonly endpoint?: string;
  /** As whom this API asks: `{ id, secret }`, or `{ id, method: 'private_key_jwt', key }`. */
  readonly client: SecretClient | KeyClient;
  /** What `aud` must name: this API. One of a list is enough. */
  readonly audience: string | readonly string[];
  /** Takes tokens of which the server does not say for whom they are, if it calls them access tokens. False by default. */
  readonly allowMissingAudience?: boolean;
  /** Asks about JWTs too that no other verifier takes. False by default: only opaque tokens are sent to the server. */
  readonly jwts?: boolean;
  /** How far the server's clock may be off, up to 300 000 ms; 0 by default. */
  readonly clockToleranceMs?: number;
  /** Deadline of one request to the server, in milliseconds; 900 by default, so that its error comes before that of `latchkey()`. */
  readonly timeoutMs?: number;
  /** Names it in principals and decisions; `'introspection'` by default. */
  readonly name?: string;
}

const MAX_ANSWER_BYTES = 65_536;
const METADATA_BYTES = 1_048_576;
const METADATA_FRESHNESS = { maxAgeMs: 3_600_000, cooldownMs: 1_000 };
const HINT = { token_type_hint: 'access_token' };

const optionsSchema = z
  .strictObject({
    issuer: check('an https URL without query and fragment (http on a loopback host)', isIdentifier).optional(),
    endpoint: check('an https URL without fragment (http on a loopback host)', isSecureUrl).optional(),
    client: clientSchema,
    audience: stringOrList,
    allowMissingAudience: booleanOption.optional(),
    jwts: booleanOption.optional(),
    clockToleranceMs: clockTolerance.optional(),
    timeoutMs: durationMs(1).optional(),
    name: nonEmptyString.optional(),
  })
  .refine(({ issuer, endpoint }) => issuer !== undefined || endpoint !== undefined, { error: 'give "issuer", "endpoint" or both' })
  .refine(({ issuer, client }) => issuer !== undefined || client.method !== 'private_key_jwt', {
    path: ['issuer'],
    error: 'must be given: an assertion of private_key_jwt says for which server it is (RFC 7523 §3)',
  });

/**
 * Tokens about which their authorization server is asked (RFC 7662): every opaque one from `Authorization` that no other verifier
 * takes, so it stands last. What was said of a good token is kept like any proof, for `cache.ttlMs` and never past its `exp`.
 *
 * @example
 * introspection({
 *   issuer: 'https://login.example.com',
 *   client: { id: 'api', secret: process.env.CLIENT_SECRET },
 *   audience: 'https://api.example.com',
 * })
 * @throws TypeError for a wrong, misspelt or unsafe option
 */
export function introspection(options: IntrospectionOptions): Verifier {
  checkOptions('introspection()', optionsSchema, options);
  const { issuer, client, name = 'introspection', jwts = false, timeoutMs = 900 } = options;
  const limits: Limits = { timeoutMs, maxBytes: MAX_ANSWER_BYTES };
  const authentication = clientAuthentication(client);
  const endpoint = endpointOf(options, timeoutMs);
  const policy: IntrospectionPolicy = {
    issuer,
    audiences: new Set([options.audience].flat()),
    allowMissingAudience: options.allowMissingAudience ?? false,
    toleranceMs: options.clockToleranceMs ?? 0,
  };

  return {
    name,
    catchAll: true,
    accepts: ({ extractor, token }) => AUTHORIZATION.includes(extractor) && (jwts || !isCompactJws(token)),
    async verify({ token }) {
      const url = await endpoint();
      const server = { issuer: issuer ?? url, introspection_endpoint: url };
      const answer = await answerOf(url, limits, (signal) =>
        introspectionRequest(server, { client_id: client.id }, authentication, token, {
          signal,
          additionalParameters: HINT,
          // The URL was checked: plain HTTP is for a loopback host alone.
          [allowInsecureRequests]: true,
        }),
      );
      const said = parseIntrospectionResponse(answer);
      if (!said) return { ok: false, reason: 'unknown' };
      const reason = validateIntrospection(said, policy, Date.now());
      return reason ? { ok: false, reason } : accept(said, policy, name);
    },
  };
}

/** Where to ask: as the options say, else as the issuer does. */
function endpointOf({ endpoint, issuer = '' }: IntrospectionOptions, timeoutMs: number): () => Promise<string> {
  if (endpoint !== undefined) return async () => endpoint;
  return cachedLoader(async () => {
    const { introspection_endpoint: found } = await fetchMetadata(issuer, { timeoutMs, maxBytes: METADATA_BYTES });
    if (!isTrustedEndpoint(issuer, found))
      throw codedError('ERR_LATCHKEY_ISSUER', `The metadata of ${issuer} names no introspection endpoint that a secret may be sent to`);
    return found;
  }, METADATA_FRESHNESS);
}

function accept(said: Introspection, policy: IntrospectionPolicy, verifier: string): Verification {
  const { sub, client_id: clientId, iss = policy.issuer, jti, exp, cnf } = said;
  return {
    ok: true,
    ...(exp !== undefined && { expiresAt: exp * 1000 + policy.toleranceMs }),
    ...(cnf && { confirmation: cnf }),
    principal: {
      kind: 'access_token',
      verifier,
      subject: (sub ?? clientId) as string,
      ...(iss !== undefined && { issuer: iss }),
      ...(clientId !== undefined && { clientId }),
      ...(jti !== undefined && { credentialId: jti }),
      scopes: scopesIn(said) ?? [],
      ...(exp !== undefined && { expiresAt: exp * 1000 }),
      claims: said,
    },
  };
}
