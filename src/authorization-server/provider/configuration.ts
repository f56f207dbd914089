import type {
  AccessToken,
  Adapter,
  Configuration,
  errors,
  KoaContextWithOIDC,
} from 'oidc-provider';

import type { Endpoints } from '../endpoints';
import { ACR_VALUES, isMaxAge, MAX_AGE, PROMPT } from '../interaction/authorization-request';
import { toPublicId } from '../interaction/interaction-id';
import { INTERACTION_TTL_S } from '../interaction/time-to-live';
import { renderErrorPage } from '../pages/message-pages';
import type { Lifetimes } from '../resolve-options';
import { unusedJwk } from '../signing-keys';
import { toClient } from './client-metadata';
import type { ProviderOptions } from './provider-options';
import { scopePolicy } from './scope-policy';

const CODE_TTL = 60;

type Features = NonNullable<Configuration['features']>;
type ResourceIndicators = NonNullable<Features['resourceIndicators']>;

/**
 * Builds oidc-provider's configuration. What is switched off is not offered: OpenID Connect,
 * logout, pushed requests and others.
 */
export function providerConfiguration(
  options: ProviderOptions,
  adapter: (model: string) => Adapter,
  errorClasses: typeof errors,
): Configuration {
  const { endpoints, hasLogin, lifetimes } = options;
  const { keys = [unusedJwk()] } = options.signing;
  const [{ alg }] = keys;
  return {
    // RFC 6749 §4.1.3: the token request repeats the redirect URI, so the authorization request
    // must have one.
    allowOmittingSingleRegisteredRedirectUri: false,
    adapter,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    clientBasedCORS: (_ctx, origin, client) =>
      client.clientAuthMethod === 'none' &&
      (client.redirectUris ?? []).some(
        (uri) => new URL(uri).origin === origin && origin !== 'null',
      ),
    clientDefaults: { id_token_signed_response_alg: alg as 'ES256' },
    cookies: {
      names: {
        session: 'latchkey_session',
        interaction: 'latchkey_interaction',
        resume: 'latchkey_resume',
      },
    },
    enabledJWA: { idTokenSigningAlgValues: [alg] },
    expiresWithSession: async () => false,
    extraClientMetadata: { properties: ['latchkey'] },
    extraParams: extraParams(errorClasses),
    extraTokenClaims: extraTokenClaims(options),
    fetch: options.storage.unverified.fetchKeys,
    features: features(options, alg, errorClasses),
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: {
      url: (_ctx, interaction) =>
        `${endpoints.interaction.paths[0]}/${toPublicId(interaction.uid)}`,
    },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys },
    pkce: { required: (_ctx, client) => client.clientAuthMethod === 'none' },
    renderError: renderErrorPage,
    responseTypes: hasLogin ? ['code'] : [],
    revokeGrantPolicy: () => true,
    rotateRefreshToken: true,
    routes: routes(endpoints),
    scopes: [],
    ttl: timesToLive(lifetimes),
  };
}

function extraParams({ InvalidRequest }: typeof errors): Configuration['extraParams'] {
  return {
    [ACR_VALUES]: null,
    [PROMPT]: null,
    [MAX_AGE]: (_ctx, value) => {
      if (value !== undefined && !isMaxAge(value)) {
        throw new InvalidRequest('invalid max_age parameter value');
      }
    },
  };
}

function features(options: ProviderOptions, alg: string, errorClasses: typeof errors): Features {
  return {
    claimsParameter: { enabled: false },
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    introspection: {
      enabled: true,
      // RFC 7662 §2.1 requires authentication, which a public client cannot do.
      allowedPolicy: (_ctx, client, token) =>
        client.clientAuthMethod !== 'none' &&
        (toClient(client).resourceServer || token.clientId === client.clientId),
    },
    pushedAuthorizationRequests: { enabled: false },
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
  { audiences, scopes, signing }: ProviderOptions,
  alg: string,
  errorClasses: typeof errors,
): ResourceIndicators {
  const policy = scopePolicy(scopes, errorClasses);
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
      if (
        ctx.oidc.route === 'authorization' ||
        ctx.oidc.params?.grant_type === 'client_credentials'
      ) {
        policy.checkRequest(ctx, client);
      }
      return {
        audience: resource,
        scope: policy.allowedScopes(client).join(' '),
        accessTokenFormat: signing.opaque ? 'opaque' : 'jwt',
        ...(!signing.opaque && { jwt: { sign: { alg: alg as 'ES256' } } }),
      };
    },
  };
}

function extraTokenClaims({
  signing: { opaque },
}: ProviderOptions): Configuration['extraTokenClaims'] {
  return ({ oidc: { entities } }, token) => {
    const { authTime, acr } = entities.RefreshToken ?? entities.AuthorizationCode ?? {};
    const { grantId } = token as Partial<AccessToken>;
    return {
      ...(authTime !== undefined && { auth_time: authTime }),
      ...(acr !== undefined && { acr }),
      // Lets guards reject a JWT whose grant has ended. Records of opaque tokens have it anyway.
      ...(!opaque && grantId !== undefined && { grant_id: grantId }),
    };
  };
}

const routes = ({ authorization, token, revocation, introspection, jwks }: Endpoints) => ({
  authorization: authorization.paths[0],
  token: token.paths[0],
  revocation: revocation.paths[0],
  introspection: introspection.paths[0],
  jwks: jwks.paths[0],
});

const toSeconds = (ms: number): number => Math.max(1, Math.floor(ms / 1000));

function timesToLive({
  accessTokenTtlMs,
  refreshTokenTtlMs,
  grantTtlMs,
}: Lifetimes): Configuration['ttl'] {
  const accessTokenTtl = toSeconds(accessTokenTtlMs);
  return {
    // Never longer than the grant, so that `expires_in` tells clients the truth.
    AccessToken: ({ oidc: { entities } }: KoaContextWithOIDC) =>
      Math.max(1, Math.min(accessTokenTtl, entities.Grant?.remainingTTL ?? accessTokenTtl)),
    AuthorizationCode: CODE_TTL,
    ClientCredentials: accessTokenTtl,
    Grant: toSeconds(grantTtlMs),
    Interaction: INTERACTION_TTL_S,
    RefreshToken: toSeconds(refreshTokenTtlMs),
    Session: INTERACTION_TTL_S,
  };
}
