import { createPrivateKey, KeyObject } from 'node:crypto';

import { type Jwk, jwkInput } from './jwk';
import { type Algorithm, ALGORITHMS } from './jwt/signature';
import { findWeakness } from './key-strength';

/** A private key that signs: a PEM without a passphrase, a JWK or a `KeyObject`. */
export type PrivateKeyInput = string | Jwk | KeyObject;

/**
 * Returns the key, or undefined for anything else. The cause is not reported: it may quote a
 * secret.
 */
export function privateKeyOf(input: unknown): KeyObject | undefined {
  try {
    const key =
      input instanceof KeyObject
        ? input
        : createPrivateKey(typeof input === 'string' ? input : jwkInput(input as Jwk));
    return key.type === 'private' ? key : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns the algorithms a private key can sign with, the usual one first, or none where the key is
 * weak.
 */
export const algorithmsOf = (key: KeyObject): readonly Algorithm[] =>
  isSound(key)
    ? (Object.keys(ALGORITHMS) as Algorithm[]).filter((name) => ALGORITHMS[name].supports(key))
    : [];

/** Web Crypto, which the OAuth libraries sign with, does not support keys for RSASSA-PSS alone. */
const isSound = (key: KeyObject): boolean =>
  key.asymmetricKeyType !== 'rsa-pss' && findWeakness(key) === undefined;
