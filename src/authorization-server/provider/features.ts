import type { Configuration, errors, KoaContextWithOIDC } from 'oidc-provider';

import { membersIf } from '../../internal/objects';
import { USER_CODE_MASK } from '../device/user-code';
import { toClient } from './client-metadata';
import { countDevices } from './device-flow';
import { nonceSecret } from './nonce-secret';
import type { ProviderOptions } from './provider-options';
import { scopePolicy } from './scope-policy';

type Features = NonNullable<Configuration['features']>;
type ResourceIndicators = NonNullable<Features['resourceIndicators']>;

/** Switches on what oidc-provider offers of the server's features, and off what it does not. */
export function features(
  options: ProviderOptions,
  alg: string,
  errorClasses: typeof errors,
): Features {
  const { features: offered } = options;
  const nonce = offered.dpop?.nonce;
  return {
    claimsParameter: { enabled: false },
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    deviceFlow: {
      enabled: offered.hasDeviceFlow,
      mask: USER_CODE_MASK,
      deviceInfo: countDevices(errorClasses),
    },
    dPoP: {
      enabled: offered.dpop !== undefined,
      ...(nonce ? { nonceSecret: nonceSecret(nonce.secret), requireNonce: () => true } : {}),
    },
    introspection: {
      enabled: true,
      // RFC 7662 §2.1 requires authentication, which a public client cannot do.
      allowedPolicy: (_ctx, client, token) =>
        client.clientAuthMethod !== 'none' &&
        (toClient(client).resourceServer || token.clientId === client.clientId),
    },
    pushedAuthorizationRequests: { enabled: offered.hasPushedRequests },
    resourceIndicators: resourceIndicators(options, alg, errorClasses),
    revocation: {
      enabled: true,
      allowedPolicy: (_ctx, client, token) => {
        if (token.clientId === client.clientId) {
          return true;
        }
        // RFC 7009 §2.1 requires an error, but anyone can claim to be a public client.
        if (client.clientAuthMethod === 'none') {
          return false;
        }
        throw new errorClasses.InvalidRequest('the token is of another client');
      },
    },
    rpInitiatedLogout: { enabled: false },
    userinfo: { enabled: false },
  };
}

function resourceIndicators(
  { audiences, scopes, scopesOf, signing }: ProviderOptions,
  alg: string,
  errorClasses: typeof errors,
): ResourceIndicators {
  const policy = scopePolicy(scopes, scopesOf, errorClasses);
  return {
    enabled: true,
    // oidc-provider offers a choice where a client was granted several resources and names none of
    // them.
    defaultResource: (_ctx, _client, granted) => granted?.[0] ?? audiences[0],
    getResourceServerInfo: (ctx, resource, providerClient) => {
      if (!audiences.includes(resource)) {
        throw new errorClasses.InvalidTarget();
      }
      const client = toClient(providerClient);
      if (isNewRequest(ctx)) {
        policy.checkRequest(ctx, client);
      }
      return {
        audience: resource,
        scope: policy.allowedScopes(client, [resource]).join(' '),
        accessTokenFormat: signing.opaque ? 'opaque' : 'jwt',
        ...membersIf(!signing.opaque, { jwt: { sign: { alg: alg as 'ES256' } } }),
      };
    },
  };
}

/** Routes at which a client requests scopes that nobody has granted yet. */
const REQUEST_ROUTES: ReadonlySet<string> = new Set([
  'authorization',
  'pushed_authorization_request',
  'device_authorization',
]);

const isNewRequest = ({ oidc }: KoaContextWithOIDC): boolean =>
  REQUEST_ROUTES.has(oidc.route) || oidc.params?.grant_type === 'client_credentials';
