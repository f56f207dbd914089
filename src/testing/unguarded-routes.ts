import { METHODS } from 'node:http';

import { isGuard } from '../http/middleware';
import { codedError, typeError } from '../internal/errors';
import {
  type Handler,
  type Layer,
  mountedStack,
  pathsOf,
  type Pattern,
  restAfter,
  type Route,
  samePath,
  stackOf,
  takesEveryPath,
} from './express-layers';
import { samplePaths } from './sample-paths';

/** A route before which no guard stands. */
export interface UnguardedRoute {
  /** In capitals. `ALL` for `app.all`, be it that a guard stands before some methods. */
  readonly method: string;
  /**
   * As it was written, with the paths of the routers that it is in. A RegExp stands there as its
   * text.
   */
  readonly path: string;
}

/**
 * Where a route is, from the application down: in each router, which layer leads to it, and by
 * which of that layer's paths.
 */
interface Step {
  readonly stack: readonly Layer[];
  readonly index: number;
  readonly layer: Layer;
  readonly path: Pattern;
}

/**
 * The routes of an Express 4 or 5 application that a request reaches without coming by a guard, in
 * the order in which they were added. A guard is what `authenticate()` returns (with `optional`
 * too: to let anonymous requests pass is a choice that was made), or `requireScopes()`,
 * `requireAnyScope()`, `authorize()`, `requireFreshAuth()`. It may stand in the route's own list,
 * or before the route in any router around it, on a path that covers the route's.
 *
 * Not seen: a guard that a function of yours calls; what middleware answers by itself,
 * `express.static` for example; a guard that
 * `next('route')` passes by. Of a list of handlers the last is taken for the one that answers.
 *
 * Whether one path covers another is tried with sample paths, on Express's own matching. Of a path
 * that is a RegExp no samples can be made: there only a guard on the same RegExp or on `/` counts.
 * Of a router's path Express 4 keeps a RegExp alone: where the path cannot be read from that, it is
 * shown, and treated, as one.
 *
 * @example
 * expect(unguardedRoutes(app)).toEqual([{ method: 'GET', path: '/health' }]);
 * @throws TypeError for what is no Express application or router
 * @throws Error where the path of an unguarded route is not known: Express 5 on a version of
 * `router` before 2.3
 */
export function unguardedRoutes(app: Handler): UnguardedRoute[] {
  const stack = stackOf(app);
  if (!stack) {
    throw typeError(
      'ERR_LATCHKEY_ARGUMENT',
      'unguardedRoutes(app): app must be an Express application or router',
    );
  }
  return [...routesIn(stack, [])].flatMap(({ route, steps }) => {
    const methods = route.methods._all ? EVERY_METHOD : Object.keys(route.methods);
    const unguarded = methods.filter((method) => !isGuarded(route, steps, method));
    // `app.all` names every method, `router.all` none.
    const names = EVERY_METHOD.every((method) => methods.includes(method))
      ? unguarded.slice(0, 1).map(() => 'all')
      : unguarded;
    return names.map((name) => ({ method: name.toUpperCase(), path: shown(steps) }));
  });
}

const EVERY_METHOD = METHODS.map((method) => method.toLowerCase());

function* routesIn(
  stack: readonly Layer[],
  around: readonly Step[],
): Generator<{ route: Route; steps: readonly Step[] }> {
  for (const [index, layer] of stack.entries()) {
    const inner = layer.route ? undefined : mountedStack(layer);
    if (!layer.route && !inner) {
      continue;
    }
    for (const path of pathsOf(layer)) {
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

/** The handlers of a route for a method. */
const handlersOf = ({ stack }: Route, method: string): readonly Handler[] =>
  stack
    .filter(
      (layer) =>
        (layer.method === undefined || layer.method === method) && layer.handle.length <= 3,
    )
    .map(({ handle }) => handle);

function isGuarded(route: Route, steps: readonly Step[], method: string): boolean {
  const handlers = handlersOf(route, method);
  const answers = handlers.findLastIndex((handler) => !isGuard(handler));
  // Guards alone answer nothing: they stand there for the routes that follow.
  if (answers === -1 || handlers.slice(0, answers).some(isGuard)) {
    return true;
  }

  const firstKnown = steps.findLastIndex(({ path }) => typeof path !== 'string') + 1;
  const known = steps.slice(firstKnown);
  if (known.length === 0) {
    return comesByGuard(steps, firstKnown, '', method);
  }
  const samples = samplePaths(joined(known));
  const taken = samples.filter((sample) => isTaken(known, sample));
  return (taken.length > 0 ? taken : samples).every((sample) =>
    comesByGuard(steps, firstKnown, sample, method),
  );
}

function isTaken(steps: readonly Step[], sample: string): boolean {
  let path: string | undefined = sample;
  return steps.every(
    ({ layer }) => path !== undefined && (path = restAfter(layer, path)) !== undefined,
  );
}

/**
 * Whether a request comes by a guard before it comes to the end of the steps. Its path is known
 * from the step `firstKnown` on.
 */
function comesByGuard(
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
 * Whether one of the layers is, or leads through, a guard for a path; where that is unknown, for
 * all that `other` takes.
 */
function holdsGuard(
  layers: readonly Layer[],
  method: string,
  path: string | undefined,
  other?: Layer,
): boolean {
  return layers.some((layer) => {
    const rest = path === undefined ? undefined : restAfter(layer, path);
    const takesIt =
      path === undefined
        ? takesEveryPath(layer) || (other !== undefined && samePath(layer, other))
        : rest !== undefined;
    if (!takesIt) {
      return false;
    }
    if (layer.route) {
      return handlersOf(layer.route, method).some(isGuard);
    }
    return isGuard(layer.handle) || holdsGuard(mountedStack(layer) ?? [], method, rest);
  });
}

/** Their paths as one. */
const joined = (steps: readonly Step[]): string =>
  steps
    .map(({ path }) => (typeof path === 'string' ? path.replace(/(?<!\/)\/$/, '') : String(path)))
    .join('');

function shown(steps: readonly Step[]): string {
  if (steps.some(({ path }) => path === undefined)) {
    throw codedError(
      'ERR_LATCHKEY_ARGUMENT',
      'unguardedRoutes(): this version of Express does not keep the paths of routers; update "router" to 2.3 or later',
    );
  }
  return joined(steps) || '/';
}
