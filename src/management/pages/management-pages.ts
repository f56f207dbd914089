import type { IncomingMessage, ServerResponse } from 'node:http';

import * as z from 'zod/mini';

import { isCrossSiteRequest } from '../../extractors/csrf';
import { endResponse } from '../../http/drain';
import { internalError } from '../../http/internal-error';
import type { Middleware } from '../../http/middleware';
import { checkOptions } from '../../internal/options';
import type { RenderedPage } from '../../pages/page';
import type { Pages } from '../../pages/pages';
import { type PagesOptions, pagesSchema } from '../../pages/pages-options';
import { memoryStore } from '../../stores/memory';
import { readAccount } from '../account';
import { isOutage, publishOutage } from '../api/outages';
import {
  type ManagementContext,
  type ManagementOptions,
  resolveManagementOptions,
} from '../options';
import { type FormTokens, formTokens } from './form-tokens';
import { messagePage, notFoundPage, outagePage, wrongMethodPage } from './message-pages';
import type { PageRoute } from './page-route';
import { readForm } from './read-form';
import { findPageRoute, pageRoutes } from './routes';
import { submit } from './submit';
import { english } from './texts/en';
import type { ManagementTexts } from './texts/texts';
import { createManagementPages, type ManagementView } from './view';
import type { Reply, Visit } from './visit';

/** Options of `managementPages()`. */
export interface ManagementPagesOptions<R extends IncomingMessage = IncomingMessage> extends Omit<
  ManagementOptions<R>,
  'pages'
> {
  /** Look, language and texts. @default plain pages, in the language of the browser */
  readonly pages?: PagesOptions<ManagementTexts>;
}

/**
 * Creates the pages on which users manage their own keys, and with `clients` and `grants` their
 * apps and connected apps. They work without JavaScript. Mount them at a separate path.
 *
 * @param options `keys`, `account` and `scopes` are required.
 * @returns Middleware for Express 4 and 5, Connect and plain `node:http`. It responds to every
 * request.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is missing, unknown or invalid
 * @throws {TypeError} `ERR_LATCHKEY_SCOPE` if a scope is malformed
 * @see https://www.w3.org/TR/WCAG22/
 * @example
 * app.use('/settings', managementPages({
 *   keys,
 *   scopes,
 *   account: (req) => accountOfSession(req),
 *   loginUrl: '/login',
 * }));
 */
export function managementPages<R extends IncomingMessage = IncomingMessage>(
  options: ManagementPagesOptions<R>,
): Middleware<R> {
  const where = 'managementPages()';
  const context = resolveManagementOptions(where, options);
  checkOptions(where, looks, { pages: options.pages });
  const site: Site<R> = {
    context,
    routes: pageRoutes(context as unknown as ManagementContext),
    pages: createManagementPages(options.pages),
    tokens: formTokens(context.idempotencyStore ?? memoryStore()),
    testUrl: context.testUrl,
  };
  return (req, res, next) => {
    respond(site, req, res).catch((error: unknown) => next(internalError(error)));
  };
}

const looks = z.object({
  pages: z.optional(pagesSchema({ ...english })),
});

interface Site<R extends IncomingMessage> {
  readonly context: ManagementContext<R>;
  readonly routes: readonly PageRoute[];
  readonly pages: Pages<ManagementTexts>;
  readonly tokens: FormTokens;
  readonly testUrl: string | undefined;
}

async function respond<R extends IncomingMessage>(
  site: Site<R>,
  req: R,
  res: ServerResponse,
): Promise<void> {
  const view = site.pages.view(req);
  const reply = await replyTo(site, req, view).catch((error: unknown) => {
    if (!isOutage(error)) {
      throw error;
    }
    const { method = '', url = '' } = req;
    publishOutage({ method, path: url.split('?')[0] ?? '', error });
    return outagePage(view);
  });
  if ('location' in reply) {
    res.statusCode = 303;
    res.setHeader('Location', reply.location);
    res.setHeader('Cache-Control', 'no-store');
    endResponse(req, res, undefined);
    return;
  }
  send(req, res, view.render(reply));
}

function send(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, body }: RenderedPage,
): void {
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) {
    res.setHeader(name, value);
  }
  if (status === 503) {
    res.setHeader('Retry-After', '1');
  }
  endResponse(req, res, req.method === 'HEAD' ? undefined : body);
}

/** Express and Connect remove the path that a middleware is mounted at from `req.url`. */
type Mounted = IncomingMessage & {
  readonly baseUrl?: string;
  readonly originalUrl?: string;
  readonly protocol?: string;
};

/** A path that begins with two slashes would be another host. */
const baseOf = ({ baseUrl = '' }: Mounted): string =>
  baseUrl.replace(/^\/+/, '/').replace(/\/$/, '');

async function replyTo<R extends IncomingMessage>(
  site: Site<R>,
  req: R & Mounted,
  view: ManagementView,
): Promise<Reply> {
  const base = baseOf(req);
  if (isCrossSiteRequest(req)) {
    return messagePage(view, 403, ['failedTitle', 'foreignForm'], `${base}/keys`);
  }
  const account = await readAccount(site.context.account, req);
  if (account === undefined) {
    return logIn(site.context.loginUrl, req, view);
  }
  const [pathname = '/', search = ''] = (req.url ?? '/').split(/\?(.*)/s);
  const found = findPageRoute(site.routes, pathname);
  const form = isRead(req) ? new URLSearchParams() : await readForm(req);
  if (found === undefined) {
    return notFoundPage(view, base);
  }
  if (form === undefined) {
    return messagePage(view, 400, ['failedTitle', 'requestFault'], `${base}/keys`);
  }
  return run(found.route, req, {
    account,
    view,
    base,
    form,
    id: found.id,
    tokens: site.tokens,
    context: site.context as unknown as ManagementContext,
    query: new URLSearchParams(search),
    testUrl: site.testUrl ?? originOf(req),
  });
}

const isRead = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

async function run(route: PageRoute, req: IncomingMessage, visit: Visit): Promise<Reply> {
  if (isRead(req) && route.show) {
    return route.show(visit);
  }
  if (req.method === 'POST' && route.submit) {
    return submit(route, visit);
  }
  const allowed = [...(route.show ? ['GET', 'HEAD'] : []), ...(route.submit ? ['POST'] : [])];
  return wrongMethodPage(visit.view, visit.base, allowed.join(', '));
}

function originOf(req: IncomingMessage & Mounted): string {
  const { protocol = 'encrypted' in req.socket ? 'https' : 'http', headers } = req;
  return `${protocol}://${headers.host ?? 'localhost'}/`;
}

/** Sends users to the login, with the page to return to. After a form, that is the list. */
function logIn(loginUrl: string | undefined, req: Mounted, view: ManagementView): Reply {
  if (loginUrl === undefined) {
    return messagePage(view, 401, ['logInTitle', 'logIn']);
  }
  const path = req.method === 'GET' ? (req.originalUrl ?? req.url ?? '/') : `${baseOf(req)}/keys`;
  const separator = loginUrl.includes('?') ? '&' : '?';
  return { location: `${loginUrl}${separator}return_to=${encodeURIComponent(path)}` };
}
