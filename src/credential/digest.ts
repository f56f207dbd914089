import { hash } from 'node:crypto';

/**
 * SHA-256 of the whole secret, base64url: 43 characters. The only form in which a secret is kept,
 * in a store or in memory.
 */
export const toDigest = (secret: string): string => hash('sha256', secret, 'base64url');

/**
 * A SHA-256 digest as 32 one-byte characters. It is faster to compute and to look up than
 * base64url, and is used in memory only.
 */
export const toFingerprint = (secret: string): string => hash('sha256', secret, 'binary');

/** Converts a fingerprint to the digest of the same secret. */
export const fingerprintToDigest = (fingerprint: string): string =>
  Buffer.from(fingerprint, 'latin1').toString('base64url');

/**
 * Returns the public ID of a record: 132 bits of its digest. They do not reveal the secret and are
 * safe to log.
 */
export const toRecordId = (digest: string): string => digest.slice(0, 22);

/**
 * Whether a text is shaped like an ID. Anything else may be a secret and must not reach the
 * store.
 */
export const isId = (text: string): boolean => /^[A-Za-z0-9_-]{22}$/.test(text);

const HEX = /^(?:[0-9a-f]{2})+$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]+|[A-Za-z0-9_-]+)={0,2}$/;
const SHA256_BYTES = 32;
const SHA256_BASE64 = /^(?:[A-Za-z0-9+/]{43}|[A-Za-z0-9_-]{43})=?$/;
const SHA256_HEX = /^[0-9a-f]{64}$/i;

/**
 * Parses a SHA-256 digest in base64url, base64 (padded or not) or hex. Returns it in base64url, or
 * undefined for anything else.
 */
export function readDigest(text: string): string | undefined {
  if (SHA256_HEX.test(text)) {
    return Buffer.from(text, 'hex').toString('base64url');
  }
  return SHA256_BASE64.test(text) ? Buffer.from(text, 'base64').toString('base64url') : undefined;
}

/**
 * Returns the digest under which a hash of any length is stored: the hash itself if it has the
 * length of SHA-256, else its SHA-256. All encodings (hex in either case, base64, base64url) of a
 * hash give the same digest.
 */
export function toStoredDigest(hash: string): string {
  const bytes = toBytes(hash);
  return bytes.length === SHA256_BYTES
    ? bytes.toString('base64url')
    : toDigest(bytes.toString('base64url'));
}

function toBytes(hash: string): Buffer {
  if (HEX.test(hash)) {
    return Buffer.from(hash, 'hex');
  }
  return BASE64.test(hash) ? Buffer.from(hash, 'base64') : Buffer.from(hash);
}
