import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  KeyObject,
  X509Certificate,
} from 'node:crypto';
import { types } from 'node:util';

import { typeError } from '../../internal/errors';
import { explainKeyText } from '../explain-key';
import { type Jwk, jwkInput } from '../jwk';
import { findWeakness } from '../key-strength';
import { type Algorithm, ALGORITHMS, isHmac } from './signature';

/**
 * A key that verifies signatures: a PEM public key or certificate, a JWK, a `KeyObject`, or the
 * secret of an HS algorithm as a string or bytes.
 */
export type KeyInput = string | Uint8Array | KeyObject | Jwk;

/** A key that is ready to verify signatures, and the algorithms that it fits. */
export interface VerificationKey {
  readonly kid: string | undefined;
  readonly key: KeyObject;
  readonly algorithms: ReadonlySet<Algorithm>;
}

/**
 * Creates the error for a key that cannot be used.
 *
 * @param problem - completes a sentence that begins with the option
 */
export const keyError = (option: string, problem: string, options?: ErrorOptions): TypeError =>
  typeError('ERR_LATCHKEY_KEY', `jwt(): option "${option}" ${problem}`, options);

/**
 * Reads a key for some algorithms. Returns undefined for a JWK whose `use` or `key_ops` does not
 * allow it to verify.
 *
 * @param option - names the key in error messages
 * @throws {TypeError} `ERR_LATCHKEY_KEY` if the key is unsafe, private, or not a key
 */
export function readKey(
  option: string,
  input: KeyInput,
  algorithms: readonly Algorithm[],
): VerificationKey | undefined {
  if (types.isCryptoKey(input)) {
    throw keyError(option, 'is a CryptoKey; pass KeyObject.from(cryptoKey)');
  }
  const jwk = isJwk(input) ? input : undefined;
  if (jwk && !mayVerify(jwk)) {
    return undefined;
  }
  const key = isHmac(algorithms[0]) ? readSecret(option, input) : readPublicKey(option, input);
  const fitting = algorithms.filter(
    (algorithm) =>
      (jwk?.alg === undefined || jwk.alg === algorithm) && ALGORITHMS[algorithm].supports(key),
  );
  fitting.filter(isHmac).forEach((algorithm) => requireLength(option, key, algorithm));
  const weakness = findWeakness(key);
  if (weakness !== undefined) {
    throw keyError(option, `is ${weakness}`);
  }
  const kid = typeof jwk?.kid === 'string' ? jwk.kid : undefined;
  return { kid, key, algorithms: new Set(fitting) };
}

/**
 * Whether a member of a JWK Set has a type, curve and form that Node supports. Others are skipped
 * (RFC 7517 §5).
 */
export const isKnown = (jwk: Jwk): boolean =>
  jwk.kty === 'oct' || types.isCryptoKey(jwk) || succeeds(() => createPublicKey(jwkInput(jwk)));

export const isJwk = (input: KeyInput): input is Jwk =>
  typeof input === 'object' && !(input instanceof Uint8Array) && !(input instanceof KeyObject);

function requireLength(option: string, key: KeyObject, algorithm: Algorithm): void {
  const bytes = Number(algorithm.slice(2)) / 8;
  if ((key.symmetricKeySize ?? 0) < bytes) {
    throw keyError(
      option,
      `is a secret of fewer than ${bytes} bytes; ${algorithm} requires at least ${bytes} (RFC 7518 §3.2)`,
    );
  }
}

function readPublicKey(option: string, input: KeyInput): KeyObject {
  if (isPrivate(input)) {
    throw keyError(option, 'is a private key; pass the public key');
  }
  if (input instanceof KeyObject) {
    if (input.type === 'public') {
      return input;
    }
    throw keyError(option, 'is a secret; RS, PS, ES and EdDSA require a public key');
  }
  try {
    return isJwk(input) ? createPublicKey(jwkInput(input)) : createPublicKey(Buffer.from(input));
  } catch (cause) {
    throw keyError(option, `is not a public key: ${explainInput(input)}`, { cause });
  }
}

function explainInput(input: Exclude<KeyInput, KeyObject>): string {
  const explanation = isJwk(input) ? undefined : explainKeyText(toText(input));
  return explanation ?? 'pass a PEM, a JWK or a KeyObject';
}

const toText = (input: string | Uint8Array): string => Buffer.from(input).toString('latin1');

function isPrivate(input: KeyInput): boolean {
  if (input instanceof KeyObject) {
    return input.type === 'private';
  }
  return isJwk(input) ? 'd' in input : /-----BEGIN [A-Z ]*PRIVATE KEY/.test(toText(input));
}

/**
 * Reads the secret of an HMAC. A public key must not be used as one, because then anyone could sign
 * (algorithm confusion, RFC 8725 §2.1).
 */
function readSecret(option: string, input: KeyInput): KeyObject {
  const bytes = secretBytes(input);
  if (!bytes || isKeyMaterial(bytes)) {
    throw keyError(
      option,
      'is a public or private key; HS algorithms require a secret that only the issuer and this API know',
    );
  }
  return createSecretKey(bytes);
}

function secretBytes(input: KeyInput): Buffer | undefined {
  if (input instanceof KeyObject) {
    return input.type === 'secret' ? input.export() : undefined;
  }
  if (!isJwk(input)) {
    return Buffer.from(input);
  }
  return input.kty === 'oct' && typeof input.k === 'string'
    ? Buffer.from(input.k, 'base64url')
    : undefined;
}

function isKeyMaterial(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  if (/-----BEGIN|"kty"/.test(text)) {
    return true;
  }
  const encodings = [bytes, Buffer.from(text, 'base64'), Buffer.from(text, 'hex')];
  return encodings.some(isDerKey);
}

const isDerKey = (der: Buffer): boolean =>
  succeeds(() => createPublicKey({ key: der, format: 'der', type: 'spki' })) ||
  succeeds(() => createPublicKey({ key: der, format: 'der', type: 'pkcs1' })) ||
  succeeds(() => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })) ||
  succeeds(() => new X509Certificate(der));

function succeeds(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

/** A fetched key may have members of any type. */
function mayVerify({ use, key_ops: operations }: Jwk): boolean {
  const isForSignatures = use === undefined || use === 'sig';
  const allowsVerify =
    operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
  return isForSignatures && allowsVerify;
}
