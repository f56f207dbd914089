import { type Extractor, joined, repeated } from './extractor';

/**
 * Returns the part of an extractor that reads `Authorization` under a scheme.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.2
 */
export function authorization(
  scheme: NonNullable<Extractor['scheme']>,
): Pick<Extractor, 'scheme' | 'header' | 'extract'> & Required<Pick<Extractor, 'isRepeated'>> {
  const named = new RegExp(`^${scheme}(?![!#$%&'*+.^_\`|~0-9a-z-])`, 'i');
  const usual = `${scheme} `;
  return {
    scheme,
    header: 'Authorization',
    extract(request) {
      const value = joined(request.headers.authorization);
      if (value === undefined) {
        return undefined;
      }
      // Fast path: nearly every client writes it this way.
      if (value.startsWith(usual) && value[usual.length] !== ' ') {
        return value.slice(usual.length);
      }
      if (!named.test(value)) {
        return undefined;
      }
      // Only spaces may separate scheme and token (RFC 9110 §11.4). A leading space makes any other
      // separator malformed.
      const rest = value.slice(scheme.length);
      return rest === '' || rest.startsWith(' ') ? rest.replace(/^ +/, '') : ` ${rest}`;
    },
    isRepeated: (request) => repeated(request.headers.authorization, 'authorization', request),
  };
}
