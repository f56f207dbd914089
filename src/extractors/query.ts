import { nonEmptyString, checkOptions } from '../internal/options';
import type { Extractor, RequestLike } from './extractor';

/**
 * An API key in a parameter of the URL, for clients that can do nothing else: URLs end up in logs, histories and
 * `Referer` (RFC 6750 §2.3). Off until named.
 */
export function queryParameter(name: string): Extractor {
  checkOptions('queryParameter(name): name', nonEmptyString, name);
  const values = (request: RequestLike): string[] => {
    const start = request.url?.indexOf('?') ?? -1;
    return start === -1 ? [] : new URLSearchParams(request.url?.slice(start + 1)).getAll(name);
  };
  return Object.freeze<Extractor>({
    name: 'query',
    parameter: name,
    extract: (request) => values(request)[0],
    isRepeated: (request) => values(request).length > 1,
  });
}
