import { codedError } from '../internal/errors';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Attempt, Authenticator } from '../authentication/authenticator';
import type { Extractor, ChallengeError, RequestLike } from '../extractors/extractor';
import type { Principal } from '../credential/principal';
import type { Reason } from '../credential/reason';
import { publishDecision, startOfDecision } from '../authentication/decisions';
import { isPromise } from '../internal/promises';
import { sendRefusal, type Refusal, type RefusalTable } from './refuse';

/** Middleware of Express 4 and 5, Connect and plain `node:http`. */
export type Middleware<R extends IncomingMessage = IncomingMessage> = (
  req: R,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** The decision on a request, without HTTP. */
export type AuthenticationResult =
  | { readonly status: 'anonymous' }
  | { readonly status: 'authenticated'; readonly principal: Principal }
  | { readonly status: 'refused'; readonly refusal: Refusal; readonly reason: Reason };

/** What a guard asks beyond a good credential: undefined to pass, else the reason and what kept it from deciding, if that is why. */
export type Ruling =
  | {
      readonly reason: Reason;
      readonly demand?: ChallengeError | undefined;
      readonly detail?: string | undefined;
      readonly error?: unknown;
    }
  | undefined;
export type Rule<R> = (principal: Principal, request: R) => Ruling | Promise<Ruling>;

export interface Guard<R> {
  readonly refusals: RefusalTable;
  /** Lets a request without a credential pass as anonymous. */
  readonly optional?: boolean;
  readonly rule?: Rule<R>;
}

/** What a guard made of a request: it passed, by whom; or it did not, with the answer; or it was let through as anonymous. */
type Outcome = Extract<Attempt, { ok: true }> | { readonly ok: false; readonly reason: Reason; readonly refusal: Refusal | undefined };

const ANONYMOUS: Outcome = Object.freeze({ ok: false, reason: 'missing', refusal: undefined });

/** Proves a request, holds it against a guard's rule, and publishes the decision. Synchronous where nothing has to be waited for. */
export function decide<R extends RequestLike>(
  request: R,
  guard: Guard<R>,
  prove: (request: R) => Attempt | Promise<Attempt>,
): Outcome | Promise<Outcome> {
  const startedAt = startOfDecision();
  const attempt = prove(request);
  return isPromise(attempt)
    ? attempt.then((proven) => judge(request, guard, startedAt, proven))
    : judge(request, guard, startedAt, attempt);
}

function judge<R>(request: R, guard: Guard<R>, startedAt: number | undefined, attempt: Attempt): Outcome | Promise<Outcome> {
  if (attempt.ok) {
    const ruling = guard.rule?.(attempt.principal, request);
    return isPromise(ruling)
      ? ruling.then((ruled) => conclude(guard, startedAt, attempt, ruled))
      : conclude(guard, startedAt, attempt, ruling);
  }
  if (!guard.optional || attempt.reason !== 'missing') return conclude(guard, startedAt, attempt, attempt);
  if (startedAt !== undefined) publishDecision(startedAt, { outcome: 'anonymous' });
  return ANONYMOUS;
}

function conclude<R>(guard: Guard<R>, startedAt: number | undefined, attempt: Attempt, ruling: Ruling): Outcome {
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
  return ruling ? { ok: false, reason: ruling.reason, refusal } : (attempt as Extract<Attempt, { ok: true }>);
}

/** The decision as `check()` tells it. */
export async function decisionOn<R extends RequestLike>(
  request: R,
  guard: Guard<R>,
  { authenticate }: Authenticator,
): Promise<AuthenticationResult> {
  const outcome = await decide(request, guard, authenticate);
  if (outcome.ok) return { status: 'authenticated', principal: outcome.principal };
  const { refusal, reason } = outcome;
  return refusal ? { status: 'refused', refusal, reason } : { status: 'anonymous' };
}

// In the registry of all realms, so that the ESM and the CommonJS build know each other's guards.
const GUARD = Symbol.for('latchkey.guard');

/** Whether a middleware is a guard, of whatever instance. */
export const isGuard = (middleware: object): boolean => GUARD in middleware;

/** Turns guards into middleware that proves a request once, however many guards stand in its way. */
export function middlewareFor(
  { authenticate }: Authenticator,
  extractors: readonly Extractor[],
): <R extends IncomingMessage>(guard: Guard<R>) => Middleware<R> {
  const proven = Symbol('latchkey');
  const everyHeader = [...new Set(extractors.flatMap((extractor) => headerOf(extractor) ?? []))].join(', ');

  const attemptOnce = (req: IncomingMessage & { [proven]?: Attempt | Promise<Attempt> }) => (req[proven] ??= authenticate(req));

  function settle(
    optional: boolean | undefined,
    req: IncomingMessage & { auth?: unknown },
    res: ServerResponse,
    next: (error?: unknown) => void,
    outcome: Outcome,
  ): void {
    if (outcome.ok) req.auth = outcome.principal;
    else if (outcome.refusal) return respond(req, res, outcome.refusal, next);
    if (!res.headersSent) {
      if (optional) varyBy(res, everyHeader);
      if (outcome.ok && !outcome.extractor.scheme) markPrivate(res, outcome.extractor);
      if (outcome.ok && outcome.nonce !== undefined) sendDpopNonce(res, outcome.nonce);
    }
    next();
  }

  return <R extends IncomingMessage>(guard: Guard<R>): Middleware<R> => {
    const middleware: Middleware<R> = (req, res, next) => {
      // Nobody but the guard says who calls.
      if ('auth' in req) req.auth = undefined;
      let outcome: Outcome | Promise<Outcome>;
      try {
        outcome = decide(req, guard, attemptOnce);
      } catch (error) {
        next(internalError(error));
        return;
      }
      if (isPromise(outcome)) {
        outcome.then(
          (settled) => settle(guard.optional, req, res, next, settled),
          (error: unknown) => next(internalError(error)),
        );
      } else {
        settle(guard.optional, req, res, next, outcome);
      }
    };
    return Object.assign(middleware, { [GUARD]: true });
  };
}

function respond(req: IncomingMessage, res: ServerResponse, refusal: Refusal, next: (error: unknown) => void): void {
  if (res.headersSent)
    next(internalError(codedError('ERR_LATCHKEY_INTERNAL', 'The response was begun before the guard could refuse the request')));
  else sendRefusal(req.method, res, refusal);
}

/** A shared cache keeps to itself what `Authorization` asked for (RFC 9111 §3.5). Of any other credential it has to be told. */
function markPrivate(res: ServerResponse, { header }: Extractor): void {
  if (!res.hasHeader('Cache-Control')) res.setHeader('Cache-Control', 'private');
  if (header) varyBy(res, header);
}

/** A nonce that a cache kept would come back when it is good no more (RFC 9449 §8.2). */
function sendDpopNonce(res: ServerResponse, nonce: string): void {
  res.setHeader('DPoP-Nonce', nonce);
  if (!res.hasHeader('Cache-Control')) res.setHeader('Cache-Control', 'no-store');
}

const headerOf = ({ header, scheme }: Extractor): string | undefined => header ?? (scheme && 'Authorization');

/** Adds field names to `Vary`: what `cors()` and others said before stays. */
function varyBy(res: ServerResponse, fields: string): void {
  const before = res.getHeader('Vary');
  if (before === undefined || before === '') {
    res.setHeader('Vary', fields);
    return;
  }
  const known = namesIn(String(before));
  const added = known.includes('*') ? [] : fields.split(', ').filter((field) => !known.includes(field.toLowerCase()));
  if (added.length > 0) res.setHeader('Vary', [String(before), ...added].join(', '));
}

const namesIn = (fields: string): string[] => fields.toLowerCase().split(/\s*,\s*/);

const internalError = (cause: unknown): Error =>
  codedError('ERR_LATCHKEY_INTERNAL', 'latchkey: the request could not be judged', { cause });
