import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

import type { StoredRecord } from 'latchkey';

import { PREFIX, SCOPE } from './credentials';

/**
 * Secrets in the form of ours, their checksum right, as many as are wanted: the number stands where
 * the randomness would.
 */
export function secretOf(number: number): string {
  const body = `${PREFIX}_live_${number.toString(36).padStart(43, '0')}`;
  return body + base62(crc32(body), 6);
}

export const toDigest = (secret: string): string => hash('sha256', secret, 'base64url');

/** The record of a secret as `issue()` makes it, ten keys a subject. */
export function recordOf(number: number): StoredRecord {
  const digest = toDigest(secretOf(number));
  return {
    id: digest.slice(0, 22),
    kind: 'api_key',
    digest,
    subject: `acct_${Math.floor(number / 10)}`,
    clientId: null,
    grantId: null,
    scopes: [SCOPE],
    environment: 'live',
    hint: `${PREFIX}_live_${digest.slice(0, 4)}`,
    name: `key ${number}`,
    issuedAt: Date.now(),
    expiresAt: null,
    revokedAt: null,
    lastUsedAt: null,
    useCount: 0,
    rotatedFrom: null,
    confirmation: null,
    metadata: {},
  };
}

/** A number from 0, another each time. */
export const anyOf = (count: number): number => Math.floor(Math.random() * count);

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const base62 = (value: number, length: number): string =>
  Array.from({ length }, (_, place) =>
    BASE62.charAt(Math.floor(value / 62 ** (length - 1 - place)) % 62),
  ).join('');
