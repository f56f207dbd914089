import { hasApps } from '../apps';
import { hasGrants } from '../grants';
import type { ManagementContext } from '../options';
import { appRoutes } from './app-routes';
import { grantRoutes } from './grant-routes';
import { keyRoutes } from './key-routes';
import type { PageRoute } from './page-route';

/** The routes that the options enable. A path with a word comes before one with an ID. */
export const pageRoutes = (context: ManagementContext): readonly PageRoute[] => [
  ...keyRoutes,
  ...(hasApps(context) ? appRoutes(context) : []),
  ...(hasGrants(context) ? grantRoutes(context) : []),
];

/** Returns the route of a path and the ID in it. A slash at the end makes no difference. */
export function findPageRoute(
  routes: readonly PageRoute[],
  pathname: string,
): { readonly route: PageRoute; readonly id: string } | undefined {
  const segments = pathname.replace(/\/$/, '').split('/').slice(1);
  const route = routes.find(({ path }) => matches(path.split('/').slice(1), segments));
  const id = decode(segments[1] ?? '');
  return route === undefined || id === undefined ? undefined : { route, id };
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
