import { isUtf8 } from 'node:buffer';

import { type Credential, isCompactJws } from '../../credential/credential';

/** A compact JWS, taken apart. Nothing in it is proven yet. */
export interface CompactJws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

const MAX_DEPTH = 16;
const alreadyRead = new WeakMap<Credential, CompactJws | false>();

/** What a credential holds, read once however many verifiers ask for it. */
export function jwsOf(credential: Credential): CompactJws | undefined {
  let jws = alreadyRead.get(credential);
  if (jws === undefined) {
    alreadyRead.set(credential, (jws = readCompactJws(credential.token) ?? false));
  }
  return jws || undefined;
}

/**
 * The header and payload of a compact JWS (RFC 7515 §7.1), or undefined for anything that is not
 * exactly one of JSON objects.
 */
export function readCompactJws(token: string): CompactJws | undefined {
  if (!isCompactJws(token)) {
    return undefined;
  }
  const [first, second, third] = token.split('.') as [string, string, string];
  const header = readObject(first);
  const payload = readObject(second);
  return header && payload && isCanonical(third) ? { header, payload } : undefined;
}

function readObject(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = isCanonical(part) ? Buffer.from(part, 'base64url') : undefined;
  if (!bytes || !isUtf8(bytes)) {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return isObject(value) && isShallow(value, MAX_DEPTH) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Last characters whose spare bits are zero, by how many characters the last group of four has (RFC
 * 4648 §3.5).
 */
const LAST_CHARACTERS = ['', '', 'AQgw', 'AEIMQUYcgkosw048'] as const;

/**
 * One value, one spelling: base64url with other bits to spare would give a signed token many
 * digests.
 */
function isCanonical(part: string): boolean {
  const rest = part.length % 4;
  return rest === 0 || (LAST_CHARACTERS[rest]?.includes(part.slice(-1)) ?? false);
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) {
    return true;
  }
  return depth > 0 && Object.values(value).every((inner) => isShallow(inner, depth - 1));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
