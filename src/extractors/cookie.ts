import * as z from 'zod';
import { checkOptions, check } from '../internal/options';
import { headerValue, type Extractor, type RequestLike } from './extractor';

const aCookieName = check(
  'the name of a cookie (RFC 6265 §4.1.1)',
  (value) => typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value),
);
const anOrigin = check(
  'a list of origins, such as "https://app.example.com"',
  (value) =>
    Array.isArray(value) &&
    value.every((origin) => typeof origin === 'string' && /^https?:\/\/[^*]+$/.test(origin) && originOf(origin) === origin),
);
const originOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).origin : undefined);
const optionsSchema = z.strictObject({ origins: anOrigin.optional() });

/**
 * A session token in a cookie. The browser sends it on its own, so an explicit credential beside it wins, and on an unsafe
 * method or an upgrade it counts only if the request comes from the API's own site or one of `origins`.
 */
export function cookie(name: string, options: { readonly origins?: readonly string[] } = {}): Extractor {
  checkOptions('cookie(name): name', aCookieName, name);
  checkOptions('cookie(name, options)', optionsSchema, options);
  return Object.freeze<Extractor>({
    name: 'cookie',
    ambient: true,
    header: 'Cookie',
    parameter: name,
    origins: Object.freeze([...(options.origins ?? [])]),
    extract(request) {
      const values = cookieHeader(request)
        .split(';')
        .map((pair) => pair.replace(/^[ \t]+|[ \t]+$/g, ''))
        .filter((pair) => pair.startsWith(`${name}=`))
        .map((pair) => pair.slice(name.length + 1).replace(/^"(.*)"$/, '$1'));
      // Of two cookies with one name, another host of the site may have planted either: joined, their grammar refuses them.
      return values.length === 0 ? undefined : values.join(', ');
    },
  });
}

/** Node joins the lines of `Cookie` by `; `. Adapters may hand them over as a list. */
const cookieHeader = (request: RequestLike): string => {
  const value = request.headers.cookie;
  return typeof value === 'object' ? value.join('; ') : (headerValue(request, 'cookie') ?? '');
};
