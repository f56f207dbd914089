import type { EventEmitter } from 'node:events';

import { type ScopeDeclaration, scopeDescription, type ScopeName } from '../credential/scopes';
import type { ChangeContext } from '../credentials/manager-types';
import type { CredentialOwner } from '../credentials/records';
import type { Middleware } from '../http/middleware';
import { serveJson } from '../http/serve-json';
import type { Clients } from './clients/client';
import { clientRegistry } from './clients/client-registry';
import { unverifiedClients } from './clients/unverified-clients';
import { deviceEndpoint } from './device/device-endpoint';
import { deviceRequests } from './device/device-requests';
import { pageDevices } from './device/page-devices';
import { encryptedState } from './encrypted-state';
import { endpointMiddleware } from './endpoint-middleware';
import { listGrants } from './grant-records';
import { createGrants } from './grants';
import { interactions } from './interaction/interactions';
import { jwtTokens, opaqueTokens } from './issued-tokens';
import { metadataPaths, offeredGrantTypes, serverMetadata } from './metadata';
import { createProvider } from './provider/create-provider';
import type { ProviderStorage } from './provider/provider-options';
import { createPrune } from './prune';
import { type ResolvedServerOptions, resolveServerOptions } from './resolve-options';
import { type ServerGrants, serverGrants } from './server-grants';
import { type AuthorizationServerOptions, checkOwner, checkServerOptions } from './server-options';

/** An authorization server, as `authorizationServer()` returns it. */
export interface AuthorizationServer<Scope extends string = string> {
  /**
   * Serves the endpoints and the metadata, and passes every other path on. Mount it at the root.
   */
  readonly middleware: Middleware;
  /** The registered clients. */
  readonly clients: Clients<Scope>;
  /** The apps that act for users. */
  readonly grants: ServerGrants;
  /**
   * Ends all grants, refresh tokens and access tokens of a subject, a client or a grant.
   *
   * @param owner Exactly one of `subject`, `clientId` and `grantId`.
   * @param context `actor`: who ends them, for the events on `latchkey:grant`.
   * @throws ERR_LATCHKEY_OPTION unless exactly one of the three is given
   * @example
   * await server.revoke({ subject: 'acct_42' });
   */
  readonly revoke: (owner: CredentialOwner, context?: ChangeContext) => Promise<void>;
  /**
   * Resolves when oidc-provider is loaded. Rejects with `ERR_LATCHKEY_PEER` if it is not installed,
   * and with `ERR_LATCHKEY_OPTION` if `configure` fails. Requests wait for it by themselves, and
   * then fail with the same error.
   */
  readonly ready: () => Promise<void>;
  /**
   * The oidc-provider that implements the server, for its events. It is loaded asynchronously.
   *
   * @see https://github.com/panva/node-oidc-provider/blob/v9.x/docs/events.md
   * @example
   * (await server.provider).on('grant.success', ({ oidc }) => console.log(oidc.client?.clientId));
   */
  readonly provider: Promise<EventEmitter>;
  /** Resolves when nothing of the server keeps the process alive. It does not close the store. */
  readonly close: () => Promise<void>;
}

/**
 * Creates an OAuth 2.0 authorization server for an API: authorization code with PKCE, client
 * credentials, refresh token rotation, revocation (RFC 7009), introspection (RFC 7662) and metadata
 * (RFC 8414). Requires the package `oidc-provider`.
 *
 * @param options The issuer, the store, the scopes, the token verifier, and `login`.
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
  const resolved = resolveServerOptions(options);
  const { issuer, audiences, endpoints, offered, pages, scopes, compatibility } = resolved;
  const storage = createStorage(resolved);
  const provider = createProvider(resolved, storage);
  const devices = pageDevices(storage.devices, resolved.timeoutMs);
  const running = provider.then((loaded) => ({
    respond: loaded.callback(),
    interact: interactions({
      provider: loaded,
      login: resolved.login,
      consent: resolved.consent,
      describe: (name) => ({ name, description: scopeDescription(options.scopes, name) }),
      grantsOf: (subject) => listGrants(storage.store, { subject, limit: 1_000 }),
      authorizePath: endpoints.authorization.paths[0],
      scopesOf: resolved.scopesOf,
      pages,
      devices,
      devicePath: endpoints.deviceVerification.paths[0],
    }),
    verifyDevice: deviceEndpoint({
      provider: loaded,
      devices,
      interactionPath: endpoints.interaction.paths[0],
    }),
  }));
  // Every request and `ready()` report the failure, too. Without a handler, it would end the
  // process.
  running.catch(warnOfFailedStart);
  const names = scopes.names ?? [];

  return {
    middleware: endpointMiddleware({
      running,
      endpoints,
      issuer,
      pages,
      isOffered: (name) => offered.has(name),
      register: storage.unverified.dynamic?.respond,
      rules: { compatibility, audiences, scopes: names },
      methods: resolved.features.clientAuthentication,
      otherwise: serveJson(metadataPaths(issuer), serverMetadata(resolved)),
    }),
    clients: storage.registry.clients,
    grants: serverGrants(storage),
    async revoke(owner, context = {}) {
      checkOwner(owner, context);
      await storage.grants.endAll(owner, context);
    },
    provider,
    async ready() {
      await running;
    },
    async close() {
      await provider.catch(() => undefined);
    },
  };
}

/** The warning is text: `emitWarning` throws if it gets an error of another realm, as in Jest. */
function warnOfFailedStart({ message, code }: Error & { readonly code: string }): void {
  process.emitWarning(`The authorization server cannot start: ${message}`, { code });
}

/** Connects the store with what the server keeps in it. */
function createStorage(options: ResolvedServerOptions): ProviderStorage {
  const { store, issuer, audiences, signing, lifetimes } = options;
  const state = encryptedState(store);
  const issued = signing.keys
    ? jwtTokens({
        issuer,
        audiences,
        store,
        keys: signing.keys,
        ttlMs: lifetimes.accessTokenTtlMs,
      })
    : opaqueTokens(signing.opaque, audiences);
  const prune = createPrune(store);
  const grants = createGrants({
    store,
    state,
    revokeTokens: (owner) => issued.revokeAll(owner),
    ttlMs: lifetimes.grantTtlMs,
    prune,
  });
  const removed = (clientId: string, context: ChangeContext) =>
    grants.endAll({ clientId }, context);
  const registry = clientRegistry(store, removed, {
    scopes: options.scopes.names ?? [],
    grantTypes: offeredGrantTypes(options),
    authMethods: options.features.clientAuthentication,
  });
  const unverified = unverifiedClients(options, registry.secrets, prune);
  const devices = deviceRequests(store, state);
  return { store, state, issued, grants, registry, unverified, devices };
}
