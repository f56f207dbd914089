import type { IncomingMessage, ServerResponse } from 'node:http';

import { headerRepeated, requestPath } from '../extractors/extractor';
import type { Middleware } from '../http/middleware';
import type { ClientAuthMethod } from './clients/client';
import type { RespondToRegistration } from './clients/registration-endpoint';
import type { VerifyDevice } from './device/device-endpoint';
import { isPage, respondToFailure } from './endpoint-failures';
import { endpointRoutes, type FindRoute, requestedUrl, type Route } from './endpoint-routes';
import type { EndpointName, Endpoints } from './endpoints';
import { toProviderParameters } from './interaction/authorization-request';
import type { Interact } from './interaction/interactions';
import { RESPONSE_MODES } from './metadata';
import { type ServerPages, setView } from './pages/server-pages';
import { checkClientAuthentication } from './request/client-authentication';
import type { ClientCompatibility } from './request/client-compatibility';
import { normalizeParameters, type ParameterRules } from './request/normalize-parameters';
import { providerRequest } from './request/provider-request';
import { RefusedRequest } from './request/refused-request';
import { readParameters } from './request/request-body';
import { requestQuery } from './request/request-query';

/** The server, once oidc-provider is loaded. */
export interface Running {
  /** Lets oidc-provider respond to a request made for it. */
  readonly respond: (req: IncomingMessage, res: ServerResponse) => Promise<void>;
  /** Responds to requests for the login and consent pages. */
  readonly interact: Interact;
  /** Responds to requests for the page on which users enter the code of a device. */
  readonly verifyDevice: VerifyDevice;
}

export interface EndpointMiddlewareOptions {
  readonly running: Promise<Running>;
  readonly issuer: string;
  readonly endpoints: Endpoints;
  readonly isOffered: (name: EndpointName) => boolean;
  readonly rules: ParameterRules;
  readonly pages: ServerPages;
  /** Responds at the registration endpoint, if it is offered. */
  readonly register: RespondToRegistration | undefined;
  /** How clients may authenticate. */
  readonly methods: readonly ClientAuthMethod[];
  /** Responds to every path that is not an endpoint. */
  readonly otherwise: Middleware;
}

/**
 * Leads each request to its endpoint, in the form that oidc-provider accepts, and refuses those
 * that it would misjudge.
 */
export function endpointMiddleware(options: EndpointMiddlewareOptions): Middleware {
  const findRoute: FindRoute = endpointRoutes(options.endpoints, options.isOffered);
  return (req, res, next) => {
    const path = requestPath(req);
    const route = findRoute(path);
    if (!route) {
      return options.otherwise(req, res, next);
    }
    respond(options, { req, res, path, ...route }).catch((error: unknown) =>
      respondToFailure(res, route.endpoint, error, next),
    );
  };
}

interface Exchange extends Route {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
}

async function respond(options: EndpointMiddlewareOptions, exchange: Exchange): Promise<void> {
  const { req, endpoint, publicId } = exchange;
  if (isPage(endpoint)) {
    return respondOnPage(options, exchange);
  }
  if (endpoint === 'registration') {
    return options.register?.(req, exchange.res);
  }
  const { tokenAtAuthorize } = options.rules.compatibility;
  if (
    endpoint === 'authorization' &&
    publicId === undefined &&
    req.method === 'POST' &&
    tokenAtAuthorize
  ) {
    return post(options, exchange, 'token');
  }
  if (endpoint === 'jwks' || endpoint === 'authorization') {
    checkMethod(req, 'GET', 'HEAD');
    return get(options, exchange);
  }
  if (req.method === 'OPTIONS') {
    return get(options, exchange);
  }
  checkMethod(req, 'POST');
  return post(options, exchange, endpoint);
}

async function respondOnPage(
  { running, issuer, pages }: EndpointMiddlewareOptions,
  { req, res, path, endpoint, publicId = '' }: Exchange,
): Promise<void> {
  setView(res, pages.view(req));
  checkMethod(req, 'GET', 'HEAD', 'POST');
  const { interact, verifyDevice } = await running;
  const page = { req, res, path, providerReq: providerRequest(req, { url: path, issuer }) };
  return endpoint === 'interaction' ? interact({ ...page, publicId }) : verifyDevice(page);
}

async function post(
  { running, issuer, endpoints, rules, methods }: EndpointMiddlewareOptions,
  { req, res, path }: Exchange,
  endpoint: EndpointName,
): Promise<void> {
  // Node keeps the first of two Authorization headers, and we do not guess which one is meant.
  if (headerRepeated(req, 'authorization')) {
    throw new RefusedRequest('there is more than one Authorization header');
  }
  const compatibility: ClientCompatibility = endpoint === 'token' ? rules.compatibility : {};
  const parameters = await readParameters(req, compatibility);
  if (parameters) {
    checkClientAuthentication(req.headers.authorization, parameters, { issuer, methods });
  }
  const { paths, urls } = endpoints[endpoint];
  const { respond } = await running;
  const request = providerRequest(req, {
    url: paths[0],
    issuer,
    endpointUrl: requestedUrl(urls, path, req.headers.host),
    parameters: parameters && toKnownParameters(endpoint, parameters, rules),
    json: true,
  });
  await respond(request, res);
}

/** Endpoints that take the parameters of an authorization request. */
const TAKES_REQUEST: ReadonlySet<EndpointName> = new Set([
  'authorization',
  'pushedAuthorizationRequest',
  'deviceAuthorization',
]);

function toKnownParameters(
  endpoint: EndpointName,
  parameters: URLSearchParams,
  rules: ParameterRules,
): URLSearchParams {
  const normalized = normalizeParameters(parameters, rules);
  if (!TAKES_REQUEST.has(endpoint)) {
    return normalized;
  }
  return new URLSearchParams(
    [...toProviderParameters(normalized)].map(([name, value]): [string, string] => [
      name,
      name === 'response_mode' ? toOfferedMode(value) : value,
    ]),
  );
}

async function get(
  { running, issuer, endpoints, rules, pages }: EndpointMiddlewareOptions,
  exchange: Exchange,
): Promise<void> {
  const { req, res, path, endpoint, publicId } = exchange;
  const query = requestQuery(req);
  const own = publicId === undefined ? endpoints[endpoint].paths[0] : path;
  const parameters =
    query === undefined
      ? undefined
      : toKnownParameters('authorization', new URLSearchParams(query), rules);
  const url = parameters === undefined ? own : `${own}?${parameters.toString()}`;
  if (endpoint === 'authorization') {
    setView(res, pages.view(req, parameters?.get('ui_locales')?.split(' ')));
  }
  const { respond } = await running;
  await respond(providerRequest(req, { url, issuer }), res);
}

/**
 * oidc-provider also supports `form_post`, and sends even its rejection as a page with a script.
 */
const toOfferedMode = (mode: string): string => (RESPONSE_MODES.includes(mode) ? mode : 'none');

function checkMethod({ method = '' }: IncomingMessage, ...allowed: readonly string[]): void {
  if (allowed.includes(method)) {
    return;
  }
  const list = allowed.join(', ');
  throw new RefusedRequest(`the method must be one of ${list}`, 405, { Allow: list });
}
