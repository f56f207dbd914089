import * as z from 'zod/mini';

import type { CacheLimits } from './authentication/verification-cache';
import {
  assertEveryExtractorIsRead,
  assertEveryVerifierReads,
  assertNoOverlap,
} from './authentication/verifier-overlap';
import { isScopeDeclaration, type ScopeDeclaration } from './credential/scopes';
import { bearer } from './extractors/bearer';
import type { Extractor } from './extractors/extractor';
import { apiKeyHeader } from './extractors/header';
import type { RefusalBody } from './http/refusals';
import { type ResourceOptions, resourceSchema } from './http/resource-metadata';
import {
  arrayOf,
  challengeText,
  check,
  checkOptions,
  durationMs,
  functionOption,
  missingMethods,
} from './internal/options';
import { isObject } from './internal/type-guards';
import type { ClientCertificate } from './possession/mtls';
import type { Verifier } from './verifiers/verifier';

/** Options of `latchkey()`. */
export interface LatchkeyOptions<S extends ScopeDeclaration = ScopeDeclaration> {
  /** One or more. A credential goes only to the first verifier that accepts its form. */
  readonly verifiers: readonly Verifier[];
  /**
   * Where credentials are read from.
   * @default [bearer(), apiKeyHeader()]
   */
  readonly extractors?: readonly Extractor[];
  /**
   * The scopes of the API. TypeScript and the guards then reject every other scope.
   * @default any scope
   */
  readonly scopes?: S;
  /**
   * `realm` of every challenge.
   * @default 'api'
   * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.5
   */
  readonly realm?: string;
  /**
   * The API as an OAuth 2.0 protected resource: `resourceMetadata()` serves it, and challenges
   * contain `resource_metadata`.
   * @default no metadata
   * @see https://www.rfc-editor.org/rfc/rfc9728
   */
  readonly resource?: ResourceOptions;
  /**
   * Where the client certificate is read from: `'socket'` for the TLS connection, or
   * `{ header: 'Client-Cert' }` for a header that the TLS proxy sets on every request.
   * @default none: tokens that are bound to a certificate are rejected
   * @see https://www.rfc-editor.org/rfc/rfc8705#section-3
   */
  readonly clientCertificate?: ClientCertificate;
  /**
   * The cache of verified credentials. `false` disables it: every request is verified.
   * @default { max: 10_000, ttlMs: 30_000, staleIfErrorMs: 0 }
   */
  readonly cache?: Partial<CacheLimits> | false;
  /**
   * Deadline of one verification, in milliseconds. The response to a request that misses it is 503.
   * @default 1_000
   */
  readonly timeoutMs?: number;
  /**
   * Replaces the documented body of refusals, for RFC 9457 or your own messages. Status and
   * challenge do not change.
   * @default the documented bodies
   */
  readonly body?: RefusalBody;
}

/** Options with their defaults. */
export interface ResolvedOptions extends Omit<LatchkeyOptions, 'cache'> {
  readonly extractors: readonly Extractor[];
  readonly realm: string;
  readonly cache: CacheLimits | false;
  readonly timeoutMs: number;
}

/** Whether a value is an object with a name and these methods. */
const isNamed = (
  value: unknown,
  ...methods: readonly string[]
): value is { readonly name: string } =>
  typeof value === 'object' &&
  value !== null &&
  missingMethods(value, methods).length === 0 &&
  'name' in value &&
  typeof value.name === 'string';

const isFieldName = (value: unknown): boolean =>
  typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value);

const isVerifier = (value: unknown): value is Verifier => isNamed(value, 'accepts', 'verify');

/** Scheme, header and algorithms are written to response headers without further checks. */
function isExtractor(value: unknown): value is Extractor {
  if (!isNamed(value, 'extract')) {
    return false;
  }
  const { scheme, header, algs }: Partial<Record<keyof Extractor, unknown>> = value;
  return (
    [scheme, header].every((name) => name === undefined || isFieldName(name)) &&
    (algs === undefined || challengeText.safeParse(algs).success)
  );
}

const isClientCertificate = (value: unknown): value is ClientCertificate =>
  value === 'socket' ||
  (isObject(value) && Object.keys(value).join() === 'header' && isFieldName(value.header));

const MAX_CACHE_ENTRIES = 10_000_000;
const isCacheSize = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_CACHE_ENTRIES;

export const scopeDeclaration = check(
  'a list of scopes, or a record from scope to description or { description, implies }',
  isScopeDeclaration,
);

const schema = z.strictObject({
  verifiers: arrayOf(
    'verifiers: apiKeys(), jwt(), … or objects with name, accepts() and verify()',
    isVerifier,
  ),
  extractors: z.optional(
    arrayOf(
      'extractors: bearer(), apiKeyHeader(), … or objects with name and extract()',
      isExtractor,
    ),
  ),
  scopes: z.optional(scopeDeclaration),
  realm: z.optional(challengeText),
  resource: z.optional(resourceSchema),
  clientCertificate: z.optional(
    check('"socket", or { header } with the name of a header', isClientCertificate),
  ),
  cache: z.optional(
    z.union(
      [
        z.literal(false),
        z.strictObject({
          max: z.optional(check(`an integer from 1 to ${MAX_CACHE_ENTRIES}`, isCacheSize)),
          ttlMs: z.optional(durationMs(1)),
          staleIfErrorMs: z.optional(durationMs(0)),
        }),
      ],
      { error: 'must be false, or an object with max, ttlMs and staleIfErrorMs' },
    ),
  ),
  timeoutMs: z.optional(durationMs(1)),
  body: z.optional(functionOption),
});

/**
 * Checks the options of `latchkey()` and adds the defaults.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is missing, unknown, invalid or unsafe
 */
export function resolveOptions(options: LatchkeyOptions): ResolvedOptions {
  checkOptions('latchkey()', schema, options);
  const {
    extractors = [bearer(), apiKeyHeader()],
    realm = 'api',
    timeoutMs = 1_000,
    verifiers,
  } = options;
  assertNoOverlap(extractors, verifiers);
  assertEveryVerifierReads(extractors, verifiers);
  // In the default list, one extractor may have no verifier: with jwt() alone, a key in X-API-Key
  // is still 401.
  if (options.extractors) {
    assertEveryExtractorIsRead(extractors, verifiers);
  }
  return {
    ...options,
    extractors,
    realm,
    timeoutMs,
    cache: options.cache === false ? false : cacheLimits(options.cache),
  };
}

const cacheLimits = ({
  max = 10_000,
  ttlMs = 30_000,
  staleIfErrorMs = 0,
}: Partial<CacheLimits> = {}): CacheLimits => ({
  max,
  ttlMs,
  staleIfErrorMs,
});
