import type { IncomingMessage, ServerResponse } from 'node:http';
import { pathOf } from '../extractors/extractor';
import type { Middleware } from '../http/middleware';
import { checkClientAuthentication } from './client-authentication';
import type { EndpointName, Endpoints } from './endpoints';
import { sendOutage, sendRefusedPage, type Interact } from './interaction';
import { withPartedTokens } from './issued-tokens';
import { RESPONSE_MODES } from './metadata';
import { publishRefusal } from './refusals';
import {
  engineRequest,
  hasTwoAuthorizations,
  mapParameter,
  parametersOf,
  RefusedRequest,
  withSpacedScopes,
  type ClientCompatibility,
} from './requests';

export interface Running {
  /** The engine's own answer to a request made for it. */
  readonly answer: (req: IncomingMessage, res: ServerResponse) => Promise<void>;
  /** Login and consent. */
  readonly interact: Interact;
}

export interface EndpointMiddlewareOptions {
  readonly running: Promise<Running>;
  /** Of the issuer. */
  readonly origin: URL;
  /** Of the challenges: the issuer. */
  readonly realm: string;
  readonly endpoints: Endpoints;
  readonly isOffered: (name: EndpointName) => boolean;
  readonly compatibility: ClientCompatibility;
  /** What answers the paths that are no endpoint's. */
  readonly otherwise: Middleware;
}

/** Brings each request to its endpoint, in the form that the engine wants, and answers those that it does not. */
export function endpointMiddleware({
  running,
  origin,
  realm,
  endpoints,
  isOffered,
  compatibility,
  otherwise,
}: EndpointMiddlewareOptions): Middleware {
  const routes = new Map<string, EndpointName>();
  for (const { name, paths } of Object.values(endpoints)) {
    if (isOffered(name)) for (const path of paths) routes.set(path, name);
  }

  /** What the engine answers by POST. */
  async function post(req: IncomingMessage, res: ServerResponse, name: EndpointName): Promise<void> {
    if (hasTwoAuthorizations(req)) throw new RefusedRequest('there is more than one Authorization header');
    const parameters = await parametersOf(req, name === 'token' ? compatibility : {});
    if (parameters) checkClientAuthentication(req.headers.authorization, parameters, realm);
    const url = endpoints[name].paths[0];
    const forEngine = parameters && mapParameter(withSpacedScopes(parameters, compatibility), 'token', withPartedTokens);
    await (await running).answer(engineRequest(req, { url, origin, parameters: forEngine, json: true }), res);
  }

  async function get(req: IncomingMessage, res: ServerResponse, path: string): Promise<void> {
    const [, query] = ((req as { originalUrl?: string }).originalUrl ?? req.url ?? '').split(/\?(.*)/s);
    const forEngine = mapParameter(withSpacedScopes(new URLSearchParams(query), compatibility), 'response_mode', offeredMode);
    const url = query === undefined ? path : `${path}?${forEngine.toString()}`;
    await (await running).answer(engineRequest(req, { url, origin }), res);
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
      return (await running).interact(req, engineRequest(req, { url: path, origin }), res, childOf(path)[1], path);
    }
    if (endpoint === 'authorization' && !isStep && method === 'POST' && compatibility.tokenAtAuthorize) return post(req, res, 'token');
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
      tell(error.status, error.error, error.message);
      return endpoint === 'interaction' ? sendRefusedPage(res, error) : sendError(res, error);
    }
    if ((error as { error?: unknown } | null)?.error === 'temporarily_unavailable') {
      tell(503, 'temporarily_unavailable', undefined, (error as Error).cause);
      return sendOutage(res);
    }
    tell(500, 'server_error', undefined, error);
    next(error);
  }

  /** CredentialOwner a path is: the endpoint's own, or a step of a login below it. */
  const endpointAt = (path: string): EndpointName | undefined => {
    const name = routes.get(path);
    if (name !== undefined) return name === 'interaction' ? undefined : name;
    const [parent, uid] = childOf(path);
    return uid !== '' && [endpoints.interaction, endpoints.authorization].some(({ paths }) => paths[0] === parent)
      ? routes.get(parent)
      : undefined;
  };

  return (req, res, next) => {
    const path = pathOf(req);
    const endpoint = endpointAt(path);
    if (!endpoint) return otherwise(req, res, next);
    answer(req, res, path, endpoint).catch((error: unknown) => fail(res, endpoint, error, next));
  };
}

/** The engine knows `form_post` too, and would answer even its refusal by a page of its own, with a script. */
const offeredMode = (mode: string): string => (RESPONSE_MODES.includes(mode) ? mode : 'none');

/** The path above a path, and its last segment. */
const childOf = (path: string): [parent: string, child: string] => {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, slash), path.slice(slash + 1)];
};

/** RFC 6749 §5.2. */
function sendError(res: ServerResponse, { message, status, headers, error }: RefusedRequest): void {
  const body = JSON.stringify({ error, error_description: message });
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.setHeader('Cache-Control', 'no-store');
  res.end(body);
}
