import { check, checkOptions } from '../internal/options';
import { type Extractor, joined, repeated } from './extractor';

const fieldName = check(
  'the name of a header field (RFC 9110 §5.1) other than Authorization and Cookie',
  (value) => {
    return (
      typeof value === 'string' &&
      /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value) &&
      !/^(authorization|cookie)$/i.test(value)
    );
  },
);

/**
 * Reads an API key from a request header.
 * @param name name of the header, other than `Authorization` and `Cookie`. @default 'X-API-Key'
 * @returns an extractor for the option `extractors` of `latchkey()`
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` for an invalid name
 * @example
 * latchkey({ extractors: [apiKeyHeader('X-Acme-Key')], verifiers: [keys] });
 */
export function apiKeyHeader(name = 'X-API-Key'): Extractor {
  checkOptions('apiKeyHeader(name): name', fieldName, name);
  const field = name.toLowerCase();
  return Object.freeze<Extractor>({
    name: 'api-key-header',
    header: name,
    extract: (request) => joined(request.headers[field]),
    isRepeated: (request) => repeated(request.headers[field], field, request),
  });
}
