import { isCompactJws } from '../../credential/credential';
import { omitUndefined } from '../../internal/objects';
import { DEFAULT_TOLERANCE_MS } from '../jwt/claims';
import { reject } from '../rejection';
import { AUTHORIZATION, type Verification, type Verifier } from '../verifier';
import { introspectionQuery } from './endpoint';
import { type IntrospectionOptions, parseIntrospectionOptions } from './options';
import {
  type IntrospectionPolicy,
  type IntrospectionResponse,
  parseIntrospectionResponse,
  responseScopes,
  responseSubject,
  validateIntrospection,
} from './response';

export type {
  AssertionKey,
  BearerClient,
  IntrospectionClient,
  KeyClient,
  NoClient,
  SecretClient,
} from './client-options';
export type { IntrospectionOptions } from './options';

/**
 * Creates a verifier of opaque access tokens that introspects them at the authorization server. It
 * accepts every token that no other verifier accepts, so it must be the last one. The response
 * about an active token is cached for `cache.ttlMs`, and never past its `exp`.
 *
 * @param options - `client`, `audience`, and `issuer` or `endpoint` are required
 * @returns a verifier for `latchkey({ verifiers })`
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is invalid, unknown or unsafe
 * @see https://www.rfc-editor.org/rfc/rfc7662
 *
 * @example
 * introspection({
 *   issuer: 'https://login.example.com',
 *   client: { id: 'api', secret: process.env.CLIENT_SECRET },
 *   audience: 'https://api.example.com',
 * });
 */
export function introspection(options: IntrospectionOptions): Verifier {
  const parsed = parseIntrospectionOptions(options);
  const {
    name = 'introspection',
    jwts = false,
    extractors = AUTHORIZATION,
    maxTokenLength,
  } = parsed;
  const query = introspectionQuery(parsed);
  const policy: IntrospectionPolicy = {
    issuer: parsed.issuer,
    audiences: new Set([parsed.audience].flat()),
    allowMissingAudience: parsed.allowMissingAudience ?? false,
    toleranceMs: parsed.clockToleranceMs ?? DEFAULT_TOLERANCE_MS,
  };

  return {
    ...omitUndefined({ maxTokenLength }),
    name,
    catchAll: true,
    extractors,
    accepts: ({ extractor, token }) =>
      extractors.includes(extractor) && (jwts || !isCompactJws(token)),
    async verify({ token }) {
      const response = parseIntrospectionResponse(await query(token));
      if (!response) {
        return reject('unknown', 'the server reports that the token is not active');
      }
      return validateIntrospection(response, policy, Date.now()) ?? accept(response, policy, name);
    },
  };
}

function accept(
  response: IntrospectionResponse,
  { issuer, toleranceMs }: IntrospectionPolicy,
  verifier: string,
): Verification {
  const expiresAt = response.exp === undefined ? undefined : response.exp * 1000;
  return {
    ok: true,
    ...omitUndefined({
      expiresAt: expiresAt === undefined ? undefined : expiresAt + toleranceMs,
      confirmation: response.cnf,
    }),
    principal: omitUndefined({
      kind: 'access_token',
      verifier,
      subject: responseSubject(response) ?? '',
      issuer: response.iss ?? issuer,
      clientId: response.client_id,
      credentialId: response.jti,
      scopes: responseScopes(response) ?? [],
      expiresAt,
      claims: response,
    }),
  };
}
