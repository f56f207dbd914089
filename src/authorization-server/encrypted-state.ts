import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

import { toDigest } from '../credential/digest';
import type { StateStore } from '../stores/store';

/**
 * Stores state under IDs that are secrets: a code, a refresh token, the cookie of a login in
 * progress. An entry is stored under the digest of its ID, and encrypted with a key derived from
 * the ID. Someone who reads the store learns nothing useful, not even through IDs inside
 * other entries.
 */
export interface EncryptedState {
  put(group: string, id: string, value: object, until: number): Promise<void>;
  /** Returns false, and changes nothing, if there is a value under this ID. */
  putIfAbsent(group: string, id: string, value: object, until: number): Promise<boolean>;
  get(group: string, id: string): Promise<object | undefined>;
  remove(group: string, id: string): Promise<void>;
}

export const encryptedState = (store: StateStore): EncryptedState => ({
  put: (group, id, value, until) =>
    store.set(group, toDigest(id), seal(id, JSON.stringify(value)), until),
  putIfAbsent: (group, id, value, until) =>
    store.setIfAbsent(group, toDigest(id), seal(id, JSON.stringify(value)), until),
  async get(group, id) {
    const sealed = await store.get(group, toDigest(id));
    return sealed === undefined ? undefined : (JSON.parse(unseal(id, sealed)) as object);
  },
  async remove(group, id) {
    await store.getAndDelete(group, toDigest(id));
  },
});

const CIPHER = 'aes-256-gcm';
const IV_LENGTH = 12;
const TAG_LENGTH = 16;

/** The store knows the SHA-256 of the ID, so the key is derived in another way. */
const keyOf = (id: string) => Buffer.from(hkdfSync('sha256', id, '', 'latchkey sealed state', 32));

function seal(id: string, text: string): string {
  const iv = randomBytes(IV_LENGTH);
  const cipher = createCipheriv(CIPHER, keyOf(id), iv);
  const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), encrypted]).toString('base64url');
}

function unseal(id: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv(CIPHER, keyOf(id), bytes.subarray(0, IV_LENGTH), {
    authTagLength: TAG_LENGTH,
  });
  decipher.setAuthTag(bytes.subarray(IV_LENGTH, IV_LENGTH + TAG_LENGTH));
  return (
    decipher.update(bytes.subarray(IV_LENGTH + TAG_LENGTH), undefined, 'utf8') +
    decipher.final('utf8')
  );
}
