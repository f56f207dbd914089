import * as z from 'zod';

import { isSecretWord } from '../credential/secret';
import { arrayOf, checkOptions } from '../internal/options';
import type { CredentialReader, CredentialStore } from '../stores/store';
import { type LegacyForm, legacySchema, toLegacyForms } from './legacy';
import {
  aSecretWord,
  extractorNames,
  type ManagedVerifier,
  storedOptions,
  type StoredVerifier,
  storedVerifier,
} from './stored';

export interface ApiKeysOptions<S extends CredentialReader = CredentialStore> {
  /**
   * Where the records are. A store with nothing but `find(digest)` proves keys; one that writes
   * also runs their life.
   */
  readonly store: S;
  /** First word of every key, for example `osir` for `osir_live_…`. */
  readonly prefix: string;
  /**
   * Only keys of this environment are good here. It is also what is issued, unless `environments`
   * names others.
   */
  readonly environment?: string;
  /**
   * The environments that may be issued, the default first. Without it any word may stand there,
   * `'live'` by default.
   */
  readonly environments?: readonly string[];
  /**
   * Forms of imported keys that Latchkey did not issue: a RegExp, or a list of `{ form, digest }`
   * for keys under another hash than SHA-256 of the whole key. Anchor each RegExp with `^` and `$`:
   * it is tested on whatever clients send.
   */
  readonly legacy?: RegExp | readonly LegacyForm[];
  /** Names it in principals and decisions; `'api_keys'` by default. */
  readonly name?: string;
  /**
   * Names of the extractors whose credentials it reads.
   * @default ['bearer', 'api-key-header', 'query']
   */
  readonly extractors?: readonly string[];
}

const optionsSchema = z
  .strictObject({
    ...storedOptions,
    environment: aSecretWord.optional(),
    environments: arrayOf(
      'words of 1 to 32 lower-case letters and digits, a letter first',
      isSecretWord,
    ).optional(),
    legacy: legacySchema.optional(),
    extractors: extractorNames,
  })
  .refine(
    ({ environment, environments }) =>
      environment === undefined || (environments?.includes(environment) ?? true),
    {
      path: ['environment'],
      error: 'must be one of "environments"',
    },
  );

/**
 * API keys, `<prefix>_<environment>_…`, from `Authorization: Bearer`, a key header or a query
 * parameter. They do not expire unless told to.
 *
 * @example
 * const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
 * const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] });
 * @throws TypeError for a wrong or misspelt option
 */
export function apiKeys(options: ApiKeysOptions<CredentialStore>): ManagedVerifier;
export function apiKeys(options: ApiKeysOptions<CredentialReader>): StoredVerifier;
export function apiKeys(options: ApiKeysOptions<CredentialReader>): ManagedVerifier {
  checkOptions('apiKeys()', optionsSchema, options);
  return storedVerifier({
    ...options,
    legacy: toLegacyForms(options.legacy),
    kind: 'api_key',
    extractors: options.extractors ?? ['bearer', 'api-key-header', 'query'],
    name: options.name ?? 'api_keys',
    ttlMs: null,
  });
}
