import { scopeCatalogue, type ScopeDeclaration, type ScopeName } from '../credential/scopes';
import type { CredentialOwner } from '../credentials/records';
import type { Middleware } from '../http/middleware';
import { serveJson } from '../http/serve-json';
import type { ManagedVerifier } from '../verifiers/stored';
import type { Audiences } from './audiences';
import type { Clients } from './clients/client';
import { clientRegistry } from './clients/client-registry';
import { encryptedState } from './encrypted-state';
import { endpointMiddleware } from './endpoint-middleware';
import { type EndpointName, resolveEndpoints } from './endpoints';
import { createGrants } from './grants';
import { interactions } from './interaction/interactions';
import { jwtTokens, opaqueTokens } from './issued-tokens';
import { metadataPaths, serverMetadata } from './metadata';
import { consentPage } from './pages/consent-page';
import { createProvider } from './provider/create-provider';
import { type AuthorizationServerOptions, checkOwner, checkServerOptions } from './server-options';
import { type JwtAccessTokens, type SigningJwk, signingJwk } from './signing-keys';

export interface AuthorizationServer<Scope extends string = string> {
  /**
   * Serves the endpoints and the metadata, and passes every other path on. Mount it at the root.
   */
  readonly middleware: Middleware;
  readonly clients: Clients<Scope>;
  /**
   * Ends all grants, refresh tokens and access tokens of a subject, a client or a grant.
   *
   * @param owner Exactly one of `subject`, `clientId` and `grantId`.
   * @throws ERR_LATCHKEY_OPTION unless exactly one of the three is given
   * @example
   * await server.revoke({ subject: 'acct_42' });
   */
  readonly revoke: (owner: CredentialOwner) => Promise<void>;
  /**
   * Resolves when oidc-provider is loaded, and rejects if it is not installed. Requests wait for it
   * by themselves.
   */
  readonly ready: () => Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Creates an OAuth 2.0 authorization server for an API: authorization code with PKCE, client
 * credentials, refresh token rotation, revocation (RFC 7009), introspection (RFC 7662) and metadata
 * (RFC 8414). Requires the package `oidc-provider`.
 *
 * @returns The server: its middleware, its clients, and `revoke()`.
 * @throws ERR_LATCHKEY_OPTION if an option is missing, unknown, of the wrong type or unsafe
 * @throws ERR_LATCHKEY_KEY if a signing key cannot be used
 * @see https://www.rfc-editor.org/rfc/rfc6749
 * @example
 * const store = memoryStore();
 * const tokens = accessTokens({ store, prefix: 'osirat' });
 * const server = authorizationServer({
 *   issuer: 'https://api.acme.example',
 *   store,
 *   scopes,
 *   tokens,
 *   login: loginPage({ authenticate }),
 * });
 * app.use(server.middleware);
 */
export function authorizationServer<const S extends ScopeDeclaration>(
  options: AuthorizationServerOptions<S>,
): AuthorizationServer<ScopeName<S>> {
  checkServerOptions(options);
  const {
    issuer,
    store,
    login,
    compatibility = {},
    accessTokenTtlMs = HOUR_MS,
    grantTtlMs = 365 * DAY_MS,
  } = options;
  const audiences = [options.audience ?? issuer].flat() as unknown as Audiences;
  const endpoints = resolveEndpoints(issuer, options.endpoints);
  const scopes = scopeCatalogue(options.scopes);
  const keys = 'keys' in options.tokens ? signingJwks(options.tokens) : undefined;
  const opaque = keys ? undefined : (options.tokens as ManagedVerifier);
  const [hasLogin, hasKeys] = [login !== undefined, keys !== undefined];

  const state = encryptedState(store);
  const issued = keys
    ? jwtTokens({ issuer, audiences, keys, store, ttlMs: accessTokenTtlMs })
    : opaqueTokens(options.tokens as ManagedVerifier, audiences);
  const grants = createGrants({
    store,
    state,
    revokeTokens: (owner) => issued.revokeAll(owner),
    ttlMs: grantTtlMs,
  });
  const registry = clientRegistry(store, (clientId) => grants.endAll({ clientId }));
  const running = createProvider({
    issuer,
    audiences,
    endpoints,
    scopes,
    hasLogin,
    storage: { store, state, grants, registry },
    tokens: { issued, opaque, keys },
    lifetimes: {
      accessTokenTtlMs,
      refreshTokenTtlMs: options.refreshTokenTtlMs ?? 30 * DAY_MS,
      refreshGraceMs: options.refreshGraceMs ?? 0,
      grantTtlMs,
    },
    timeoutMs: options.timeoutMs ?? 1_000,
  }).then((provider) => ({
    respond: provider.callback(),
    interact: interactions({
      provider,
      login: login ?? (() => null),
      consent: options.consent ?? consentPage(),
      describe: (name) => ({ name, description: descriptionOf(options.scopes, name) }),
      authorizePath: endpoints.authorization.paths[0],
    }),
  }));
  const isOffered = (name: EndpointName) =>
    name === 'authorization' || name === 'interaction' ? hasLogin : name !== 'jwks' || hasKeys;
  const metadata = serverMetadata({
    issuer,
    endpoints,
    scopes: scopes.names ?? [],
    hasLogin,
    hasKeys,
  });

  return {
    middleware: endpointMiddleware({
      ...{ running, endpoints, isOffered },
      rules: { compatibility, audiences, scopes: scopes.names ?? [] },
      origin: new URL(issuer),
      realm: issuer,
      otherwise: serveJson(metadataPaths(issuer), metadata),
    }),
    clients: registry.clients,
    async revoke(owner) {
      checkOwner(owner);
      await grants.endAll(owner);
    },
    async ready() {
      await running;
    },
  };
}

const signingJwks = ({ keys }: JwtAccessTokens): readonly [SigningJwk, ...SigningJwk[]] =>
  keys.map((key, index) =>
    signingJwk(key, `authorizationServer(): option "tokens.keys.${index}"`),
  ) as [SigningJwk];

function descriptionOf(declaration: ScopeDeclaration, name: string): string | undefined {
  if (Array.isArray(declaration)) {
    return undefined;
  }
  const definition = new Map(
    Object.entries(declaration as Record<string, string | { readonly description?: string }>),
  ).get(name);
  return typeof definition === 'string' ? definition : definition?.description;
}
