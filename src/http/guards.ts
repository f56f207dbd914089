import type { Principal } from '../credential/principal';
import { isPromise, withDeadline } from '../internal/promises';
import type { Rule, Ruling } from './middleware';

/** What a policy answers; a promise of it may take as long as a verification. */
export type Policy<R> = (principal: Principal, req: R) => boolean | Promise<boolean>;

/** What `requireFreshAuth` asks of the login behind a token (RFC 9470). */
export interface FreshAuthOptions {
  /** How long ago the user may have logged in (`auth_time`), in milliseconds. */
  readonly maxAgeMs?: number;
  /** Authentication contexts (`acr`) of which one is needed. */
  readonly acrValues?: readonly string[];
}

const INSUFFICIENT: Ruling = { reason: 'insufficient_scope' };
const DENIED: Ruling = { reason: 'denied' };
const STEP_UP: Ruling = { reason: 'step_up' };

export const holdsAll =
  (scopes: readonly string[]): Rule<unknown> =>
  ({ scopes: granted }) =>
    scopes.every((scope) => granted.includes(scope)) ? undefined : INSUFFICIENT;

export const holdsAny =
  (scopes: readonly string[]): Rule<unknown> =>
  ({ scopes: granted }) =>
    scopes.some((scope) => granted.includes(scope)) ? undefined : INSUFFICIENT;

/** Only true is a yes. A policy that throws or does not come back could not decide, and that is no answer about the caller. */
export function allowedBy<R>(policy: Policy<R>, timeoutMs: number): Rule<R> {
  const rule = (allowed: unknown): Ruling => (allowed === true ? undefined : DENIED);
  const undecided = (error: unknown): Ruling => ({ reason: 'unavailable', error });
  return (principal, req) => {
    try {
      const allowed = policy(principal, req);
      return isPromise(allowed) ? withDeadline(allowed, timeoutMs).then(rule, undecided) : rule(allowed);
    } catch (error) {
      return undecided(error);
    }
  };
}

/** How far an issuer's clock may be ahead. A login of a later time, in milliseconds perhaps, would never be old. */
const MAX_SKEW_MS = 300_000;

/** A login that is fresh and strong enough. Only a user with an access token can make another: for all others the answer is no. */
export function freshlyAuthenticated({ maxAgeMs, acrValues }: FreshAuthOptions): Rule<unknown> {
  return (principal) => {
    const { auth_time: authTime, acr } = principal.claims;
    const age = typeof authTime === 'number' ? Date.now() - authTime * 1000 : Infinity;
    const fresh = maxAgeMs === undefined || (age <= maxAgeMs && age >= -MAX_SKEW_MS);
    const strong = acrValues === undefined || acrValues.includes(acr as string);
    if (fresh && strong) return undefined;
    return principal.kind === 'access_token' && principal.subject !== principal.clientId ? STEP_UP : DENIED;
  };
}
