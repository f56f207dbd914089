import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Authenticator } from '../authentication/authenticator';
import type { AuthenticationResult as Attempt } from '../authentication/result';
import { codedError } from '../internal/errors';
import { isPromise } from '../internal/promises';
import { decide, type Guard, type Outcome } from './decision';
import { internalError } from './internal-error';
import { addHeaders, type HeadersFor } from './response-headers';
import { sendRefusal } from './send-refusal';

/** Middleware of Express 4 and 5, Connect, Socket.IO's engine and plain `node:http`. */
export type Middleware<R extends IncomingMessage = IncomingMessage> = (
  req: R,
  res: ServerResponse,
  next: (error?: unknown) => void,
) => void;

// In the registry of all realms, so that the ESM and the CommonJS build recognise each other's
// guards.
const GUARD = Symbol.for('latchkey.guard');

/** Whether a middleware is a guard of any Latchkey instance. */
export const isGuard = (middleware: object): boolean => GUARD in middleware;

/**
 * Turns guards into middleware. All guards of one instance authenticate a request object only once.
 *
 * Whatever a request, a response or a callback throws is passed to `next()`. `next()` is called at
 * most once, and outside any
 * `try`, so that an error of a later handler is not mistaken for one of ours.
 */
export function middlewareFor(
  { authenticate }: Authenticator,
  headersFor: HeadersFor,
): <R extends IncomingMessage>(guard: Guard<R>) => Middleware<R> {
  // By request object: a property of the request would be copied to requests that are derived from
  // it.
  const attempts = new WeakMap<IncomingMessage, Attempt | Promise<Attempt>>();

  function authenticateOnce(req: IncomingMessage): Attempt | Promise<Attempt> {
    const known = attempts.get(req);
    if (known !== undefined) {
      return known;
    }
    const attempt = authenticate(req);
    attempts.set(req, attempt);
    return attempt;
  }

  function settle(
    optional: boolean,
    req: IncomingMessage,
    res: ServerResponse,
    next: (error?: unknown) => void,
    outcome: Outcome,
  ): void {
    let passes: boolean;
    try {
      passes = outcome.ok || outcome.refusal === undefined;
      if (!outcome.ok && outcome.refusal) {
        respond(req, res, outcome.refusal);
      } else if (!res.headersSent) {
        addHeaders(res, headersFor(optional, outcome.ok ? outcome : undefined));
      }
      if (outcome.ok) {
        setAuth(req, outcome.principal);
      }
    } catch (error) {
      next(internalError(error));
      return;
    }
    if (passes) {
      next();
    }
  }

  return <R extends IncomingMessage>(guard: Guard<R>): Middleware<R> => {
    const optional = guard.optional ?? false;
    const middleware: Middleware<R> = (req, res, next) => {
      let outcome: Outcome | Promise<Outcome>;
      try {
        clearAuth(req);
        outcome = decide(req, guard, authenticateOnce);
      } catch (error) {
        next(internalError(error));
        return;
      }
      if (isPromise(outcome)) {
        outcome.then(
          (settled) => settle(optional, req, res, next, settled),
          (error: unknown) => next(internalError(error)),
        );
      } else {
        settle(optional, req, res, next, outcome);
      }
    };
    return Object.assign(middleware, { [GUARD]: true });
  };
}

type WithAuth = IncomingMessage & { auth?: unknown };

/** Discards any `req.auth` set by earlier middleware: only the guard may set it. */
function clearAuth(req: WithAuth): void {
  if ('auth' in req && req.auth !== undefined) {
    req.auth = undefined;
  }
}

function setAuth(req: WithAuth, principal: unknown): void {
  req.auth = principal;
}

function respond(
  req: IncomingMessage,
  res: ServerResponse,
  refusal: Parameters<typeof sendRefusal>[2],
): void {
  if (res.headersSent) {
    throw codedError(
      'ERR_LATCHKEY_INTERNAL',
      'The response was begun before the guard could refuse the request',
    );
  }
  sendRefusal(req, res, refusal);
}
