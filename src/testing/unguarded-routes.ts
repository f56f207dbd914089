import { METHODS } from 'node:http';

import { isGuard } from '../http/guard-details';
import { codedError, typeError } from '../internal/errors';
import {
  getStack,
  type Handler,
  type Layer,
  matchesEveryPath,
  mountedStack,
  type Pattern,
  readPaths,
  restAfter,
  type Route,
  samePath,
} from './express-layers';
import { samplePaths } from './sample-paths';

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

/** One step from the application to a route: a layer of a router, and one of its paths. */
interface Step {
  readonly stack: readonly Layer[];
  readonly index: number;
  readonly layer: Layer;
  readonly path: Pattern;
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
  const stack = getStack(app);
  if (!stack) {
    throw typeError(
      'ERR_LATCHKEY_ARGUMENT',
      'unguardedRoutes(app): app must be an Express application or router',
    );
  }
  return [...routesIn(stack, [])].flatMap(toUnguarded);
}

function toUnguarded({ route, steps }: LocatedRoute): UnguardedRoute[] {
  const methods = route.methods._all ? EVERY_METHOD : Object.keys(route.methods);
  const unguarded = methods.filter((method) => !isGuarded(route, steps, method));
  // `app.all()` adds every method, `router.all()` none.
  const isAll = EVERY_METHOD.every((method) => methods.includes(method));
  const names = isAll && unguarded.length > 0 ? ['all'] : unguarded;
  return names.map((name) => ({ method: name.toUpperCase(), path: describePath(steps) }));
}

const EVERY_METHOD = METHODS.map((method) => method.toLowerCase());

/** A route, and the steps from the application to it. */
interface LocatedRoute {
  readonly route: Route;
  readonly steps: readonly Step[];
}

function* routesIn(stack: readonly Layer[], around: readonly Step[]): Generator<LocatedRoute> {
  for (const [index, layer] of stack.entries()) {
    const inner = layer.route ? undefined : mountedStack(layer);
    if (!layer.route && !inner) {
      continue;
    }
    for (const path of readPaths(layer)) {
      const steps = [...around, { stack, index, layer, path }];
      if (layer.route) {
        yield { route: layer.route, steps };
      }
      if (inner) {
        yield* routesIn(inner, steps);
      }
    }
  }
}

/** Returns the handlers of a route for a method, without error handlers. */
const handlersFor = ({ stack }: Route, method: string): readonly Handler[] =>
  stack
    .filter(
      (layer) =>
        (layer.method === undefined || layer.method === method) && layer.handle.length <= 3,
    )
    .map(({ handle }) => handle);

function isGuarded(route: Route, steps: readonly Step[], method: string): boolean {
  const handlers = handlersFor(route, method);
  const last = handlers.findLastIndex((handler) => !isGuard(handler));
  // A route with nothing but guards does not respond: it guards the routes that follow.
  if (last === -1 || handlers.slice(0, last).some(isGuard)) {
    return true;
  }

  const firstKnown = steps.findLastIndex(({ path }) => typeof path !== 'string') + 1;
  const known = steps.slice(firstKnown);
  if (known.length === 0) {
    return passesGuard(steps, firstKnown, '', method);
  }
  const samples = samplePaths(joinPaths(known));
  const matching = samples.filter((sample) => matchesSteps(known, sample));
  return (matching.length > 0 ? matching : samples).every((sample) =>
    passesGuard(steps, firstKnown, sample, method),
  );
}

function matchesSteps(steps: readonly Step[], sample: string): boolean {
  let path: string | undefined = sample;
  return steps.every(
    ({ layer }) => path !== undefined && (path = restAfter(layer, path)) !== undefined,
  );
}

/**
 * Whether a request passes a guard before the last step.
 *
 * @param firstKnown - the first step from which on the path of the request is known
 * @param sample - the path of the request at that step
 */
function passesGuard(
  steps: readonly Step[],
  firstKnown: number,
  sample: string,
  method: string,
): boolean {
  let path: string | undefined;
  return steps.some(({ stack, index, layer }, depth) => {
    if (depth === firstKnown) {
      path = sample;
    }
    if (holdsGuard(stack.slice(0, index), method, path, layer)) {
      return true;
    }
    path &&= restAfter(layer, path);
    return false;
  });
}

/**
 * Whether one of the layers is or contains a guard for a path.
 *
 * @param path - undefined if the path is not known: then the guard must cover all that `other`
 * matches
 */
function holdsGuard(
  layers: readonly Layer[],
  method: string,
  path: string | undefined,
  other?: Layer,
): boolean {
  return layers.some((layer) => {
    const rest = path === undefined ? undefined : restAfter(layer, path);
    const coversUnknown =
      matchesEveryPath(layer) || (other !== undefined && samePath(layer, other));
    if (path === undefined ? !coversUnknown : rest === undefined) {
      return false;
    }
    if (layer.route) {
      return handlersFor(layer.route, method).some(isGuard);
    }
    return isGuard(layer.handle) || holdsGuard(mountedStack(layer) ?? [], method, rest);
  });
}

/** Joins the paths of the steps. */
const joinPaths = (steps: readonly Step[]): string =>
  steps
    .map(({ path }) => (typeof path === 'string' ? path.replace(/(?<!\/)\/$/, '') : String(path)))
    .join('');

function describePath(steps: readonly Step[]): string {
  if (steps.some(({ path }) => path === undefined)) {
    throw codedError(
      'ERR_LATCHKEY_ARGUMENT',
      'unguardedRoutes(): the installed "router" does not keep the paths of routers; update it to 2.3 or later',
    );
  }
  return joinPaths(steps) || '/';
}
