import { isScopeToken } from '../../credential/scopes';
import type { Reason } from '../../credential/reason';
import type { CompactJws } from './parse-jws';

/** What a verifier asks of a token's header and claims. */
export interface ClaimsPolicy {
  readonly issuers: { has(iss: unknown): boolean };
  readonly audiences: ReadonlySet<string>;
  /** Accepted `typ` header values, in lower case and without `application/`; `''` is none. */
  readonly types: ReadonlySet<string>;
  readonly requiredClaims: readonly string[];
  /** Values of which a claim must have one. */
  readonly claimValues: ReadonlyMap<string, ReadonlySet<unknown>>;
  /** The claims that name the audience and the client. */
  readonly audienceClaim: string;
  readonly clientIdClaim: string;
  /** Names of the claims that may hold the scopes: the first that is there does. */
  readonly scopeClaims: readonly string[];
  readonly toleranceMs: number;
  /** The longest life that a token may have, from an `iat` that must be there. */
  readonly maxLifetimeMs: number | undefined;
}

/** Marks of an ID token (OpenID Connect Core §2): made for a client to read, not for an API to accept (RFC 8725 §3.11). */
const ID_TOKEN_MARKS = ['nonce', 'at_hash', 'c_hash'];

/**
 * The reason to refuse a token whose signature is good, or undefined. The judge of all claims but the scopes, in the contract's order:
 * time, issuer and audience, type, then the rest (RFC 7519 §4.1, RFC 9068 §4).
 */
export function validateClaims({ header, payload }: CompactJws, policy: ClaimsPolicy, now: number): Reason | undefined {
  const { exp, nbf, iat, iss, sub, jti, cnf } = payload;
  const aud = ownOf(payload, policy.audienceClaim);
  const clientId = ownOf(payload, policy.clientIdClaim);
  if (!isNumericDate(exp) || !isAbsentOr(isNumericDate, nbf) || !isAbsentOr(isNumericDate, iat)) return 'bad_claim';
  if (now >= expiryOf(payload, policy)) return 'expired';
  if ([nbf, iat].some((time) => time !== undefined && now < (time as number) * 1000 - policy.toleranceMs)) return 'not_yet_valid';
  if (typeof iss !== 'string' || !policy.issuers.has(iss)) return 'bad_issuer';
  if (!isFor(aud, policy.audiences)) return 'bad_audience';
  if (!isAcceptedType(header.typ, policy.types) || ID_TOKEN_MARKS.some((mark) => Object.hasOwn(payload, mark))) return 'bad_type';
  if (policy.maxLifetimeMs !== undefined && !(exp * 1000 - (iat as number) * 1000 <= policy.maxLifetimeMs)) return 'bad_claim';
  if ([...policy.claimValues].some(([name, values]) => ![ownOf(payload, name)].flat().some((value) => values.has(value))))
    return 'bad_claim';
  if (policy.requiredClaims.some((name) => !Object.hasOwn(payload, name))) return 'bad_claim';
  if (![sub, clientId, jti].every((value) => isAbsentOr(isText, value)) || (sub ?? clientId) === undefined) return 'bad_claim';
  return isAbsentOr(isObject, cnf) ? undefined : 'bad_claim';
}

/** A claim whose name is configured, so that it may be any. */
export const ownOf = (payload: CompactJws['payload'], name: string): unknown => (Object.hasOwn(payload, name) ? payload[name] : undefined);

/** When a token stops being good: on `exp` it is over (RFC 7519 §4.1.4). Milliseconds since the epoch, tolerance included. */
export const expiryOf = (payload: CompactJws['payload'], policy: ClaimsPolicy): number =>
  (payload.exp as number) * 1000 + policy.toleranceMs;

/**
 * The scopes that a token carries: a string that spaces part (RFC 8693 §4.2) or an array. Undefined where the claim is
 * something else, or a member of the array is no scope.
 */
export function scopesOf(payload: CompactJws['payload'], claims: readonly string[]): readonly string[] | undefined {
  const name = claims.find((claim) => Object.hasOwn(payload, claim));
  const value = name === undefined ? '' : payload[name];
  const scopes = typeof value === 'string' ? value.split(' ').filter((scope) => scope !== '') : value;
  return Array.isArray(scopes) && scopes.every(isScopeToken) ? [...new Set(scopes)] : undefined;
}

/** Whether `aud`, a text or a list (RFC 7519 §4.1.3), names one of the audiences. */
export function isFor(aud: unknown, audiences: ReadonlySet<string>): boolean {
  const named = typeof aud === 'string' ? [aud] : aud;
  return Array.isArray(named) && named.every((one) => typeof one === 'string') && named.some((one) => audiences.has(one));
}

/** Media types compare without case, and `application/` may be left out (RFC 7515 §4.1.9). */
function isAcceptedType(typ: unknown, types: ReadonlySet<string>): boolean {
  if (typ === undefined) return types.has('');
  return typeof typ === 'string' && bareType(typ) !== '' && types.has(bareType(typ));
}

export const bareType = (typ: string): string => typ.toLowerCase().replace(/^application\//, '');

/** Seconds since the epoch (RFC 7519 §2) that are finite in milliseconds too. */
export const isNumericDate = (value: unknown): value is number => typeof value === 'number' && value >= 0 && Number.isFinite(value * 1000);
export const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
export const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
export const isAbsentOr = (test: (value: unknown) => boolean, value: unknown): boolean => value === undefined || test(value);
