import type { IncomingMessage } from 'node:http';
import { authenticator } from './authenticate';
import type { CacheLimits } from './cache';
import { bearer } from './carriers/bearer';
import type { Carrier, RequestLike } from './carriers/carrier';
import { apiKeyHeader } from './carriers/header';
import { checkRequired, scopeCatalogue, type ScopeDeclaration, type ScopeName } from './credential/scopes';
import { allowedBy, freshlyAuthenticated, holdsAll, holdsAny, type FreshAuthOptions, type Policy } from './http/guards';
import { decide, middlewareFor, type Authentication, type Guard, type Middleware } from './http/middleware';
import { refusalBook, type RefusalBody, type Wanted } from './http/refuse';
import { metadataUrl, resourceMetadata, resourceSchema, type ResourceOptions } from './http/resource-metadata';
import { aBoolean, aChallengeText, aDuration, aFunction, aListOf, anObjectWith, checkOptions, must, z } from './options';
import type { Verifier } from './verifiers/verifier';

export interface LatchkeyOptions<S extends ScopeDeclaration = ScopeDeclaration> {
  /** One or more. A credential goes to the first that accepts its form, and to no other. */
  readonly verifiers: readonly Verifier[];
  /** Where credentials travel; `[bearer(), apiKeyHeader()]` by default. */
  readonly carriers?: readonly Carrier[];
  /** The API's scopes. Guards then take these alone, checked by the compiler; without them any scope may be required. */
  readonly scopes?: S;
  /** `realm` of every challenge; `'api'` by default. */
  readonly realm?: string;
  /** RFC 9728 metadata, and `resource_metadata` in every challenge. */
  readonly resource?: ResourceOptions;
  /**
   * Proofs kept in memory: at most `max` (10 000), each for `ttlMs` (30 000), which bounds how long a revocation on another
   * machine can go unseen. `staleIfErrorMs` (0) serves for that much longer what was proven before, while a store is down.
   * `false` proves every request anew.
   */
  readonly cache?: Partial<CacheLimits> | false;
  /** Deadline of one verification in milliseconds, past which the answer is 503; 1 000 by default. */
  readonly timeoutMs?: number;
  /** Replaces the documented body, for RFC 9457 or another message; status and challenge stay. */
  readonly body?: RefusalBody;
}

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
  readonly check: (request: RequestLike, options?: { readonly scopes?: readonly Scope[] }) => Promise<Authentication>;
  /** Ends subscriptions and writes what is left to write, so that the process can exit. */
  readonly close: () => Promise<void>;
}

const DEFAULT_CACHE: CacheLimits = { max: 10_000, ttlMs: 30_000, staleIfErrorMs: 0 };
const DEFAULT_TIMEOUT_MS = 1_000;

const isPlugIn = (...methods: readonly string[]) => {
  const schema = anObjectWith(...methods);
  return (value: unknown) => schema.safeParse(value).success && typeof (value as { name?: unknown }).name === 'string';
};

const optionsSchema = z.strictObject({
  verifiers: aListOf('verifiers: apiKeys(), jwt(), … or objects with name, accepts() and verify()', isPlugIn('accepts', 'verify')),
  carriers: aListOf('carriers: bearer(), apiKeyHeader(), … or objects with name and extract()', isPlugIn('extract')).optional(),
  scopes: must('a list of scopes, or a record from scope to description or { description, implies }', isScopeDeclaration).optional(),
  realm: aChallengeText.optional(),
  resource: resourceSchema.optional(),
  cache: z
    .union([
      z.literal(false),
      z.strictObject({
        max: must(
          'a whole number from 1 to 10000000',
          (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1e7,
        ).optional(),
        ttlMs: aDuration(1).optional(),
        staleIfErrorMs: aDuration(0).optional(),
      }),
    ])
    .optional(),
  timeoutMs: aDuration(1).optional(),
  body: aFunction.optional(),
});
const authenticateSchema = z.strictObject({ optional: aBoolean.optional() });
const freshAuthSchema = z
  .strictObject({
    maxAgeMs: aDuration(0, Number.MAX_SAFE_INTEGER).optional(),
    acrValues: aListOf(
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
  checkOptions('latchkey()', optionsSchema, options);
  const { verifiers, resource, realm = 'api', timeoutMs = DEFAULT_TIMEOUT_MS, carriers = [bearer(), apiKeyHeader()], body } = options;
  checkApart(carriers, verifiers);
  const scopes = scopeCatalogue(options.scopes);
  const proving = authenticator({
    carriers,
    verifiers,
    timeoutMs,
    cache: options.cache === false ? false : { ...DEFAULT_CACHE, ...options.cache },
    expandScopes: scopes.expand,
  });
  const middleware = middlewareFor(proving, carriers);
  const refusals = (wanted: Wanted = {}) =>
    refusalBook({ realm, carriers, body, resourceMetadata: resource && metadataUrl(resource) }, wanted);
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
      checkOptions('authorize(policy): policy', aFunction, policy);
      return middleware<R>({ refusals: anyone, rule: allowedBy(policy, timeoutMs) });
    },
    requireFreshAuth(fresh) {
      checkOptions('requireFreshAuth()', freshAuthSchema, fresh);
      return middleware({ refusals: refusals(fresh), rule: freshlyAuthenticated(fresh) });
    },
    resourceMetadata: () => resourceMetadata(resource, scopes.names),
    async check(request, { scopes: names } = {}) {
      const required = names?.length ? checkRequired('check()', names, scopes) : undefined;
      const guard: Guard<RequestLike> = required
        ? { refusals: (reason, carrier) => refusals({ scopes: required })(reason, carrier), rule: holdsAll(required) }
        : { refusals: anyone, optional: names === undefined };
      const { carrier: _, ...authentication } = await decide(request, guard, proving.authenticate);
      return authentication;
    },
    close: proving.close,
  };
}

/** Two that would take the same credential leave it to chance which one does. */
function checkApart(carriers: readonly Carrier[], verifiers: readonly Verifier[]): void {
  const places = carriers.map(({ name, header }) => `${name} ${header?.toLowerCase()}`);
  if (new Set(places).size < places.length) throw new TypeError('latchkey(): option "carriers" names the same place in a request twice');
  verifiers.forEach((one, index) => {
    const rival = verifiers.slice(index + 1).find((other) => takesFrom(one, other) || takesFrom(other, one));
    if (rival)
      throw new TypeError(
        `latchkey(): option "verifiers": ${one.name} and ${rival.name} would take the same credentials; give each a prefix, form or issuer of its own`,
      );
  });
}

const takesFrom = (one: Verifier, other: Verifier): boolean =>
  one.examples !== undefined && (other.examples?.some((example) => one.accepts(example)) ?? false);

function isScopeDeclaration(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every((name) => typeof name === 'string');
  if (typeof value !== 'object' || value === null) return false;
  const isDefinition = (entry: unknown) => {
    if (typeof entry === 'string') return true;
    if (typeof entry !== 'object' || entry === null) return false;
    const { description, implies, ...unknown } = entry as { description?: unknown; implies?: unknown };
    return (
      Object.keys(unknown).length === 0 &&
      (description === undefined || typeof description === 'string') &&
      (implies === undefined || (Array.isArray(implies) && implies.every((name) => typeof name === 'string')))
    );
  };
  return Object.keys(value).length > 0 && Object.values(value).every(isDefinition);
}
