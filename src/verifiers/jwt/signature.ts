import { type KeyObject, verify } from 'node:crypto';

import type jsonwebtoken from 'jsonwebtoken';

type KeyTest = (key: KeyObject) => boolean;

const isSecret: KeyTest = (key) => key.type === 'secret';
const isRsa: KeyTest = (key) => key.asymmetricKeyType === 'rsa';
const isEd25519: KeyTest = (key) => key.asymmetricKeyType === 'ed25519';
const isOnCurve =
  (curve: string): KeyTest =>
  (key) =>
    key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve;

/** An `rsa-pss` key may be restricted to one hash (RFC 4055 §3.1). */
const isRsaOrPss =
  (bits: number): KeyTest =>
  (key) => {
    const {
      hashAlgorithm = `sha${bits}`,
      mgf1HashAlgorithm = hashAlgorithm,
      saltLength = 0,
    } = key.asymmetricKeyDetails ?? {};
    const allowsHash =
      hashAlgorithm === `sha${bits}` &&
      mgf1HashAlgorithm === hashAlgorithm &&
      saltLength <= bits / 8;
    return isRsa(key) || (key.asymmetricKeyType === 'rsa-pss' && allowsHash);
  };

/** The supported algorithms (RFC 7518 §3.1, RFC 8037, RFC 9864), and the keys of each. */
export const ALGORITHMS = {
  HS256: { supports: isSecret },
  HS384: { supports: isSecret },
  HS512: { supports: isSecret },
  RS256: { supports: isRsa },
  RS384: { supports: isRsa },
  RS512: { supports: isRsa },
  PS256: { supports: isRsaOrPss(256) },
  PS384: { supports: isRsaOrPss(384) },
  PS512: { supports: isRsaOrPss(512) },
  ES256: { supports: isOnCurve('prime256v1') },
  ES384: { supports: isOnCurve('secp384r1') },
  ES512: { supports: isOnCurve('secp521r1') },
  EdDSA: { supports: isEd25519 },
  Ed25519: { supports: isEd25519 },
} satisfies Record<string, { supports: KeyTest }>;

/**
 * The name of a signature algorithm of JWTs.
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-3.1
 */
export type Algorithm = keyof typeof ALGORITHMS;

/** Whether a value is the name of a supported algorithm. */
export const isAlgorithm = (value: unknown): value is Algorithm =>
  typeof value === 'string' && Object.hasOwn(ALGORITHMS, value);

/** The names of all supported algorithms. */
export const ALGORITHM_NAMES: readonly Algorithm[] = Object.keys(ALGORITHMS).filter(isAlgorithm);

/** Whether an algorithm is an HMAC, whose key is a secret. */
export const isHmac = (algorithm: unknown): boolean => String(algorithm).startsWith('HS');

type Jsonwebtoken = Pick<typeof jsonwebtoken, 'verify'>;
let library: Jsonwebtoken | undefined;
let loading: Promise<Jsonwebtoken> | undefined;

/**
 * Loads jsonwebtoken. Apps without JWTs never load it: loading it lasts a third as long as loading
 * Express.
 */
export const loadJsonwebtoken = (): Promise<Jsonwebtoken> =>
  (loading ??= import('jsonwebtoken').then((loaded) => (library = loaded.default)));

/**
 * Verifies the signature of a token, and nothing else: claims are validated in `claims.ts`. Keys
 * are checked when they are read, so whatever a library throws here is caused by the token.
 */
export function verifySignature(
  token: string,
  algorithm: Algorithm,
  key: KeyObject,
): boolean | Promise<boolean> {
  // jsonwebtoken does not support Ed25519.
  if (algorithm === 'EdDSA' || algorithm === 'Ed25519') {
    return verifyEd25519(token, key);
  }
  if (!library) {
    return loadJsonwebtoken().then(() => verifySignature(token, algorithm, key));
  }
  if (!hasLengthOfModulus(token, key)) {
    return false;
  }
  try {
    library.verify(token, key, {
      algorithms: [algorithm],
      ignoreExpiration: true,
      ignoreNotBefore: true,
      // The key was checked when it was read; jsonwebtoken rejects `rsa-pss` keys without
      // parameters.
      allowInvalidAsymmetricKeyTypes: true,
    });
    return true;
  } catch {
    return false;
  }
}

/** RFC 8017 §8.1.2 requires it. OpenSSL accepts an RSA signature without its leading zero bytes. */
function hasLengthOfModulus(token: string, { asymmetricKeyDetails }: KeyObject): boolean {
  const bits = asymmetricKeyDetails?.modulusLength;
  const length = token.length - token.lastIndexOf('.') - 1;
  return bits === undefined || length === Math.ceil((Math.ceil(bits / 8) * 4) / 3);
}

/** Ed25519 signs the data itself, not a hash of it (RFC 8037 §3.1). */
function verifyEd25519(token: string, key: KeyObject): boolean {
  const end = token.lastIndexOf('.');
  return verify(
    null,
    Buffer.from(token.slice(0, end)),
    key,
    Buffer.from(token.slice(end + 1), 'base64url'),
  );
}
