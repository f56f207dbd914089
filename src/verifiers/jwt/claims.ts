import { isScopeToken } from '../../credential/scopes';
import { reject, type Rejection } from '../rejection';
import type { CompactJws } from './parse-jws';

type Payload = CompactJws['payload'];

/** What a verifier requires of a token's header and claims. */
export interface ClaimsPolicy {
  readonly issuers: { has(iss: unknown): boolean };
  readonly audiences: ReadonlySet<string>;
  /**
   * Accepted `typ` header values, in lower case and without `application/`; `''` stands for no
   * `typ`.
   */
  readonly types: ReadonlySet<string>;
  /**
   * Whether the configuration says what an access token looks like, so that the marks of ID tokens
   * are not needed.
   */
  readonly isMarked: boolean;
  readonly requiredClaims: readonly string[];
  /** Values of which a claim must have one. */
  readonly claimValues: ReadonlyMap<string, ReadonlySet<unknown>>;
  /** The claims that name the audience and the client. */
  readonly audienceClaim: string;
  readonly clientIdClaim: string;
  /** Names of the claims that may hold the scopes: the first one present does. */
  readonly scopeClaims: readonly string[];
  readonly toleranceMs: number;
  /** The longest lifetime of a token, from `iat` to `exp`. With it, `iat` is required. */
  readonly maxLifetimeMs: number | undefined;
}

/** How far clocks may differ unless configured otherwise, in milliseconds. */
export const DEFAULT_TOLERANCE_MS = 5_000;

/**
 * Marks of an ID token (OpenID Connect Core §2): it is issued for a client to read, not for an API
 * to accept (RFC 8725 §3.11).
 */
const ID_TOKEN_MARKS = ['nonce', 'at_hash', 'c_hash'];

type ClaimsCheck = (jws: CompactJws, policy: ClaimsPolicy, now: number) => Rejection | undefined;

/** In the contract's order: time, issuer and audience, type, then the rest. */
const CHECKS: readonly ClaimsCheck[] = [
  checkTimes,
  checkIssuer,
  checkAudience,
  checkType,
  checkLifetime,
  checkClaimValues,
  checkRequiredClaims,
  checkNames,
  checkConfirmation,
];

/**
 * Validates the claims of a token whose signature is valid. Scopes are read separately.
 *
 * @returns the rejection, or undefined for valid claims
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
  const broken = Object.entries({ exp, nbf, iat }).find(
    ([, time]) => !isAbsentOr(isNumericDate, time),
  );
  if (broken) {
    return reject('bad_claim', `${broken[0]} is not a number of seconds since the epoch`);
  }
  if (now >= expiryOf(payload, policy)) {
    return reject('expired', 'exp is in the past');
  }
  const isEarly = nbf !== undefined && now < (nbf as number) * 1000 - policy.toleranceMs;
  return isEarly ? reject('not_yet_valid', 'nbf is in the future') : undefined;
}

function checkIssuer(
  { payload: { iss } }: CompactJws,
  { issuers }: ClaimsPolicy,
): Rejection | undefined {
  if (iss === undefined) {
    return reject('bad_issuer', 'iss is missing');
  }
  return typeof iss === 'string' && issuers.has(iss)
    ? undefined
    : reject('bad_issuer', 'iss is not an accepted issuer');
}

function checkAudience(
  { payload }: CompactJws,
  { audienceClaim, audiences }: ClaimsPolicy,
): Rejection | undefined {
  const aud = ownOf(payload, audienceClaim);
  if (aud === undefined) {
    return reject('bad_audience', `${audienceClaim} is missing`);
  }
  return isFor(aud, audiences)
    ? undefined
    : reject('bad_audience', `${audienceClaim} does not name an accepted audience`);
}

function checkType(
  { header, payload }: CompactJws,
  { types, isMarked }: ClaimsPolicy,
): Rejection | undefined {
  if (!isAcceptedType(header.typ, types)) {
    return reject(
      'bad_type',
      `the header's typ ${header.typ === undefined ? 'is missing' : 'is not accepted'}`,
    );
  }
  const mark = isMarked ? undefined : ID_TOKEN_MARKS.find((name) => Object.hasOwn(payload, name));
  return mark === undefined
    ? undefined
    : reject(
        'bad_type',
        `${mark} marks an ID token; if access tokens have it too, configure "typ", "claims" or "profile"`,
      );
}

/**
 * A token could outlive its revocation if it had no `iat`, or expired later than its lifetime from
 * now.
 */
function checkLifetime(
  { payload }: CompactJws,
  policy: ClaimsPolicy,
  now: number,
): Rejection | undefined {
  const { maxLifetimeMs, toleranceMs } = policy;
  if (maxLifetimeMs === undefined) {
    return undefined;
  }
  const { exp, iat } = payload as { readonly exp: number; readonly iat?: number };
  if (iat === undefined) {
    return reject('bad_claim', 'iat is missing, which "revocations" needs');
  }
  const lifetimeMs = exp * 1000 - Math.min(iat * 1000, now + toleranceMs);
  return lifetimeMs <= maxLifetimeMs
    ? undefined
    : reject('bad_claim', 'exp is later than "maxLifetimeMs" allows');
}

function checkClaimValues(
  { payload }: CompactJws,
  { claimValues }: ClaimsPolicy,
): Rejection | undefined {
  const isAccepted = (name: string, values: ReadonlySet<unknown>) =>
    [ownOf(payload, name)].flat().some((value) => values.has(value));
  const failed = [...claimValues].find(([name, values]) => !isAccepted(name, values));
  return failed && reject('bad_claim', `${failed[0]} does not have an accepted value`);
}

function checkRequiredClaims(
  { payload }: CompactJws,
  { requiredClaims }: ClaimsPolicy,
): Rejection | undefined {
  const missing = requiredClaims.find((name) => !Object.hasOwn(payload, name));
  return missing === undefined ? undefined : reject('bad_claim', `${missing} is missing`);
}

function checkNames(
  { payload }: CompactJws,
  { clientIdClaim }: ClaimsPolicy,
): Rejection | undefined {
  const names = [...new Set(['sub', clientIdClaim, 'jti'])];
  const broken = names.find((name) => !isAbsentOr(isText, ownOf(payload, name)));
  if (broken !== undefined) {
    return reject(
      'bad_claim',
      `${broken} is not a ${typeof ownOf(payload, broken) === 'string' ? 'non-empty ' : ''}string`,
    );
  }
  return subjectOf(payload, clientIdClaim) === undefined
    ? reject('bad_claim', 'sub is missing, and the token is not that of a client alone')
    : undefined;
}

function checkConfirmation({ payload: { cnf } }: CompactJws): Rejection | undefined {
  if (!isAbsentOr(isObject, cnf)) {
    return reject('bad_claim', 'cnf is not an object');
  }
  return isEmptyConfirmation(cnf)
    ? reject('bad_claim', 'cnf is empty, so nothing can be verified')
    : undefined;
}

/** Whether a `cnf` has no member that could be verified. */
export const isEmptyConfirmation = (cnf: unknown): boolean =>
  isObject(cnf) && Object.keys(cnf as object).length === 0;

/**
 * Returns the subject: `sub`, or the client where the token shows that there is no user. Only the
 * registered claim `client_id` does that (RFC 9068 §2.2). A claim such as `azp` is in users' tokens
 * too: as the subject it would make all users of a client one.
 */
export function subjectOf(payload: Payload, clientIdClaim: string): string | undefined {
  const {
    sub,
    client_id: clientId,
    username,
  } = payload as Readonly<Record<string, string | undefined>>;
  if (sub !== undefined) {
    return sub;
  }
  return clientIdClaim === 'client_id' && !isNamed(username) ? clientId : undefined;
}

/** Whether a token names a user by `username`. */
export const isNamed = (username: unknown): boolean =>
  username !== undefined && username !== null && username !== '';

/** Reads a claim whose name is configured, so that it may be any name. */
export const ownOf = (payload: Payload, name: string): unknown =>
  Object.hasOwn(payload, name) ? payload[name] : undefined;

/**
 * Returns when a token expires: at `exp`, not after it (RFC 7519 §4.1.4). Milliseconds since the
 * epoch, tolerance included.
 */
export const expiryOf = (payload: Payload, policy: ClaimsPolicy): number =>
  (payload.exp as number) * 1000 + policy.toleranceMs;

/**
 * Reads the scopes of a token: a space-separated string (RFC 8693 §4.2) or a list. Entries that are
 * not scope tokens are skipped, and a claim that is null counts as absent.
 *
 * @returns undefined where the claim is neither a string nor a list
 */
export function scopesOf(
  payload: Payload,
  claims: readonly string[],
): readonly string[] | undefined {
  const value =
    claims.map((name) => ownOf(payload, name) ?? undefined).find((one) => one !== undefined) ?? '';
  const scopes: unknown = typeof value === 'string' ? value.split(' ') : value;
  return Array.isArray(scopes) ? [...new Set(scopes.filter(isScopeToken))] : undefined;
}

/** Whether `aud`, a string or a list (RFC 7519 §4.1.3), names one of the audiences. */
export function isFor(aud: unknown, audiences: ReadonlySet<string>): boolean {
  const named = typeof aud === 'string' ? [aud] : aud;
  return (
    Array.isArray(named) &&
    named.every((one) => typeof one === 'string') &&
    named.some((one) => audiences.has(one))
  );
}

/**
 * Media types are compared without regard to case, and `application/` may be left out (RFC 7515
 * §4.1.9).
 */
function isAcceptedType(typ: unknown, types: ReadonlySet<string>): boolean {
  if (typ === undefined) {
    return types.has('');
  }
  return typeof typ === 'string' && bareType(typ) !== '' && types.has(bareType(typ));
}

export const bareType = (typ: string): string => typ.toLowerCase().replace(/^application\//, '');

/** Seconds since the epoch (RFC 7519 §2) that are finite in milliseconds too. */
export const isNumericDate = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && Number.isFinite(value * 1000);
export const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '';
export const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const isAbsentOr = (test: (value: unknown) => boolean, value: unknown): boolean =>
  value === undefined || test(value);
