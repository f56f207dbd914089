import type { ExecutionContext } from '@nestjs/common';

import type { Principal } from '../../credential/principal';
import type { RequestInput } from '../../extractors/to-request-like';
import { typeError } from '../../internal/errors';

/** Finds the request in an execution context that is not one of HTTP. */
export type FindRequest = (context: ExecutionContext) => RequestInput | undefined;

/** The object on which `auth` is set. */
interface Carrier {
  auth?: Principal | undefined;
}

/** Which argument of a handler is the same object for guards and parameters, by kind of context. */
const CARRIERS: Readonly<Record<string, number>> = { http: 0, graphql: 2, ws: 0, rpc: 1 };

function carrierIn(context: ExecutionContext): Carrier | undefined {
  const carrier: unknown = context.getArgByIndex(CARRIERS[context.getType<string>()] ?? 0);
  return typeof carrier === 'object' && carrier !== null ? carrier : undefined;
}

export const principalIn = (context: ExecutionContext): Principal | undefined =>
  carrierIn(context)?.auth;

export function setPrincipal(context: ExecutionContext, principal: Principal | undefined): void {
  const carrier = carrierIn(context);
  if (carrier) {
    carrier.auth = principal;
  }
}

/**
 * Returns the request of a GraphQL operation or a message: `req` of the GraphQL context, `request`
 * of a socket of Socket.IO, or what the option `request` returns.
 *
 * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` if there is none, so that the handler does not run
 */
export function requestIn(context: ExecutionContext, find: FindRequest | undefined): RequestInput {
  const { req, request } = Object(carrierIn(context)) as Record<string, unknown>;
  const found = find?.(context) ?? req ?? request;
  if (typeof found !== 'object' || found === null) {
    throw typeError(
      'ERR_LATCHKEY_ARGUMENT',
      `LatchkeyGuard: no request in a context of the type "${context.getType<string>()}"; pass the option "request" to LatchkeyModule.forRoot()`,
    );
  }
  return found as RequestInput;
}
