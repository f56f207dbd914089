import type { Principal } from '../credential/principal';
import type { Middleware } from '../http/middleware';
import type { Refusal } from '../http/refusals';
import { addHeaders, type ResponseHeaders } from '../http/response-headers';
import { checkOptions } from '../internal/options';
import type { Latchkey } from '../latchkey';
import { guardOptions, guardsArgument, resultFor } from './guards';

/** What a web guard requires of a request. */
export interface WebGuardOptions<Scope extends string = string> {
  /** Scopes that are all required. @default a valid credential is enough */
  readonly scopes?: readonly Scope[];
  /** Lets a request without a credential pass as anonymous. @default false */
  readonly optional?: boolean;
  /**
   * A guard to apply instead: what `requireAnyScope()`, `authorize()` or `requireFreshAuth()`
   * returned. A policy receives the web `Request`.
   */
  readonly guard?: Middleware<never>;
}

/** A request that passed: who calls, and the headers that its response must carry. */
export interface WebAuthentication<P = Principal> {
  /** Who calls; undefined for a request without a credential at an optional guard. */
  readonly principal: P;
  /** `Vary`, `Cache-Control` and `DPoP-Nonce`, as far as they apply. */
  readonly headers: ResponseHeaders;
}

/** Decides on web requests. */
export interface WebGuard<Scope extends string = string> {
  /**
   * Decides on a request.
   * @param request the request, whose body is not read
   * @param options.scopes scopes that are all required
   * @param options.optional lets a request without a credential pass, with `principal` undefined
   * @param options.guard a guard to apply instead
   * @returns the principal and the headers for your response, or the `Response` that rejects the
   * request
   */
  (
    request: Request,
    options: WebGuardOptions<Scope> & { readonly optional: true },
  ): Promise<WebAuthentication<Principal | undefined> | Response>;
  (request: Request, options?: WebGuardOptions<Scope>): Promise<WebAuthentication | Response>;
}

/**
 * Creates a guard for frameworks with web `Request` and `Response`: Hono, Next.js, SvelteKit, Bun
 * and Deno.
 * @param guards what `latchkey()` returned
 * @returns a function that decides on a request
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if `guards` is something else, and at a request for
 * options that are invalid
 * @example
 * const guard = webGuard(guards);
 *
 * export async function GET(request: Request) {
 *   const auth = await guard(request, { scopes: ['domains:read'] });
 *   if (auth instanceof Response) return auth;
 *   return withHeaders(Response.json(await listDomains(auth.principal.subject)), auth.headers);
 * }
 */
export function webGuard<Scope extends string>(guards: Latchkey<Scope>): WebGuard<Scope> {
  checkOptions('webGuard(guards): guards', guardsArgument, guards);
  const decide = async (request: Request, options: WebGuardOptions<Scope> = {}) => {
    checkOptions('webGuard()(request, options)', guardOptions, options);
    const result = await resultFor(guards, options, { request, policyRequest: request });
    if (result.status === 'refused') {
      return toResponse(result.refusal, request);
    }
    const principal = result.status === 'authenticated' ? result.principal : undefined;
    return { principal, headers: result.headers };
  };
  // Only the option `optional` leads to a result without a principal.
  return decide as WebGuard<Scope>;
}

/**
 * Converts a refusal of `check()` to a web `Response`.
 * @param refusal the refusal
 * @param request the request that was rejected. A response to `HEAD` has no body. @default a `GET`
 * @returns the response
 * @example
 * const result = await check(request, { scopes: ['domains:read'] });
 * if (result.status === 'refused') return toResponse(result.refusal, request);
 */
export function toResponse(
  { status, headers: values, body }: Refusal,
  request?: { readonly method?: string },
): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(values)) {
    for (const line of [value].flat()) {
      headers.append(name, line);
    }
  }
  return new Response(request?.method === 'HEAD' ? null : body, { status, headers });
}

/**
 * Adds the headers of an authentication to a response. Extends a `Vary` that is already set, and
 * keeps a `Cache-Control` that is.
 * @param response your response
 * @param headers the headers, as a web guard or `check()` returned them
 * @returns the response, or a copy if its headers cannot be changed
 * @throws {TypeError} as the platform does, if `headers` has an invalid name or value
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-3.5
 * @example return withHeaders(Response.json(domains), auth.headers);
 */
export function withHeaders(response: Response, headers: ResponseHeaders): Response {
  try {
    addTo(response, headers);
    return response;
  } catch {
    // The headers of a fetched response or a redirect are immutable.
    const copy = new Response(response.body, response);
    addTo(copy, headers);
    return copy;
  }
}

function addTo({ headers: target }: Response, headers: ResponseHeaders): void {
  const getHeader = (name: string) => target.get(name) ?? undefined;
  const setHeader = (name: string, value: unknown) => target.set(name, String(value)) as never;
  addHeaders({ getHeader, setHeader }, headers);
}
