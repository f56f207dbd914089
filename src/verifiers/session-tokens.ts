import * as z from 'zod/mini';

import { checkOptions } from '../internal/options';
import type { CredentialReader, CredentialStore } from '../stores/store';
import { type ManagedVerifier, type StoredVerifier, storedVerifier } from './stored';
import { lifetimeMs, storedOptions } from './verifier-options';

/** Options of `sessionTokens()`. */
export interface SessionTokensOptions<S extends CredentialReader = CredentialStore> {
  /**
   * Where the records are kept. A store with nothing but `find()` verifies tokens; a
   * `CredentialStore` also issues and manages them.
   */
  readonly store: S;
  /**
   * The first word of every token: 1 to 32 lower-case letters and digits. It must differ from the
   * prefix of your keys.
   */
  readonly prefix: string;
  /**
   * The lifetime of tokens that are issued without an `expiresAt`, in milliseconds.
   * @default 86_400_000 (a day)
   */
  readonly ttlMs?: number;
  /**
   * The name of the verifier in principals and decisions.
   * @default 'session_tokens'
   */
  readonly name?: string;
  /**
   * The names of the extractors whose credentials are verified.
   * @default ['bearer', 'cookie']
   */
  readonly extractors?: readonly string[];
}

const DAY_MS = 86_400_000;
const optionsSchema = z.strictObject({ ...storedOptions, ttlMs: z.optional(lifetimeMs) });

/**
 * Creates the verifier and manager of session tokens of the form `<prefix>_<environment>_…`, for
 * the users of a web or mobile app. They are read from `Authorization: Bearer` or a cookie.
 *
 * @param options - `store` and `prefix` are required
 * @returns a verifier for `latchkey({ verifiers })`, with the methods that manage tokens
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is invalid or unknown
 * @see https://www.rfc-editor.org/rfc/rfc6265#section-8.6
 *
 * @example
 * const sessions = sessionTokens({ prefix: 'acmesession', store: memoryStore() });
 * const { secret } = await sessions.issue({ subject: 'user_7', scopes: ['domains:read'] });
 */
export function sessionTokens(options: SessionTokensOptions<CredentialStore>): ManagedVerifier;
export function sessionTokens(options: SessionTokensOptions<CredentialReader>): StoredVerifier;
export function sessionTokens(options: SessionTokensOptions<CredentialReader>): ManagedVerifier {
  const {
    name = 'session_tokens',
    extractors = ['bearer', 'cookie'],
    ttlMs = DAY_MS,
    ...parsed
  } = checkOptions('sessionTokens()', optionsSchema, options);
  return storedVerifier({ ...parsed, name, extractors, ttlMs, kind: 'session_token' });
}
