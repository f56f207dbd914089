import * as z from 'zod/mini';

import { isSecretWord } from '../credential/secret';
import { arrayOf, checkOptions } from '../internal/options';
import type { CredentialReader, CredentialStore } from '../stores/store';
import { type LegacyForm, legacySchema, toLegacyForms } from './legacy';
import { type ManagedVerifier, type StoredVerifier, storedVerifier } from './stored';
import { secretWord, storedOptions } from './verifier-options';

/** Options of `apiKeys()`. */
export interface ApiKeysOptions<S extends CredentialReader = CredentialStore> {
  /**
   * Where the records are kept. A store with nothing but `find()` verifies keys; a
   * `CredentialStore` also issues and manages them.
   */
  readonly store: S;
  /**
   * The first word of every key, such as `'acme'` for `acme_live_…`: 1 to 32 lower-case letters and
   * digits, a letter first.
   */
  readonly prefix: string;
  /**
   * The environment whose keys are accepted, such as `'live'` or `'test'`. Keys of another one are
   * rejected with the reason `wrong_environment`.
   * @default every environment is accepted
   */
  readonly environment?: string;
  /**
   * The environments that keys may be issued for. The first is the default.
   * @default `environment`, otherwise every word, with `'live'` as the default
   */
  readonly environments?: readonly string[];
  /**
   * The forms of imported keys: a RegExp, or a list of `{ form, digest }` for keys that are hashed
   * otherwise than by SHA-256 of the whole key. Anchor each RegExp with `^` and `$`: it is tested
   * on input from clients.
   * @default none
   */
  readonly legacy?: RegExp | readonly LegacyForm[];
  /**
   * The name of the verifier in principals and decisions.
   * @default 'api_keys'
   */
  readonly name?: string;
  /**
   * The names of the extractors whose credentials are verified.
   * @default ['bearer', 'api-key-header', 'query']
   */
  readonly extractors?: readonly string[];
}

const optionsSchema = z
  .strictObject({
    ...storedOptions,
    environment: z.optional(secretWord),
    environments: z.optional(
      arrayOf<string>(
        'words of 1 to 32 lower-case letters and digits, a letter first',
        isSecretWord,
      ),
    ),
    legacy: z.optional(legacySchema),
  })
  .check(
    z.refine(
      ({ environment, environments }) =>
        environment === undefined || (environments?.includes(environment) ?? true),
      { path: ['environment'], error: 'must be one of "environments"' },
    ),
  );

/**
 * Creates the verifier and manager of API keys of the form `<prefix>_<environment>_…`. Keys do not
 * expire unless they are issued with an `expiresAt`.
 *
 * @param options - `store` and `prefix` are required
 * @returns a verifier for `latchkey({ verifiers })`, with the methods that manage keys
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is invalid or unknown
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 *
 * @example
 * const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
 * const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] });
 */
export function apiKeys(options: ApiKeysOptions<CredentialStore>): ManagedVerifier;
export function apiKeys(options: ApiKeysOptions<CredentialReader>): StoredVerifier;
export function apiKeys(options: ApiKeysOptions<CredentialReader>): ManagedVerifier {
  const {
    legacy,
    name = 'api_keys',
    extractors = ['bearer', 'api-key-header', 'query'],
    ...parsed
  } = checkOptions('apiKeys()', optionsSchema, options);
  return storedVerifier({
    ...parsed,
    name,
    extractors,
    kind: 'api_key',
    legacy: toLegacyForms(legacy),
    ttlMs: null,
  });
}
