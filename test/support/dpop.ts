import {
  createHash,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');

export interface ClientKey {
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly jwk: JsonWebKey;
  /** RFC 7638, written down by hand: what `cnf.jkt` of a token says. */
  readonly jkt: string;
}

const PAIRS: Readonly<
  Record<string, () => { readonly publicKey: KeyObject; readonly privateKey: KeyObject }>
> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  Ed25519: () => generateKeyPairSync('ed25519'),
};

/** A client's key pair for proofs. */
export function clientKey(
  alg = 'ES256',
  { publicKey, privateKey } = (PAIRS[alg] as (typeof PAIRS)[string])(),
): ClientKey {
  const jwk = publicKey.export({ format: 'jwk' });
  const { crv, kty, x, y, e, n } = jwk;
  const members = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y };
  return { alg, privateKey, jwk, jkt: sha256(JSON.stringify(members)) };
}

/** A signature over whatever stands there, by the algorithm of JWS. */
export function signed(input: string, alg: string, key: KeyObject): string {
  const data = Buffer.from(input);
  if (alg.startsWith('Ed')) {
    return sign(null, data, key).toString('base64url');
  }
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith('ES')) {
    return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');
  }
  if (alg.startsWith('PS')) {
    return sign(hash, data, { key, padding: 6, saltLength: Number(alg.slice(2)) / 8 }).toString(
      'base64url',
    );
  }
  return sign(hash, data, key).toString('base64url');
}

export interface ProofParts {
  readonly key: ClientKey;
  readonly token: string;
  readonly method?: string;
  readonly url?: string;
  readonly header?: object;
  readonly claims?: object;
  /** Who signs, where it is not the owner of the key that the header shows. */
  readonly signer?: KeyObject;
}

/**
 * A proof as a good client makes it, but for what is told otherwise; a member that is undefined is
 * left out.
 */
export function proofOf({
  key,
  token,
  method = 'GET',
  url = 'http://api.example.com/',
  header,
  claims,
  signer = key.privateKey,
}: ProofParts) {
  const head = { typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...header };
  const body = {
    jti: randomUUID(),
    htm: method,
    htu: url,
    iat: Math.floor(Date.now() / 1_000),
    ath: sha256(token),
    ...claims,
  };
  const input = `${part(head)}.${part(body)}`;
  return `${input}.${signed(input, key.alg, signer)}`;
}
