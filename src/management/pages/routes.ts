import type { Page } from '../../pages/page';
import { hasApps } from '../apps';
import { hasGrants } from '../grants';
import type { ManagementContext } from '../options';
import { appRoutes } from './app-routes';
import { grantRoutes } from './grant-routes';
import { keyRoutes } from './key-routes';
import type { Problem, Reply, Visit } from './visit';

/** What a request to a path does. */
export interface PageRoute {
  /** Such as `/keys/:id/rotate`. */
  readonly path: string;
  /** Shows the page. Without it, the path exists only for POST. */
  readonly show?: (visit: Visit) => Promise<Reply>;
  /** Does what the form requests. */
  readonly submit?: (visit: Visit) => Promise<Reply>;
  /** Whether the response to the form contains a secret, so that it is accepted once. */
  readonly creates?: true;
  /** Shows the form again with what was typed, without the store. */
  readonly retry?: (visit: Visit, problem: Problem) => Page;
}

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
