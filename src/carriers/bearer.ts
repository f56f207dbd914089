import { headerRepeated, headerValue, type Carrier } from './carrier';

const SCHEME = /^bearer(?![!#$%&'*+.^_`|~0-9a-z-])/i;

/** `Authorization: Bearer <token>` (RFC 6750 §2.1), for every kind of credential. */
export function bearer(): Carrier {
  return Object.freeze<Carrier>({
    name: 'bearer',
    scheme: 'Bearer',
    header: 'Authorization',
    extract(request) {
      const value = headerValue(request, 'authorization');
      if (value === undefined) return undefined;
      // As nearly every client writes it. What else may be written, or wrongly is, takes the longer way.
      if (value.startsWith('Bearer ') && value[7] !== ' ') return value.slice(7);
      if (!SCHEME.test(value)) return undefined;
      // Only spaces part scheme and token (RFC 9110 §11.4). What is parted by anything else is left so that the grammar refuses it.
      const rest = value.slice('bearer'.length);
      return rest === '' || rest.startsWith(' ') ? rest.replace(/^ +/, '') : ` ${rest}`;
    },
    repeated: (request) => headerRepeated(request, 'authorization'),
  });
}
