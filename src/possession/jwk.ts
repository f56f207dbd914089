import { createPublicKey, type KeyObject } from 'node:crypto';
import { digestOf } from '../credential/digest';
import { jwkInput } from '../verifiers/jwk';
import { ALGORITHMS, type Algorithm } from '../verifiers/jwt/signature';

/** The members that make a public key, in the order of RFC 7638 §3.2. */
const PUBLIC_MEMBERS = new Map<unknown, readonly string[]>([
  ['EC', ['crv', 'kty', 'x', 'y']],
  ['OKP', ['crv', 'kty', 'x']],
  ['RSA', ['e', 'kty', 'n']],
]);
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** Past these a signature costs too much to look at, and before them it proves too little (RFC 7518 §3.3). */
const RSA_BITS = { min: 2_048, max: 8_192 };
const MAX_RSA_EXPONENT = 2n ** 32n;

/** A public key as a client shows it, and nothing else of what it wrote: undefined for what is none, or is private. */
export function publicMembers(jwk: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof jwk !== 'object' || jwk === null || PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return undefined;
  const given = jwk as Readonly<Record<string, unknown>>;
  const members = PUBLIC_MEMBERS.get(given.kty);
  if (!members?.every((name) => Object.hasOwn(given, name) && typeof given[name] === 'string')) return undefined;
  return Object.fromEntries(members.map((name) => [name, given[name] as string]));
}

/** SHA-256 thumbprint (RFC 7638), base64url. */
export const thumbprintOf = (members: Readonly<Record<string, string>>): string => digestOf(JSON.stringify(members));

/** The key, if it can be one of this algorithm. */
export function keyFor(algorithm: Algorithm, members: Readonly<Record<string, string>>): KeyObject | undefined {
  try {
    const key = createPublicKey(jwkInput(members));
    const { modulusLength: bits = RSA_BITS.min, publicExponent = 3n } = key.asymmetricKeyDetails ?? {};
    const affordable = bits >= RSA_BITS.min && bits <= RSA_BITS.max && publicExponent < MAX_RSA_EXPONENT;
    return affordable && ALGORITHMS[algorithm].supports(key) ? key : undefined;
  } catch {
    return undefined;
  }
}
