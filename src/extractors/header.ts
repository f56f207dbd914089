import { checkOptions, check } from '../internal/options';
import { joined, repeated, type Extractor } from './extractor';

const aFieldName = check('the name of a header field (RFC 9110 §5.1) other than Authorization and Cookie', (value) => {
  return typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value) && !/^(authorization|cookie)$/i.test(value);
});

/** An API key in a header of its own, `X-API-Key` unless named otherwise. */
export function apiKeyHeader(name = 'X-API-Key'): Extractor {
  checkOptions('apiKeyHeader(name): name', aFieldName, name);
  const field = name.toLowerCase();
  return Object.freeze<Extractor>({
    name: 'api-key-header',
    header: name,
    extract: (request) => joined(request.headers[field]),
    isRepeated: (request) => repeated(request.headers[field], field, request),
  });
}
