import type { Principal } from '../credential/principal';
import { isPromise, withDeadline } from '../internal/promises';
import type { Rule, Ruling } from './decision';

/**
 * Decides whether a principal may make a request. Only `true` allows it; any other value is 403. A
 * throw, a rejection or a promise that is still pending after `timeoutMs` is 503.
 */
export type Policy<R> = (principal: Principal, req: R) => boolean | Promise<boolean>;

/**
 * What `requireFreshAuth()` requires of the login behind a token. Pass one option or both.
 * @see https://www.rfc-editor.org/rfc/rfc9470
 */
export interface FreshAuthOptions {
  /** Maximum age of the login (`auth_time`), in milliseconds. */
  readonly maxAgeMs?: number;
  /** Authentication contexts (`acr`), one of which the login must have. */
  readonly acrValues?: readonly string[];
}

const INSUFFICIENT: Ruling = { reason: 'insufficient_scope' };
const DENIED: Ruling = { reason: 'denied' };
const STEP_UP: Ruling = { reason: 'step_up' };

/** Requires all of the scopes. */
export function requireAll(scopes: readonly string[]): Rule<unknown> {
  return ({ scopes: granted }) => (includesAll(granted, scopes) ? undefined : INSUFFICIENT);
}

const includesAll = (granted: readonly string[], scopes: readonly string[]): boolean =>
  scopes.every((scope) => granted.includes(scope));

/** Requires at least one of the scopes. */
export function requireAny(scopes: readonly string[]): Rule<unknown> {
  return ({ scopes: granted }) => (includesAny(granted, scopes) ? undefined : INSUFFICIENT);
}

const includesAny = (granted: readonly string[], scopes: readonly string[]): boolean =>
  scopes.some((scope) => granted.includes(scope));

/** Requires that a policy returns true. A policy that throws or misses the deadline is 503. */
export function requirePolicy<R>(policy: Policy<R>, timeoutMs: number): Rule<R> {
  const toRuling = (allowed: unknown): Ruling => (allowed === true ? undefined : DENIED);
  const unavailable = (error: unknown): Ruling => ({ reason: 'unavailable', error });
  return (principal, req) => {
    try {
      const allowed = policy(principal, req);
      return isPromise(allowed)
        ? withDeadline(allowed, timeoutMs).then(toRuling, unavailable)
        : toRuling(allowed);
    } catch (error) {
      return unavailable(error);
    }
  };
}

/**
 * How far the clock of an issuer may be ahead. Without a limit, an `auth_time` that is in
 * milliseconds by mistake would never be too old.
 */
const MAX_SKEW_MS = 300_000;

/**
 * Requires a recent and strong enough login. Only a user with an access token can log in again, so
 * every other caller gets 403.
 */
export function requireFreshLogin({ maxAgeMs, acrValues }: FreshAuthOptions): Rule<unknown> {
  return (principal) => {
    const { auth_time: authTime, acr } = principal.claims;
    const age = typeof authTime === 'number' ? Date.now() - authTime * 1000 : Infinity;
    const fresh = maxAgeMs === undefined || (age <= maxAgeMs && age >= -MAX_SKEW_MS);
    const strong = acrValues === undefined || (typeof acr === 'string' && acrValues.includes(acr));
    if (fresh && strong) {
      return undefined;
    }
    const isUser = principal.kind === 'access_token' && principal.subject !== principal.clientId;
    return isUser ? STEP_UP : DENIED;
  };
}
