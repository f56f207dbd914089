import { codedError, typeError } from '../../internal/errors';
import { createPrivateKey, createPublicKey, createSecretKey, KeyObject, X509Certificate } from 'node:crypto';
import { types } from 'node:util';
import { placeOf, type JsonObject } from '../issuer/fetch';
import { jwkInput, type Jwk } from '../jwk';
import { ALGORITHMS, type Algorithm } from './signature';

/** A PEM public key or certificate, a JWK, a `KeyObject`, or the secret of an HS algorithm as text or bytes. */
export type KeyInput = string | Uint8Array | KeyObject | Jwk;

/** A JWK Set (RFC 7517 §5). */
export interface JwkSet {
  readonly keys: readonly Jwk[];
}

/** A key that is ready to verify, and for which algorithms. */
export interface VerificationKey {
  readonly kid: string | undefined;
  readonly key: KeyObject;
  readonly algorithms: ReadonlySet<Algorithm>;
}

/** Keys by what a token's header says of them. A rejection means that they could not be had. */
export interface KeySource {
  /** Keys that may have signed a token of this `alg` and `kid`. */
  candidates(algorithm: Algorithm, kid: string | undefined): readonly VerificationKey[] | Promise<readonly VerificationKey[]>;
  /** Candidates that came since those that were tried in vain; not there where keys stay as they are. */
  newer?(
    algorithm: Algorithm,
    kid: string | undefined,
    tried: readonly VerificationKey[],
  ): readonly VerificationKey[] | Promise<readonly VerificationKey[]>;
}

/** Keys that are here. */
export interface KeySet extends KeySource {
  candidates(algorithm: Algorithm, kid: string | undefined): readonly VerificationKey[];
}

const WHERE = 'jwt()';
const MIN_RSA_BITS = 2048;

/** One key, whatever `kid` a token names, unless the key has one itself. */
export function singleKey(input: KeyInput, algorithms: readonly Algorithm[]): KeySet {
  const key = readKey('key', input, algorithms);
  if (!key)
    throw typeError(
      'ERR_LATCHKEY_KEY',
      `${WHERE}: option "key" cannot verify ${algorithms.join(', ')}: its "use", "key_ops" or "alg" says it is for something else`,
    );
  const unfit = algorithms.filter((algorithm) => !key.algorithms.has(algorithm));
  if (unfit.length > 0)
    throw typeError(
      'ERR_LATCHKEY_KEY',
      `${WHERE}: option "key" does not fit the algorithm ${unfit.join(', ')}; one key, one kind of algorithm`,
    );
  return setOf([key]);
}

/** The keys of a set that can verify. Providers publish others beside them, which are passed over (RFC 7517 §5). */
export function keySet(set: JwkSet, algorithms: readonly Algorithm[]): KeySet {
  const keys = set.keys.flatMap((jwk, index) => {
    const key = isKnown(jwk) ? readKey(`jwks.keys.${index}`, jwk, algorithms) : undefined;
    return key && key.algorithms.size > 0 ? [key] : [];
  });
  if (keys.length === 0) throw typeError('ERR_LATCHKEY_KEY', `${WHERE}: option "jwks" holds no key that verifies ${algorithms.join(', ')}`);
  return setOf(keys);
}

/** The keys of a set that came over the network: whatever cannot verify safely is passed over. An Error for what is no JWK Set. */
export function fetchedKeys(url: string, { keys }: JsonObject, algorithms: readonly Algorithm[]): KeySet {
  if (!Array.isArray(keys)) throw codedError('ERR_LATCHKEY_ISSUER', `${placeOf(url)} answered something that is no JWK Set (RFC 7517 §5)`);
  return setOf(
    keys.flatMap((jwk: unknown) => {
      if (typeof jwk !== 'object' || jwk === null) return [];
      try {
        const key = readKey('jwksUri', jwk, algorithms);
        return key && key.algorithms.size > 0 ? [key] : [];
      } catch {
        return [];
      }
    }),
  );
}

function setOf(keys: readonly VerificationKey[]): KeySet {
  const fits = (key: VerificationKey, algorithm: Algorithm) => key.algorithms.has(algorithm);
  return {
    candidates: (algorithm, kid) =>
      keys.filter((key) => fits(key, algorithm) && (kid === undefined || key.kid === undefined || key.kid === kid)),
  };
}

/** Undefined for a key that says of itself that it is for something else; a TypeError for one that is unsafe. */
function readKey(option: string, input: KeyInput, algorithms: readonly Algorithm[]): VerificationKey | undefined {
  if (types.isCryptoKey(input))
    throw typeError('ERR_LATCHKEY_KEY', `${WHERE}: option "${option}" is a CryptoKey; give it as KeyObject.from(cryptoKey)`);
  const jwk = isJwk(input) ? input : undefined;
  if (jwk && !isForVerifying(jwk)) return undefined;
  const named = algorithms.filter((algorithm) => jwk?.alg === undefined || jwk.alg === algorithm);
  const key = algorithms[0]?.startsWith('HS') ? secretKey(option, input) : publicKey(option, input);
  const fitting = named.filter((algorithm) => ALGORITHMS[algorithm].supports(key));
  if (fitting.some((algorithm) => algorithm.startsWith('HS'))) {
    for (const algorithm of fitting) requireLength(option, key, Number(algorithm.slice(2)) / 8);
  }
  const { modulusLength } = key.asymmetricKeyDetails ?? {};
  if (modulusLength !== undefined && modulusLength < MIN_RSA_BITS)
    throw typeError(
      'ERR_LATCHKEY_KEY',
      `${WHERE}: option "${option}" is an RSA key of ${modulusLength} bits; at least ${MIN_RSA_BITS} are needed (RFC 7518 §3.3)`,
    );
  return { kid: typeof jwk?.kid === 'string' ? jwk.kid : undefined, key, algorithms: new Set(fitting) };
}

function requireLength(option: string, key: KeyObject, bytes: number): void {
  if ((key.symmetricKeySize ?? 0) < bytes)
    throw typeError(
      'ERR_LATCHKEY_KEY',
      `${WHERE}: option "${option}" is a secret of fewer than ${bytes} bytes; it must be as long as the hash (RFC 7518 §3.2)`,
    );
}

function publicKey(option: string, input: KeyInput): KeyObject {
  const isPrivate = input instanceof KeyObject ? input.type === 'private' : isJwk(input) ? 'd' in input : isPem(input, /PRIVATE KEY/);
  if (isPrivate) throw typeError('ERR_LATCHKEY_KEY', `${WHERE}: option "${option}" is a private key; give the verifier the public one`);
  if (input instanceof KeyObject) {
    if (input.type === 'public') return input;
    throw typeError('ERR_LATCHKEY_KEY', `${WHERE}: option "${option}" is a secret; RS, PS, ES and EdDSA are verified with a public key`);
  }
  try {
    return isJwk(input) ? createPublicKey(jwkInput(input)) : createPublicKey(Buffer.from(input));
  } catch (cause) {
    throw typeError('ERR_LATCHKEY_KEY', `${WHERE}: option "${option}" is not a public key: a PEM, a JWK or a KeyObject is wanted`, {
      cause,
    });
  }
}

/** The secret of an HMAC. A public key in its place is the algorithm confusion of RFC 8725 §2.1: anyone could sign. */
function secretKey(option: string, input: KeyInput): KeyObject {
  const bytes = secretBytes(input);
  if (!bytes || isKeyMaterial(bytes))
    throw typeError(
      'ERR_LATCHKEY_KEY',
      `${WHERE}: option "${option}" is a public or private key; HS algorithms need a secret that only the issuer and this API know`,
    );
  return createSecretKey(bytes);
}

function secretBytes(input: KeyInput): Buffer | undefined {
  if (input instanceof KeyObject) return input.type === 'secret' ? input.export() : undefined;
  if (!isJwk(input)) return Buffer.from(input);
  return input.kty === 'oct' && typeof input.k === 'string' ? Buffer.from(input.k, 'base64url') : undefined;
}

function isKeyMaterial(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  if (/-----BEGIN|"kty"/.test(text)) return true;
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

/** Key types, curves and forms that nobody here knows are passed over in a set (RFC 7517 §5). */
const isKnown = (jwk: Jwk): boolean => jwk.kty === 'oct' || types.isCryptoKey(jwk) || succeeds(() => createPublicKey(jwkInput(jwk)));

function isForVerifying(jwk: Jwk): boolean {
  const { use, key_ops: operations } = jwk as { use?: unknown; key_ops?: unknown };
  return (use === undefined || use === 'sig') && (operations === undefined || (Array.isArray(operations) && operations.includes('verify')));
}

const isJwk = (input: KeyInput): input is Jwk =>
  typeof input === 'object' && !(input instanceof Uint8Array) && !(input instanceof KeyObject);
const isPem = (input: string | Uint8Array, label: RegExp): boolean =>
  new RegExp(`-----BEGIN [A-Z ]*${label.source}`).test(Buffer.from(input).toString('latin1'));
