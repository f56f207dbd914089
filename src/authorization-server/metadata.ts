import { membersIf } from '../internal/objects';
import { type ClientAuthMethod, DEVICE_CODE, type GrantType } from './clients/client';
import type { EndpointName } from './endpoints';
import type { ResolvedServerOptions } from './resolve-options';
import { ASSERTION_ALGORITHMS, DPOP_ALGORITHMS } from './signature-algorithms';

/** Response modes that the authorization endpoint offers. */
export const RESPONSE_MODES: readonly string[] = ['query', 'fragment'];

const WELL_KNOWN = '/.well-known/oauth-authorization-server';
/** Metadata member of an endpoint that is published only if it is offered. */
const ENDPOINT_MEMBERS = {
  authorization: 'authorization_endpoint',
  jwks: 'jwks_uri',
  registration: 'registration_endpoint',
  pushedAuthorizationRequest: 'pushed_authorization_request_endpoint',
  deviceAuthorization: 'device_authorization_endpoint',
} as const satisfies Partial<Record<EndpointName, string>>;

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
export function serverMetadata(options: ResolvedServerOptions): object {
  const { issuer, endpoints, scopes, hasLogin, features, registration } = options;
  return {
    issuer,
    token_endpoint: endpoints.token.url,
    ...optionalEndpoints(options),
    ...membersIf(registration.metadataDocuments !== undefined, {
      client_id_metadata_document_supported: true,
    }),
    scopes_supported: scopes.names ?? [],
    // Required by §2. §3.2 forbids empty lists, but some clients insist on the member.
    response_types_supported: hasLogin ? ['code'] : [],
    grant_types_supported: offeredGrantTypes(options),
    ...authentication('token', features.clientAuthentication),
    revocation_endpoint: endpoints.revocation.url,
    ...authentication('revocation', features.clientAuthentication),
    introspection_endpoint: endpoints.introspection.url,
    ...authentication(
      'introspection',
      features.clientAuthentication.filter((method) => method !== 'none'),
    ),
    ...membersIf(features.dpop !== undefined, {
      dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
    }),
    ...membersIf(hasLogin, {
      response_modes_supported: RESPONSE_MODES,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    }),
  };
}

const optionalEndpoints = ({ endpoints, offered }: ResolvedServerOptions): object =>
  Object.fromEntries(
    Object.entries(ENDPOINT_MEMBERS).flatMap(([name, member]) => {
      const endpoint = Object.values(endpoints).find((one) => one.name === name);
      return endpoint && offered.has(endpoint.name) ? [[member, endpoint.url]] : [];
    }),
  );

const PUBLISHED_GRANT_TYPES: readonly GrantType[] = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  DEVICE_CODE,
];

/** Returns the grant types that the server offers. */
export function offeredGrantTypes({
  hasLogin,
  features,
}: ResolvedServerOptions): readonly GrantType[] {
  const isOffered = (type: GrantType): boolean => {
    switch (type) {
      case 'client_credentials':
        return true;
      case DEVICE_CODE:
        return features.hasDeviceFlow;
      default:
        return hasLogin;
    }
  };
  return PUBLISHED_GRANT_TYPES.filter(isOffered);
}

/** Members that say how clients authenticate at an endpoint. RFC 8414 §3.2 forbids empty lists. */
function authentication(endpoint: string, methods: readonly ClientAuthMethod[]): object {
  if (methods.length === 0) {
    return {};
  }
  return {
    [`${endpoint}_endpoint_auth_methods_supported`]: methods,
    ...membersIf(methods.includes('private_key_jwt'), {
      [`${endpoint}_endpoint_auth_signing_alg_values_supported`]: ASSERTION_ALGORITHMS,
    }),
  };
}
