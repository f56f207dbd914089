import * as z from 'zod/mini';

import { checkOptions } from '../internal/options';
import type { CredentialReader, CredentialStore } from '../stores/store';
import { type ManagedVerifier, type StoredVerifier, storedVerifier } from './stored';
import { AUTHORIZATION } from './verifier';
import { lifetimeMs, storedOptions } from './verifier-options';

/** Options of `accessTokens()`. */
export interface AccessTokensOptions<S extends CredentialReader = CredentialStore> {
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
   * @default 3_600_000 (an hour)
   */
  readonly ttlMs?: number;
  /**
   * The name of the verifier in principals and decisions.
   * @default 'access_tokens'
   */
  readonly name?: string;
  /**
   * The names of the extractors whose credentials are verified.
   * @default ['bearer', 'dpop']
   */
  readonly extractors?: readonly string[];
}

const HOUR_MS = 3_600_000;
const optionsSchema = z.strictObject({ ...storedOptions, ttlMs: z.optional(lifetimeMs) });

/**
 * Creates the verifier and manager of opaque access tokens (RFC 6749 §1.4) of the form
 * `<prefix>_<environment>_…`. They are read from `Authorization` only.
 *
 * @param options - `store` and `prefix` are required
 * @returns a verifier for `latchkey({ verifiers })`, with the methods that manage tokens
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is invalid or unknown
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-1.4
 *
 * @example
 * const tokens = accessTokens({ prefix: 'acmeat', store: memoryStore() });
 * const { secret } = await tokens.issue({ subject: 'user_7', scopes: ['domains:read'] });
 */
export function accessTokens(options: AccessTokensOptions<CredentialStore>): ManagedVerifier;
export function accessTokens(options: AccessTokensOptions<CredentialReader>): StoredVerifier;
export function accessTokens(options: AccessTokensOptions<CredentialReader>): ManagedVerifier {
  const {
    name = 'access_tokens',
    extractors = AUTHORIZATION,
    ttlMs = HOUR_MS,
    ...parsed
  } = checkOptions('accessTokens()', optionsSchema, options);
  return storedVerifier({ ...parsed, name, extractors, ttlMs, kind: 'access_token' });
}
