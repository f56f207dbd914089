import type { Authenticator } from '../authentication/authenticator';
import { publishDecision, startOfDecision } from '../authentication/decisions';
import type { AuthenticationResult as Attempt } from '../authentication/result';
import type { Principal } from '../credential/principal';
import type { Reason } from '../credential/reason';
import type { ChallengeError, RequestLike } from '../extractors/extractor';
import { isPromise } from '../internal/promises';
import type { Refusal, RefusalTable } from './refusals';
import type { HeadersFor, ResponseHeaders } from './response-headers';

/** The result of `check()`: the decision on a request, without a response. */
export type AuthenticationResult =
  | {
      /** The request carries no credential, and none is required. */
      readonly status: 'anonymous';
      /** Headers that the response must carry: `Vary`. */
      readonly headers: ResponseHeaders;
    }
  | {
      /** The credential is valid and has the required scopes. */
      readonly status: 'authenticated';
      readonly principal: Principal;
      /**
       * Headers that the response must carry: `Vary`, `Cache-Control` and `DPoP-Nonce`, as far as
       * they apply. Append to a `Vary` that is already set, and keep a `Cache-Control` that is.
       */
      readonly headers: ResponseHeaders;
    }
  | {
      readonly status: 'refused';
      /** The response to send. */
      readonly refusal: Refusal;
      /** The cause, for the operator. Never send it to the client. */
      readonly reason: Reason;
    };

/** Why a rule rejects a request; undefined if it accepts it. */
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

export interface Guard<R> {
  readonly refusals: RefusalTable;
  /** Lets a request without a credential pass as anonymous. */
  readonly optional?: boolean;
  readonly rule?: Rule<R>;
}

type Authenticated = Extract<Attempt, { ok: true }>;

/** The outcome of a guard. Without a refusal the request passes: authenticated, or anonymous. */
export type Outcome =
  | Authenticated
  | { readonly ok: false; readonly reason: Reason; readonly refusal: Refusal | undefined };

const ANONYMOUS: Outcome = Object.freeze({ ok: false, reason: 'missing', refusal: undefined });

/**
 * Authenticates a request, applies a guard's rule and publishes the decision. Synchronous unless
 * something must be waited for.
 */
export function decide<R extends RequestLike>(
  request: R,
  guard: Guard<R>,
  authenticate: (request: R) => Attempt | Promise<Attempt>,
): Outcome | Promise<Outcome> {
  const startedAt = startOfDecision();
  const attempt = authenticate(request);
  return isPromise(attempt)
    ? attempt.then((settled) => applyRule(request, guard, startedAt, settled))
    : applyRule(request, guard, startedAt, attempt);
}

function applyRule<R>(
  request: R,
  guard: Guard<R>,
  startedAt: number | undefined,
  attempt: Attempt,
): Outcome | Promise<Outcome> {
  if (attempt.ok) {
    const ruling = guard.rule?.(attempt.principal, request);
    return isPromise(ruling)
      ? ruling.then((settled) => conclude(guard, startedAt, attempt, settled))
      : conclude(guard, startedAt, attempt, ruling);
  }
  if (!guard.optional || attempt.reason !== 'missing') {
    return conclude(guard, startedAt, attempt, attempt);
  }
  if (startedAt !== undefined) {
    publishDecision(startedAt, { outcome: 'anonymous' });
  }
  return ANONYMOUS;
}

function conclude<R>(
  guard: Guard<R>,
  startedAt: number | undefined,
  attempt: Attempt,
  ruling: Ruling,
): Outcome {
  const refusal = ruling && guard.refusals(ruling.reason, attempt.extractor, ruling.demand);
  if (startedAt !== undefined) {
    const principal = attempt.ok ? attempt.principal : undefined;
    publishDecision(startedAt, {
      outcome: refusal ? 'refused' : 'authenticated',
      status: refusal?.status,
      reason: ruling?.reason,
      extractor: attempt.extractor?.name,
      verifier: attempt.ok ? attempt.principal.verifier : attempt.verifier,
      credentialId: principal?.credentialId,
      subject: principal?.subject,
      detail: ruling?.detail,
      error: ruling?.error,
    });
  }
  return ruling ? { ok: false, reason: ruling.reason, refusal } : (attempt as Authenticated);
}

/** Decides on a request as `check()` reports it. */
export async function checkRequest<R extends RequestLike>(
  request: R,
  guard: Guard<R>,
  { authenticate }: Authenticator,
  headersFor: HeadersFor,
): Promise<AuthenticationResult> {
  const outcome = await decide(request, guard, authenticate);
  if (!outcome.ok && outcome.refusal) {
    return { status: 'refused', refusal: outcome.refusal, reason: outcome.reason };
  }
  const headers = { ...headersFor(guard.optional ?? false, outcome.ok ? outcome : undefined) };
  return outcome.ok
    ? { status: 'authenticated', principal: outcome.principal, headers }
    : { status: 'anonymous', headers };
}
