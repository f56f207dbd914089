import { createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';

/** A private key that signs access tokens: RSA, EC or Ed25519, as PEM, JWK or `KeyObject`. */
export type SigningKey = string | JsonWebKey | KeyObject;

/** Access tokens as JWTs (RFC 9068). */
export interface JwtAccessTokens {
  /** The first signs; all are published, so that what an older one signed is proven on. */
  readonly keys: readonly [SigningKey, ...SigningKey[]];
}

export interface SigningJwk extends JsonWebKey {
  readonly kid?: string;
  readonly alg: string;
}

const CURVES: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' };
const MIN_RSA_BITS = 2048;

/** A private JWK that names its algorithm; a TypeError for what cannot sign. */
export function signingJwk(key: SigningKey, where: string): SigningJwk {
  const given = isJwk(key) ? (key as SigningJwk) : undefined;
  const jwk = privateKeyOf(key, where).export({ format: 'jwk' });
  const alg = given?.alg ?? algorithmOf(jwk);
  if (alg === undefined) throw new TypeError(`${where} must be an RSA, EC (P-256, P-384, P-521) or Ed25519 key`);
  return { ...jwk, alg, ...(given?.kid !== undefined && { kid: given.kid }) };
}

/** For an engine that wants a key and signs nothing with it. */
export const unusedJwk = (): SigningJwk => signingJwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'unused');

const isJwk = (key: SigningKey): key is JsonWebKey => typeof key === 'object' && 'kty' in key;

function privateKeyOf(key: SigningKey, where: string): KeyObject {
  try {
    const object = typeof key === 'string' || isJwk(key) ? createPrivateKey(isJwk(key) ? { key, format: 'jwk' } : key) : key;
    const bits = object.asymmetricKeyDetails?.modulusLength;
    if (object.type === 'private' && (bits === undefined || bits >= MIN_RSA_BITS)) return object;
  } catch {
    // What is wrong with it may be a secret.
  }
  throw new TypeError(`${where} must be a private key as PEM, JWK or KeyObject, of at least ${MIN_RSA_BITS} bits if it is RSA`);
}

function algorithmOf({ kty, crv = '' }: JsonWebKey): string | undefined {
  if (kty === 'RSA') return 'RS256';
  if (kty === 'EC') return CURVES[crv];
  return crv === 'Ed25519' ? 'EdDSA' : undefined;
}
