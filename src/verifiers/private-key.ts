import { createPrivateKey, KeyObject } from 'node:crypto';
import { jwkInput, type Jwk } from './jwk';
import { ALGORITHMS, type Algorithm } from './jwt/signature';

/** A private key that signs: a PEM without a passphrase, a JWK or a `KeyObject`. */
export type PrivateKeyInput = string | Jwk | KeyObject;

/** The key; undefined for what is none. What is wrong with it is not told: it may be a secret. */
export function privateKeyOf(input: unknown): KeyObject | undefined {
  try {
    const key = input instanceof KeyObject ? input : createPrivateKey(typeof input === 'string' ? input : jwkInput(input as Jwk));
    return key.type === 'private' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** What a private key can sign by, the usual first; nothing where it is too weak. */
export const algorithmsOf = (key: KeyObject): readonly Algorithm[] =>
  isStrong(key) ? (Object.keys(ALGORITHMS) as Algorithm[]).filter((name) => ALGORITHMS[name].supports(key)) : [];

/** Web Crypto, by which the OAuth libraries sign, takes no key that is for RSASSA-PSS alone. */
const isStrong = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean =>
  asymmetricKeyType !== 'rsa-pss' && (asymmetricKeyDetails?.modulusLength ?? Infinity) >= 2048;
