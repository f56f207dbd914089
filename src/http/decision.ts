import { type Decision, publishDecision, startOfDecision } from '../authentication/decisions';
import type { AuthenticationResult } from '../authentication/result';
import type { Principal } from '../credential/principal';
import type { Reason } from '../credential/reason';
import type { ChallengeError, RequestLike } from '../extractors/extractor';
import { isPromise } from '../internal/promises';
import type { Refusal, RefusalTable } from './refusals';

/** Why a rule rejects a request, or undefined if it accepts it. */
export type Ruling =
  | {
      readonly reason: Reason;
      readonly demand?: ChallengeError | undefined;
      readonly detail?: string | undefined;
      readonly error?: unknown;
    }
  | undefined;

/** What a guard requires of an authenticated principal. */
export type Rule<R> = (principal: Principal, request: R) => Ruling | Promise<Ruling>;

/** Scopes that a guard requires: all of them, or at least one with `any`. */
export interface RequiredScopes {
  readonly names: readonly string[];
  readonly any: boolean;
}

export interface Guard<R> {
  readonly refusals: RefusalTable;
  /** Lets a request without a credential pass as anonymous. */
  readonly optional?: boolean;
  readonly rule?: Rule<R> | undefined;
  /** The scopes that the rule requires. */
  readonly scopes?: RequiredScopes | undefined;
}

type Authenticated = Extract<AuthenticationResult, { ok: true }>;

/** The outcome of a guard. Without a refusal the request passes: authenticated, or anonymous. */
export type Outcome =
  | Authenticated
  | { readonly ok: false; readonly reason: Reason; readonly refusal: Refusal | undefined };

const ANONYMOUS: Outcome = Object.freeze({ ok: false, reason: 'missing', refusal: undefined });

/**
 * Authenticates a request, applies the rule of a guard and publishes the decision. Returns a
 * promise only if there is something to wait for.
 */
export function decide<R extends RequestLike>(
  request: R,
  guard: Guard<R>,
  authenticate: (request: R) => AuthenticationResult | Promise<AuthenticationResult>,
): Outcome | Promise<Outcome> {
  const startedAt = startOfDecision();
  const result = authenticate(request);
  return isPromise(result)
    ? result.then((settled) => applyRule(request, guard, startedAt, settled))
    : applyRule(request, guard, startedAt, result);
}

function applyRule<R>(
  request: R,
  guard: Guard<R>,
  startedAt: number | undefined,
  result: AuthenticationResult,
): Outcome | Promise<Outcome> {
  if (result.ok) {
    const ruling = guard.rule?.(result.principal, request);
    return isPromise(ruling)
      ? ruling.then((settled) => toOutcome(guard, startedAt, result, settled))
      : toOutcome(guard, startedAt, result, ruling);
  }
  if (!guard.optional || result.reason !== 'missing') {
    return toOutcome(guard, startedAt, result, result);
  }
  if (startedAt !== undefined) {
    publishDecision(startedAt, { outcome: 'anonymous' });
  }
  return ANONYMOUS;
}

function toOutcome<R>(
  guard: Guard<R>,
  startedAt: number | undefined,
  result: AuthenticationResult,
  ruling: Ruling,
): Outcome {
  const refusal = ruling && guard.refusals(ruling.reason, result.extractor, ruling.demand);
  if (startedAt !== undefined) {
    publishDecision(startedAt, {
      ...identityFor(result),
      outcome: refusal ? 'refused' : 'authenticated',
      status: refusal?.status,
      reason: ruling?.reason,
      extractor: result.extractor?.name,
      detail: ruling?.detail,
      error: ruling?.error,
    });
  }
  return ruling ? { ok: false, reason: ruling.reason, refusal } : (result as Authenticated);
}

/** Returns the part of a decision that says who called. */
function identityFor(
  result: AuthenticationResult,
): Pick<Decision, 'verifier' | 'credentialId' | 'subject'> {
  if (!result.ok) {
    return { verifier: result.verifier };
  }
  const { verifier, credentialId, subject } = result.principal;
  return { verifier, credentialId, subject };
}
