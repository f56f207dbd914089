import {
  constants,
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';

import { type Algorithm, jwt, type JwtOptions, type Reason, type Verifier } from 'latchkey';

export const ISSUER = 'https://osir.com';
export const AUDIENCE = 'https://api.osir.com';
/** A whole second, so that the edges of a token's time fall on whole milliseconds. */
export const NOW = Math.floor(Date.now() / 1000) * 1000;

const secret = createSecretKey(randomBytes(64));
const hmac = { privateKey: secret, publicKey: secret };
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });

/**
 * What signs and what verifies, by algorithm. RS and PS share a key, so that nothing but the
 * algorithm can part them.
 */
export const PAIRS: Readonly<
  Record<Algorithm, { readonly privateKey: KeyObject; readonly publicKey: KeyObject }>
> = {
  HS256: hmac,
  HS384: hmac,
  HS512: hmac,
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
  ES256: ec('P-256'),
  ES384: ec('P-384'),
  ES512: ec('P-521'),
  EdDSA: ed25519,
  Ed25519: ed25519,
};
export const ALGORITHMS = Object.keys(PAIRS) as Algorithm[];

/** Text and bytes as they are, anything else as JSON. */
export const part = (value: unknown): string =>
  Buffer.from(
    typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value),
  ).toString('base64url');

/** A signature as RFC 7518 §3 and RFC 8037 §3.1 define it, by node:crypto alone. */
export function signatureOf(
  input: string,
  algorithm: Algorithm = 'HS256',
  key: KeyObject = PAIRS[algorithm].privateKey,
): Buffer {
  const hash = `sha${algorithm.slice(2)}`;
  const data = Buffer.from(input);
  switch (algorithm.slice(0, 2)) {
    case 'HS':
      return createHmac(hash, key).update(data).digest();
    case 'RS':
      return sign(hash, data, key);
    case 'PS':
      return sign(hash, data, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
    case 'ES':
      return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
    default:
      return sign(null, data, key);
  }
}

/**
 * Signs header and payload as they are spelt, so that a token can be odd in everything but its
 * signature.
 */
export const seal = (
  header: string,
  payload: string,
  algorithm?: Algorithm,
  key?: KeyObject,
): string => `${header}.${payload}.${part(signatureOf(`${header}.${payload}`, algorithm, key))}`;

/** Claims that are good for ten minutes. One that is undefined is left out. */
export const claimsOf = (claims: object = {}): object => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'acct_42',
  exp: NOW / 1000 + 600,
  ...claims,
});

export const tokenOf = (
  claims: object = {},
  header: object = {},
  algorithm: Algorithm = 'HS256',
  key?: KeyObject,
): string => seal(part({ alg: algorithm, ...header }), part(claimsOf(claims)), algorithm, key);

/** A verifier of `algorithm` by its key in `PAIRS`, unless the options bring keys of their own. */
export const verifierOf = (options: Partial<JwtOptions> = {}): Verifier => {
  const { algorithms = ['HS256'] } = options;
  const key = options.jwks === undefined && { key: PAIRS[algorithms[0] as Algorithm].publicKey };
  return jwt({ issuer: ISSUER, audience: AUDIENCE, algorithms, ...key, ...options });
};

/** What a verifier says of a token that came as bearer: the reason, or that it is good. */
export async function verdict(
  token: string,
  verifier: Verifier = verifierOf(),
): Promise<'good' | Reason> {
  const verification = await verifier.verify({ extractor: 'bearer', token });
  return verification.ok ? 'good' : verification.reason;
}

/** What a function throws. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
