import type { IncomingMessage } from 'node:http';

import * as z from 'zod/mini';

import { createAuthenticator } from './authentication/authenticator';
import {
  checkRequired,
  scopeCatalogue,
  type ScopeDeclaration,
  type ScopeName,
} from './credential/scopes';
import type { RequestLike } from './extractors/extractor';
import { type RequestInput, toRequestLike } from './extractors/to-request-like';
import { type AuthenticationResult, checkRequest } from './http/check';
import type { Guard } from './http/decision';
import type { GuardRequirements } from './http/guard-challenges';
import {
  type FreshAuthOptions,
  type Policy,
  requireAll,
  requireAny,
  requireFreshLogin,
  requirePolicy,
} from './http/guards';
import { type Middleware, middlewareFor } from './http/middleware';
import { type RefusalTable, refusalTable } from './http/refusals';
import { metadataUrl, resourceMetadata } from './http/resource-metadata';
import { responseHeaders } from './http/response-headers';
import {
  arrayOf,
  booleanOption,
  check,
  checkOptions,
  durationMs,
  functionOption,
} from './internal/options';
import { callAll } from './internal/promises';
import { type LatchkeyOptions, resolveOptions } from './latchkey-options';
import { boundToCertificate } from './possession/mtls';
import type { Verifier } from './verifiers/verifier';

/** The guards of one API. None uses `this`, so you can destructure them. */
export interface Latchkey<Scope extends string = string> {
  /**
   * Creates middleware that verifies who calls, and responds with 401 without a valid credential.
   * @param options.optional lets a request without a credential pass as anonymous; an invalid one
   * is still 401. @default false
   * @example app.use('/v1/me', authenticate());
   */
  readonly authenticate: (options?: { readonly optional?: boolean }) => Middleware;
  /**
   * Creates middleware that requires all of these scopes, and responds with 403 otherwise. It
   * authenticates by itself.
   * @throws {TypeError} `ERR_LATCHKEY_SCOPE` for no scope, or one that is malformed or not declared
   * @example app.get('/v1/domains', requireScopes('domains:read'), listDomains);
   */
  readonly requireScopes: (...scopes: readonly [Scope, ...Scope[]]) => Middleware;
  /**
   * Creates middleware that requires at least one of these scopes, and responds with 403 otherwise.
   * It authenticates by itself.
   * @throws {TypeError} `ERR_LATCHKEY_SCOPE` for no scope, or one that is malformed or not declared
   * @example app.get('/v1/report', requireAnyScope('reports:read', 'admin'), sendReport);
   */
  readonly requireAnyScope: (...scopes: readonly [Scope, ...Scope[]]) => Middleware;
  /**
   * Creates middleware for a rule of your own: `true` lets the request pass, `false` is 403, and a
   * throw or a timeout is 503. It authenticates by itself.
   * @example
   * const isOwner = authorize((principal, req) => owns(principal.subject, req.params.id));
   * app.delete('/v1/domains/:id', isOwner, deleteDomain);
   */
  readonly authorize: <R extends IncomingMessage = IncomingMessage>(
    policy: Policy<R>,
  ) => Middleware<R>;
  /**
   * Creates middleware that requires a recent (`auth_time`) or strong (`acr`) enough login. It
   * authenticates by itself.
   * @throws {TypeError} `ERR_LATCHKEY_OPTION` for an invalid option, or none
   * @see https://www.rfc-editor.org/rfc/rfc9470
   * @example app.post('/v1/payouts', requireFreshAuth({ maxAgeMs: 300_000 }), createPayout);
   */
  readonly requireFreshAuth: (options: FreshAuthOptions) => Middleware;
  /**
   * Creates middleware that serves the protected resource metadata at its well-known path.
   * @throws {TypeError} `ERR_LATCHKEY_OPTION` if `latchkey()` has no option `resource`
   * @see https://www.rfc-editor.org/rfc/rfc9728
   * @example app.use(resourceMetadata());
   */
  readonly resourceMetadata: () => Middleware;
  /**
   * Makes the same decision without a middleware chain: for upgrades, GraphQL contexts, queues and
   * other frameworks.
   * @param request a Node request, a web `Request`, or `{ headers }` with web `Headers` or a plain
   * object. Header names are matched without regard to case.
   * @param options.scopes scopes that are required; `[]` requires only a valid credential. Without
   * it, a request without a credential is anonymous.
   * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` for a request that cannot be read
   * @example
   * const result = await check(req, { scopes: ['domains:read'] });
   * if (result.status === 'refused') return new Response(result.refusal.body, result.refusal);
   */
  readonly check: (
    request: RequestInput,
    options?: { readonly scopes?: readonly Scope[] },
  ) => Promise<AuthenticationResult>;
  /**
   * Writes the uses that are counted in memory, and goes on working: for serverless functions, at
   * the end of an invocation.
   *
   * @throws {Error} `ERR_LATCHKEY_USAGE` if they could not be written. `count` says how many; they
   * are written at the next attempt.
   */
  readonly flush: () => Promise<void>;
  /**
   * Ends subscriptions and writes the uses that are counted in memory, so that the process can
   * exit.
   *
   * @throws {Error} `ERR_LATCHKEY_USAGE` if they could not be written. `count` says how many that
   * were not already reported.
   */
  readonly close: () => Promise<void>;
}

const authenticateSchema = z.strictObject({ optional: z.optional(booleanOption) });
const checkSchema = z.strictObject({
  scopes: z.optional(check<readonly string[]>('a list of scopes', Array.isArray)),
});
const freshAuthSchema = z
  .strictObject({
    maxAgeMs: z.optional(durationMs(0, Number.MAX_SAFE_INTEGER)),
    acrValues: z.optional(
      arrayOf(
        'acr values: visible ASCII without space, " and \\',
        (value) => typeof value === 'string' && /^[!#-[\]-~]+$/.test(value),
      ),
    ),
  })
  .check(
    z.refine(({ maxAgeMs, acrValues }) => maxAgeMs !== undefined || acrValues !== undefined, {
      error: 'pass "maxAgeMs", "acrValues" or both',
    }),
  );

/**
 * Creates the guards of one API: they find the credential of a request, verify it, and protect
 * routes by scope.
 * @param options verifiers, and where needed extractors, scopes, cache and the other options
 * @returns middleware, and functions that make the same decisions without middleware
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` or `ERR_LATCHKEY_SCOPE` for an option that is missing,
 * unknown, invalid or unsafe
 * @example
 * const { requireScopes } = latchkey({
 *   scopes: ['domains:read'],
 *   verifiers: [apiKeys({ prefix: 'acme', store: memoryStore() })],
 * });
 * app.get('/v1/domains', requireScopes('domains:read'), listDomains);
 */
export function latchkey<const S extends ScopeDeclaration = never>(
  options: LatchkeyOptions<S>,
): Latchkey<ScopeName<S>> {
  const settings = resolveOptions(options);
  const { extractors, realm, resource, body, timeoutMs, clientCertificate } = settings;
  const scopes = scopeCatalogue(settings.scopes);
  const authentication = createAuthenticator({
    ...settings,
    expandScopes: scopes.expand,
    possessions: clientCertificate ? [boundToCertificate(clientCertificate)] : [],
    origin: resource && new URL(resource.url).origin,
  });
  const headersFor = responseHeaders(extractors);
  const middleware = middlewareFor(authentication, headersFor, extractors);
  const refusals = (requirements: GuardRequirements = {}) =>
    refusalTable(
      { realm, extractors, body, resourceMetadata: resource && metadataUrl(resource) },
      requirements,
    );
  const anyone = refusals();
  const certificates = clientCertificate !== undefined;
  const derived = { scopes: scopes.names, extractors, certificates };
  const scopeGuard = (where: string, names: readonly string[], any: boolean): Guard<unknown> => {
    const required = checkRequired(where, names, scopes);
    const rule = any ? requireAny(required) : requireAll(required);
    return { refusals: refusals({ scopes: required }), rule, scopes: { names: required, any } };
  };
  const requireFor = (names: readonly string[]): Guard<RequestLike> => {
    const required = checkRequired('check()', names, scopes);
    return { refusals: onDemand(() => refusals({ scopes: required })), rule: requireAll(required) };
  };

  return {
    authenticate(authenticateOptions = {}) {
      checkOptions('authenticate()', authenticateSchema, authenticateOptions);
      return middleware({ refusals: anyone, optional: authenticateOptions.optional ?? false });
    },
    requireScopes: (...names) => middleware(scopeGuard('requireScopes()', names, false)),
    requireAnyScope: (...names) => middleware(scopeGuard('requireAnyScope()', names, true)),
    authorize<R extends IncomingMessage>(policy: Policy<R>) {
      checkOptions('authorize(policy): policy', functionOption, policy);
      return middleware<R>({ refusals: anyone, rule: requirePolicy(policy, timeoutMs) });
    },
    requireFreshAuth(fresh) {
      checkOptions('requireFreshAuth()', freshAuthSchema, fresh);
      return middleware({ refusals: refusals(fresh), rule: requireFreshLogin(fresh) });
    },
    resourceMetadata: () => resourceMetadata(resource, derived),
    async check(request, checkedOptions = {}) {
      const converted = toRequestLike(request);
      const { scopes: names } = checkOptions('check()', checkSchema, checkedOptions);
      const guard = names?.length
        ? requireFor(names)
        : { refusals: anyone, optional: names === undefined };
      return checkRequest(converted, guard, authentication, headersFor);
    },
    flush: () => flushAll(settings.verifiers),
    close: authentication.close,
  };
}

/** A table that is built only if the request is rejected. */
const onDemand =
  (create: () => RefusalTable): RefusalTable =>
  (...cause) =>
    create()(...cause);

const flushAll = (verifiers: readonly Verifier[]): Promise<void> =>
  callAll(verifiers.map(flushing));

const flushing = (verifier: Verifier) => () => verifier.flush?.();
