import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Attempt, Authenticator } from '../authenticate';
import type { Carrier, RequestLike } from '../carriers/carrier';
import type { Principal } from '../credential/principal';
import type { Reason } from '../credential/reason';
import { publishDecision, startOfDecision } from '../decisions';
import { isPromise } from '../promises';
import { refuse, type Refusal, type RefusalBook } from './refuse';

/** Middleware of Express 4 and 5, Connect and plain `node:http`. */
export type Middleware<R extends IncomingMessage = IncomingMessage> = (
  req: R,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** The decision on a request, without HTTP. */
export type Authentication =
  | { readonly status: 'anonymous' }
  | { readonly status: 'authenticated'; readonly principal: Principal }
  | { readonly status: 'refused'; readonly refusal: Refusal; readonly reason: Reason };

/** What a guard asks beyond a good credential: undefined to pass, else the reason and what kept it from deciding, if that is why. */
export type Ruling = { readonly reason: Reason; readonly error?: unknown } | undefined;
export type Rule<R> = (principal: Principal, request: R) => Ruling | Promise<Ruling>;

export interface Guard<R> {
  readonly refusals: RefusalBook;
  /** Lets a request without a credential pass as anonymous. */
  readonly optional?: boolean;
  readonly rule?: Rule<R>;
}

type Decided = Authentication & { readonly carrier?: Carrier | undefined };

/** Proves a request, holds it against a guard's rule, and publishes the decision. Synchronous where nothing has to be waited for. */
export function decide<R extends RequestLike>(
  request: R,
  guard: Guard<R>,
  prove: (request: R) => Attempt | Promise<Attempt>,
): Decided | Promise<Decided> {
  const startedAt = startOfDecision();

  const refused = (reason: Reason, attempt: Attempt, error?: unknown): Decided => {
    const refusal = guard.refusals(reason, attempt.carrier);
    const { principal, verifier } = attempt.ok
      ? { principal: attempt.principal, verifier: attempt.principal.verifier }
      : { principal: undefined, verifier: attempt.verifier };
    publishDecision(startedAt, {
      outcome: 'refused',
      status: refusal.status,
      reason,
      carrier: attempt.carrier?.name,
      verifier,
      credentialId: principal?.credentialId,
      subject: principal?.subject,
      error,
    });
    return { status: 'refused', refusal, reason };
  };
  const ruled = (attempt: Attempt & { ok: true }, ruling: Ruling): Decided => {
    const { principal, carrier } = attempt;
    if (ruling) return refused(ruling.reason, attempt, ruling.error);
    publishDecision(startedAt, {
      outcome: 'authenticated',
      carrier: carrier.name,
      verifier: principal.verifier,
      credentialId: principal.credentialId,
      subject: principal.subject,
    });
    return { status: 'authenticated', principal, carrier };
  };
  const proven = (attempt: Attempt): Decided | Promise<Decided> => {
    if (attempt.ok) {
      const ruling = guard.rule?.(attempt.principal, request);
      return isPromise(ruling) ? ruling.then((settled) => ruled(attempt, settled)) : ruled(attempt, ruling);
    }
    if (guard.optional && attempt.reason === 'missing') {
      publishDecision(startedAt, { outcome: 'anonymous' });
      return { status: 'anonymous' };
    }
    return refused(attempt.reason, attempt, attempt.error);
  };

  const attempt = prove(request);
  return isPromise(attempt) ? attempt.then(proven) : proven(attempt);
}

/** Turns guards into middleware that proves a request once, however many guards stand in its way. */
export function middlewareFor(
  { authenticate }: Authenticator,
  carriers: readonly Carrier[],
): <R extends IncomingMessage>(guard: Guard<R>) => Middleware<R> {
  const proven = Symbol('latchkey');
  const varyOfAnonymous = [...new Set(carriers.flatMap((carrier) => carrier.header ?? (carrier.scheme ? 'Authorization' : [])))];

  const attemptOnce = (req: IncomingMessage & { [proven]?: Attempt | Promise<Attempt> }) => (req[proven] ??= authenticate(req));

  return <R extends IncomingMessage>(guard: Guard<R>): Middleware<R> =>
    (req, res, next) => {
      const settle = (decided: Decided): void => {
        if (decided.status === 'refused') return answer(req, res, decided.refusal, next);
        (req as { auth?: unknown }).auth = decided.status === 'authenticated' ? decided.principal : undefined;
        if (guard.optional) varyBy(res, varyOfAnonymous);
        if (decided.carrier) protect(res, decided.carrier);
        next();
      };

      // Nobody but the guard says who calls.
      if ('auth' in req) req.auth = undefined;
      let decided: Decided | Promise<Decided>;
      try {
        decided = decide(req, guard, attemptOnce);
      } catch (error) {
        next(ourFault(error));
        return;
      }
      if (isPromise(decided)) decided.then(settle, (error: unknown) => next(ourFault(error)));
      else settle(decided);
    };
}

function answer(req: IncomingMessage, res: ServerResponse, refusal: Refusal, next: (error: unknown) => void): void {
  if (res.headersSent) next(ourFault(new Error('The response was begun before the guard could refuse the request')));
  else refuse(req.method, res, refusal);
}

/** A shared cache stores what `Authorization` asked for only when told to (RFC 9111 §3.5). It knows of no other credential. */
function protect(res: ServerResponse, carrier: Carrier): void {
  if (res.headersSent) return;
  if (!carrier.scheme && !res.hasHeader('Cache-Control')) res.setHeader('Cache-Control', 'private');
  const header = carrier.header ?? (carrier.scheme ? 'Authorization' : undefined);
  if (header) varyBy(res, [header]);
}

function varyBy(res: ServerResponse, fields: readonly string[]): void {
  if (res.headersSent) return;
  const before = [res.getHeader('Vary') ?? []].flat().map(String).join(', ');
  const known = before.toLowerCase().split(/\s*,\s*/);
  const added = known.includes('*') ? [] : fields.filter((field) => !known.includes(field.toLowerCase()));
  if (added.length > 0) res.setHeader('Vary', [...(before === '' ? [] : [before]), ...added].join(', '));
}

const ourFault = (cause: unknown): Error => new Error('latchkey: the request could not be judged', { cause });
