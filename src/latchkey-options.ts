import * as z from 'zod';

import type { CacheLimits } from './authentication/verification-cache';
import type { ScopeDeclaration } from './credential/scopes';
import { bearer } from './extractors/bearer';
import type { Extractor } from './extractors/extractor';
import { apiKeyHeader } from './extractors/header';
import type { RefusalBody } from './http/refusals';
import { type ResourceOptions, resourceSchema } from './http/resource-metadata';
import { typeError } from './internal/errors';
import {
  arrayOf,
  challengeText,
  check,
  checkOptions,
  durationMs,
  functionOption,
  objectWithMethods,
} from './internal/options';
import type { ClientCertificate } from './possession/mtls';
import type { Verifier } from './verifiers/verifier';

/** Options of `latchkey()`. */
export interface LatchkeyOptions<S extends ScopeDeclaration = ScopeDeclaration> {
  /**
   * One or more verifiers. A credential goes to the first that accepts its form, and to no other.
   */
  readonly verifiers: readonly Verifier[];
  /**
   * Where credentials are read from.
   * @default [bearer(), apiKeyHeader()]
   */
  readonly extractors?: readonly Extractor[];
  /**
   * The scopes of the API: a list of names, or a record of name → description or definition. Guards
   * then accept only these, checked by the compiler.
   * @default any scope
   */
  readonly scopes?: S;
  /**
   * The `realm` of every challenge.
   * @default 'api'
   */
  readonly realm?: string;
  /**
   * Describes the API as a protected resource, and adds `resource_metadata` to every challenge.
   * @default none
   * @see https://www.rfc-editor.org/rfc/rfc9728
   */
  readonly resource?: ResourceOptions;
  /**
   * Where the client's certificate is read from, for tokens that are bound to one: `'socket'` for
   * the TLS connection, or `{ header: 'Client-Cert' }` for a header that a proxy sets on every
   * request. Without it, such tokens are rejected.
   * @default none
   * @see https://www.rfc-editor.org/rfc/rfc8705#section-3
   */
  readonly clientCertificate?: ClientCertificate;
  /**
   * Limits of the cache of verified credentials. With `false`, every request is verified again.
   * @default { max: 10_000, ttlMs: 30_000, staleIfErrorMs: 0 }
   */
  readonly cache?: Partial<CacheLimits> | false;
  /**
   * Deadline of one verification, in milliseconds. After it, the response is 503.
   * @default 1_000
   */
  readonly timeoutMs?: number;
  /**
   * Replaces the documented body, for Problem Details (RFC 9457) or other messages. Status and
   * challenge stay the same.
   * @default the documented bodies
   */
  readonly body?: RefusalBody;
}

/** Options with their defaults in place. */
export interface ResolvedOptions extends Omit<LatchkeyOptions, 'cache'> {
  readonly extractors: readonly Extractor[];
  readonly realm: string;
  readonly cache: CacheLimits | false;
  readonly timeoutMs: number;
}

const isPlugIn = (...methods: readonly string[]) => {
  const schema = objectWithMethods(...methods);
  return (value: unknown) =>
    schema.safeParse(value).success && typeof (value as { name?: unknown }).name === 'string';
};

const isFieldName = (value: unknown): boolean =>
  typeof value === 'string' && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(value);

/** Scheme, header and algorithms go into response headers as they are. */
const isExtractor = (value: unknown): boolean => {
  if (!isPlugIn('extract')(value)) {
    return false;
  }
  const { scheme, header, algs } = value as { scheme?: unknown; header?: unknown; algs?: unknown };
  return (
    [scheme, header].every((name) => name === undefined || isFieldName(name)) &&
    (algs === undefined || challengeText.safeParse(algs).success)
  );
};

export const aScopeDeclaration = check(
  'a list of scopes, or a record from scope to description or { description, implies }',
  isScopeDeclaration,
);

const schema = z.strictObject({
  verifiers: arrayOf(
    'verifiers: apiKeys(), jwt(), … or objects with name, accepts() and verify()',
    isPlugIn('accepts', 'verify'),
  ),
  extractors: arrayOf(
    'extractors: bearer(), apiKeyHeader(), … or objects with name and extract()',
    isExtractor,
  ).optional(),
  scopes: aScopeDeclaration.optional(),
  realm: challengeText.optional(),
  resource: resourceSchema.optional(),
  clientCertificate: check(
    '"socket", or { header } with the name of a header',
    (value) =>
      value === 'socket' ||
      (Object.keys(value ?? {}).join() === 'header' &&
        isFieldName((value as { header: unknown }).header)),
  ).optional(),
  cache: z
    .union(
      [
        z.literal(false),
        z.strictObject({
          max: check(
            'a whole number from 1 to 10000000',
            (value) =>
              Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1e7,
          ).optional(),
          ttlMs: durationMs(1).optional(),
          staleIfErrorMs: durationMs(0).optional(),
        }),
      ],
      { error: 'must be false, or an object with max, ttlMs and staleIfErrorMs' },
    )
    .optional(),
  timeoutMs: durationMs(1).optional(),
  body: functionOption.optional(),
});

/** The options of `latchkey()`, checked and complete, or a TypeError. */
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
  // Of the default list, one extractor may be unused: a key header next to jwt() alone is
  // still 401.
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

/**
 * Of two that would take the same credential, chance would decide: the order of a list, or of a
 * deployment.
 */
function assertNoOverlap(extractors: readonly Extractor[], verifiers: readonly Verifier[]): void {
  const places = extractors.map(({ name, header, parameter: field }) =>
    JSON.stringify([name, header?.toLowerCase(), field]),
  );
  if (new Set(places).size < places.length) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      'latchkey(): option "extractors" names the same place in a request twice',
    );
  }
  const early = verifiers.slice(0, -1).find(({ catchAll }) => catchAll);
  if (early) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      `latchkey(): option "verifiers": ${early.name} accepts every token that no other does; it must be the last, and the only one`,
    );
  }
  verifiers.forEach((one, index) => {
    // A verifier without samples may be the last one, and accept what the others do not.
    const rival = verifiers
      .slice(index + 1)
      .find((other) => overlaps(one, other) || (other.samples && overlaps(other, one)));
    if (rival) {
      throw typeError(
        'ERR_LATCHKEY_OPTION',
        `latchkey(): option "verifiers": ${one.name} and ${rival.name} would accept the same credentials; give each its own prefix, form or issuer`,
      );
    }
  });
}

const reads = ({ extractors }: Verifier, { name }: Extractor): boolean =>
  extractors?.includes(name) ?? true;

function assertEveryVerifierReads(
  extractors: readonly Extractor[],
  verifiers: readonly Verifier[],
): void {
  const deaf = verifiers.find(
    (verifier) => !extractors.some((extractor) => reads(verifier, extractor)),
  );
  if (!deaf) {
    return;
  }
  throw typeError(
    'ERR_LATCHKEY_OPTION',
    `latchkey(): option "verifiers": ${deaf.name} reads only from ${deaf.extractors?.join(', ')}, and no extractor has such a name; pass one in "extractors"`,
  );
}

function assertEveryExtractorIsRead(
  extractors: readonly Extractor[],
  verifiers: readonly Verifier[],
): void {
  const unread = extractors.find(
    (extractor) => !verifiers.some((verifier) => reads(verifier, extractor)),
  );
  if (!unread) {
    return;
  }
  throw typeError(
    'ERR_LATCHKEY_OPTION',
    `latchkey(): option "extractors": no verifier reads from ${unread.name}; name it in the option "extractors" of a verifier`,
  );
}

const overlaps = (one: Verifier, other: Verifier): boolean =>
  other.samples?.some((example) => one.accepts(example)) ?? false;

function isScopeDeclaration(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.length > 0 && value.every((name) => typeof name === 'string');
  }
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const isDefinition = (entry: unknown) => {
    if (typeof entry === 'string') {
      return true;
    }
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
      return false;
    }
    const { description, implies, ...unknown } = entry as {
      description?: unknown;
      implies?: unknown;
    };
    return (
      Object.keys(unknown).length === 0 &&
      (description === undefined || typeof description === 'string') &&
      (implies === undefined ||
        (Array.isArray(implies) && implies.every((name) => typeof name === 'string')))
    );
  };
  return Object.keys(value).length > 0 && Object.values(value).every(isDefinition);
}
