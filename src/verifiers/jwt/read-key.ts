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
import { type Algorithm, ALGORITHMS } from './signature';

/**
 * A PEM public key or certificate, a JWK, a `KeyObject`, or the secret of an HS algorithm as text
 * or bytes.
 */
export type KeyInput = string | Uint8Array | KeyObject | Jwk;

/** A key that is ready to verify, and for which algorithms. */
export interface VerificationKey {
  readonly kid: string | undefined;
  readonly key: KeyObject;
  readonly algorithms: ReadonlySet<Algorithm>;
}

/**
 * Creates the TypeError for a key that cannot be used. `fault` completes a sentence that begins
 * with the option.
 */
export const keyError = (option: string, fault: string, options?: ErrorOptions): TypeError =>
  typeError('ERR_LATCHKEY_KEY', `jwt(): option "${option}" ${fault}`, options);

/**
 * Reads a key for some algorithms. Returns undefined for a key that its own `use` or `key_ops`
 * reserves for something else.
 *
 * @param option - names the key in error messages
 * @throws TypeError (`ERR_LATCHKEY_KEY`) for a key that is unsafe, private, or not a key
 */
export function readKey(
  option: string,
  input: KeyInput,
  algorithms: readonly Algorithm[],
): VerificationKey | undefined {
  if (types.isCryptoKey(input)) {
    throw keyError(option, 'is a CryptoKey; give it as KeyObject.from(cryptoKey)');
  }
  const jwk = isJwk(input) ? input : undefined;
  if (jwk && !isForVerifying(jwk)) {
    return undefined;
  }
  const named = algorithms.filter((algorithm) => jwk?.alg === undefined || jwk.alg === algorithm);
  const key = algorithms[0]?.startsWith('HS')
    ? readSecret(option, input)
    : readPublicKey(option, input);
  const fitting = named.filter((algorithm) => ALGORITHMS[algorithm].supports(key));
  for (const algorithm of fitting) {
    if (algorithm.startsWith('HS')) {
      requireLength(option, key, Number(algorithm.slice(2)) / 8);
    }
  }
  const weakness = findWeakness(key);
  if (weakness !== undefined) {
    throw keyError(option, `is ${weakness}`);
  }
  return {
    kid: typeof jwk?.kid === 'string' ? jwk.kid : undefined,
    key,
    algorithms: new Set(fitting),
  };
}

/**
 * Returns whether a member of a JWK Set is of a type, curve and form that is known here: others are
 * skipped (RFC 7517 §5).
 */
export const isKnown = (jwk: Jwk): boolean =>
  jwk.kty === 'oct' || types.isCryptoKey(jwk) || succeeds(() => createPublicKey(jwkInput(jwk)));

export const isJwk = (input: KeyInput): input is Jwk =>
  typeof input === 'object' && !(input instanceof Uint8Array) && !(input instanceof KeyObject);

function requireLength(option: string, key: KeyObject, bytes: number): void {
  if ((key.symmetricKeySize ?? 0) < bytes) {
    throw keyError(
      option,
      `is a secret of fewer than ${bytes} bytes; it must be as long as the hash (RFC 7518 §3.2)`,
    );
  }
}

function readPublicKey(option: string, input: KeyInput): KeyObject {
  if (isPrivate(input)) {
    throw keyError(option, 'is a private key; give the verifier the public one');
  }
  if (input instanceof KeyObject) {
    if (input.type === 'public') {
      return input;
    }
    throw keyError(option, 'is a secret; RS, PS, ES and EdDSA are verified with a public key');
  }
  try {
    return isJwk(input) ? createPublicKey(jwkInput(input)) : createPublicKey(Buffer.from(input));
  } catch (cause) {
    const why = isJwk(input) ? undefined : explainKeyText(Buffer.from(input).toString('latin1'));
    throw keyError(option, `is not a public key: ${why ?? 'pass a PEM, a JWK or a KeyObject'}`, {
      cause,
    });
  }
}

function isPrivate(input: KeyInput): boolean {
  if (input instanceof KeyObject) {
    return input.type === 'private';
  }
  return isJwk(input)
    ? 'd' in input
    : /-----BEGIN [A-Z ]*PRIVATE KEY/.test(Buffer.from(input).toString('latin1'));
}

/**
 * Reads the secret of an HMAC. A public key in its place is the algorithm confusion of RFC 8725
 * §2.1: anyone could sign.
 */
function readSecret(option: string, input: KeyInput): KeyObject {
  const bytes = secretBytes(input);
  if (!bytes || isKeyMaterial(bytes)) {
    throw keyError(
      option,
      'is a public or private key; HS algorithms need a secret that only the issuer and this API know',
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
  const readers = [
    (der: Buffer) => createPublicKey({ key: der, format: 'der', type: 'spki' }),
    (der: Buffer) => createPublicKey({ key: der, format: 'der', type: 'pkcs1' }),
    (der: Buffer) => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
    (der: Buffer) => new X509Certificate(der),
  ];
  const encodings = [bytes, Buffer.from(text, 'base64'), Buffer.from(text, 'hex')];
  return encodings.some((der) => readers.some((read) => succeeds(() => read(der))));
}

function succeeds(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

function isForVerifying(jwk: Jwk): boolean {
  const { use, key_ops: operations } = jwk as { use?: unknown; key_ops?: unknown };
  return (
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('verify')))
  );
}
