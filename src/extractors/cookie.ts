import * as z from 'zod/mini';

import { check, checkOptions } from '../internal/options';
import { trimOws } from '../internal/text';
import { type Extractor, headerValue, type RequestLike } from './extractor';

const cookieName = check(
  'the name of a cookie (RFC 6265 §4.1.1)',
  (value) => typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value),
);
const originList = check(
  'a list of origins, such as "https://app.example.com"',
  (value) =>
    Array.isArray(value) &&
    value.every(
      (origin) =>
        typeof origin === 'string' &&
        /^https?:\/\/[^*]+$/.test(origin) &&
        toOrigin(origin) === origin,
    ),
);
const toOrigin = (url: string): string | undefined =>
  URL.canParse(url) ? new URL(url).origin : undefined;
const optionsSchema = z.strictObject({ origins: z.optional(originList) });

/**
 * Reads a credential from a cookie. Browsers send cookies automatically, so an explicit
 * credential in the same request wins. On an unsafe method or an upgrade, a cookie counts only if
 * the request comes from the API's own site or one of `origins`.
 * @param name name of the cookie
 * @param options the option `origins`
 * @param options.origins other origins whose requests may use the cookie. @default []
 * @returns an extractor for the option `extractors` of `latchkey()`
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` for an invalid name or option
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-5.4
 * @example
 * latchkey({
 *   extractors: [bearer(), cookie('sid', { origins: ['https://app.example.com'] })],
 *   verifiers: [sessions],
 * });
 */
export function cookie(
  name: string,
  options: { readonly origins?: readonly string[] } = {},
): Extractor {
  checkOptions('cookie(name): name', cookieName, name);
  checkOptions('cookie(name, options)', optionsSchema, options);
  const prefix = `${name}=`;
  return Object.freeze<Extractor>({
    name: 'cookie',
    ambient: true,
    header: 'Cookie',
    parameter: name,
    origins: Object.freeze([...(options.origins ?? [])]),
    extract(request) {
      const values = cookieHeader(request)
        .split(';')
        .map(trimOws)
        .filter((pair) => pair.startsWith(prefix))
        .map((pair) => unquoted(pair.slice(prefix.length)));
      // Another host of the site may have set one of two cookies with the same name. We join them,
      // so that the credential is malformed.
      return values.length === 0 ? undefined : values.join(', ');
    },
  });
}

const unquoted = (value: string): string =>
  value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;

/** Node joins several `Cookie` lines with `; `. Adapters may pass them as a list. */
const cookieHeader = (request: RequestLike): string => {
  const value = request.headers.cookie;
  return typeof value === 'object' ? value.join('; ') : (headerValue(request, 'cookie') ?? '');
};
