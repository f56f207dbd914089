import type { IncomingMessage, ServerResponse } from 'node:http';
import { scopeCatalogue, type ScopeDeclaration, type ScopeName } from '../credential/scopes';
import type { Middleware } from '../http/middleware';
import { published } from '../http/published';
import { pathOf } from '../carriers/carrier';
import type { Whose } from '../verifiers/life';
import type { ManagedVerifier } from '../verifiers/stored';
import { clientRegistry, type Clients } from './clients';
import { endpointsOf, type EndpointName } from './endpoints';
import { startEngine } from './engine';
import { grants as grantsIn } from './grants';
import { interactions, sendOutage } from './interaction';
import { consentPage } from './login';
import { metadataOf, metadataPaths } from './metadata';
import { engineRequest, hasTwoAuthorizations, parametersOf, UnreadableRequest, withSpacedScopes } from './requests';
import { sealedState } from './sealed-state';
import { checkServerOptions, type AuthorizationServerOptions } from './server-options';
import { signingJwk, type JwtAccessTokens, type SigningJwk } from './signing-keys';

export interface AuthorizationServer<Scope extends string = string> {
  /** Answers the endpoints and the metadata, and leaves every other path alone. Mount it at the root. */
  readonly middleware: Middleware;
  readonly clients: Clients<Scope>;
  /** Ends all that a subject, a client or a grant holds: grants, refresh tokens and access tokens. */
  readonly revoke: (whose: Whose) => Promise<void>;
  /** When the engine is loaded. Requests wait for it by themselves; a missing peer shows here. */
  readonly ready: () => Promise<void>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * An OAuth 2.0 authorization server for an API: authorization code with PKCE, client credentials, refresh with rotation, revocation
 * (RFC 7009), introspection (RFC 7662), metadata (RFC 8414). The engine is `oidc-provider` 9, to be installed beside Latchkey.
 *
 * @example
 * const store = memoryStore();
 * const tokens = accessTokens({ store, prefix: 'osirat' });
 * const server = authorizationServer({ issuer: 'https://api.osir.com', store, scopes, tokens, login: loginPage({ authenticate }) });
 * app.use(server.middleware);
 * @throws TypeError for a wrong, misspelt or unsafe option
 */
export function authorizationServer<const S extends ScopeDeclaration>(
  options: AuthorizationServerOptions<S>,
): AuthorizationServer<ScopeName<S>> {
  checkServerOptions(options);
  const { issuer, store, login, dialect = {}, audience = issuer } = options;
  const { grantTtlMs = 365 * DAY_MS } = options;
  const origin = new URL(issuer);
  const endpoints = endpointsOf(issuer, options.endpoints);
  const scopes = scopeCatalogue(options.scopes);
  const tokens = tokensOf(options.tokens);
  const hasKeys = Array.isArray(tokens);

  const state = sealedState(store);
  const revokeTokens = async (whose: Whose) => (hasKeys ? undefined : (tokens as ManagedVerifier).revokeAll(whose));
  const grants = grantsIn({ store, state, revokeTokens, ttlMs: grantTtlMs });
  const registry = clientRegistry(store, (clientId) => grants.endAll({ clientId }));
  const { clients } = registry;
  const engine = startEngine({
    ...{ issuer, audience, endpoints, scopes, store, state, grants, registry, tokens, grantTtlMs },
    hasLogin: login !== undefined,
    accessTokenTtlMs: options.accessTokenTtlMs ?? HOUR_MS,
    refreshTokenTtlMs: options.refreshTokenTtlMs ?? 30 * DAY_MS,
    refreshGraceMs: options.refreshGraceMs ?? 0,
    timeoutMs: options.timeoutMs ?? 1_000,
  });
  const answering = engine.then((provider) => provider.callback());
  const interacting = engine.then((provider) =>
    interactions({
      engine: provider,
      login: login ?? (() => null),
      consent: options.consent ?? consentPage(),
      describe: (name) => ({ name, description: descriptionOf(options.scopes, name) }),
      audience,
      authorizePath: endpoints.authorization.paths[0],
    }),
  );

  const metadata = published(
    metadataPaths(issuer),
    metadataOf({ issuer, endpoints, scopes: scopes.names ?? [], hasLogin: login !== undefined, hasKeys }),
  );
  const routes = new Map<string, EndpointName>();
  for (const { name, paths } of Object.values(endpoints)) {
    if ((name === 'authorization' || name === 'interaction') && !login) continue;
    if (name === 'jwks' && !hasKeys) continue;
    for (const path of paths) routes.set(path, name);
  }

  /** What the engine answers by POST. */
  async function post(req: IncomingMessage, res: ServerResponse, name: EndpointName): Promise<void> {
    if (hasTwoAuthorizations(req)) throw new UnreadableRequest('there is more than one Authorization header');
    const parameters = await parametersOf(req, name === 'token' ? dialect : {});
    const url = endpoints[name].paths[0];
    const spaced = parameters && withSpacedScopes(parameters, dialect);
    await (
      await answering
    )(engineRequest(req, { url, origin, parameters: spaced, json: true }), res);
  }

  async function get(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const [, query] = ((req as { originalUrl?: string }).originalUrl ?? req.url ?? '').split(/\?(.*)/s);
    const url = query === undefined ? path : `${path}?${withSpacedScopes(new URLSearchParams(query), dialect).toString()}`;
    await (
      await answering
    )(engineRequest(req, { url, origin }), res);
  }

  async function answer(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const { method = '' } = req;
    const name = routes.get(path);
    const [parent, uid] = childOf(path);
    if (name === undefined && routes.get(parent) === 'interaction') {
      if (!['GET', 'HEAD', 'POST'].includes(method)) return notAllowed(res, 'GET, HEAD, POST');
      return (await interacting)(req, engineRequest(req, { url: path, origin }), res, uid, path);
    }
    if (name === undefined || name === 'jwks')
      return method === 'GET' || method === 'HEAD' ? get(req, res, path) : notAllowed(res, 'GET, HEAD');
    if (name === 'authorization') {
      if (method === 'GET' || method === 'HEAD') return get(req, res, endpoints.authorization.paths[0]);
      if (method === 'POST' && dialect.tokenAtAuthorize) return post(req, res, 'token');
      return notAllowed(res, 'GET, HEAD');
    }
    if (method === 'OPTIONS') return get(req, res, endpoints[name].paths[0]);
    return method === 'POST' ? post(req, res, name) : notAllowed(res, 'POST');
  }

  const isOurs = (path: string): boolean => {
    const name = routes.get(path);
    if (name !== undefined) return name !== 'interaction';
    const [parent, uid] = childOf(path);
    return uid !== '' && (parent === endpoints.interaction.paths[0] || parent === endpoints.authorization.paths[0]) && routes.has(parent);
  };

  return {
    middleware(req, res, next) {
      const path = pathOf(req);
      if (!isOurs(path)) return metadata(req, res, next);
      answer(req, res, path).catch((error: unknown) => {
        if (error instanceof UnreadableRequest) refuse(res, error);
        else if ((error as { error?: unknown } | null)?.error === 'temporarily_unavailable') sendOutage(res);
        else next(error);
      });
    },
    clients,
    revoke: grants.endAll,
    async ready() {
      await engine;
    },
  };
}

const tokensOf = (tokens: ManagedVerifier | JwtAccessTokens): ManagedVerifier | readonly [SigningJwk, ...SigningJwk[]] =>
  'keys' in tokens
    ? (tokens.keys.map((key, index) => signingJwk(key, `authorizationServer(): option "tokens.keys.${index}"`)) as [SigningJwk])
    : tokens;

/** The path above a path, and its last segment. */
const childOf = (path: string): [parent: string, child: string] => {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, slash), path.slice(slash + 1)];
};

function descriptionOf(declaration: ScopeDeclaration, name: string): string | undefined {
  if (Array.isArray(declaration)) return undefined;
  const definition = new Map(Object.entries(declaration as Record<string, string | { readonly description?: string }>)).get(name);
  return typeof definition === 'string' ? definition : definition?.description;
}

/** RFC 6749 §5.2. */
function sendError(res: ServerResponse, status: number, description: string): void {
  const body = JSON.stringify({ error: 'invalid_request', error_description: description });
  res.statusCode = status;
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.setHeader('Cache-Control', 'no-store');
  res.end(body);
}

const refuse = (res: ServerResponse, { message }: Error): void => sendError(res, 400, message);

function notAllowed(res: ServerResponse, allow: string): void {
  res.setHeader('Allow', allow);
  sendError(res, 405, `the method must be one of ${allow}`);
}
