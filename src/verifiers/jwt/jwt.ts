import type { Credential } from '../../credential/credential';
import { aDuration, aListOf, aText, checkOptions, must, z } from '../../options';
import { isPromise } from '../../promises';
import type { Verification, Verifier } from '../verifier';
import { bareType, expiryOf, judgeClaims, scopesOf, type ClaimsPolicy } from './claims';
import { readCompactJws, type CompactJws } from './compact';
import { keySet, singleKey, type JwkSet, type KeyInput } from './keys';
import { ALGORITHMS, isSignedBy, type Algorithm } from './signature';

export interface JwtOptions {
  /** Exactly what `iss` says; a list where one service signs under several names. */
  readonly issuer: string | readonly string[];
  /** What `aud` must name: this API. One of a list is enough. */
  readonly audience: string | readonly string[];
  /** Algorithms that may have signed. HS is never mixed with others. */
  readonly algorithms: readonly Algorithm[];
  /** A PEM public key or certificate, a JWK, a `KeyObject`, or the secret of an HS algorithm. */
  readonly key?: KeyInput;
  /** Several keys, chosen by `kid`. */
  readonly jwks?: JwkSet;
  /** Asks for all that RFC 9068 §2.2 requires: `typ` `at+jwt`, `sub`, `client_id`, `iat`, `jti`. */
  readonly profile?: 'rfc9068';
  /** `typ` header values to accept; `at+jwt`, `JWT` and none by default. */
  readonly typ?: string | readonly string[];
  /** Claims that must be there beside `exp`, `iss`, `aud` and a subject. */
  readonly requiredClaims?: readonly string[];
  /** Claim that holds the scopes, a string or an array: `scope`, else `scp`, by default; `permissions` for some issuers. */
  readonly scopeClaim?: string;
  /** How far the issuer's clock may be off, up to 300 000 ms; 0 by default. */
  readonly clockToleranceMs?: number;
  /** Names it in principals and decisions; `'jwt'` by default. */
  readonly name?: string;
}

const MAX_TOLERANCE_MS = 300_000;
const CARRIERS = ['bearer', 'dpop'];
const RFC9068_CLAIMS = ['sub', 'client_id', 'iat', 'jti'];

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const aTextOrList = must(
  'a non-empty string or a non-empty list of them',
  (value) => isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText)),
);
const isTypes = (value: unknown): boolean =>
  [value].flat().length > 0 && [value].flat().every((one) => isText(one) && bareType(one as string) !== '');
const isAlgorithm = (value: unknown): boolean => typeof value === 'string' && Object.hasOwn(ALGORITHMS, value);
const isHmac = (algorithm: unknown): boolean => String(algorithm).startsWith('HS');

const optionsSchema = z
  .strictObject({
    issuer: aTextOrList,
    audience: aTextOrList,
    algorithms: aListOf(`algorithms of ${Object.keys(ALGORITHMS).join(', ')}`, isAlgorithm),
    key: must(
      'a PEM, a JWK, a KeyObject or a secret',
      (value) => isText(value) || (typeof value === 'object' && value !== null),
    ).optional(),
    jwks: must(
      'a JWK Set: { keys: [ … ] }',
      (value) =>
        Array.isArray((value as JwkSet | null)?.keys) && (value as JwkSet).keys.every((key) => typeof key === 'object' && key !== null),
    ).optional(),
    profile: z.literal('rfc9068', { error: 'must be "rfc9068"' }).optional(),
    typ: must('a media type, such as "at+jwt", or a non-empty list of them', isTypes).optional(),
    requiredClaims: aListOf('names of claims', isText).optional(),
    scopeClaim: aText.optional(),
    clockToleranceMs: aDuration(0, MAX_TOLERANCE_MS).optional(),
    name: aText.optional(),
  })
  .refine(({ key, jwks }) => (key === undefined) !== (jwks === undefined), { error: 'give one of "key" and "jwks"' })
  .refine(({ algorithms }) => algorithms.every(isHmac) || !algorithms.some(isHmac), {
    path: ['algorithms'],
    error: 'must not mix HS with RS, PS, ES or EdDSA: a public key could pass for a secret (RFC 8725 §2.1)',
  });

/**
 * JWT access tokens of one issuer, from `Authorization`: signature first, then time, issuer, audience and type.
 * Several issuers stand side by side as several verifiers.
 *
 * @example
 * jwt({ issuer: 'https://osir.com', audience: 'https://api.osir.com', algorithms: ['RS256'], key: publicKeyPem })
 * @throws TypeError for a wrong, misspelt or unsafe option or key
 */
export function jwt(options: JwtOptions): Verifier {
  checkOptions('jwt()', optionsSchema, options);
  const { name = 'jwt', algorithms, key, jwks } = options;
  const policy = claimsPolicy(options);
  const keys = key === undefined ? keySet(jwks as JwkSet, algorithms) : singleKey(key, algorithms);

  const judge = (jws: CompactJws): Verification => {
    const reason = judgeClaims(jws, policy, Date.now());
    return reason ? { ok: false, reason } : accept(jws, policy, name);
  };

  return {
    name,
    examples: [...policy.issuers].map((iss) => ({ carrier: 'bearer', token: exampleOf(iss) })),
    accepts({ carrier, token }: Credential) {
      if (!CARRIERS.includes(carrier) || token.split('.').length !== 3) return false;
      const jws = readCompactJws(token);
      // What cannot be read names no issuer: whoever takes JWTs may say that it is malformed.
      return jws === undefined || policy.issuers.has(jws.payload.iss as string);
    },
    verify({ token }) {
      const jws = readCompactJws(token);
      const algorithm = jws?.header.alg as Algorithm;
      if (!jws || !isPlainHeader(jws.header)) return { ok: false, reason: 'malformed' };
      const candidates = keys.candidates(algorithm, jws.header.kid as string | undefined);
      const verdicts = candidates.map((candidate) => isSignedBy(token, algorithm, candidate.key));
      const settle = (signed: readonly boolean[]): Verification =>
        signed.includes(true) ? judge(jws) : { ok: false, reason: 'bad_signature' };
      return verdicts.some(isPromise) ? Promise.all(verdicts.map(async (verdict) => verdict)).then(settle) : settle(verdicts as boolean[]);
    },
  };
}

function claimsPolicy(options: JwtOptions): ClaimsPolicy {
  const rfc9068 = options.profile === 'rfc9068';
  return {
    issuers: new Set(listOf(options.issuer)),
    audiences: new Set(listOf(options.audience)),
    types: new Set(options.typ === undefined ? (rfc9068 ? ['at+jwt'] : ['at+jwt', 'jwt', '']) : listOf(options.typ).map(bareType)),
    requiredClaims: [...(rfc9068 ? RFC9068_CLAIMS : []), ...(options.requiredClaims ?? [])],
    scopeClaims: options.scopeClaim === undefined ? ['scope', 'scp'] : [options.scopeClaim],
    toleranceMs: options.clockToleranceMs ?? 0,
  };
}

/** `crit`, `b64` and `zip` change what was signed, and keys that a token brings along prove nothing (RFC 8725 §3.10). */
const FORBIDDEN_HEADERS = ['crit', 'b64', 'zip', 'enc', 'jku', 'jwk', 'x5u', 'x5c'];
const MAX_KID_LENGTH = 256;

function isPlainHeader(header: CompactJws['header']): boolean {
  const { kid } = header;
  return (
    (kid === undefined || (typeof kid === 'string' && kid.length <= MAX_KID_LENGTH)) &&
    !FORBIDDEN_HEADERS.some((name) => Object.hasOwn(header, name))
  );
}

function accept({ payload }: CompactJws, policy: ClaimsPolicy, verifier: string): Verification {
  const {
    iss,
    sub,
    client_id: clientId,
    jti,
    iat,
    exp,
    cnf,
  } = payload as { iss: string; sub?: string; client_id?: string; jti?: string; iat?: number; exp: number; cnf?: Record<string, unknown> };
  return {
    ok: true,
    until: expiryOf(payload, policy),
    // However often it is proven, it is as old as it was issued: a revocation since then stands.
    asOf: (iat ?? 0) * 1000,
    ...(cnf && { confirmation: cnf }),
    principal: {
      kind: 'access_token',
      verifier,
      subject: (sub ?? clientId) as string,
      issuer: iss,
      ...(clientId !== undefined && { clientId }),
      ...(jti !== undefined && { credentialId: jti }),
      scopes: scopesOf(payload, policy.scopeClaims) ?? [],
      expiresAt: exp * 1000,
      claims: payload,
    },
  };
}

function exampleOf(iss: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ iss })}.AAAA`;
}

const listOf = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);
