import type { IncomingMessage } from 'node:http';
import * as z from 'zod';
import { authenticator } from './authentication/authenticator';
import type { RequestLike } from './extractors/extractor';
import { checkRequired, scopeCatalogue, type ScopeDeclaration, type ScopeName } from './credential/scopes';
import { allowedBy, freshlyAuthenticated, holdsAll, holdsAny, type FreshAuthOptions, type Policy } from './http/guards';
import { decisionOn, middlewareFor, type AuthenticationResult, type Guard, type Middleware } from './http/middleware';
import { refusalTable, type GuardRequirements } from './http/refuse';
import { metadataUrl, resourceMetadata } from './http/resource-metadata';
import { resolveOptions, type LatchkeyOptions } from './latchkey-options';
import { boundToCertificate } from './possession/mtls';
import { booleanOption, durationMs, functionOption, arrayOf, checkOptions, check } from './internal/options';

/** The guards of one API. None uses `this`: take them apart as you like. */
export interface Latchkey<Scope extends string = string> {
  /** Who calls? 401 without a good credential; with `optional` a request without any goes on as anonymous. */
  readonly authenticate: (options?: { readonly optional?: boolean }) => Middleware;
  /** All of these scopes, or 403. Authenticates by itself. */
  readonly requireScopes: (...scopes: readonly [Scope, ...Scope[]]) => Middleware;
  /** One of these scopes, or 403. Authenticates by itself. */
  readonly requireAnyScope: (...scopes: readonly [Scope, ...Scope[]]) => Middleware;
  /** Your own rule: true lets the request pass, false is 403, and a throw or no answer by the deadline 503. Authenticates by itself. */
  readonly authorize: <R extends IncomingMessage = IncomingMessage>(policy: Policy<R>) => Middleware<R>;
  /** A login that is recent (`auth_time`) or strong (`acr`) enough, or the challenge of RFC 9470. Authenticates by itself. */
  readonly requireFreshAuth: (options: FreshAuthOptions) => Middleware;
  /** Serves the RFC 9728 metadata at its well-known path. */
  readonly resourceMetadata: () => Middleware;
  /**
   * The same decision without HTTP, for upgrades, GraphQL contexts and queues. With `scopes` (an empty list asks only who calls)
   * a request without a credential is refused; without, it is anonymous.
   */
  readonly check: (request: RequestLike, options?: { readonly scopes?: readonly Scope[] }) => Promise<AuthenticationResult>;
  /** Ends subscriptions and writes what is left to write, so that the process can exit. */
  readonly close: () => Promise<void>;
}

const authenticateSchema = z.strictObject({ optional: booleanOption.optional() });
const aRequest = check('an object with headers, their names in lower case', isRequest);
const checkSchema = z.strictObject({ scopes: check('a list of scopes', Array.isArray).optional() });
const freshAuthSchema = z
  .strictObject({
    maxAgeMs: durationMs(0, Number.MAX_SAFE_INTEGER).optional(),
    acrValues: arrayOf(
      'acr values: visible ASCII without space, " and \\',
      (value) => typeof value === 'string' && /^[!#-[\]-~]+$/.test(value),
    ).optional(),
  })
  .refine(({ maxAgeMs, acrValues }) => maxAgeMs !== undefined || acrValues !== undefined, {
    error: 'give "maxAgeMs", "acrValues" or both',
  });

/**
 * Authentication for one API: finds the credential of a request, proves it, and guards routes by scope.
 *
 * @example
 * const { requireScopes } = latchkey({ scopes: ['domains:read'], verifiers: [apiKeys({ prefix: 'osir', store: memoryStore() })] });
 * app.get('/v1/domains', requireScopes('domains:read'), listDomains);
 * @throws TypeError for a wrong, misspelt or unsafe option
 */
export function latchkey<const S extends ScopeDeclaration = never>(options: LatchkeyOptions<S>): Latchkey<ScopeName<S>> {
  const settings = resolveOptions(options);
  const { extractors, realm, resource, body, timeoutMs, clientCertificate } = settings;
  const scopes = scopeCatalogue(settings.scopes);
  const proving = authenticator({
    ...settings,
    expandScopes: scopes.expand,
    possessions: clientCertificate ? [boundToCertificate(clientCertificate)] : [],
    origin: resource && new URL(resource.url).origin,
  });
  const middleware = middlewareFor(proving, extractors);
  const refusals = (wanted: GuardRequirements = {}) =>
    refusalTable({ realm, extractors, body, resourceMetadata: resource && metadataUrl(resource) }, wanted);
  const anyone = refusals();

  return {
    authenticate(authenticateOptions = {}) {
      checkOptions('authenticate()', authenticateSchema, authenticateOptions);
      return middleware({ refusals: anyone, optional: authenticateOptions.optional ?? false });
    },
    requireScopes(...names) {
      const required = checkRequired('requireScopes()', names, scopes);
      return middleware({ refusals: refusals({ scopes: required }), rule: holdsAll(required) });
    },
    requireAnyScope(...names) {
      const required = checkRequired('requireAnyScope()', names, scopes);
      return middleware({ refusals: refusals({ scopes: required }), rule: holdsAny(required) });
    },
    authorize<R extends IncomingMessage>(policy: Policy<R>) {
      checkOptions('authorize(policy): policy', functionOption, policy);
      return middleware<R>({ refusals: anyone, rule: allowedBy(policy, timeoutMs) });
    },
    requireFreshAuth(fresh) {
      checkOptions('requireFreshAuth()', freshAuthSchema, fresh);
      return middleware({ refusals: refusals(fresh), rule: freshlyAuthenticated(fresh) });
    },
    resourceMetadata: () => resourceMetadata(resource, { scopes: scopes.names, extractors, certificates: clientCertificate !== undefined }),
    async check(request, checkRequest = {}) {
      checkOptions('check(request): request', aRequest, request);
      checkOptions('check()', checkSchema, checkRequest);
      const { scopes: names } = checkRequest;
      const required = names?.length ? checkRequired('check()', names, scopes) : undefined;
      const guard: Guard<RequestLike> = required
        ? { refusals: (...why) => refusals({ scopes: required })(...why), rule: holdsAll(required) }
        : { refusals: anyone, optional: names === undefined };
      return decisionOn(request, guard, proving);
    },
    close: proving.close,
  };
}

function isRequest(value: unknown): boolean {
  const headers = (value as { headers?: unknown } | null | undefined)?.headers;
  return typeof headers === 'object' && headers !== null;
}
