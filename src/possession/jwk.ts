import { createPublicKey, type KeyObject } from 'node:crypto';

import { toDigest } from '../credential/digest';
import { isObject } from '../internal/type-guards';
import { jwkInput } from '../verifiers/jwk';
import { type Algorithm, ALGORITHMS } from '../verifiers/jwt/signature';
import { findWeakness } from '../verifiers/key-strength';

/** The required members of a public key, in the order of RFC 7638 §3.2. */
const PUBLIC_MEMBERS = new Map<unknown, readonly string[]>([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
  ['RSA', ['e', 'kty', 'n']],
]);
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/**
 * Returns the members of a public key without any others, or undefined for anything that is not a
 * public key.
 */
export function publicMembers(jwk: unknown): Readonly<Record<string, string>> | undefined {
  if (!isObject(jwk) || PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) {
    return undefined;
  }
  const names = PUBLIC_MEMBERS.get(jwk.kty);
  if (!names) {
    return undefined;
  }
  const members: Record<string, string> = {};
  for (const name of names) {
    const value = Object.hasOwn(jwk, name) ? jwk[name] : undefined;
    if (typeof value !== 'string') {
      return undefined;
    }
    members[name] = value;
  }
  return members;
}

/** Returns the SHA-256 thumbprint of a public key (RFC 7638), base64url. */
export const jwkThumbprint = (members: Readonly<Record<string, string>>): string =>
  toDigest(JSON.stringify(members));

/** Imports a public key. Returns undefined if it is weak or does not fit the algorithm. */
export function importPublicKey(
  algorithm: Algorithm,
  members: Readonly<Record<string, string>>,
): KeyObject | undefined {
  try {
    const key = createPublicKey(jwkInput(members));
    return findWeakness(key) === undefined && ALGORITHMS[algorithm].supports(key) ? key : undefined;
  } catch {
    return undefined;
  }
}
