import type { Route } from './routes';

/** The routes of one path, and the ID in it. */
export interface FoundPath {
  readonly routes: readonly Route[];
  readonly id: string;
}

/** Returns the routes of a path, or undefined. A slash at the end makes no difference. */
export function findPath(routes: readonly Route[], pathname: string): FoundPath | undefined {
  const segments = pathname.replace(/\/$/, '').split('/').slice(1);
  const found = routes.filter(({ path }) => matches(path.split('/').slice(1), segments));
  const id = decode(segments[1] ?? '');
  return found.length === 0 || id === undefined ? undefined : { routes: found, id };
}

const matches = (pattern: readonly string[], segments: readonly string[]): boolean =>
  pattern.length === segments.length &&
  pattern.every((part, index) => part === ':id' || part === segments[index]);

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** The value of `Allow`. */
export function allowedMethods(routes: readonly Pick<Route, 'method'>[]): string {
  const methods = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return [...methods, 'OPTIONS'].join(', ');
}
