import type { Adapter, Client, Configuration, errors, KoaContextWithOIDC } from 'oidc-provider';

import type { Endpoints } from '../endpoints';
import { ACR_VALUES, isMaxAge, MAX_AGE, PROMPT } from '../interaction/authorization-request';
import { toPublicId } from '../interaction/interaction-id';
import { DEVICE_CODE_TTL_S, INTERACTION_TTL_S } from '../interaction/time-to-live';
import { renderErrorPage } from '../pages/message-pages';
import type { Lifetimes } from '../resolve-options';
import { ASSERTION_ALGORITHMS, DPOP_ALGORITHMS } from '../signature-algorithms';
import { unusedJwk } from '../signing-keys';
import { clientAssertionCheck } from './client-assertions';
import { toClient } from './client-metadata';
import type { WithDeadline } from './deadlines';
import { features } from './features';
import type { ProviderOptions } from './provider-options';
import { tokenClaims } from './token-claims';

const CODE_TTL_S = 60;

/** What the configuration is built with. */
export interface ConfigurationParts {
  readonly adapter: (model: string) => Adapter;
  readonly deadline: WithDeadline;
  readonly errorClasses: typeof errors;
}

/**
 * Builds oidc-provider's configuration. What is switched off is not offered: OpenID Connect, logout
 * and others.
 */
export function providerConfiguration(
  options: ProviderOptions,
  { adapter, deadline, errorClasses }: ConfigurationParts,
): Configuration {
  const { endpoints, hasLogin, lifetimes, features: offered } = options;
  const { keys = [unusedJwk()] } = options.signing;
  const [{ alg }] = keys;
  return {
    // RFC 6749 §4.1.3: the token request repeats the redirect URI, so the authorization request
    // must have one.
    allowOmittingSingleRegisteredRedirectUri: false,
    adapter,
    assertJwtClientAuthClaimsAndHeader: clientAssertionCheck(errorClasses),
    clientAuthMethods: [...offered.clientAuthentication],
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
    enabledJWA: {
      idTokenSigningAlgValues: [alg],
      clientAuthSigningAlgValues: [...ASSERTION_ALGORITHMS],
      dPoPSigningAlgValues: [...DPOP_ALGORITHMS],
    },
    expiresWithSession: async () => false,
    extraClientMetadata: { properties: ['latchkey'] },
    extraParams: extraParams(errorClasses),
    extraTokenClaims: tokenClaims(options, deadline),
    fetch: options.storage.unverified.fetchKeys,
    features: features(options, alg, errorClasses),
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: {
      url: (_ctx, interaction) =>
        `${endpoints.interaction.paths[0]}/${toPublicId(interaction.uid)}`,
    },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys },
    pkce: {
      required: (_ctx, client) =>
        client.clientAuthMethod === 'none' || offered.requirePkce(toClient(client)),
    },
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

const routes = (endpoints: Endpoints): Configuration['routes'] => ({
  authorization: endpoints.authorization.paths[0],
  token: endpoints.token.paths[0],
  revocation: endpoints.revocation.paths[0],
  introspection: endpoints.introspection.paths[0],
  jwks: endpoints.jwks.paths[0],
  pushed_authorization_request: endpoints.pushedAuthorizationRequest.paths[0],
  device_authorization: endpoints.deviceAuthorization.paths[0],
  code_verification: endpoints.deviceVerification.paths[0],
});

const toSeconds = (ms: number): number => Math.max(1, Math.floor(ms / 1000));

function timesToLive({
  accessTokenTtlMs,
  refreshTokenTtlMs,
  grantTtlMs,
}: Lifetimes): Configuration['ttl'] {
  const accessTokenTtl = (client: Client) =>
    toSeconds(toClient(client).accessTokenTtlMs ?? accessTokenTtlMs);
  return {
    // Never longer than the grant, so that `expires_in` is correct.
    AccessToken: ({ oidc: { entities } }: KoaContextWithOIDC, _token, client) => {
      const ttl = accessTokenTtl(client);
      return Math.max(1, Math.min(ttl, entities.Grant?.remainingTTL ?? ttl));
    },
    AuthorizationCode: CODE_TTL_S,
    ClientCredentials: (_ctx, _token, client) => accessTokenTtl(client),
    DeviceCode: DEVICE_CODE_TTL_S,
    Grant: toSeconds(grantTtlMs),
    Interaction: INTERACTION_TTL_S,
    RefreshToken: toSeconds(refreshTokenTtlMs),
    Session: INTERACTION_TTL_S,
  };
}
