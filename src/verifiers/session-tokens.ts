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

export interface SessionTokensOptions<S extends CredentialReader = CredentialStore> {
  readonly store: S;
  /** First word of every token. Another than that of your keys. */
  readonly prefix: string;
  /** Life of a session that is issued without an expiry; one day by default. */
  readonly ttlMs?: number;
  /** Names it in principals and decisions; `'session_tokens'` by default. */
  readonly name?: string;
  /**
   * Names of the extractors whose credentials it reads.
   * @default ['bearer', 'cookie']
   */
  readonly extractors?: readonly string[];
}

const DAY_MS = 24 * 3_600_000;
const optionsSchema = z.strictObject({
  ...storedOptions,
  ttlMs: aLifetime,
  extractors: extractorNames,
});

/**
 * A user's session, `<prefix>_<environment>_…`, from `Authorization: Bearer` or a cookie.
 * @throws TypeError for a wrong or misspelt option
 */
export function sessionTokens(options: SessionTokensOptions<CredentialStore>): ManagedVerifier;
export function sessionTokens(options: SessionTokensOptions<CredentialReader>): StoredVerifier;
export function sessionTokens(options: SessionTokensOptions<CredentialReader>): ManagedVerifier {
  checkOptions('sessionTokens()', optionsSchema, options);
  return storedVerifier({
    ...options,
    kind: 'session_token',
    extractors: options.extractors ?? ['bearer', 'cookie'],
    name: options.name ?? 'session_tokens',
    ttlMs: options.ttlMs ?? DAY_MS,
  });
}
