import type { EndpointName, Endpoints } from './endpoints';

/** Where a path leads. */
export interface Route {
  readonly endpoint: EndpointName;
  /**
   * Public ID of the interaction if the path is a step of one, below the authorization or
   * interaction endpoint.
   */
  readonly publicId: string | undefined;
}

export type FindRoute = (path: string) => Route | undefined;

/** Returns a function that finds the endpoint of a path. */
export function endpointRoutes(
  endpoints: Endpoints,
  isOffered: (name: EndpointName) => boolean,
): FindRoute {
  const routes = new Map<string, EndpointName>();
  for (const { name, paths } of Object.values(endpoints)) {
    if (isOffered(name)) {
      for (const path of paths) {
        routes.set(path, name);
      }
    }
  }
  const parents = [endpoints.interaction.paths[0], endpoints.authorization.paths[0]];

  return (path) => {
    const endpoint = routes.get(path);
    if (endpoint !== undefined) {
      return endpoint === 'interaction' ? undefined : { endpoint, publicId: undefined };
    }
    const slash = path.lastIndexOf('/');
    const [parent, publicId] = [path.slice(0, slash), path.slice(slash + 1)];
    const step = publicId !== '' && parents.includes(parent) ? routes.get(parent) : undefined;
    return step && { endpoint: step, publicId };
  };
}

/** Returns the URL of an endpoint that the client used: the one with this path, at this host. */
export function requestedUrl(
  urls: readonly string[],
  path: string,
  host: string | undefined,
): string | undefined {
  const candidates = urls.map((url) => new URL(url)).filter(({ pathname }) => pathname === path);
  return (candidates.find((url) => url.host === host) ?? candidates[0])?.href;
}
