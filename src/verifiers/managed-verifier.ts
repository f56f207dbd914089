import type { Credential } from '../credential/credential';
import type { CredentialManager } from '../credentials/credential-manager';
import type { CredentialReader } from '../stores/store';
import type { LegacyForm } from './legacy';
import type { Verification, Verifier } from './verifier';

/** A verifier of stored credentials. Its store needs no more than `find()`. */
export interface StoredVerifier extends Verifier {
  /** Matches secrets of this kind in text, for scanners of code and logs. */
  readonly pattern: RegExp;
  /**
   * Verifies a credential or a bare secret. If it throws or rejects, the guard responds with 503.
   *
   * @param credential - the credential of a request, or the secret itself
   * @returns the principal of a valid credential, or the reason why it is invalid
   * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` if it is neither
   */
  verify(credential: Credential | string): Verification | Promise<Verification>;
}

/** A verifier of stored credentials that also issues and manages them. */
export interface ManagedVerifier extends StoredVerifier, CredentialManager {}

/** One kind of stored credential, and where its records are. */
export interface StoredKind {
  readonly kind: 'api_key' | 'access_token' | 'session_token';
  /** The name of the verifier. */
  readonly name: string;
  /** The names of the extractors whose credentials are verified. */
  readonly extractors: readonly string[];
  readonly prefix: string;
  readonly store: CredentialReader;
  /** The only environment that is accepted. Without it, every environment is. */
  readonly environment?: string | undefined;
  /** The environments that may be issued. Without it, every environment may. */
  readonly environments?: readonly string[] | undefined;
  /** Forms of imported keys. */
  readonly legacy?: readonly LegacyForm[] | undefined;
  /** The lifetime of credentials that are issued without an expiry; null for no expiry. */
  readonly ttlMs: number | null;
}
