import * as z from 'zod';

import { digestOf, readDigest, toStoredDigest } from '../credential/digest';
import { codedError } from '../internal/errors';
import { functionOption } from '../internal/options';
import { isPromise } from '../internal/promises';

/** A form of imported keys. */
export interface LegacyForm {
  /**
   * Matches the whole key: anchor it with `^` and `$`. It is tested on input from clients, of at
   * most 512 characters.
   */
  readonly form: RegExp;
  /**
   * Hashes a key as the table does that it was imported from, for example by HMAC with a pepper.
   * Returns hex or base64.
   * @default SHA-256 of the whole key
   */
  readonly digest?: (secret: string) => string;
}

// With `g` or `y`, a RegExp remembers where its last match ended.
const formSchema = z
  .instanceof(RegExp, { error: 'must be a RegExp' })
  .refine((value) => !value.global && !value.sticky, {
    error: 'must be a RegExp without the flags g and y',
  });

/** The option `legacy`. */
export const legacySchema = z.union(
  [
    formSchema,
    z.array(z.strictObject({ form: formSchema, digest: functionOption.optional() })).min(1),
  ],
  {
    error: 'must be a RegExp without the flags g and y, or a non-empty list of { form, digest }',
  },
);

/** Returns the option `legacy` as a list. */
export const toLegacyForms = (
  legacy: RegExp | readonly LegacyForm[] = [],
): readonly LegacyForm[] => (legacy instanceof RegExp ? [{ form: legacy }] : legacy);

/**
 * Returns the digest under which the store has a legacy key. What `digest()` does wrong is our
 * error, never the client's.
 */
export function legacyDigest({ digest }: LegacyForm, secret: string): string {
  if (!digest) {
    return digestOf(secret);
  }
  const hash: unknown = digest(secret);
  if (isPromise(hash)) {
    hash.then(undefined, () => undefined);
  }
  if (typeof hash !== 'string' || hash === '') {
    throw codedError(
      'ERR_LATCHKEY_OPTION',
      'apiKeys(): "legacy" digest() must return a non-empty string',
    );
  }
  if (secret.includes(hash)) {
    throw codedError(
      'ERR_LATCHKEY_OPTION',
      'apiKeys(): "legacy" digest() returned a part of the key: return a hash of it',
    );
  }
  return toStoredDigest(hash);
}

/**
 * Returns a record to import with its digest as the store keeps it. Only a form with a `digest()`
 * allows other hashes than SHA-256.
 */
export function withStoredDigest<T>(record: T, forms: readonly LegacyForm[]): T {
  const { digest } = (record ?? {}) as { digest?: unknown };
  const isForeign =
    typeof digest === 'string' && readDigest(digest) === undefined && isUnsaltedHash(digest);
  return isForeign && forms.some((form) => form.digest)
    ? { ...record, digest: toStoredDigest(digest) }
    : record;
}

/**
 * Hex or base64 of 16 bytes or more. Salted hashes (`$2b$…`, `$argon2id$…`) cannot be found by
 * digest.
 */
const isUnsaltedHash = (text: string): boolean =>
  /^(?:(?:[0-9a-f]{2}){16,256}|[A-Za-z0-9+/_-]{22,512}={0,2})$/i.test(text);
