import type { Authenticator } from '../authentication/authenticator';
import type { Principal } from '../credential/principal';
import type { Reason } from '../credential/reason';
import type { RequestLike } from '../extractors/extractor';
import { decide, type Guard } from './decision';
import type { Refusal } from './refusals';
import type { HeadersFor, ResponseHeaders } from './response-headers';

/** The result of `check()`. Compare `status` to find out which members it has. */
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
      /** Who calls, and with which scopes. */
      readonly principal: Principal;
      /**
       * Headers that the response must carry: `Vary`, `Cache-Control` and `DPoP-Nonce`, as far as
       * they apply. Append to a `Vary` that is already set, and keep a `Cache-Control` that is.
       */
      readonly headers: ResponseHeaders;
    }
  | {
      /** The request must be rejected. */
      readonly status: 'refused';
      /** The response to send. */
      readonly refusal: Refusal;
      /** The cause, for the operator. Never send it to the client. */
      readonly reason: Reason;
    };

/** Decides on a request without sending a response. */
export async function checkRequest<R extends RequestLike>(
  request: R,
  guard: Guard<R>,
  { authenticate }: Pick<Authenticator, 'authenticate'>,
  headersFor: HeadersFor,
): Promise<AuthenticationResult> {
  const optional = guard.optional ?? false;
  const outcome = await decide(request, guard, authenticate);
  if (outcome.ok) {
    const headers = { ...headersFor(optional, outcome) };
    return { status: 'authenticated', principal: outcome.principal, headers };
  }
  const { refusal, reason } = outcome;
  return refusal
    ? { status: 'refused', refusal, reason }
    : { status: 'anonymous', headers: { ...headersFor(optional, undefined) } };
}
