import type { Credential } from '../../credential/credential';
import { andThen, isPromise } from '../../internal/promises';
import { AUTHORIZATION, type Verification, type Verifier } from '../verifier';
import { bareType, expiryOf, isText, validateClaims, ownOf, scopesOf, type ClaimsPolicy } from './claims';
import { jwsOf, type CompactJws } from './parse-jws';
import { issuersOf, type Issuers } from './issuers';
import { checkJwtOptions, type JwtOptions } from './jwt-options';
import type { KeySource, VerificationKey } from './keys';
import { revoking, type RevocableVerifier, type RevocationStore, type Revoking } from './jwt-revocations';
import { verifySignature, loadJsonwebtoken, type Algorithm } from './signature';
import { exampleOfPattern, isPattern } from './issuer-pattern';

const DAY_MS = 86_400_000;
const RFC9068_CLAIMS = ['sub', 'client_id', 'iat', 'jti'];

/**
 * JWT access tokens of an issuer, from `Authorization`: signature first, then time, issuer, audience and type.
 * The issuer's keys are found by its URL when the first token comes, unless they are given. Several issuers stand side by side as
 * several verifiers.
 *
 * @example
 * jwt({ issuer: 'https://osir.com', audience: 'https://api.osir.com' })
 * jwt({ issuer: 'https://osir.com', audience: 'https://api.osir.com', algorithms: ['RS256'], key: publicKeyPem })
 * @throws TypeError for a wrong, misspelt or unsafe option or key
 */
export function jwt(options: JwtOptions & { readonly revocations: RevocationStore }): RevocableVerifier;
export function jwt(options: JwtOptions): Verifier;
export function jwt(options: JwtOptions): Verifier {
  checkJwtOptions(options);
  const { name = 'jwt' } = options;
  const issuers = issuersOf(options);
  const policy = claimsPolicy(options, issuers);

  const revocations = revocationsOf(options, policy);
  // For the first token; if it cannot be had, that one's verification says why.
  loadJsonwebtoken().catch(() => {});

  const judge = (jws: CompactJws): Verification | Promise<Verification> => {
    const reason = validateClaims(jws, policy, Date.now());
    if (reason) return { ok: false, reason };
    const scopes = scopesOf(jws.payload, policy.scopeClaims);
    if (!scopes) return { ok: false, reason: 'bad_claim' };
    const accepted = accept(jws, scopes, policy, name);
    return revocations ? revocations.check(accepted) : accepted;
  };

  return {
    name,
    samples: exampleIssuers(options.issuer).map((iss) => ({ extractor: 'bearer', token: exampleOf(iss) })),
    accepts(credential: Credential) {
      if (!AUTHORIZATION.includes(credential.extractor)) return false;
      const jws = jwsOf(credential);
      // What has the parts of one and cannot be read names no issuer: whoever takes JWTs may say that it is malformed.
      return jws ? issuers.has(jws.payload.iss) : credential.token.split('.').length === 3;
    },
    verify(credential) {
      const { token } = credential;
      const jws = jwsOf(credential);
      const algorithm = jws?.header.alg as Algorithm;
      if (!jws || !isPlainHeader(jws.header)) return { ok: false, reason: 'malformed' };
      const keys = issuers.keysOf(jws.payload.iss);
      if (!keys) return { ok: false, reason: 'bad_issuer' };
      const signed = isSignedByIssuer(token, algorithm, jws.header.kid as string | undefined, keys);
      return andThen(signed, (good) => (good ? judge(jws) : { ok: false, reason: 'bad_signature' }));
    },
    close: () => issuers.close(),
    ...(revocations && { revoke: revocations.revoke, subscribe: revocations.subscribe }),
  };
}

function revocationsOf({ issuer, revocations }: JwtOptions, policy: ClaimsPolicy): Revoking | undefined {
  const { issuers, maxLifetimeMs, toleranceMs } = policy;
  const only = [issuer].flat().find((one) => typeof one === 'string' && !isPattern(one)) as string | undefined;
  const named = [issuer].flat().length === 1 ? only : undefined;
  return revocations && revoking(revocations, named, maxLifetimeMs as number, toleranceMs, (iss) => issuers.has(iss));
}

/** A new key may have no name, or that of the old one: then it shows by a signature that is of no known key. */
const isSignedByIssuer = (token: string, algorithm: Algorithm, kid: string | undefined, keys: KeySource): boolean | Promise<boolean> =>
  andThen(keys.candidates(algorithm, kid), (found) =>
    andThen(isSignedByOne(token, algorithm, found), (good) =>
      good || found.length === 0 || !keys.newer
        ? good
        : andThen(keys.newer(algorithm, kid, found), (newer) => isSignedByOne(token, algorithm, newer)),
    ),
  );

function isSignedByOne(token: string, algorithm: Algorithm, keys: readonly VerificationKey[]): boolean | Promise<boolean> {
  const verdicts = keys.map(({ key }) => verifySignature(token, algorithm, key));
  return verdicts.some(isPromise)
    ? Promise.all(verdicts.map(async (verdict) => verdict)).then((signed) => signed.includes(true))
    : verdicts.includes(true);
}

function claimsPolicy(options: JwtOptions, issuers: Issuers): ClaimsPolicy {
  const rfc9068 = options.profile === 'rfc9068';
  return {
    issuers,
    audiences: new Set(listOf(options.audience)),
    types: new Set(options.typ === undefined ? (rfc9068 ? ['at+jwt'] : ['at+jwt', 'jwt', '']) : listOf(options.typ).map(bareType)),
    requiredClaims: [...(rfc9068 ? RFC9068_CLAIMS : []), ...(options.requiredClaims ?? [])],
    claimValues: new Map(Object.entries(options.claims ?? {}).map(([name, values]) => [name, new Set([values].flat())])),
    audienceClaim: options.audienceClaim ?? 'aud',
    clientIdClaim: options.clientIdClaim ?? 'client_id',
    scopeClaims: listOf(options.scopeClaim ?? ['scope', 'scp']),
    toleranceMs: options.clockToleranceMs ?? 0,
    maxLifetimeMs: options.revocations && (options.maxLifetimeMs ?? DAY_MS),
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

function accept({ payload }: CompactJws, scopes: readonly string[], policy: ClaimsPolicy, verifier: string): Verification & { ok: true } {
  const {
    iss,
    sub,
    jti,
    iat,
    exp,
    cnf,
    grant_id: grantId,
  } = payload as {
    iss: string;
    sub?: string;
    jti?: string;
    iat?: number;
    exp: number;
    cnf?: Record<string, unknown>;
    grant_id?: unknown;
  };
  const clientId = ownOf(payload, policy.clientIdClaim) as string | undefined;
  return {
    ok: true,
    expiresAt: expiryOf(payload, policy),
    // However often it is proven, it is as old as it was issued: a revocation since then stands.
    issuedAt: (iat ?? 0) * 1000,
    ...(cnf && { confirmation: cnf }),
    // No registered claim: of another issuer it may be anything.
    ...(isText(grantId) && { grantId }),
    principal: {
      kind: 'access_token',
      verifier,
      subject: (sub ?? clientId) as string,
      issuer: iss,
      ...(clientId !== undefined && { clientId }),
      ...(jti !== undefined && { credentialId: jti }),
      scopes,
      expiresAt: exp * 1000,
      claims: payload,
    },
  };
}

const exampleIssuers = (issuer: JwtOptions['issuer']): readonly string[] =>
  typeof issuer === 'function' ? [] : listOf(issuer).map(exampleOfPattern);

function exampleOf(iss: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ iss })}.AAAA`;
}

const listOf = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);
