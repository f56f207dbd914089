import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';

import type { StoredRecord } from 'latchkey';

import { PREFIX, SCOPE } from './credentials';

/** Generates valid secrets, with a counter instead of the random part. */
export function secretOf(number: number): string {
  const body = `${PREFIX}_live_${number.toString(36).padStart(43, '0')}`;
  return body + base62(crc32(body), 6);
}

export const toDigest = (secret: string): string => hash('sha256', secret, 'base64url');

/** Returns the record of a secret as `issue()` writes it, with ten keys for each subject. */
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
    disabledAt: null,
    lastUsedAt: null,
    useCount: 0,
    rotatedFrom: null,
    confirmation: null,
    metadata: {},
  };
}

/** Returns another number each time, from 0. */
export const anyOf = (count: number): number => Math.floor(Math.random() * count);

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const base62 = (value: number, length: number): string =>
  Array.from({ length }, (_, place) =>
    BASE62.charAt(Math.floor(value / 62 ** (length - 1 - place)) % 62),
  ).join('');
