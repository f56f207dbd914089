import { isCompactJws } from '../../credential/credential';

/** A compact JWS, taken apart. Nothing in it is proven yet. */
export interface CompactJws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

const MAX_DEPTH = 16;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The header and payload of a compact JWS (RFC 7515 §7.1), or undefined for anything that is not exactly one of JSON objects. */
export function readCompactJws(token: string): CompactJws | undefined {
  if (!isCompactJws(token)) return undefined;
  const [first, second, third] = token.split('.') as [string, string, string];
  const header = readObject(first);
  const payload = readObject(second);
  return header && payload && decodeCanonical(third) ? { header, payload } : undefined;
}

function readObject(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = decodeCanonical(part);
  if (!bytes) return undefined;
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return isObject(value) && isShallow(value, MAX_DEPTH) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** One value, one spelling: base64url with non-zero trailing bits would give a signed token many digests. */
function decodeCanonical(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isShallow(inner, depth - 1));
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
