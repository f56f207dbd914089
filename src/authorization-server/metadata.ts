import type { ResolvedServerOptions } from './resolve-options';

/** Response modes that the authorization endpoint offers. */
export const RESPONSE_MODES: readonly string[] = ['query', 'fragment'];

const WELL_KNOWN = '/.well-known/oauth-authorization-server';
const CLIENT_AUTHENTICATION = ['client_secret_basic', 'client_secret_post'];

/**
 * The well-known path is inserted between host and path of the issuer (RFC 8414 §3.1). Some clients
 * append it instead.
 */
export function metadataPaths(issuer: string): readonly string[] {
  const { pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [...new Set([`${WELL_KNOWN}${path}`, `${path}${WELL_KNOWN}`])];
}

/**
 * Builds the metadata, which does not depend on the request.
 * @see https://www.rfc-editor.org/rfc/rfc8414#section-2
 */
export function serverMetadata({
  issuer,
  endpoints,
  scopes,
  hasLogin,
  offered,
  registration,
}: ResolvedServerOptions): object {
  return {
    issuer,
    ...(hasLogin && { authorization_endpoint: endpoints.authorization.url }),
    token_endpoint: endpoints.token.url,
    ...(offered.has('jwks') && { jwks_uri: endpoints.jwks.url }),
    ...(offered.has('registration') && { registration_endpoint: endpoints.registration.url }),
    ...(registration.metadataDocuments && { client_id_metadata_document_supported: true }),
    scopes_supported: scopes.names ?? [],
    // Required by §2. §3.2 forbids empty lists, but some clients insist on the member.
    response_types_supported: hasLogin ? ['code'] : [],
    ...(hasLogin && { response_modes_supported: RESPONSE_MODES }),
    grant_types_supported: [
      ...(hasLogin ? ['authorization_code', 'refresh_token'] : []),
      'client_credentials',
    ],
    token_endpoint_auth_methods_supported: [...CLIENT_AUTHENTICATION, 'none'],
    revocation_endpoint: endpoints.revocation.url,
    revocation_endpoint_auth_methods_supported: [...CLIENT_AUTHENTICATION, 'none'],
    introspection_endpoint: endpoints.introspection.url,
    introspection_endpoint_auth_methods_supported: CLIENT_AUTHENTICATION,
    ...(hasLogin && {
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    }),
  };
}
