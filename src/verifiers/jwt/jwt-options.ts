import * as z from 'zod';
import {
  clockTolerance,
  durationMs,
  functionOption,
  arrayOf,
  nonEmptyString,
  stringOrList,
  objectWithMethods,
  checkOptions,
  isIdentifier,
  isSecureUrl,
  isTextOrList,
  check,
} from '../../internal/options';
import { bareType } from './claims';
import type { JwkSet, KeyInput } from './keys';
import type { RevocationStore } from './jwt-revocations';
import { ALGORITHMS, type Algorithm } from './signature';
import { isPattern, isSafePattern } from './issuer-pattern';

/** How keys from a URL are fetched and kept. Durations in milliseconds. */
export interface RemoteOptions {
  /** How long fetched keys are used before the server is asked again, so that one which it withdrew is refused: 600 000 by default. */
  readonly ttlMs?: number;
  /** How much longer they are used while the server cannot be asked: 86 400 000 (a day) by default. */
  readonly staleIfErrorMs?: number;
  /** From the start of one attempt to the next, whatever came of it: 5 000 by default. */
  readonly cooldownMs?: number;
  /** Deadline of one answer: 5 000 by default. A request waits no longer than `timeoutMs` of `latchkey()`; the answer is for the next one. */
  readonly timeoutMs?: number;
  /** Of how many tenants the keys are kept, those that were used last: 10 000 by default. */
  readonly maxIssuers?: number;
  /** In place of the global `fetch`, for a proxy or certificates of your own. It must keep `redirect` and `signal`. */
  readonly fetch?: typeof fetch;
}

type ClaimValue = string | number | boolean;

export interface JwtOptions {
  /**
   * Exactly what `iss` says; a list where one service signs under several names. For tenants a pattern, such as
   * `'https://login.example.com/{tenant}/v2.0'`, whose placeholder is one label of the host or (part of) one segment of the path, or a
   * function, which is asked of well-formed URLs alone: whatever it takes is fetched from. Each issuer has keys of its own.
   */
  readonly issuer: string | readonly string[] | ((iss: string) => boolean);
  /** What `aud` must name: this API. One of a list is enough. */
  readonly audience: string | readonly string[];
  /**
   * Algorithms that may have signed; HS is never mixed with others. They must be named with `key` and `jwks`. For keys from a URL
   * they are all but HS by default.
   */
  readonly algorithms?: readonly Algorithm[];
  /** A PEM public key or certificate, a JWK, a `KeyObject`, or the secret of an HS algorithm. */
  readonly key?: KeyInput;
  /** Several keys, chosen by `kid`. */
  readonly jwks?: JwkSet;
  /**
   * Where the issuer publishes its keys: `https`, or `http` to this machine. Without it, and without `key` and `jwks`, the issuer's
   * metadata says where (OpenID Connect Discovery, RFC 8414).
   */
  readonly jwksUri?: string;
  /** How keys from a URL are fetched and kept. */
  readonly remote?: RemoteOptions;
  /** Asks for all that RFC 9068 §2.2 requires: `typ` `at+jwt`, `sub`, `client_id`, `iat`, `jti`. */
  readonly profile?: 'rfc9068';
  /** `typ` header values to accept; `at+jwt`, `JWT` and none by default. */
  readonly typ?: string | readonly string[];
  /** Claims that must be there beside `exp`, `iss`, `aud` and a subject. */
  readonly requiredClaims?: readonly string[];
  /** Values that claims must have, one of a list each: `{ token_use: 'access' }`. Of a claim that is a list, one member is enough. */
  readonly claims?: Readonly<Record<string, ClaimValue | readonly ClaimValue[]>>;
  /** Claim that holds the scopes, a string or an array; of a list, the first that is there: `['scope', 'scp']` by default. */
  readonly scopeClaim?: string | readonly string[];
  /** Claim that says whom the token is for: `aud` by default; `client_id` for an issuer that gives access tokens no `aud`. */
  readonly audienceClaim?: string;
  /** Claim that names the client: `client_id` by default; `azp`, `cid` or `appid` for some issuers. */
  readonly clientIdClaim?: string;
  /** How far the issuer's clock may be off, up to 300 000 ms; 0 by default. */
  readonly clockToleranceMs?: number;
  /**
   * Where revocations of these tokens are kept: any `StateStore`, asked on every fresh proof. A token is then refused without `iat`,
   * or where it lives longer than `maxLifetimeMs`: it could outlive its revocation.
   */
  readonly revocations?: RevocationStore;
  /** The longest life of a token, from `iat` to `exp`, with `revocations`: 86 400 000 (a day) by default. */
  readonly maxLifetimeMs?: number;
  /** Names it in principals and decisions; `'jwt'` by default. */
  readonly name?: string;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const namesIn = (issuer: unknown): readonly string[] => (typeof issuer === 'function' ? [] : ([issuer].flat() as readonly string[]));
const isTypes = (value: unknown): boolean =>
  [value].flat().length > 0 && [value].flat().every((one) => isText(one) && bareType(one as string) !== '');
const isClaims = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every(
    (one) => [one].flat().length > 0 && [one].flat().every((v) => isText(v) || typeof v === 'number' || typeof v === 'boolean'),
  );
const isAlgorithm = (value: unknown): boolean => typeof value === 'string' && Object.hasOwn(ALGORITHMS, value);
const isHmac = (algorithm: unknown): boolean => String(algorithm).startsWith('HS');

const hasGetAndSet = objectWithMethods('get', 'set');
/** A `get()` with one parameter is that of a `Map` or a cache: it would take the group for the key, and never find a revocation. */
const isRevocationStore = (value: unknown): boolean => hasGetAndSet.safeParse(value).success && (value as RevocationStore).get.length !== 1;

interface Keys {
  readonly key?: unknown;
  readonly jwks?: unknown;
  readonly jwksUri?: unknown;
}
const isFetched = ({ key, jwks }: Keys): boolean => key === undefined && jwks === undefined;
const isDiscovered = ({ jwksUri, ...keys }: Keys): boolean => isFetched(keys) && jwksUri === undefined;

const optionsSchema = z
  .strictObject({
    issuer: check(
      'a non-empty string, a non-empty list of them, or a function',
      (value) => typeof value === 'function' || isTextOrList(value),
    ),
    audience: stringOrList,
    algorithms: arrayOf(`algorithms of ${Object.keys(ALGORITHMS).join(', ')}`, isAlgorithm).optional(),
    // One that is there and undefined was meant to be given: then no other way to the keys is taken.
    key: check(
      'a PEM, a JWK, a KeyObject or a secret',
      (value) => isText(value) || (typeof value === 'object' && value !== null),
    ).exactOptional(),
    jwks: check(
      'a JWK Set: { keys: [ … ] }',
      (value) =>
        Array.isArray((value as JwkSet | null)?.keys) && (value as JwkSet).keys.every((key) => typeof key === 'object' && key !== null),
    ).optional(),
    jwksUri: check('a URL of https, or of http to this machine', isSecureUrl).optional(),
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
    revocations: check('an object with get(), set()', isRevocationStore).optional(),
    maxLifetimeMs: durationMs(1, Number.MAX_SAFE_INTEGER).optional(),
    name: nonEmptyString.optional(),
  })
  .refine(({ revocations, maxLifetimeMs }) => revocations !== undefined || maxLifetimeMs === undefined, {
    path: ['maxLifetimeMs'],
    error: 'is for "revocations", which have to be kept for so long',
  })
  .refine(({ key, jwks, jwksUri }) => [key, jwks, jwksUri].filter((one) => one !== undefined).length < 2, {
    error: 'give one of "key", "jwks" and "jwksUri", or none to find the keys by the issuer\'s metadata',
  })
  .refine((options) => isFetched(options) || options.algorithms !== undefined, {
    path: ['algorithms'],
    error: 'must be named with "key" and "jwks"',
  })
  .refine((options) => isFetched(options) || options.remote === undefined, { path: ['remote'], error: 'is for keys from a URL' })
  .refine((options) => !isFetched(options) || !options.algorithms?.some(isHmac), {
    path: ['algorithms'],
    error: 'must not have HS for keys from a URL: whoever can read them could sign',
  })
  .refine(({ issuer, ...options }) => !isDiscovered(options) || namesIn(issuer).every((one) => isPattern(one) || isIdentifier(one)), {
    path: ['issuer'],
    error:
      'must be a URL of https without query, or of http to this machine, for its metadata to be found; else give "key", "jwks" or "jwksUri"',
  })
  .refine(({ issuer }) => namesIn(issuer).every((one) => !isPattern(one) || isSafePattern(one)), {
    path: ['issuer'],
    error: 'must have its placeholders in the path, or as whole labels of the host before two that are fixed',
  })
  .refine(({ algorithms = [] }) => algorithms.every(isHmac) || !algorithms.some(isHmac), {
    path: ['algorithms'],
    error: 'must not mix HS with RS, PS, ES or EdDSA: a public key could pass for a secret (RFC 8725 §2.1)',
  });

/** The options of `jwt()`, or a TypeError. */
export function checkJwtOptions(options: JwtOptions): void {
  checkOptions('jwt()', optionsSchema, options);
}
