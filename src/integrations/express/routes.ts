import { METHODS } from 'node:http';

import { isGuard } from '../../http/guard-details';
import { codedError, typeError } from '../../internal/errors';
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
} from './layers';
import { samplePaths } from './sample-paths';

/** A route of an Express application, and the guards that a request to it passes. */
export interface GuardedRoute {
  readonly paths: readonly Pattern[];
  /** Methods in lower case. */
  readonly methods: readonly string[];
  /** Whether the route was added with `all()`. */
  readonly isAll: boolean;
  /**
   * Returns the guards of a method, or undefined if the route has nothing but guards: then it does
   * not respond, and guards the routes that follow.
   */
  readonly guardsFor: (method: string) => readonly Handler[] | undefined;
}

/** One step from the application to a route: a layer of a router, and one of its paths. */
interface Step {
  readonly stack: readonly Layer[];
  readonly index: number;
  readonly layer: Layer;
  readonly path: Pattern;
}

const EVERY_METHOD = METHODS.map((method) => method.toLowerCase());

/**
 * Returns the routes of an Express 4 or 5 application or router, in the order in which they were
 * added.
 *
 * @param where - the function, such as `unguardedRoutes(app)`, for the message
 * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` if `app` is not an Express application or router
 */
export function expressRoutes(where: string, app: unknown): readonly GuardedRoute[] {
  const stack = getStack(app);
  if (!stack) {
    throw typeError(
      'ERR_LATCHKEY_ARGUMENT',
      `${where}: app must be an Express application or router`,
    );
  }
  return [...routesIn(stack, [])];
}

function* routesIn(stack: readonly Layer[], around: readonly Step[]): Generator<GuardedRoute> {
  for (const [index, layer] of stack.entries()) {
    const inner = layer.route ? undefined : mountedStack(layer);
    if (!layer.route && !inner) {
      continue;
    }
    for (const path of readPaths(layer)) {
      const steps = [...around, { stack, index, layer, path }];
      if (layer.route) {
        yield toGuardedRoute(layer.route, steps);
      }
      if (inner) {
        yield* routesIn(inner, steps);
      }
    }
  }
}

function toGuardedRoute(route: Route, steps: readonly Step[]): GuardedRoute {
  const methods = route.methods._all ? EVERY_METHOD : Object.keys(route.methods);
  return {
    paths: steps.map(({ path }) => path),
    methods,
    // `app.all()` adds every method, `router.all()` none.
    isAll: EVERY_METHOD.every((method) => methods.includes(method)),
    guardsFor: (method) => guardsOfRoute(route, steps, method),
  };
}

/**
 * Returns the path of a route as it was written, after the paths of the routers around it. A RegExp
 * is included as its source.
 *
 * @throws {Error} `ERR_LATCHKEY_ARGUMENT` if the path is not known: Express 5 with `router` before
 * 2.3
 */
export function describePath(where: string, { paths }: GuardedRoute): string {
  if (paths.includes(undefined)) {
    throw codedError(
      'ERR_LATCHKEY_ARGUMENT',
      `${where}: the installed "router" does not keep the paths of routers; update it to 2.3 or later`,
    );
  }
  return joinPaths(paths) || '/';
}

const joinPaths = (paths: readonly Pattern[]): string =>
  paths
    .map((path) => (typeof path === 'string' ? path.replace(/(?<!\/)\/$/, '') : String(path)))
    .join('');

/** Returns the handlers of a route for a method, without error handlers. */
const handlersFor = ({ stack }: Route, method: string): readonly Handler[] =>
  stack
    .filter(
      (layer) =>
        (layer.method === undefined || layer.method === method) && layer.handle.length <= 3,
    )
    .map(({ handle }) => handle);

function guardsOfRoute(
  route: Route,
  steps: readonly Step[],
  method: string,
): readonly Handler[] | undefined {
  const handlers = handlersFor(route, method);
  const last = handlers.findLastIndex((handler) => !isGuard(handler));
  if (last === -1) {
    return undefined;
  }
  return [...guardsAround(steps, method), ...handlers.slice(0, last).filter(isGuard)];
}

/** Returns the guards before the last step that cover every path of the route. */
function guardsAround(steps: readonly Step[], method: string): readonly Handler[] {
  const firstKnown = steps.findLastIndex(({ path }) => typeof path !== 'string') + 1;
  const known = steps.slice(firstKnown);
  if (known.length === 0) {
    return guardsBefore(steps, firstKnown, '', method);
  }
  const samples = samplePaths(joinPaths(known.map(({ path }) => path)));
  const matching = samples.filter((sample) => matchesSteps(known, sample));
  const [first = [], ...others] = (matching.length > 0 ? matching : samples).map((sample) =>
    guardsBefore(steps, firstKnown, sample, method),
  );
  return first.filter((guard) => others.every((guards) => guards.includes(guard)));
}

function matchesSteps(steps: readonly Step[], sample: string): boolean {
  let path: string | undefined = sample;
  return steps.every(
    ({ layer }) => path !== undefined && (path = restAfter(layer, path)) !== undefined,
  );
}

/**
 * Returns the guards that a request passes before the last step.
 *
 * @param firstKnown - the first step from which on the path of the request is known
 * @param sample - the path of the request at that step
 */
function guardsBefore(
  steps: readonly Step[],
  firstKnown: number,
  sample: string,
  method: string,
): readonly Handler[] {
  let path: string | undefined;
  return steps.flatMap(({ stack, index, layer }, depth) => {
    if (depth === firstKnown) {
      path = sample;
    }
    const guards = guardsIn(stack.slice(0, index), method, path, layer);
    path &&= restAfter(layer, path);
    return guards;
  });
}

/**
 * Returns the guards that the layers are or contain for a path.
 *
 * @param path - undefined if the path is not known: then the guard must cover all that `other`
 * matches
 */
function guardsIn(
  layers: readonly Layer[],
  method: string,
  path: string | undefined,
  other?: Layer,
): readonly Handler[] {
  return layers.flatMap((layer) => {
    const rest = path === undefined ? undefined : restAfter(layer, path);
    const coversUnknown =
      matchesEveryPath(layer) || (other !== undefined && samePath(layer, other));
    if (path === undefined ? !coversUnknown : rest === undefined) {
      return [];
    }
    if (layer.route) {
      return handlersFor(layer.route, method).filter(isGuard);
    }
    return isGuard(layer.handle)
      ? [layer.handle]
      : guardsIn(mountedStack(layer) ?? [], method, rest);
  });
}
