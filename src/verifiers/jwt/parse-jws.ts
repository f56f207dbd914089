import { isUtf8 } from 'node:buffer';

import { type Credential, isCompactJws } from '../../credential/credential';
import { isObject } from '../../internal/type-guards';

type JsonObject = Readonly<Record<string, unknown>>;

/** The header and payload of a compact JWS. Neither is verified. */
export interface CompactJws {
  readonly header: JsonObject;
  readonly payload: JsonObject;
}

/** The maximum nesting of the header and the payload. */
const MAX_DEPTH = 16;
/** Several verifiers may look at one credential. It is parsed once. */
const parsed = new WeakMap<Credential, { readonly jws: CompactJws | undefined }>();

/** Parses the token of a credential, or returns undefined if it is not a compact JWS. */
export function parseJws(credential: Credential): CompactJws | undefined {
  const known = parsed.get(credential);
  if (known) {
    return known.jws;
  }
  const jws = parseCompactJws(credential.token);
  parsed.set(credential, { jws });
  return jws;
}

/**
 * Parses a compact JWS. Returns undefined unless its header and payload are JSON objects and all
 * three parts are canonical base64url.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7515#section-7.1
 */
export function parseCompactJws(token: string): CompactJws | undefined {
  if (!isCompactJws(token)) {
    return undefined;
  }
  const [first = '', second = '', third = ''] = token.split('.');
  const header = parseObject(first);
  const payload = parseObject(second);
  return header && payload && isCanonical(third) ? { header, payload } : undefined;
}

function parseObject(part: string): JsonObject | undefined {
  const bytes = Buffer.from(part, 'base64url');
  if (!isCanonical(part) || !isUtf8(bytes)) {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return isObject(value) && isWithinDepth(value, MAX_DEPTH) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The last characters whose unused bits are zero, by the length of the last group (RFC 4648 §3.5).
 */
const LAST_CHARACTERS = ['', '', 'AQgw', 'AEIMQUYcgkosw048'] as const;

/**
 * Whether a part of a token is base64url in its only spelling. With other unused bits, one signed
 * token would have many digests.
 */
function isCanonical(part: string): boolean {
  const rest = part.length % 4;
  return rest === 0 || (LAST_CHARACTERS[rest]?.includes(part.slice(-1)) ?? false);
}

function isWithinDepth(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) {
    return true;
  }
  return depth > 0 && Object.values(value).every((inner) => isWithinDepth(inner, depth - 1));
}
