import type { JsonWebKeyInput } from 'node:crypto';

/**
 * A JSON Web Key (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2), as `KeyObject.export()`, Web Crypto and
 * jose give it.
 */
export interface Jwk {
  readonly kty?: string | undefined;
  readonly use?: string | undefined;
  readonly key_ops?: readonly string[] | undefined;
  readonly alg?: string | undefined;
  readonly ext?: boolean | undefined;
  readonly kid?: string | undefined;
  readonly x5u?: string | undefined;
  readonly x5c?: readonly string[] | undefined;
  readonly x5t?: string | undefined;
  readonly 'x5t#S256'?: string | undefined;
  readonly crv?: string | undefined;
  readonly x?: string | undefined;
  readonly y?: string | undefined;
  readonly n?: string | undefined;
  readonly e?: string | undefined;
  readonly d?: string | undefined;
  readonly p?: string | undefined;
  readonly q?: string | undefined;
  readonly dp?: string | undefined;
  readonly dq?: string | undefined;
  readonly qi?: string | undefined;
  readonly oth?: readonly object[] | undefined;
  readonly k?: string | undefined;
}

/**
 * A JWK for `createPublicKey()` and `createPrivateKey()`, whose own type of it has moved from one
 * release of `@types/node` to another.
 */
export const jwkInput = (key: Jwk): JsonWebKeyInput => ({ key, format: 'jwk' }) as JsonWebKeyInput;
