import type { IncomingMessage } from 'node:http';

import { isCrossSiteRequest } from '../../extractors/csrf';
import { internalError } from '../../http/internal-error';
import type { Middleware } from '../../http/middleware';
import { readAccount } from '../account';
import { NOT_FOUND, type Outcome, RotationError } from '../faults';
import {
  type ManagementContext,
  type ManagementOptions,
  resolveManagementOptions,
} from '../options';
import { allowedMethods, findPath } from './find-route';
import { createIdempotency, type Idempotency, readIdempotencyKey } from './idempotency';
import { openApiDocument } from './openapi';
import { isOutage, publishOutage } from './outages';
import { readJson, readQuery } from './request-input';
import {
  type ApiResponse,
  CROSS_SITE,
  faultResponse,
  sendResponse,
  UNAUTHORIZED,
  unavailable,
} from './response';
import { type Call, createRoutes, type Route } from './routes';

/**
 * Creates the API with which users manage their own keys, and with `clients` and `grants` their
 * apps and connected apps: JSON over HTTP, described by `GET /openapi.json`. Mount it at a path of
 * its own.
 *
 * @param options `keys`, `account` and `scopes` are required.
 * @returns Middleware for Express 4 and 5, Connect and plain `node:http`. It responds to every
 * request.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is missing, unknown or invalid
 * @throws {TypeError} `ERR_LATCHKEY_SCOPE` if a scope is malformed
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 * @example
 * app.use('/v1/account', authenticate(), managementApi({
 *   keys,
 *   scopes,
 *   account: (req) => getAuth(req),
 * }));
 */
export function managementApi<R extends IncomingMessage = IncomingMessage>(
  options: ManagementOptions<R>,
): Middleware<R> {
  const context = resolveManagementOptions('managementApi()', options);
  const routes = createRoutes(context as unknown as ManagementContext);
  const api: Api<R> = {
    account: context.account,
    routes: [...routes, documentRoute(openApiDocument(context, routes))],
    idempotency: createIdempotency(context.idempotencyStore),
  };
  return (req, res, next) => {
    respond(api, req)
      .then((response) => sendResponse(req, res, response))
      .catch((error: unknown) => next(internalError(error)));
  };
}

interface Api<R extends IncomingMessage> {
  readonly account: ManagementContext<R>['account'];
  readonly routes: readonly Route[];
  readonly idempotency: Idempotency;
}

const DOCUMENT_PATH = '/openapi.json';

const documentRoute = (document: object): Route => ({
  method: 'GET',
  path: DOCUMENT_PATH,
  run: async () => ({ status: 200, body: document }),
});

/** Finds the route of a request, and responds without an account where none is needed. */
async function respond<R extends IncomingMessage>(api: Api<R>, req: R): Promise<ApiResponse> {
  const [pathname = '/', search = ''] = (req.url ?? '/').split(/\?(.*)/s);
  const found = findPath(api.routes, pathname);
  if (!found) {
    return faultResponse(NOT_FOUND);
  }
  const method = req.method === 'HEAD' ? 'GET' : req.method;
  const route = found.routes.find((one) => one.method === method);
  if (!route) {
    return wrongMethod(method, allowedMethods(found.routes));
  }
  if (isCrossSiteRequest(req)) {
    return CROSS_SITE;
  }
  try {
    return await respondWithin(api, req, { route, id: found.id, search });
  } catch (error) {
    if (!isOutage(error)) {
      throw error;
    }
    const isKnown = error instanceof RotationError;
    const cause = isKnown ? error.cause : error;
    publishOutage({ method: route.method, path: pathname, error: cause });
    return unavailable(isKnown ? error.message : undefined);
  }
}

const wrongMethod = (method: string | undefined, Allow: string): ApiResponse =>
  method === 'OPTIONS'
    ? { status: 204, headers: { Allow } }
    : faultResponse(
        {
          status: 405,
          error: 'method_not_allowed',
          message: `The method must be one of ${Allow}`,
        },
        { Allow },
      );

interface Target {
  readonly route: Route;
  readonly id: string;
  readonly search: string;
}

async function respondWithin<R extends IncomingMessage>(
  api: Api<R>,
  req: R,
  { route, id, search }: Target,
): Promise<ApiResponse> {
  if (route.path === DOCUMENT_PATH) {
    return route.run({ account: { subject: '', scopes: [] }, id, input: {}, base: '' });
  }
  const account = await readAccount(api.account, req);
  if (!account) {
    return UNAUTHORIZED;
  }
  const input = route.method === 'GET' ? readQuery(search) : await readJson(req);
  if (!input.ok) {
    return faultResponse(input.fault);
  }
  const call: Call = { account, id, input: input.value, base: baseUrl(req) };
  const key: Outcome<string | undefined> = route.creates
    ? readIdempotencyKey(req)
    : { ok: true, value: undefined };
  if (!key.ok) {
    return faultResponse(key.fault);
  }
  if (key.value === undefined) {
    return route.run(call);
  }
  const request = {
    key: key.value,
    scope: [account.subject, route.path, id],
    input: call.input,
  };
  return api.idempotency.run(request, () => route.run(call));
}

/** The path that Express has removed from `req.url`. */
const baseUrl = (req: IncomingMessage & { readonly baseUrl?: string }): string => req.baseUrl ?? '';
