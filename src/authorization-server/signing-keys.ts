import { createPublicKey, generateKeyPairSync } from 'node:crypto';

import { typeError } from '../internal/errors';
import { omitUndefined } from '../internal/objects';
import { type Jwk, jwkInput } from '../verifiers/jwk';
import type { Algorithm } from '../verifiers/jwt/signature';
import { type PrivateKeyInput, readPrivateKey, signingAlgorithms } from '../verifiers/private-key';

/** A private key that signs access tokens: RSA, EC or Ed25519. A JWK may have `alg` and `kid`. */
export type SigningKey = PrivateKeyInput;

/**
 * Signing keys for access tokens as JWTs.
 * @see https://www.rfc-editor.org/rfc/rfc9068
 */
export interface JwtAccessTokens {
  /**
   * The first key signs. All are published, so that tokens signed by an older key can still be
   * verified.
   */
  readonly keys: readonly [SigningKey, ...SigningKey[]];
}

export interface SigningJwk extends Jwk {
  readonly kid?: string;
  readonly alg: Algorithm;
}

/**
 * Converts a key to a private JWK with its algorithm.
 * @throws ERR_LATCHKEY_KEY if the key cannot sign
 */
export function signingJwk(input: SigningKey, where: string): SigningJwk {
  const key = readPrivateKey(input);
  if (!key) {
    throw typeError(
      'ERR_LATCHKEY_KEY',
      `${where} must be a private key: a PEM without a passphrase, a JWK or a KeyObject`,
    );
  }
  const fitting = signingAlgorithms(key);
  const { alg = fitting[0], kid } = (isJwk(input) ? input : {}) as Partial<SigningJwk>;
  if (alg === undefined || !fitting.includes(alg)) {
    throw typeError(
      'ERR_LATCHKEY_KEY',
      `${where} must be an RSA key of 2048 bits or more, an EC key of P-256, P-384 or P-521, or an Ed25519 key`,
    );
  }
  return { ...key.export({ format: 'jwk' }), alg, ...omitUndefined({ kid }) };
}

export const publicJwk = ({ alg, kid, ...key }: SigningJwk): Jwk => ({
  ...createPublicKey(jwkInput(key)).export({ format: 'jwk' }),
  alg,
  ...omitUndefined({ kid }),
});

/** oidc-provider requires a key even if it signs nothing. */
export const unusedJwk = (): SigningJwk =>
  signingJwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'unused');

const isJwk = (input: SigningKey): input is Jwk => typeof input === 'object' && 'kty' in input;
