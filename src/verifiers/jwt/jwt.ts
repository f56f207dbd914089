import type { Credential } from '../../credential/credential';
import { omitUndefined } from '../../internal/objects';
import { andThen } from '../../internal/promises';
import { reject, type Rejection, rejectUnless } from '../rejection';
import { AUTHORIZATION, type Verification, type Verifier } from '../verifier';
import { toBareType } from './claim-values';
import { type ClaimsPolicy, DEFAULT_TOLERANCE_MS } from './claims';
import { fillPattern, isPattern } from './issuer-pattern';
import { isSignedByIssuer } from './issuer-signature';
import { createIssuers, type Issuers } from './issuers';
import { type ParsedJwtOptions, parseJwtOptions, toList } from './jwt-option-schema';
import type { JwtOptions } from './jwt-options';
import {
  type JwtRevocations,
  jwtRevocations,
  type RevocableVerifier,
  type RevocationStore,
} from './jwt-revocations';
import { type CompactJws, parseJws } from './parse-jws';
import { loadJsonwebtoken } from './signature';
import { type AcceptedToken, validateToken } from './validate-token';

const DAY_MS = 86_400_000;
/** What a profile requires, apart from the options. */
const PROFILES = {
  none: { types: ['at+jwt', 'jwt', ''], requiredClaims: [] },
  rfc9068: { types: ['at+jwt'], requiredClaims: ['sub', 'client_id', 'iat', 'jti'] },
};

/**
 * Creates a verifier of JWT access tokens. It verifies the signature first, then time, issuer,
 * audience and type. Unless you pass keys, they are discovered when the first token arrives.
 *
 * @param options - `issuer` and `audience` are required
 * @returns a verifier for `latchkey({ verifiers })`, with `revoke()` if you pass `revocations`
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is invalid, unknown or unsafe
 * @throws {TypeError} `ERR_LATCHKEY_KEY` if a key is unsafe or does not fit its algorithms
 * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
 *
 * @example
 * jwt({ issuer: 'https://login.example.com', audience: 'https://api.example.com' });
 * jwt({
 *   issuer: 'https://login.example.com',
 *   audience: 'https://api.example.com',
 *   algorithms: ['RS256'],
 *   key: publicKeyPem,
 * });
 */
export function jwt(
  options: JwtOptions & { readonly revocations: RevocationStore },
): RevocableVerifier;
export function jwt(options: JwtOptions): Verifier;
export function jwt(options: JwtOptions): Verifier {
  const parsed = parseJwtOptions(options);
  const { name = 'jwt', extractors = AUTHORIZATION, maxTokenLength } = parsed;
  const issuers = createIssuers(parsed);
  const policy = claimsPolicy(parsed, issuers);
  const revocations = revocationsFor(parsed, policy);
  // Starts early, for the first token. If loading fails, the verification of that token reports it.
  loadJsonwebtoken().catch(() => undefined);

  const settle = (jws: CompactJws, isSigned: boolean): Verification | Promise<Verification> => {
    const result = isSigned ? validateToken(jws, policy, name) : reject('bad_signature', UNSIGNED);
    return result.ok ? checkRevocation(result, revocations) : result;
  };

  return {
    ...omitUndefined({ maxTokenLength }),
    name,
    extractors,
    samples: sampleTokens(parsed.issuer).flatMap((token) =>
      extractors.map((extractor) => ({ extractor, token })),
    ),
    accepts: (credential) =>
      extractors.includes(credential.extractor) && isOfIssuer(credential, issuers),
    verify(credential) {
      const jws = parseJws(credential);
      if (!jws) {
        return reject('malformed', NOT_A_JWS);
      }
      const rejection = validateHeader(jws.header);
      if (rejection) {
        return rejection;
      }
      const keys = issuers.keysFor(jws.payload.iss);
      if (!keys) {
        return reject('bad_issuer', 'iss is not an accepted issuer');
      }
      const isSigned = isSignedByIssuer(credential.token, jws.header, keys);
      return andThen(isSigned, (result) => settle(jws, result));
    },
    close: () => issuers.close(),
    ...omitUndefined({ revoke: revocations?.revoke, subscribe: revocations?.subscribe }),
  };
}

const NOT_A_JWS = 'the token is not a compact JWS of two JSON objects (RFC 7515 §7.1)';
const UNSIGNED =
  'no key of the issuer fits the alg and kid of the token and verifies its signature';

/**
 * Tokens that have three parts but cannot be parsed name no issuer. Any verifier of JWTs may reject
 * them as malformed.
 */
function isOfIssuer(credential: Credential, issuers: Issuers): boolean {
  const jws = parseJws(credential);
  return jws ? issuers.has(jws.payload.iss) : credential.token.split('.').length === 3;
}

const checkRevocation = (
  accepted: AcceptedToken,
  revocations: JwtRevocations | undefined,
): Verification | Promise<Verification> =>
  revocations
    ? revocations.check(accepted)
    : { ...accepted, issuedAt: Math.min(accepted.issuedAt, Date.now()) };

function revocationsFor(
  { issuer, revocations, clockToleranceMs = 0 }: ParsedJwtOptions,
  { issuers, maxLifetimeMs = DAY_MS, toleranceMs }: ClaimsPolicy,
): JwtRevocations | undefined {
  if (!revocations) {
    return undefined;
  }
  const [only, ...others] = typeof issuer === 'function' ? [] : toList(issuer);
  const isOne = only !== undefined && others.length === 0 && !isPattern(only);
  return jwtRevocations(revocations, {
    issuer: isOne ? only : undefined,
    lifetimeMs: maxLifetimeMs,
    toleranceMs,
    skewMs: clockToleranceMs,
    isIssuer: (iss) => issuers.has(iss),
  });
}

function claimsPolicy(options: ParsedJwtOptions, issuers: Issuers): ClaimsPolicy {
  const { typ, claims = {}, revocations, maxLifetimeMs = DAY_MS, profile } = options;
  const required = PROFILES[profile ?? 'none'];
  const isMarked = typ !== undefined || Object.keys(claims).length > 0;
  return {
    issuers,
    audiences: new Set(toList(options.audience)),
    types: new Set(toList(typ ?? required.types).map(toBareType)),
    identifiesAccessTokens: profile !== undefined || isMarked,
    requiredClaims: [...required.requiredClaims, ...(options.requiredClaims ?? [])],
    claimValues: new Map(
      Object.entries(claims).map(([name, values]) => [name, new Set<unknown>([values].flat())]),
    ),
    toleranceMs: options.clockToleranceMs ?? DEFAULT_TOLERANCE_MS,
    maxLifetimeMs: revocations && maxLifetimeMs,
    ...claimNames(options),
  };
}

const claimNames = ({
  audienceClaim = 'aud',
  clientIdClaim = 'client_id',
  scopeClaim = ['scope', 'scp'],
}: ParsedJwtOptions) => ({ audienceClaim, clientIdClaim, scopeClaims: toList(scopeClaim) });

/**
 * Header members that change what is signed or how the token is read. Members that name a key
 * (`jku`, `jwk`, `x5u`, `x5c`) are ignored: only the issuer's own keys are used (RFC 8725 §3.10).
 */
const UNSUPPORTED_HEADERS = ['crit', 'b64', 'zip', 'enc'];
const MAX_KID_LENGTH = 256;

function validateHeader(header: CompactJws['header']): Rejection | undefined {
  const { kid } = header;
  const unsupported = UNSUPPORTED_HEADERS.find((name) => Object.hasOwn(header, name));
  if (unsupported !== undefined) {
    return reject('malformed', `the header has ${unsupported}, which is not supported`);
  }
  const isValid = kid === undefined || (typeof kid === 'string' && kid.length <= MAX_KID_LENGTH);
  const detail = `the header's kid is not a string of at most ${MAX_KID_LENGTH} characters`;
  return rejectUnless(isValid, 'malformed', detail);
}

/** Returns a token of each issuer. A function does not show which issuers it accepts. */
function sampleTokens(issuer: ParsedJwtOptions['issuer']): readonly string[] {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const issuers = typeof issuer === 'function' ? [] : toList(issuer).map(fillPattern);
  return issuers.map((iss) => `${encode({ alg: 'none' })}.${encode({ iss })}.AAAA`);
}
