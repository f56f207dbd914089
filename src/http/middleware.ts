import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Authenticator } from '../authentication/authenticator';
import type { AuthenticationResult } from '../authentication/result';
import type { Principal } from '../credential/principal';
import type { Extractor, RequestLike } from '../extractors/extractor';
import { codedError } from '../internal/errors';
import { isPromise } from '../internal/promises';
import { type AuthenticationResult as AuthenticationDecision, checkRequest } from './check';
import { decide, type Guard, type Outcome } from './decision';
import { markGuard } from './guard-details';
import { internalError } from './internal-error';
import type { Refusal } from './refusals';
import { addHeaders, type HeadersFor } from './response-headers';
import { sendRefusal } from './send-refusal';

/**
 * Middleware for Express 4 and 5, Connect, the engine of Socket.IO and plain `node:http`. It passes
 * errors to `next()`.
 */
export type Middleware<R extends IncomingMessage = IncomingMessage> = (
  req: R,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** The arguments of one call of a middleware. */
interface Exchange<R extends IncomingMessage> {
  readonly req: R;
  readonly res: ServerResponse;
  readonly next: (error?: unknown) => void;
}

/** What all calls of one middleware share. */
interface MiddlewareContext<R extends IncomingMessage> {
  readonly guard: Guard<R>;
  readonly authenticate: Authenticator['authenticate'];
  readonly headersFor: HeadersFor;
  readonly extractors: readonly Extractor[];
}

/**
 * Returns a function that turns guards into middleware. All guards of one instance authenticate a
 * request object only once.
 *
 * Every error that is thrown here is passed to `next()`. `next()` is called at most once, and
 * outside any `try`, so that an error of a later handler is not mistaken for one of the guard.
 */
export function middlewareFor(
  authenticator: Authenticator,
  headersFor: HeadersFor,
  extractors: readonly Extractor[],
): <R extends IncomingMessage>(guard: Guard<R>) => Middleware<R> {
  const authenticate = authenticateOnce(authenticator);

  return (guard) => createMiddleware({ guard, authenticate, headersFor, extractors });
}

function createMiddleware<R extends IncomingMessage>(context: MiddlewareContext<R>): Middleware<R> {
  const middleware: Middleware<R> = (req, res, next) => run({ req, res, next }, context);
  return markGuard(middleware, {
    optional: context.guard.optional ?? false,
    scopes: context.guard.scopes,
    extractors: context.extractors,
    decide: (request, policyRequest) => decideWithout(context, request, policyRequest),
  });
}

/** Makes the decision of a middleware without sending a response. */
async function decideWithout<R extends IncomingMessage>(
  { guard, authenticate, headersFor }: MiddlewareContext<R>,
  request: RequestLike,
  policyRequest: unknown,
): Promise<AuthenticationDecision> {
  const { rule } = guard;
  const forPolicy: Guard<unknown> = {
    ...guard,
    rule: rule && ((principal) => rule(principal, policyRequest as R)),
  };
  try {
    return await checkRequest(request, forPolicy, { authenticate }, headersFor);
  } catch (error) {
    throw internalError(error);
  }
}

function run<R extends IncomingMessage>(
  exchange: Exchange<R>,
  context: MiddlewareContext<R>,
): void {
  const { req, next } = exchange;
  let outcome: Outcome | Promise<Outcome>;
  try {
    clearAuth(req);
    outcome = decide(req, context.guard, context.authenticate);
  } catch (error) {
    next(internalError(error));
    return;
  }
  if (!isPromise(outcome)) {
    finish(exchange, context, outcome);
    return;
  }
  outcome.then(
    (settled) => finish(exchange, context, settled),
    (error: unknown) => next(internalError(error)),
  );
}

function finish<R extends IncomingMessage>(
  exchange: Exchange<R>,
  context: MiddlewareContext<R>,
  outcome: Outcome,
): void {
  let passes: boolean;
  try {
    passes = applyOutcome(exchange, context, outcome);
  } catch (error) {
    exchange.next(internalError(error));
    return;
  }
  if (passes) {
    exchange.next();
  }
}

function authenticateOnce({ authenticate }: Authenticator): Authenticator['authenticate'] {
  // Not a property of the request: it would be copied to requests that are derived from it.
  const results = new WeakMap<object, AuthenticationResult | Promise<AuthenticationResult>>();

  return (request) => {
    const known = results.get(request);
    if (known !== undefined) {
      return known;
    }
    const result = authenticate(request);
    results.set(request, result);
    return result;
  };
}

/** Sends the refusal, or prepares request and response for the handler and returns true. */
function applyOutcome<R extends IncomingMessage>(
  { req, res }: Exchange<R>,
  { guard, headersFor }: MiddlewareContext<R>,
  outcome: Outcome,
): boolean {
  if (!outcome.ok && outcome.refusal) {
    respond(req, res, outcome.refusal);
    return false;
  }
  const authenticated = outcome.ok ? outcome : undefined;
  if (!res.headersSent) {
    addHeaders(res, headersFor(guard.optional ?? false, authenticated));
  }
  if (authenticated) {
    setAuth(req, authenticated.principal);
  }
  return true;
}

type WithAuth = IncomingMessage & { auth?: unknown };

/** Discards any `req.auth` set by earlier middleware: only the guard may set it. */
function clearAuth(req: WithAuth): void {
  if ('auth' in req && req.auth !== undefined) {
    req.auth = undefined;
  }
}

function setAuth(req: WithAuth, principal: Principal): void {
  req.auth = principal;
}

function respond(req: IncomingMessage, res: ServerResponse, refusal: Refusal): void {
  if (res.headersSent) {
    throw codedError(
      'ERR_LATCHKEY_INTERNAL',
      'Earlier middleware sent headers before the guard could reject the request',
    );
  }
  sendRefusal(req, res, refusal);
}
