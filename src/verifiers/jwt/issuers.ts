import { LRUCache } from 'lru-cache';

import { codedError } from '../../internal/errors';
import { andThen, isPromise } from '../../internal/promises';
import { type UrlPolicy, urlPolicy } from '../issuer/trusted-url';
import { discovery, type JwksUriResolver } from './discovery';
import { isPattern, isRemoteIssuer, matcher } from './issuer-pattern';
import type { JwtOptions } from './jwt-options';
import { keySet, type KeySource, singleKey } from './keys';
import { remoteKeys } from './remote-keys';
import { type Algorithm, ALGORITHMS } from './signature';

/**
 * The accepted issuers and the keys of each. No issuer's token is ever verified with the keys of
 * another.
 */
export interface Issuers {
  has(iss: unknown): boolean;
  /** Returns undefined for an issuer that is not accepted. */
  keysOf(iss: unknown): KeySource | undefined;
  /** Aborts pending fetches. */
  close(): void;
}

/** The largest metadata document or JWK Set, in bytes. */
const MAX_BYTES = 256 * 1024;
const ASYMMETRIC = (Object.keys(ALGORITHMS) as Algorithm[]).filter(
  (algorithm) => !algorithm.startsWith('HS'),
);

export function issuersOf({
  issuer,
  key,
  jwks,
  jwksUri,
  algorithms = ASYMMETRIC,
  remote = {},
  insecureHosts,
}: JwtOptions): Issuers {
  const urls = urlPolicy(insecureHosts);
  const {
    ttlMs = 600_000,
    staleIfErrorMs = 86_400_000,
    cooldownMs = 5_000,
    timeoutMs = 5_000,
    maxIssuers = 10_000,
  } = remote;
  const underWay = new Set<() => void>();
  const limits = {
    timeoutMs,
    maxBytes: MAX_BYTES,
    anyType: true,
    underWay,
    ...(remote.fetch && { fetch: remote.fetch }),
  };
  const fetched = (locate: JwksUriResolver, mayBeAbsent = false) =>
    remoteKeys(locate, algorithms, { ttlMs, staleIfErrorMs, cooldownMs, mayBeAbsent }, limits);

  const given = key !== undefined ? singleKey(key, algorithms) : jwks && keySet(jwks, algorithms);
  const shared = given ?? (jwksUri === undefined ? undefined : fetched(async () => jwksUri));
  const { names, isTenant } = readIssuer(issuer, urls);
  const named = new Map<unknown, KeySource>(
    names.map((iss) => [iss, shared ?? fetched(discovery(iss, urls))]),
  );
  const tenants = tenantKeys((iss) => fetched(discovery(iss, urls), true), {
    cooldownMs,
    maxIssuers,
  });

  return {
    has: (iss) => named.has(iss) || isTenant(iss),
    keysOf: (iss) => shared ?? named.get(iss) ?? (isTenant(iss) ? tenants(iss) : undefined),
    close: () => underWay.forEach((end) => end()),
  };
}

/**
 * Returns the issuers that are configured by name, and a test for those of a pattern or the
 * function.
 */
function readIssuer(
  issuer: JwtOptions['issuer'],
  urls: UrlPolicy,
): { names: readonly string[]; isTenant: (iss: unknown) => iss is string } {
  const named = typeof issuer === 'function' ? [] : ([issuer].flat() as readonly string[]);
  const tests =
    typeof issuer === 'function'
      ? [(iss: string) => isRemoteIssuer(iss, urls) && isAccepted(issuer, iss)]
      : named.filter(isPattern).map((pattern) => matcher(pattern, urls));
  return {
    names: named.filter((one) => !isPattern(one)),
    isTenant: (iss): iss is string => typeof iss === 'string' && tests.some((test) => test(iss)),
  };
}

function isAccepted(issuer: (iss: string) => boolean, iss: string): boolean {
  const result: unknown = issuer(iss);
  if (!isPromise(result)) {
    return result === true;
  }
  // Its rejection must not end the process.
  result.then(undefined, () => {});
  throw codedError(
    'ERR_LATCHKEY_OPTION',
    'jwt(): option "issuer" returned a promise; the function must return true or false synchronously',
  );
}

/**
 * The number of new tenants that may be looked up without success in one cool-down: more are
 * invented.
 */
const MAX_UNPROVEN = 256;

/**
 * Keeps the keys of each tenant. Tenants that have keys are kept apart, so that a flood of invented
 * ones does not evict them.
 */
function tenantKeys(
  open: (iss: string) => KeySource,
  { cooldownMs, maxIssuers }: { cooldownMs: number; maxIssuers: number },
) {
  const proven = new LRUCache<string, KeySource>({ max: maxIssuers });
  const unproven = new LRUCache<string, KeySource>({ max: MAX_UNPROVEN });
  let tried = 0;
  let since = -Infinity;

  const begin = (iss: string): KeySource => {
    const now = Date.now();
    if (now >= since + cooldownMs || now < since) {
      [since, tried] = [now, 0];
    }
    if (tried >= MAX_UNPROVEN) {
      throw codedError('ERR_LATCHKEY_OVERLOADED', 'Too many new issuers at once');
    }
    tried++;
    const source = open(iss);
    unproven.set(iss, source);
    return source;
  };

  return (iss: string): KeySource => {
    const known = proven.get(iss);
    if (known) {
      return known;
    }
    const source = unproven.get(iss) ?? begin(iss);
    return {
      candidates: (algorithm, kid) =>
        andThen(source.candidates(algorithm, kid), (found) => {
          if (found.length > 0 && unproven.delete(iss)) {
            proven.set(iss, source);
            tried--;
          }
          return found;
        }),
    };
  };
}
