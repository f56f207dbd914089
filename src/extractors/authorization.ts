import { joined, repeated, type Extractor } from './extractor';

/** The credential of a scheme of `Authorization` (RFC 9110 §11.6.2). */
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
      if (value === undefined) return undefined;
      // As nearly every client writes it. What else may be written, or wrongly is, takes the longer way.
      if (value.startsWith(usual) && value[usual.length] !== ' ') return value.slice(usual.length);
      if (!named.test(value)) return undefined;
      // Only spaces part scheme and token (RFC 9110 §11.4). What is parted by anything else is left so that the grammar refuses it.
      const rest = value.slice(scheme.length);
      return rest === '' || rest.startsWith(' ') ? rest.replace(/^ +/, '') : ` ${rest}`;
    },
    isRepeated: (request) => repeated(request.headers.authorization, 'authorization', request),
  };
}
