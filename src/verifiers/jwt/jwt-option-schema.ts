import { types } from 'node:util';

import * as z from 'zod/mini';

import {
  arrayOf,
  check,
  checkOptions,
  clockTolerance,
  durationMs,
  isTextOrList,
  nonEmptyString,
  objectWithMethods,
} from '../../internal/options';
import { isNonEmptyString, isObject } from '../../internal/type-guards';
import { isHost, type UrlPolicy, urlPolicy } from '../issuer/trusted-url';
import {
  extractorNames,
  fetchOption,
  insecureHosts,
  integer,
  tokenLength,
} from '../verifier-options';
import { toBareType } from './claim-values';
import { isPattern, isSafePattern, isUnambiguous } from './issuer-pattern';
import type { ClaimValue, JwtOptions } from './jwt-options';
import type { RevocationStore } from './jwt-revocations';
import type { JwkSet, KeyInput } from './keys';
import { type Algorithm, ALGORITHM_NAMES, isAlgorithm, isHmac } from './signature';

type Test = (value: unknown) => boolean;

/** Returns a value or a list of values as a list. */
export const toList = (value: string | readonly string[]): readonly string[] =>
  typeof value === 'string' ? [value] : value;

/** Accepts a value that passes a test, and a non-empty list of such values. */
const oneOrMore =
  (test: Test): Test =>
  (value) => {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    return list.length > 0 && list.every(test);
  };
const isMediaType: Test = (value) => isNonEmptyString(value) && toBareType(value) !== '';
const isClaimValue: Test = (value) =>
  isNonEmptyString(value) || typeof value === 'number' || typeof value === 'boolean';
const isClaims: Test = (value) =>
  isObject(value) && Object.values(value).every(oneOrMore(isClaimValue));
const isJwkSet: Test = (value) =>
  isObject(value) &&
  Array.isArray(value.keys) &&
  value.keys.every((key) => typeof key === 'object' && key !== null);

const getAndSet = objectWithMethods<RevocationStore>('get', 'set');
/**
 * A `get()` with one parameter is that of a `Map` or a cache. It would read the group as the key
 * and never find a revocation.
 */
const isRevocationStore: Test = (value) => {
  const { success, data } = getAndSet.safeParse(value);
  return success && data.get.length !== 1;
};

const stringOrList = check<string | readonly string[]>(
  'a non-empty string or a non-empty list of them',
  isTextOrList,
);

const remoteSchema = z.strictObject({
  ttlMs: z.optional(durationMs(1)),
  staleIfErrorMs: z.optional(durationMs(0)),
  cooldownMs: z.optional(durationMs(1)),
  timeoutMs: z.optional(durationMs(1)),
  maxIssuers: z.optional(integer(1, 1_000_000)),
  fetch: z.optional(fetchOption),
});

const optionsSchema = z.strictObject({
  issuer: check<JwtOptions['issuer']>(
    'a non-empty string, a non-empty list of them, or a function',
    (value) => typeof value === 'function' || isTextOrList(value),
  ).check(
    z.refine((value) => !types.isAsyncFunction(value), {
      error: 'must be a function that returns true or false synchronously, not an async one',
    }),
  ),
  audience: stringOrList,
  algorithms: z.optional(
    arrayOf<Algorithm>(`algorithms: ${ALGORITHM_NAMES.join(', ')}`, isAlgorithm),
  ),
  // `key: undefined` is an error: a key that is missing by mistake must not enable discovery.
  key: z.exactOptional(
    check<KeyInput>(
      'a PEM, a JWK, a KeyObject or a secret',
      (value) => isNonEmptyString(value) || (typeof value === 'object' && value !== null),
    ),
  ),
  jwks: z.optional(check<JwkSet>('a JWK Set: { keys: [ … ] }', isJwkSet)),
  // Checked below, since `insecureHosts` decides.
  jwksUri: z.optional(z.custom<string>()),
  remote: z.optional(remoteSchema),
  profile: z.optional(z.literal('rfc9068', { error: 'must be "rfc9068"' })),
  typ: z.optional(
    check<string | readonly string[]>(
      'a media type such as "at+jwt", or a non-empty list of them',
      oneOrMore(isMediaType),
    ),
  ),
  requiredClaims: z.optional(arrayOf<string>('names of claims', isNonEmptyString)),
  claims: z.optional(
    check<Readonly<Record<string, ClaimValue | readonly ClaimValue[]>>>(
      'an object of claims and their accepted values',
      isClaims,
    ),
  ),
  scopeClaim: z.optional(stringOrList),
  audienceClaim: z.optional(nonEmptyString),
  clientIdClaim: z.optional(nonEmptyString),
  clockToleranceMs: z.optional(clockTolerance),
  extractors: z.optional(extractorNames),
  maxTokenLength: z.optional(tokenLength),
  insecureHosts: z.optional(insecureHosts),
  revocations: z.optional(check<RevocationStore>('an object with get(), set()', isRevocationStore)),
  maxLifetimeMs: z.optional(durationMs(1, Number.MAX_SAFE_INTEGER)),
  name: z.optional(nonEmptyString),
});

/** The options of `jwt()`, checked. */
export type ParsedJwtOptions = z.output<typeof optionsSchema>;

const isFetched = ({ key, jwks }: ParsedJwtOptions): boolean =>
  key === undefined && jwks === undefined;
const isDiscovered = (options: ParsedJwtOptions): boolean =>
  isFetched(options) && options.jwksUri === undefined;

/** The rules also run for options of the wrong type, which are reported separately. */
const issuersIn = ({ issuer }: ParsedJwtOptions): readonly string[] =>
  [issuer].flat().filter((one) => typeof one === 'string');
const patternsIn = (options: ParsedJwtOptions): readonly string[] =>
  issuersIn(options).filter(isPattern);
const urlsFor = (options: ParsedJwtOptions): UrlPolicy =>
  urlPolicy([options.insecureHosts ?? []].flat().filter(isHost));

interface Rule {
  readonly path?: keyof ParsedJwtOptions;
  readonly isKept: (options: ParsedJwtOptions) => boolean;
  readonly error: string;
}

/** Requirements across several options. */
const RULES: readonly Rule[] = [
  {
    path: 'maxLifetimeMs',
    isKept: ({ revocations, maxLifetimeMs }) =>
      revocations !== undefined || maxLifetimeMs === undefined,
    error: 'is only allowed with "revocations"',
  },
  {
    isKept: ({ key, jwks, jwksUri }) =>
      [key, jwks, jwksUri].filter((one) => one !== undefined).length < 2,
    error: 'pass one of "key", "jwks" and "jwksUri", or none to discover the keys',
  },
  {
    path: 'algorithms',
    isKept: (options) => isFetched(options) || options.algorithms !== undefined,
    error: 'is required with "key" and "jwks"',
  },
  {
    path: 'remote',
    isKept: (options) => isFetched(options) || options.remote === undefined,
    error: 'is only allowed for keys from a URL, not with "key" or "jwks"',
  },
  {
    path: 'algorithms',
    isKept: (options) => !isFetched(options) || !algorithmsIn(options).some(isHmac),
    error: 'must not contain HS for keys from a URL: anyone who can read the keys could sign',
  },
  {
    path: 'algorithms',
    isKept: (options) => algorithmsIn(options).every(isHmac) || !algorithmsIn(options).some(isHmac),
    error:
      'must not mix HS with RS, PS, ES or EdDSA: a public key could be used as a secret (RFC 8725 §2.1)',
  },
  {
    path: 'jwksUri',
    isKept: (options) =>
      options.jwksUri === undefined || urlsFor(options).isSecure(options.jwksUri),
    error: 'must be an https URL (http on a loopback host or one of "insecureHosts")',
  },
  {
    path: 'issuer',
    isKept: (options) =>
      !isDiscovered(options) ||
      issuersIn(options).every((one) => isPattern(one) || urlsFor(options).isIssuer(one)),
    error:
      'must be an https URL without query (http on a loopback host or one of "insecureHosts") for its keys to be discovered; otherwise pass "key", "jwks" or "jwksUri"',
  },
  {
    path: 'issuer',
    isKept: (options) => patternsIn(options).every((one) => isSafePattern(one, urlsFor(options))),
    error:
      'must have its placeholders in the path, or as whole labels of the host before two fixed ones',
  },
  {
    path: 'issuer',
    isKept: (options) => patternsIn(options).every(isUnambiguous),
    error: 'must have at most one placeholder in each segment of the path',
  },
];

const algorithmsIn = ({ algorithms }: ParsedJwtOptions): readonly unknown[] =>
  Array.isArray(algorithms) ? algorithms : [];

const schemaWithRules = RULES.reduce(
  (schema, { path, isKept, error }) =>
    schema.check(z.refine(isKept, { error, path: path === undefined ? [] : [path] })),
  optionsSchema,
);

/**
 * Checks the options of `jwt()`.
 *
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is invalid, unknown or unsafe
 */
export const parseJwtOptions = (options: JwtOptions): ParsedJwtOptions =>
  checkOptions('jwt()', schemaWithRules, options);
