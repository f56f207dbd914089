import { createPublicKey, type KeyObject } from 'node:crypto';

import { toDigest } from '../credential/digest';
import { jwkInput } from '../verifiers/jwk';
import { type Algorithm, ALGORITHMS } from '../verifiers/jwt/signature';
import { findWeakness } from '../verifiers/key-strength';

/** The members that make a public key, in the order of RFC 7638 §3.2. */
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
  if (
    typeof jwk !== 'object' ||
    jwk === null ||
    PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))
  ) {
    return undefined;
  }
  const given = jwk as Readonly<Record<string, unknown>>;
  const members = PUBLIC_MEMBERS.get(given.kty);
  if (!members?.every((name) => Object.hasOwn(given, name) && typeof given[name] === 'string')) {
    return undefined;
  }
  return Object.fromEntries(members.map((name) => [name, given[name] as string]));
}

/** SHA-256 thumbprint (RFC 7638), base64url. */
export const thumbprintOf = (members: Readonly<Record<string, string>>): string =>
  toDigest(JSON.stringify(members));

/** Returns the key, or undefined where it is weak or does not fit the algorithm. */
export function keyFor(
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
