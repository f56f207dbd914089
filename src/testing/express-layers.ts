/**
 * One entry of a router's private list. Express 4 and 5 agree on it but for what is said in the
 * functions below.
 */
export interface Layer {
  readonly name: string;
  readonly handle: Handler;
  readonly route?: Route;
  match(path: string): boolean | { readonly path: string };
  /** Of the last match. Express 4, and Express 5 on a router before 2.3. */
  readonly path?: string;
  /** Express 5 on router 2.3 and later. */
  readonly rawPath?: Path;
  /** Express 5: mounted on `/`. */
  readonly slash?: boolean;
  /** Express 4. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean; readonly fast_star?: boolean };
  readonly keys?: readonly { readonly name: string | number }[];
}

export interface Route {
  readonly path: Path;
  readonly stack: readonly (Layer & { readonly method?: string | undefined })[];
  readonly methods: Readonly<Record<string, boolean>>;
}

export type Handler = (...args: never[]) => unknown;
type Path = string | RegExp | readonly Path[];
/** One path as it was written; undefined where Express does not keep it. */
export type Pattern = string | RegExp | undefined;

/** The layers of a router or an application; undefined for anything else. */
export function stackOf(handler: unknown): readonly Layer[] | undefined {
  if (typeof handler !== 'function') {
    return undefined;
  }
  const { stack, lazyrouter, _router, set } = handler as {
    stack?: unknown;
    lazyrouter?: unknown;
    _router?: { stack: Layer[] };
    set?: unknown;
  };
  // Connect's have a stack, too, of another kind.
  if (Array.isArray(stack)) {
    return stack.every((layer: Partial<Layer>) => typeof layer.match === 'function')
      ? (stack as Layer[])
      : undefined;
  }
  // Express 4 makes the router of an application with its first layer, and throws where Express 5
  // has `app.router`.
  if (typeof lazyrouter === 'function') {
    return _router?.stack ?? [];
  }
  return typeof set === 'function'
    ? (handler as { router?: { stack: Layer[] } }).router?.stack
    : undefined;
}

/** The layers of what is mounted here, if that is a router or an application. */
export const mountedStack = (layer: Layer): readonly Layer[] | undefined =>
  layer.name === 'mounted_app' ? stackOf(mountedApp(layer.handle)) : stackOf(layer.handle);

/**
 * The application behind `app.use(subApp)`. Express hides it in a closure. So it is handed a
 * request that shows who took it over, by its new prototype, and from then on has no URL: every
 * router lets such a request go before it comes to a layer of the user's.
 */
function mountedApp(handle: Handler): unknown {
  const nobody = {};
  let app: unknown;
  const request = {
    app: { request: nobody, response: nobody },
    method: 'GET',
    query: {},
    get url(): string | undefined {
      app ??= (Object.getPrototypeOf(request) as { app?: unknown }).app;
      return app === undefined ? '/' : undefined;
    },
  };
  (handle as (req: object, res: object, next: () => void) => void)(
    request,
    { setHeader: () => {} },
    () => {},
  );
  return app;
}

/**
 * What a layer leaves of a path for those mounted in it; undefined if it does not take the path.
 */
export function restAfter(layer: Layer, path: string): string | undefined {
  const match = layer.match(path);
  if (match === false) {
    return undefined;
  }
  if (layer.route) {
    return '/';
  }
  const taken = (match === true ? layer.path : match.path) ?? '';
  const rest = path.slice(taken.length);
  // As Express does: what is mounted is passed over unless its path is the start, and ends with a
  // segment.
  if (!path.startsWith(taken) || (rest !== '' && !rest.startsWith('/'))) {
    return undefined;
  }
  return rest.startsWith('/') ? rest : `/${rest}`;
}

export const takesEveryPath = ({ slash, regexp }: Layer): boolean =>
  slash === true || regexp?.fast_slash === true || regexp?.fast_star === true;

/** Whether two layers are mounted on the same path, whatever it is. */
export const samePath = (a: Layer, b: Layer): boolean =>
  !a.route === !b.route &&
  (a.regexp
    ? String(a.regexp) === String(b.regexp)
    : a.rawPath !== undefined && String(a.rawPath) === String(b.rawPath));

/**
 * The paths of a layer. Express 5 keeps none of what is mounted on a router before 2.3, but for
 * `/`.
 */
export function pathsOf(layer: Layer): readonly Pattern[] {
  if (layer.route) {
    return flat(layer.route.path);
  }
  if (layer.slash) {
    return ['/'];
  }
  if (layer.rawPath !== undefined) {
    return flat(layer.rawPath);
  }
  return layer.regexp ? pathsOfRegexp(layer.regexp, layer.keys ?? []) : [undefined];
}

const flat = (path: Path): readonly Pattern[] =>
  path instanceof Array ? path.flatMap(flat) : [path];

/** Ends what Express 4 makes of a path for `use`. */
const MOUNTED = /(\\\/\?)?\(\?=\\\/\|\$\)$/;
/**
 * What it makes of `/:name` or `/:name(…)`, of `*`, and of a plain character; and all else that
 * means something in a RegExp.
 */
const PIECE =
  /\(\?:(\\\/)?\((?:\\.|\[[^\]]*\]|[^()[\\])+\)\)(\?)?|(\(\.\*\))|\\(.)|([()[\]{}|^$+?*.])/g;

/** The paths that Express 4 made a RegExp of; the RegExp itself where that cannot be told. */
function pathsOfRegexp(regexp: RegExp, keys: NonNullable<Layer['keys']>): readonly Pattern[] {
  const names = keys.map(({ name }) => name);
  let told = true;
  const paths = regexp.source.split('|^').map((source) => {
    told &&= MOUNTED.test(source);
    return source
      .replace(/^\^/, '')
      .replace(MOUNTED, '')
      .replace(
        PIECE,
        (
          _,
          slash?: string,
          optional?: string,
          star?: string,
          character?: string,
          other?: string,
        ) => {
          if (other !== undefined) {
            told = false;
          }
          if (character !== undefined) {
            return character;
          }
          const name = names.shift();
          return star ? '*' : `${slash ? '/' : ''}:${name}${optional ?? ''}`;
        },
      );
  });
  return told ? paths : [regexp];
}
