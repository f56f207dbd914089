import { type KeyObject, verify } from 'node:crypto';

import type jsonwebtoken from 'jsonwebtoken';

const rsa = (key: KeyObject): boolean => key.asymmetricKeyType === 'rsa';
/** An `rsa-pss` key may say itself which hash it is for (RFC 4055 §3.1). */
const rsaPss = (bits: number) => (key: KeyObject) => {
  const {
    hashAlgorithm = `sha${bits}`,
    mgf1HashAlgorithm = hashAlgorithm,
    saltLength = 0,
  } = key.asymmetricKeyDetails ?? {};
  const isForHash =
    hashAlgorithm === `sha${bits}` && mgf1HashAlgorithm === hashAlgorithm && saltLength <= bits / 8;
  return rsa(key) || (key.asymmetricKeyType === 'rsa-pss' && isForHash);
};
const secret = (key: KeyObject): boolean => key.type === 'secret';
const curve = (name: string) => (key: KeyObject) =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === name;
const ed25519 = (key: KeyObject): boolean => key.asymmetricKeyType === 'ed25519';

/** The algorithms (RFC 7518 §3.1, RFC 8037, RFC 9864) and the keys that fit them. */
export const ALGORITHMS = {
  HS256: { supports: secret },
  HS384: { supports: secret },
  HS512: { supports: secret },
  RS256: { supports: rsa },
  RS384: { supports: rsa },
  RS512: { supports: rsa },
  PS256: { supports: rsaPss(256) },
  PS384: { supports: rsaPss(384) },
  PS512: { supports: rsaPss(512) },
  ES256: { supports: curve('prime256v1') },
  ES384: { supports: curve('secp384r1') },
  ES512: { supports: curve('secp521r1') },
  EdDSA: { supports: ed25519 },
  Ed25519: { supports: ed25519 },
} satisfies Record<string, { supports: (key: KeyObject) => boolean }>;

export type Algorithm = keyof typeof ALGORITHMS;

type Library = Pick<typeof jsonwebtoken, 'verify'>;
let library: Library | undefined;
let loading: Promise<Library> | undefined;

/**
 * Loads what proves signatures. An API of keys alone goes without: it takes a third as long to load
 * as Express.
 */
export const loadJsonwebtoken = (): Promise<Library> =>
  (loading ??= import('jsonwebtoken').then((loaded) => (library = loaded.default)));

/**
 * Whether `key` signed the token by `algorithm`. Nothing but the signature is judged here: claims
 * are for claims.ts. The keys were proven sound at start-up, so whatever a library throws is about
 * the token.
 */
export function verifySignature(
  token: string,
  algorithm: Algorithm,
  key: KeyObject,
): boolean | Promise<boolean> {
  // jsonwebtoken does not know it.
  if (algorithm === 'EdDSA' || algorithm === 'Ed25519') {
    return isSignedByEd25519(token, key);
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
      // Whether the key fits was seen at start-up; jsonwebtoken knows no `rsa-pss` key without
      // parameters.
      allowInvalidAsymmetricKeyTypes: true,
    });
    return true;
  } catch {
    return false;
  }
}

/** OpenSSL accepts an RSA signature without its leading zero bytes; RFC 8017 §8.1.2 does not. */
function hasLengthOfModulus(token: string, { asymmetricKeyDetails }: KeyObject): boolean {
  const bits = asymmetricKeyDetails?.modulusLength;
  const length = token.length - token.lastIndexOf('.') - 1;
  return bits === undefined || length === Math.ceil((Math.ceil(bits / 8) * 4) / 3);
}

/** RFC 8037 §3.1: Ed25519 signs the bytes themselves, without a hash before. */
function isSignedByEd25519(token: string, key: KeyObject): boolean {
  const end = token.lastIndexOf('.');
  return verify(
    null,
    Buffer.from(token.slice(0, end)),
    key,
    Buffer.from(token.slice(end + 1), 'base64url'),
  );
}
