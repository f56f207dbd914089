import { createPrivateKey, KeyObject } from 'node:crypto';

import { type Jwk, jwkInput } from './jwk';
import { type Algorithm, ALGORITHM_NAMES, ALGORITHMS } from './jwt/signature';
import { findWeakness } from './key-strength';

/** A private key: a PEM without a passphrase, a JWK or a `KeyObject`. */
export type PrivateKeyInput = string | Jwk | KeyObject;

/**
 * Reads a private key. Returns undefined for anything else, and does not report the cause, which
 * may quote a secret.
 */
export function readPrivateKey(input: unknown): KeyObject | undefined {
  try {
    const key = input instanceof KeyObject ? input : createPrivateKey(privateKeyInput(input));
    return key.type === 'private' ? key : undefined;
  } catch {
    return undefined;
  }
}

const privateKeyInput = (input: unknown) =>
  typeof input === 'string' ? input : jwkInput(input as Jwk);

/**
 * Returns the algorithms that a private key can sign with, the usual one first. A weak key has
 * none.
 */
export const signingAlgorithms = (key: KeyObject): readonly Algorithm[] =>
  isSafe(key) ? ALGORITHM_NAMES.filter((name) => ALGORITHMS[name].supports(key)) : [];

/** The OAuth libraries sign with Web Crypto, which does not support `rsa-pss` keys. */
const isSafe = (key: KeyObject): boolean =>
  key.asymmetricKeyType !== 'rsa-pss' && findWeakness(key) === undefined;
