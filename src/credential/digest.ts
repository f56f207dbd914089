import { hash } from 'node:crypto';

/** SHA-256 of the whole secret, base64url: 43 characters. The only form in which a secret is kept, in a store or in memory. */
export const digestOf = (secret: string): string => hash('sha256', secret, 'base64url');

/** The same SHA-256 in 32 characters of one byte each: quicker to make and to find, and for nothing but the memory of one process. */
export const fingerprintOf = (secret: string): string => hash('sha256', secret, 'binary');

/** The digest of the secret that the fingerprint is of. */
export const digestFrom = (fingerprint: string): string => Buffer.from(fingerprint, 'latin1').toString('base64url');

/** A record's public id, from its digest: 132 bits of it, which tell nobody the secret and are safe to log. */
export const idOf = (digest: string): string => digest.slice(0, 22);

/** Whether a text has the form of an id. One that has not, a secret perhaps, is not for a store to see. */
export const isId = (text: string): boolean => /^[A-Za-z0-9_-]{22}$/.test(text);

const BASE64URL_SHA256 = /^[A-Za-z0-9_-]{43}$/;
const HEX_SHA256 = /^[0-9a-f]{64}$/i;

/** A digest as Latchkey keeps it, from base64url or the hex of an older table; undefined if it is neither. */
export function readDigest(text: string): string | undefined {
  if (BASE64URL_SHA256.test(text)) return text;
  if (HEX_SHA256.test(text)) return Buffer.from(text, 'hex').toString('base64url');
  return undefined;
}
