import { isObject } from '../../internal/type-guards';

/** An entry of a router's private stack, as Express 4 and 5 have it. */
export interface Layer {
  readonly name: string;
  readonly handle: Handler;
  readonly route?: Route;
  match(path: string): boolean | { readonly path: string };
  /** The matched part of the last path. Express 4, and Express 5 with `router` before 2.3. */
  readonly path?: string;
  /** The path as it was written. Express 5 with `router` 2.3 or later. */
  readonly rawPath?: Path;
  /** Whether the layer is mounted on `/`. Express 5. */
  readonly slash?: boolean;
  /** What Express 4 compiles the path to. */
  readonly regexp?: RegExp & { readonly fast_slash?: boolean; readonly fast_star?: boolean };
  readonly keys?: readonly { readonly name: string | number }[];
}

/** A route of Express. */
export interface Route {
  readonly path: Path;
  readonly stack: readonly (Layer & { readonly method?: string | undefined })[];
  readonly methods: Readonly<Record<string, boolean>>;
}

export type Handler = (...args: never[]) => unknown;
type Path = string | RegExp | readonly Path[];
/** A path as it was written. Undefined if Express does not keep it. */
export type Pattern = string | RegExp | undefined;

/** Returns the layers of a router or an application, or undefined for anything else. */
export function getStack(handler: unknown): readonly Layer[] | undefined {
  if (typeof handler !== 'function') {
    return undefined;
  }
  const { stack, lazyrouter, _router, set } = handler as Partial<ExpressHandler>;
  // Apps of Connect have a stack of another kind.
  if (Array.isArray(stack)) {
    return stack.every(isLayer) ? stack : undefined;
  }
  // Express 4 creates the router of an application with its first layer, and throws for
  // `app.router`.
  if (typeof lazyrouter === 'function') {
    return _router?.stack ?? [];
  }
  return typeof set === 'function' ? (handler as Partial<ExpressHandler>).router?.stack : undefined;
}

interface ExpressHandler {
  readonly stack: unknown;
  readonly lazyrouter: unknown;
  readonly set: unknown;
  readonly _router: { readonly stack: readonly Layer[] };
  readonly router: { readonly stack: readonly Layer[] };
}

const isLayer = (value: unknown): value is Layer =>
  isObject(value) && typeof value.match === 'function';

/** Returns the layers of a mounted router or application, or undefined for other layers. */
export const mountedStack = (layer: Layer): readonly Layer[] | undefined =>
  layer.name === 'mounted_app' ? getStack(mountedApp(layer.handle)) : getStack(layer.handle);

/**
 * Returns the application behind `app.use(subApp)`, which Express keeps in a closure. The fake
 * request reveals it by its prototype, which the application sets. From then on the request has no
 * URL, so that no layer of the user is called.
 */
function mountedApp(handle: Handler): unknown {
  const empty = {};
  let app: unknown;
  const request = {
    app: { request: empty, response: empty },
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
 * Returns the rest of a path for the layers that are mounted in a layer, or undefined if the layer
 * does not match.
 */
export function restAfter(layer: Layer, path: string): string | undefined {
  const match = layer.match(path);
  if (match === false) {
    return undefined;
  }
  if (layer.route) {
    return '/';
  }
  const matched = (match === true ? layer.path : match.path) ?? '';
  const rest = path.slice(matched.length);
  // Like Express: the path of a mounted layer must match whole segments at the start.
  if (!path.startsWith(matched) || (rest !== '' && !rest.startsWith('/'))) {
    return undefined;
  }
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** Whether a layer matches every path. */
export const matchesEveryPath = ({ slash, regexp }: Layer): boolean =>
  slash === true || regexp?.fast_slash === true || regexp?.fast_star === true;

/** Whether two layers have the same path. */
export const samePath = (a: Layer, b: Layer): boolean =>
  !a.route === !b.route &&
  (a.regexp
    ? String(a.regexp) === String(b.regexp)
    : a.rawPath !== undefined && String(a.rawPath) === String(b.rawPath));

/**
 * Returns the paths of a layer. Express 5 with `router` before 2.3 does not keep the path of a
 * mounted layer, unless it is `/`.
 */
export function readPaths(layer: Layer): readonly Pattern[] {
  if (layer.route) {
    return flatten(layer.route.path);
  }
  if (layer.slash) {
    return ['/'];
  }
  if (layer.rawPath !== undefined) {
    return flatten(layer.rawPath);
  }
  return layer.regexp ? readRegexpPaths(layer.regexp, layer.keys ?? []) : [undefined];
}

const flatten = (path: Path): readonly Pattern[] =>
  path instanceof Array ? path.flatMap(flatten) : [path];

/** The end of what Express 4 compiles a path for `use()` to. */
const MOUNTED = /(\\\/\?)?\(\?=\\\/\|\$\)$/;
/**
 * What Express 4 compiles `/:name`, `/:name(…)`, `*` and plain characters to, and anything else
 * with a meaning in a RegExp.
 */
const PIECE = new RegExp(
  [
    /\(\?:(?<slash>\\\/)?\((?:\\.|\[[^\]]*\]|[^()[\\])+\)\)(?<optional>\?)?/,
    /(?<star>\(\.\*\))/,
    /\\(?<character>.)/,
    /(?<other>[()[\]{}|^$+?*.])/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);
type Piece = Readonly<
  Partial<Record<'slash' | 'optional' | 'star' | 'character' | 'other', string>>
>;

/**
 * Returns the paths that Express 4 compiled to a RegExp, or the RegExp if they cannot be restored.
 */
function readRegexpPaths(regexp: RegExp, keys: NonNullable<Layer['keys']>): readonly Pattern[] {
  const names = keys.map(({ name }) => String(name));
  const paths = regexp.source.split('|^').map((source) => restorePath(source, names));
  return paths.includes(undefined) ? [regexp] : paths;
}

/** @param names - the names of the parameters that follow, which are removed when they are used */
function restorePath(source: string, names: string[]): string | undefined {
  const path = source.replace(/^\^/, '').replace(MOUNTED, '');
  const pieces = [...path.matchAll(PIECE)].map(({ groups }): Piece => groups ?? {});
  if (!MOUNTED.test(source) || pieces.some(({ other }) => other !== undefined)) {
    return undefined;
  }
  return path.replace(PIECE, () => restorePiece(pieces.shift() ?? {}, names));
}

function restorePiece({ slash, optional = '', star, character }: Piece, names: string[]): string {
  if (character !== undefined) {
    return character;
  }
  const name = names.shift();
  return star ? '*' : `${slash ? '/' : ''}:${name}${optional}`;
}
