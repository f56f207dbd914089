import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 43; // 62^43 > 2^256
const CHECKSUM_LENGTH = 6; // 62^6 > 2^32
const HINT_LENGTH = 4;

/** Grammar of a prefix and of an environment's name. */
export const isSecretWord = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z][a-z0-9]{0,31}$/.test(value);

/** `<prefix>_<environment>_<43 base62 of randomness><6 base62 of CRC-32>`. */
export function generateSecret(prefix: string, environment: string): string {
  let body = `${prefix}_${environment}_`;
  for (let i = 0; i < RANDOM_LENGTH; i++) {
    body += BASE62.charAt(randomInt(62));
  }
  return body + checksum(body);
}

/**
 * Parses secrets with one prefix. Returns the environment of a well-formed secret, or undefined
 * for any other string.
 */
export function secretReader(prefix: string): (token: string) => string | undefined {
  const form = new RegExp(
    `^${prefix}_([a-z][a-z0-9]{0,31})_[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`,
  );
  return (token) => {
    const environment = form.exec(token)?.[1];
    const end = token.length - CHECKSUM_LENGTH;
    return environment !== undefined && checksum(token.slice(0, end)) === token.slice(end)
      ? environment
      : undefined;
  };
}

/** The pattern that finds secrets in code and logs. */
export const secretPattern = (prefix: string): RegExp =>
  new RegExp(`\\b${prefix}_[a-z][a-z0-9]{0,31}_[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}\\b`);

/**
 * The start of a secret that is safe to show: prefix, environment and four characters, too few to
 * make guessing easier.
 */
export function secretHint(secret: string): string {
  const hint = secret.slice(0, secret.lastIndexOf('_') + 1 + HINT_LENGTH);
  // Copied: a slice is a view of the whole secret, and would keep it in memory for as long as the
  // record lives.
  return Buffer.from(hint).toString();
}

/**
 * CRC-32 in base62, most significant digit first. It rejects malformed secrets without a look-up
 * and is not a security measure.
 */
function checksum(body: string): string {
  let rest = crc32(body);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    digits = BASE62.charAt(rest % 62) + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}
