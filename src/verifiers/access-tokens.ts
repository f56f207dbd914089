import * as z from 'zod';

import { checkOptions } from '../internal/options';
import type { CredentialReader, CredentialStore } from '../stores/store';
import {
  aLifetime,
  extractorNames,
  type ManagedVerifier,
  storedOptions,
  type StoredVerifier,
  storedVerifier,
} from './stored';
import { AUTHORIZATION } from './verifier';

export interface AccessTokensOptions<S extends CredentialReader = CredentialStore> {
  readonly store: S;
  /** First word of every token. Another than that of your keys. */
  readonly prefix: string;
  /** Life of a token that is issued without an expiry; one hour by default. */
  readonly ttlMs?: number;
  /** Names it in principals and decisions; `'access_tokens'` by default. */
  readonly name?: string;
  /**
   * Names of the extractors whose credentials it reads.
   * @default ['bearer', 'dpop']
   */
  readonly extractors?: readonly string[];
}

const HOUR_MS = 3_600_000;
const optionsSchema = z.strictObject({
  ...storedOptions,
  ttlMs: aLifetime,
  extractors: extractorNames,
});

/**
 * Opaque access tokens (RFC 6749 §1.4), `<prefix>_<environment>_…`, from `Authorization` alone.
 * @throws TypeError for a wrong or misspelt option
 */
export function accessTokens(options: AccessTokensOptions<CredentialStore>): ManagedVerifier;
export function accessTokens(options: AccessTokensOptions<CredentialReader>): StoredVerifier;
export function accessTokens(options: AccessTokensOptions<CredentialReader>): ManagedVerifier {
  checkOptions('accessTokens()', optionsSchema, options);
  return storedVerifier({
    ...options,
    kind: 'access_token',
    extractors: options.extractors ?? AUTHORIZATION,
    name: options.name ?? 'access_tokens',
    ttlMs: options.ttlMs ?? HOUR_MS,
  });
}
