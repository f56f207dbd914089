import type { Handler } from '../integrations/express/layers';
import { describePath, expressRoutes, type GuardedRoute } from '../integrations/express/routes';

/** A route that a request reaches without passing a guard. */
export interface UnguardedRoute {
  /**
   * The method in upper case. `ALL` for `app.all()` if at least one method is not guarded.
   */
  readonly method: string;
  /**
   * The path as it was written, after the paths of the routers around it. A RegExp is included as
   * its source.
   */
  readonly path: string;
}

/**
 * Returns the routes of an Express 4 or 5 application that a request reaches without passing a
 * guard, in the order in which they were added. Call it in a test, so that a route without a guard
 * is noticed.
 *
 * A guard is what `authenticate()`, `requireScopes()`, `requireAnyScope()`, `authorize()` or
 * `requireFreshAuth()` returns. It counts in the list of the route, and in any router around it if
 * its path covers the path of the route. `authenticate({ optional: true })` counts too.
 *
 * Not detected: guards that your own functions call, responses of middleware such as
 * `express.static()`, and guards that `next('route')` skips. Of several handlers, the last one is
 * assumed to respond.
 *
 * Paths are compared by sample paths and Express's own matching. For a RegExp, only a guard on the
 * same RegExp or on `/` counts. Express 4 compiles mount paths to a RegExp; a path that cannot be
 * restored is treated as one.
 *
 * @param app - an Express application or router
 * @returns the routes without a guard
 * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` if `app` is not an Express application or router
 * @throws {Error} `ERR_LATCHKEY_ARGUMENT` if the path of a route is not known: Express 5 with
 * `router` before 2.3
 *
 * @example
 * expect(unguardedRoutes(app)).toEqual([{ method: 'GET', path: '/health' }]);
 */
export function unguardedRoutes(app: Handler): UnguardedRoute[] {
  return expressRoutes('unguardedRoutes(app)', app).flatMap(toUnguarded);
}

function toUnguarded(route: GuardedRoute): UnguardedRoute[] {
  const unguarded = route.methods.filter((method) => route.guardsFor(method)?.length === 0);
  const names = route.isAll && unguarded.length > 0 ? ['all'] : unguarded;
  return names.map((name) => ({
    method: name.toUpperCase(),
    path: describePath('unguardedRoutes()', route),
  }));
}
