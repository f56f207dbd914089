import { isAbsentOr, isNonEmptyString, isObject } from '../../internal/type-guards';
import { reject, type Rejection, rejectUnless } from '../rejection';
import {
  type Claims,
  isEmptyConfirmation,
  isNumericDate,
  namesAudience,
  readClaim,
  readSubject,
  toBareType,
  toMilliseconds,
} from './claim-values';
import type { CompactJws } from './parse-jws';

/** What a verifier requires of a token's header and claims. */
export interface ClaimsPolicy {
  readonly issuers: { has(iss: unknown): boolean };
  readonly audiences: ReadonlySet<string>;
  /**
   * The accepted values of the header's `typ`, in lower case and without `application/`. `''`
   * stands for no `typ`.
   */
  readonly types: ReadonlySet<string>;
  /**
   * Whether the configuration says how to recognize an access token. Then the claims of ID tokens
   * need not be rejected.
   */
  readonly identifiesAccessTokens: boolean;
  readonly requiredClaims: readonly string[];
  /** The accepted values of claims. */
  readonly claimValues: ReadonlyMap<string, ReadonlySet<unknown>>;
  /** The claim that names the audience. */
  readonly audienceClaim: string;
  /** The claim that names the client. */
  readonly clientIdClaim: string;
  /** The claims that may hold the scopes. The first one present does. */
  readonly scopeClaims: readonly string[];
  readonly toleranceMs: number;
  /** The longest accepted lifetime of a token, from `iat` to `exp`. It requires `iat`. */
  readonly maxLifetimeMs: number | undefined;
}

/** How far clocks may differ by default, in milliseconds. */
export const DEFAULT_TOLERANCE_MS = 5_000;

/**
 * Claims of an ID token (OpenID Connect Core §2), which is issued to a client and must not be
 * accepted by an API (RFC 8725 §3.11).
 */
const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash'];

type Check = (jws: CompactJws, policy: ClaimsPolicy, now: number) => Rejection | undefined;

/** Time, issuer and audience, type, then the rest. The order decides which reason is reported. */
const CHECKS: readonly Check[] = [
  checkTimes,
  checkIssuer,
  checkAudience,
  checkType,
  checkIdTokenClaims,
  checkLifetime,
  checkClaimValues,
  checkRequiredClaims,
  checkNames,
  checkSubject,
  checkConfirmation,
];

/**
 * Validates the claims of a token whose signature is valid. Scopes are read separately.
 *
 * @param now - in milliseconds since the epoch
 * @returns the rejection, or undefined if the claims are valid
 * @see https://www.rfc-editor.org/rfc/rfc7519#section-4.1
 * @see https://www.rfc-editor.org/rfc/rfc9068#section-4
 */
export function validateClaims(
  jws: CompactJws,
  policy: ClaimsPolicy,
  now: number,
): Rejection | undefined {
  for (const check of CHECKS) {
    const rejection = check(jws, policy, now);
    if (rejection) {
      return rejection;
    }
  }
  return undefined;
}

/**
 * Returns when a token expires: at `exp`, not after it (RFC 7519 §4.1.4). Milliseconds since the
 * epoch, tolerance included.
 */
export const expiryWithTolerance = ({ exp }: Claims, { toleranceMs }: ClaimsPolicy): number =>
  (toMilliseconds(exp) ?? 0) + toleranceMs;

/**
 * A future `iat` alone does not reject: the issuer's clock may be ahead, and no RFC requires it
 * (RFC 7519 §4.1.6).
 */
function checkTimes(
  { payload }: CompactJws,
  policy: ClaimsPolicy,
  now: number,
): Rejection | undefined {
  const { exp, nbf, iat } = payload;
  if (exp === undefined) {
    return reject('bad_claim', 'exp is missing');
  }
  const isValid = isAbsentOr(isNumericDate);
  const invalid = Object.entries({ exp, nbf, iat }).find(([, time]) => !isValid(time));
  if (invalid) {
    return reject('bad_claim', `${invalid[0]} is not a number of seconds since the epoch`);
  }
  if (now >= expiryWithTolerance(payload, policy)) {
    return reject('expired', 'exp is in the past');
  }
  const notBefore = toMilliseconds(nbf) ?? -Infinity;
  const isValidNow = now >= notBefore - policy.toleranceMs;
  return rejectUnless(isValidNow, 'not_yet_valid', 'nbf is in the future');
}

function checkIssuer({ payload: { iss } }: CompactJws, policy: ClaimsPolicy) {
  if (iss === undefined) {
    return reject('bad_issuer', 'iss is missing');
  }
  const isAccepted = typeof iss === 'string' && policy.issuers.has(iss);
  return rejectUnless(isAccepted, 'bad_issuer', 'iss is not an accepted issuer');
}

function checkAudience({ payload }: CompactJws, { audienceClaim, audiences }: ClaimsPolicy) {
  const aud = readClaim(payload, audienceClaim);
  if (aud === undefined) {
    return reject('bad_audience', `${audienceClaim} is missing`);
  }
  const isAccepted = namesAudience(aud, audiences);
  const detail = `${audienceClaim} does not name an accepted audience`;
  return rejectUnless(isAccepted, 'bad_audience', detail);
}

function checkType({ header: { typ } }: CompactJws, { types }: ClaimsPolicy) {
  if (typ === undefined) {
    return rejectUnless(types.has(''), 'bad_type', "the header's typ is missing");
  }
  const type = typeof typ === 'string' ? toBareType(typ) : '';
  const isAccepted = type !== '' && types.has(type);
  return rejectUnless(isAccepted, 'bad_type', "the header's typ is not accepted");
}

function checkIdTokenClaims({ payload }: CompactJws, { identifiesAccessTokens }: ClaimsPolicy) {
  const name = ID_TOKEN_CLAIMS.find((claim) => Object.hasOwn(payload, claim));
  return rejectUnless(
    name === undefined || identifiesAccessTokens,
    'bad_type',
    `${name} is a claim of ID tokens; if access tokens have it too, configure "typ", "claims" or "profile"`,
  );
}

/**
 * A token without `iat`, or one that expires later than its longest lifetime from now, could
 * outlive its revocation.
 */
function checkLifetime(
  { payload }: CompactJws,
  { maxLifetimeMs, toleranceMs }: ClaimsPolicy,
  now: number,
): Rejection | undefined {
  if (maxLifetimeMs === undefined) {
    return undefined;
  }
  const issuedAt = toMilliseconds(payload.iat);
  if (issuedAt === undefined) {
    return reject('bad_claim', 'iat is missing, which "revocations" requires');
  }
  const expiresAt = toMilliseconds(payload.exp) ?? Infinity;
  const lifetimeMs = expiresAt - Math.min(issuedAt, now + toleranceMs);
  const detail = 'exp is later than "maxLifetimeMs" allows';
  return rejectUnless(lifetimeMs <= maxLifetimeMs, 'bad_claim', detail);
}

function checkClaimValues({ payload }: CompactJws, { claimValues }: ClaimsPolicy) {
  const isAccepted = (name: string, values: ReadonlySet<unknown>) =>
    [readClaim(payload, name)].flat().some((value) => values.has(value));
  const failed = [...claimValues].find(([name, values]) => !isAccepted(name, values));
  return failed && reject('bad_claim', `${failed[0]} does not have an accepted value`);
}

function checkRequiredClaims({ payload }: CompactJws, { requiredClaims }: ClaimsPolicy) {
  const missing = requiredClaims.find((name) => !Object.hasOwn(payload, name));
  return rejectUnless(missing === undefined, 'bad_claim', `${missing} is missing`);
}

function checkNames({ payload }: CompactJws, { clientIdClaim }: ClaimsPolicy) {
  const isValid = isAbsentOr(isNonEmptyString);
  const invalid = ['sub', clientIdClaim, 'jti'].find((name) => !isValid(readClaim(payload, name)));
  if (invalid === undefined) {
    return undefined;
  }
  const expected = readClaim(payload, invalid) === '' ? 'non-empty string' : 'string';
  return reject('bad_claim', `${invalid} is not a ${expected}`);
}

function checkSubject({ payload }: CompactJws, { clientIdClaim }: ClaimsPolicy) {
  const hasSubject = readSubject(payload, clientIdClaim) !== undefined;
  const detail = 'sub is missing, and the token is not that of a client alone';
  return rejectUnless(hasSubject, 'bad_claim', detail);
}

function checkConfirmation({ payload: { cnf } }: CompactJws): Rejection | undefined {
  if (cnf !== undefined && !isObject(cnf)) {
    return reject('bad_claim', 'cnf is not an object');
  }
  const detail = 'cnf is empty, so nothing can be verified';
  return rejectUnless(!isEmptyConfirmation(cnf), 'bad_claim', detail);
}
