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
import { interactions, sendOutage, sendRefusedPage } from './interaction';
import { jwtTokens, opaqueTokens, withPartedTokens } from './issued-tokens';
import { consentPage } from './login';
import { metadataOf, metadataPaths } from './metadata';
import { publishRefusal } from './refusals';
import { engineRequest, hasTwoAuthorizations, mapParameter, parametersOf, RefusedRequest, withSpacedScopes } from './requests';
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
  const { accessTokenTtlMs = HOUR_MS } = options;
  const keys = 'keys' in options.tokens ? signingJwks(options.tokens) : undefined;
  const opaque = keys ? undefined : (options.tokens as ManagedVerifier);
  const hasKeys = keys !== undefined;

  const state = sealedState(store);
  const issued = keys
    ? jwtTokens({ issuer, audience, keys, store, ttlMs: accessTokenTtlMs })
    : opaqueTokens(options.tokens as ManagedVerifier, audience);
  const grants = grantsIn({ store, state, revokeTokens: (whose) => issued.revokeAll(whose), ttlMs: grantTtlMs });
  const registry = clientRegistry(store, (clientId) => grants.endAll({ clientId }));
  const { clients } = registry;
  const engine = startEngine({
    ...{ issuer, audience, endpoints, scopes, store, state, grants, registry, issued, opaque, keys, grantTtlMs, accessTokenTtlMs },
    hasLogin: login !== undefined,
    refreshTokenTtlMs: options.refreshTokenTtlMs ?? 30 * DAY_MS,
    refreshGraceMs: options.refreshGraceMs ?? 0,
    timeoutMs: options.timeoutMs ?? 1_000,
  }).then((provider) => ({
    answer: provider.callback(),
    interact: interactions({
      engine: provider,
      login: login ?? (() => null),
      consent: options.consent ?? consentPage(),
      describe: (name) => ({ name, description: descriptionOf(options.scopes, name) }),
      audience,
      authorizePath: endpoints.authorization.paths[0],
    }),
  }));
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
    if (hasTwoAuthorizations(req)) throw new RefusedRequest('there is more than one Authorization header');
    const parameters = await parametersOf(req, name === 'token' ? dialect : {});
    const url = endpoints[name].paths[0];
    const forEngine = parameters && mapParameter(withSpacedScopes(parameters, dialect), 'token', withPartedTokens);
    await (await engine).answer(engineRequest(req, { url, origin, parameters: forEngine, json: true }), res);
  }

  async function get(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const [, query] = ((req as { originalUrl?: string }).originalUrl ?? req.url ?? '').split(/\?(.*)/s);
    const url = query === undefined ? path : `${path}?${withSpacedScopes(new URLSearchParams(query), dialect).toString()}`;
    await (await engine).answer(engineRequest(req, { url, origin }), res);
  }

  async function answer(req: IncomingMessage, res: ServerResponse, path: string, endpoint: EndpointName): Promise<void> {
    const { method = '' } = req;
    const allow = (...methods: readonly string[]) => {
      if (methods.includes(method)) return;
      const list = methods.join(', ');
      throw new RefusedRequest(`the method must be one of ${list}`, 405, { Allow: list });
    };
    const [own] = endpoints[endpoint].paths;
    const isStep = !routes.has(path);
    if (endpoint === 'interaction') {
      allow('GET', 'HEAD', 'POST');
      return (await engine).interact(req, engineRequest(req, { url: path, origin }), res, childOf(path)[1], path);
    }
    if (endpoint === 'authorization' && !isStep && method === 'POST' && dialect.tokenAtAuthorize) return post(req, res, 'token');
    if (endpoint === 'jwks' || endpoint === 'authorization') {
      allow('GET', 'HEAD');
      return get(req, res, isStep ? path : own);
    }
    if (method === 'OPTIONS') return get(req, res, own);
    allow('POST');
    return post(req, res, endpoint);
  }

  /** What was not answered: by a refusal of ours, an outage, or an error that is the app's to handle. */
  function fail(res: ServerResponse, endpoint: EndpointName, error: unknown, next: (error?: unknown) => void): void {
    const tell = (status: number, code: string, reason: string | undefined, cause?: unknown) =>
      publishRefusal({ endpoint, status, error: code, reason, clientId: undefined, grantType: undefined, cause });
    if (error instanceof RefusedRequest) {
      tell(error.status, 'invalid_request', error.message);
      return endpoint === 'interaction' ? sendRefusedPage(res, error) : sendError(res, error);
    }
    if ((error as { error?: unknown } | null)?.error === 'temporarily_unavailable') {
      tell(503, 'temporarily_unavailable', undefined, (error as Error).cause);
      return sendOutage(res);
    }
    tell(500, 'server_error', undefined, error);
    next(error);
  }

  /** Whose a path is: the endpoint's own, or a step of a login below it. */
  const endpointAt = (path: string): EndpointName | undefined => {
    const name = routes.get(path);
    if (name !== undefined) return name === 'interaction' ? undefined : name;
    const [parent, uid] = childOf(path);
    return uid !== '' && [endpoints.interaction, endpoints.authorization].some(({ paths }) => paths[0] === parent)
      ? routes.get(parent)
      : undefined;
  };

  return {
    middleware(req, res, next) {
      const path = pathOf(req);
      const endpoint = endpointAt(path);
      if (!endpoint) return metadata(req, res, next);
      answer(req, res, path, endpoint).catch((error: unknown) => fail(res, endpoint, error, next));
    },
    clients,
    revoke: grants.endAll,
    async ready() {
      await engine;
    },
  };
}

const signingJwks = ({ keys }: JwtAccessTokens): readonly [SigningJwk, ...SigningJwk[]] =>
  keys.map((key, index) => signingJwk(key, `authorizationServer(): option "tokens.keys.${index}"`)) as [SigningJwk];

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
function sendError(res: ServerResponse, { message, status, headers }: RefusedRequest): void {
  const body = JSON.stringify({ error: 'invalid_request', error_description: message });
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.setHeader('Cache-Control', 'no-store');
  res.end(body);
}
