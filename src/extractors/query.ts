import { checkOptions, nonEmptyString } from '../internal/options';
import type { Extractor, RequestLike } from './extractor';

/**
 * Reads an API key from a query parameter. Use it only for clients that cannot send headers,
 * because URLs end up in logs, histories and `Referer`.
 * @param name name of the parameter
 * @returns an extractor for the option `extractors` of `latchkey()`
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` for an empty name
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.3
 * @example
 * latchkey({ extractors: [bearer(), queryParameter('api_key')], verifiers: [keys] });
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
