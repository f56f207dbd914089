import { types } from 'node:util';

import * as z from 'zod';

import {
  arrayOf,
  check,
  checkOptions,
  clockTolerance,
  durationMs,
  functionOption,
  isTextOrList,
  nonEmptyString,
  objectWithMethods,
  stringOrList,
} from '../../internal/options';
import { isHost, type UrlPolicy, urlPolicy } from '../issuer/trusted-url';
import { extractorNames, insecureHosts, tokenLength } from '../verifier-options';
import { bareType } from './claims';
import { isPattern, isSafePattern, isUnambiguous } from './issuer-pattern';
import type { RevocationStore } from './jwt-revocations';
import type { JwkSet, KeyInput } from './keys';
import { type Algorithm, ALGORITHMS } from './signature';

/** How keys from a URL are fetched and kept. Durations in milliseconds. */
export interface RemoteOptions {
  /**
   * How long fetched keys are used before they are fetched again: the longest time for which a
   * withdrawn key is still accepted.
   * @default 600_000
   */
  readonly ttlMs?: number;
  /**
   * How much longer they are used while the server is unavailable.
   * @default 86_400_000 (a day)
   */
  readonly staleIfErrorMs?: number;
  /**
   * The shortest time from the start of one attempt to fetch to the next, whether or not it
   * succeeds.
   * @default 5_000
   */
  readonly cooldownMs?: number;
  /**
   * Deadline of one response. A request waits no longer than `timeoutMs` of `latchkey()`; a later
   * response serves the next request.
   * @default 5_000
   */
  readonly timeoutMs?: number;
  /**
   * The number of tenants whose keys are cached: the most recently used.
   * @default 10_000
   */
  readonly maxIssuers?: number;
  /**
   * Replaces the global `fetch`, for a proxy or a private CA. It must pass on `redirect` and
   * `signal`.
   */
  readonly fetch?: typeof fetch;
}

type ClaimValue = string | number | boolean;

/** Options of `jwt()`. */
export interface JwtOptions {
  /**
   * The exact value of `iss`, or a list of values. For tenants, a pattern such as
   * `'https://login.example.com/{tenant}/v2.0'`, whose placeholders are whole labels of the host,
   * or all or part of a path segment, at most one in each. Or a synchronous function, which is
   * called for well-formed URLs only: keys are fetched from every issuer for which it returns true.
   */
  readonly issuer: string | readonly string[] | ((iss: string) => boolean);
  /** What `aud` must name: this API. One entry of a list is enough. */
  readonly audience: string | readonly string[];
  /**
   * Accepted algorithms; HS is never mixed with others. Required with `key` and `jwks`.
   * @default all but HS, for keys from a URL
   */
  readonly algorithms?: readonly Algorithm[];
  /** A PEM public key or certificate, a JWK, a `KeyObject`, or the secret of an HS algorithm. */
  readonly key?: KeyInput;
  /** Several keys, selected by `kid`. */
  readonly jwks?: JwkSet;
  /**
   * Where the issuer publishes its keys: `https`, or `http` on a loopback host or one of
   * `insecureHosts`.
   * @default the `jwks_uri` of the issuer's metadata (OpenID Connect Discovery, RFC 8414)
   */
  readonly jwksUri?: string;
  /** How keys from a URL are fetched and cached. */
  readonly remote?: RemoteOptions;
  /**
   * Hosts that may be reached by plain `http`, such as `['keycloak:8080']`, for metadata and keys.
   * Compared exactly, port included.
   * @default []
   */
  readonly insecureHosts?: readonly string[];
  /**
   * Requires everything that RFC 9068 §2.2 does: `typ` `at+jwt`, `sub`, `client_id`, `iat`, `jti`.
   */
  readonly profile?: 'rfc9068';
  /**
   * Accepted `typ` header values.
   * @default at+jwt, JWT and no typ
   */
  readonly typ?: string | readonly string[];
  /** Claims that are required besides `exp`, `iss`, `aud` and a subject. */
  readonly requiredClaims?: readonly string[];
  /**
   * Values that claims must have, one of a list each: `{ token_use: 'access' }`. Of a claim that is
   * a list, one entry is enough.
   */
  readonly claims?: Readonly<Record<string, ClaimValue | readonly ClaimValue[]>>;
  /**
   * The claim that holds the scopes, a string or a list; of several names, the first one present.
   * @default ['scope', 'scp']
   */
  readonly scopeClaim?: string | readonly string[];
  /**
   * The claim that names the audience: `client_id` for an issuer whose access tokens have no `aud`.
   * @default 'aud'
   */
  readonly audienceClaim?: string;
  /**
   * The claim that names the client: `azp`, `cid` or `appid` for some issuers. Only `client_id` can
   * stand in for a missing `sub`.
   * @default 'client_id'
   */
  readonly clientIdClaim?: string;
  /**
   * How far the issuer's clock may differ, for `exp` and `nbf`: 0 to 300,000 ms. A future `iat`
   * never rejects a token.
   * @default 5_000
   */
  readonly clockToleranceMs?: number;
  /**
   * Names of the extractors whose tokens are verified: `['bearer', 'cookie']` for a JWT in a
   * cookie.
   * @default ['bearer', 'dpop']
   */
  readonly extractors?: readonly string[];
  /**
   * The longest token that is verified, in characters. Node itself accepts 16 KiB of headers.
   * @default 8192
   */
  readonly maxTokenLength?: number;
  /**
   * Where revocations of these tokens are kept: any `StateStore`, queried for every verification
   * that is not cached. A token without
   * `iat`, or that lives longer than `maxLifetimeMs`, is then rejected: it could outlive its
   * revocation.
   */
  readonly revocations?: RevocationStore;
  /**
   * The longest lifetime of a token in milliseconds, from `iat` to `exp`, with `revocations`.
   * @default 86_400_000 (a day)
   */
  readonly maxLifetimeMs?: number;
  /**
   * Names the verifier in principals and decisions.
   * @default 'jwt'
   */
  readonly name?: string;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const namesIn = (issuer: unknown): readonly string[] =>
  typeof issuer === 'function' ? [] : ([issuer].flat() as readonly string[]);
const patternsIn = (issuer: unknown): readonly string[] =>
  namesIn(issuer).filter((one) => typeof one === 'string' && isPattern(one));
/** What is wrong with a host has an error of its own. */
const urlsOf = (options: { readonly insecureHosts?: unknown }): UrlPolicy =>
  urlPolicy([options.insecureHosts].flat().filter(isHost));
const isTypes = (value: unknown): boolean =>
  [value].flat().length > 0 &&
  [value].flat().every((one) => isText(one) && bareType(one as string) !== '');
const isClaims = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every(
    (one) =>
      [one].flat().length > 0 &&
      [one].flat().every((v) => isText(v) || typeof v === 'number' || typeof v === 'boolean'),
  );
const isAlgorithm = (value: unknown): boolean =>
  typeof value === 'string' && Object.hasOwn(ALGORITHMS, value);
const isHmac = (algorithm: unknown): boolean => String(algorithm).startsWith('HS');

const hasGetAndSet = objectWithMethods('get', 'set');
/**
 * A `get()` with one parameter is that of a `Map` or a cache: it would take the group for the key,
 * and never find a revocation.
 */
const isRevocationStore = (value: unknown): boolean =>
  hasGetAndSet.safeParse(value).success && (value as RevocationStore).get.length !== 1;

interface Keys {
  readonly key?: unknown;
  readonly jwks?: unknown;
  readonly jwksUri?: unknown;
}
const isFetched = ({ key, jwks }: Keys): boolean => key === undefined && jwks === undefined;
const isDiscovered = ({ jwksUri, ...keys }: Keys): boolean =>
  isFetched(keys) && jwksUri === undefined;

const optionsSchema = z
  .strictObject({
    issuer: check(
      'a non-empty string, a non-empty list of them, or a function',
      (value) => typeof value === 'function' || isTextOrList(value),
    ).refine((value) => !types.isAsyncFunction(value), {
      error: 'must be a function that returns true or false synchronously, not an async one',
    }),
    audience: stringOrList,
    algorithms: arrayOf(
      `algorithms of ${Object.keys(ALGORITHMS).join(', ')}`,
      isAlgorithm,
    ).optional(),
    // One that is there and undefined was meant to be given: then no other way to the keys is
    // taken.
    key: check(
      'a PEM, a JWK, a KeyObject or a secret',
      (value) => isText(value) || (typeof value === 'object' && value !== null),
    ).exactOptional(),
    jwks: check(
      'a JWK Set: { keys: [ … ] }',
      (value) =>
        Array.isArray((value as JwkSet | null)?.keys) &&
        (value as JwkSet).keys.every((key) => typeof key === 'object' && key !== null),
    ).optional(),
    jwksUri: z.unknown().optional(),
    remote: z
      .strictObject({
        ttlMs: durationMs(1).optional(),
        staleIfErrorMs: durationMs(0).optional(),
        cooldownMs: durationMs(1).optional(),
        timeoutMs: durationMs(1).optional(),
        maxIssuers: check(
          'a whole number from 1 to 1000000',
          (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1e6,
        ).optional(),
        fetch: functionOption.optional(),
      })
      .optional(),
    profile: z.literal('rfc9068', { error: 'must be "rfc9068"' }).optional(),
    typ: check('a media type, such as "at+jwt", or a non-empty list of them', isTypes).optional(),
    requiredClaims: arrayOf('names of claims', isText).optional(),
    claims: check('an object of claims and the values that they must have', isClaims).optional(),
    scopeClaim: stringOrList.optional(),
    audienceClaim: nonEmptyString.optional(),
    clientIdClaim: nonEmptyString.optional(),
    clockToleranceMs: clockTolerance.optional(),
    extractors: extractorNames.optional(),
    maxTokenLength: tokenLength.optional(),
    insecureHosts: insecureHosts.optional(),
    revocations: check('an object with get(), set()', isRevocationStore).optional(),
    maxLifetimeMs: durationMs(1, Number.MAX_SAFE_INTEGER).optional(),
    name: nonEmptyString.optional(),
  })
  .refine(
    ({ revocations, maxLifetimeMs }) => revocations !== undefined || maxLifetimeMs === undefined,
    {
      path: ['maxLifetimeMs'],
      error: 'is for "revocations", which have to be kept for so long',
    },
  )
  .refine(
    ({ key, jwks, jwksUri }) => [key, jwks, jwksUri].filter((one) => one !== undefined).length < 2,
    {
      error:
        'give one of "key", "jwks" and "jwksUri", or none to find the keys by the issuer\'s metadata',
    },
  )
  .refine((options) => isFetched(options) || options.algorithms !== undefined, {
    path: ['algorithms'],
    error: 'must be named with "key" and "jwks"',
  })
  .refine((options) => isFetched(options) || options.remote === undefined, {
    path: ['remote'],
    error: 'is for keys from a URL',
  })
  .refine((options) => !isFetched(options) || !options.algorithms?.some(isHmac), {
    path: ['algorithms'],
    error: 'must not have HS for keys from a URL: whoever can read them could sign',
  })
  .refine(({ jwksUri, ...options }) => jwksUri === undefined || urlsOf(options).isSecure(jwksUri), {
    path: ['jwksUri'],
    error: 'must be a URL of https, or of http to this machine or to one of "insecureHosts"',
  })
  .refine(
    ({ issuer, ...options }) =>
      !isDiscovered(options) ||
      namesIn(issuer).every((one) => isPattern(one) || urlsOf(options).isIssuer(one)),
    {
      path: ['issuer'],
      error:
        'must be a URL of https without query, or of http to this machine or to one of "insecureHosts", for its metadata to be found; else give "key", "jwks" or "jwksUri"',
    },
  )
  .refine(
    ({ issuer, ...options }) =>
      patternsIn(issuer).every((one) => isSafePattern(one, urlsOf(options))),
    {
      path: ['issuer'],
      error:
        'must have its placeholders in the path, or as whole labels of the host before two that are fixed',
    },
  )
  .refine(({ issuer }) => patternsIn(issuer).every(isUnambiguous), {
    path: ['issuer'],
    error: 'must have at most one placeholder in each segment of the path',
  })
  .refine(({ algorithms = [] }) => algorithms.every(isHmac) || !algorithms.some(isHmac), {
    path: ['algorithms'],
    error:
      'must not mix HS with RS, PS, ES or EdDSA: a public key could pass for a secret (RFC 8725 §2.1)',
  });

/** The options of `jwt()`, or a TypeError. */
export function checkJwtOptions(options: JwtOptions): void {
  checkOptions('jwt()', optionsSchema, options);
}
