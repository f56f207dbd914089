import * as z from 'zod/mini';

import { readDigest, toDigest, toStoredDigest } from '../credential/digest';
import { codedError } from '../internal/errors';
import { check } from '../internal/options';
import { isPromise } from '../internal/promises';
import { isObject } from '../internal/type-guards';

/** A form of imported keys, and how they are hashed. */
export interface LegacyForm {
  /**
   * Matches a whole key: anchor it with `^` and `$`. It is tested on input from clients, of at most
   * 512 characters.
   */
  readonly form: RegExp;
  /**
   * Returns the hash of a key as the old table has it, in hex or base64: an HMAC with a pepper, for
   * example.
   * @default SHA-256 of the whole key
   */
  readonly digest?: ((secret: string) => string) | undefined;
}

// With the flags `g` and `y`, a RegExp remembers where its last match ended.
const formSchema = z.instanceof(RegExp, { error: 'must be a RegExp' }).check(
  z.refine((value) => !value.global && !value.sticky, {
    error: 'must be a RegExp without the flags g and y',
  }),
);

const digestSchema = check<(secret: string) => string>(
  'a function',
  (value) => typeof value === 'function',
);

/** The option `legacy`. */
export const legacySchema = z.union(
  [
    formSchema,
    z
      .array(z.strictObject({ form: formSchema, digest: z.optional(digestSchema) }))
      .check(z.minLength(1)),
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
 * Returns the digest under which the store has a legacy key.
 *
 * @throws {Error} `ERR_LATCHKEY_OPTION` if the option `digest` returns something that is not a hash
 */
export function legacyDigest({ digest }: LegacyForm, secret: string): string {
  if (!digest) {
    return toDigest(secret);
  }
  const hash: unknown = digest(secret);
  if (isPromise(hash)) {
    // Its rejection must not end the process.
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
 * Returns a record to import with its digest as the store keeps it. Hashes other than SHA-256
 * require a form with `digest()`.
 */
export function withStoredDigest<T>(record: T, forms: readonly LegacyForm[]): T {
  const digest = isObject(record) ? record.digest : undefined;
  const isOtherHash =
    typeof digest === 'string' && readDigest(digest) === undefined && isUnsaltedHash(digest);
  return isOtherHash && forms.some((form) => form.digest)
    ? { ...record, digest: toStoredDigest(digest) }
    : record;
}

/**
 * Whether a text is 16 bytes or more in hex or base64. Salted hashes (`$2b$…`, `$argon2id$…`)
 * cannot be looked up.
 */
const isUnsaltedHash = (text: string): boolean =>
  /^(?:(?:[0-9a-f]{2}){16,256}|[A-Za-z0-9+/_-]{22,512}={0,2})$/i.test(text);

/**
 * Reads an unsalted hash of any kind. Returns the digest under which the store keeps it, or
 * undefined for anything else.
 */
export const readLegacyHash = (text: string): string | undefined =>
  readDigest(text) ?? (isUnsaltedHash(text) ? toStoredDigest(text) : undefined);
