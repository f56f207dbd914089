import type { JsonWebKeyInput } from 'node:crypto';

/**
 * A JSON Web Key, as `KeyObject.export()`, Web Crypto and jose return it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-4
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-6
 */
export interface Jwk {
  /** Key type: `RSA`, `EC`, `OKP` or `oct`. */
  readonly kty?: string | undefined;
  /** Intended use: `sig` or `enc`. */
  readonly use?: string | undefined;
  /** Intended operations, such as `verify`. */
  readonly key_ops?: readonly string[] | undefined;
  /** The only algorithm that the key may be used with. */
  readonly alg?: string | undefined;
  /** Whether Web Crypto may export the key. */
  readonly ext?: boolean | undefined;
  /** Key ID. */
  readonly kid?: string | undefined;
  /** URL of an X.509 certificate. */
  readonly x5u?: string | undefined;
  /** X.509 certificate chain, in base64. */
  readonly x5c?: readonly string[] | undefined;
  /** SHA-1 thumbprint of the certificate, in base64url. */
  readonly x5t?: string | undefined;
  /** SHA-256 thumbprint of the certificate, in base64url. */
  readonly 'x5t#S256'?: string | undefined;
  /** Curve of an EC or OKP key. */
  readonly crv?: string | undefined;
  /** Public key of an OKP key, or the x coordinate of an EC key, in base64url. */
  readonly x?: string | undefined;
  /** The y coordinate of an EC key, in base64url. */
  readonly y?: string | undefined;
  /** Modulus of an RSA key, in base64url. */
  readonly n?: string | undefined;
  /** Public exponent of an RSA key, in base64url. */
  readonly e?: string | undefined;
  /** Private key, or private exponent of an RSA key, in base64url. */
  readonly d?: string | undefined;
  /** First prime factor of an RSA key. */
  readonly p?: string | undefined;
  /** Second prime factor of an RSA key. */
  readonly q?: string | undefined;
  /** First factor CRT exponent of an RSA key. */
  readonly dp?: string | undefined;
  /** Second factor CRT exponent of an RSA key. */
  readonly dq?: string | undefined;
  /** First CRT coefficient of an RSA key. */
  readonly qi?: string | undefined;
  /** Further prime factors of an RSA key. */
  readonly oth?: readonly object[] | undefined;
  /** Symmetric key, in base64url. */
  readonly k?: string | undefined;
}

/**
 * Returns the argument of `createPublicKey()` and `createPrivateKey()` for a JWK. The type of a JWK
 * differs between releases of `@types/node`.
 */
export const jwkInput = (key: Jwk): JsonWebKeyInput => ({ key, format: 'jwk' }) as JsonWebKeyInput;
