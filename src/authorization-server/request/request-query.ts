import type { IncomingMessage } from 'node:http';

/** Returns the query of a request, whatever a router did to its URL; undefined without one. */
export function requestQuery(
  req: IncomingMessage & { readonly originalUrl?: string },
): string | undefined {
  const [, query] = (req.originalUrl ?? req.url ?? '').split(/\?(.*)/s);
  return query;
}
