import type { Jwk } from '../../verifiers/jwk';

/**
 * A JWK Set with public keys.
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
export interface JsonWebKeySet {
  /** The keys. */
  readonly keys: readonly Jwk[];
}

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/** Whether a value is a JWK Set of asymmetric public keys, at least one. */
export const isPublicJwks = (value: unknown): value is JsonWebKeySet => {
  const keys = (value as { keys?: unknown } | null | undefined)?.keys;
  return Array.isArray(keys) && keys.length > 0 && keys.every(isPublicJwk);
};

const isPublicJwk = (key: unknown): boolean =>
  typeof key === 'object' &&
  key !== null &&
  'kty' in key &&
  typeof key.kty === 'string' &&
  key.kty !== 'oct' &&
  !PRIVATE_MEMBERS.some((name) => name in key);
