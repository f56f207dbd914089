import { codedError } from '../../internal/errors';
import { LRUCache } from 'lru-cache';
import { andThen } from '../../internal/promises';
import { discovery, type JwksUriResolver } from './discovery';
import type { JwtOptions } from './jwt-options';
import { keySet, singleKey, type KeySource } from './keys';
import { remoteKeys } from './remote-keys';
import { ALGORITHMS, type Algorithm } from './signature';
import { isCanonicalIssuer, isPattern, matcher } from './issuer-pattern';

/** The issuers whose tokens are taken, and the keys of each: none is ever verified by another's. */
export interface Issuers {
  has(iss: unknown): boolean;
  /** Undefined where nobody has keys of that issuer. */
  keysOf(iss: unknown): KeySource | undefined;
  /** Ends what is being fetched. */
  close(): void;
}

/** Of metadata, and of a set of keys. */
const MAX_BYTES = 256 * 1024;
const ASYMMETRIC = (Object.keys(ALGORITHMS) as Algorithm[]).filter((algorithm) => !algorithm.startsWith('HS'));

export function issuersOf({ issuer, key, jwks, jwksUri, algorithms = ASYMMETRIC, remote = {} }: JwtOptions): Issuers {
  const { ttlMs = 600_000, staleIfErrorMs = 86_400_000, cooldownMs = 5_000, timeoutMs = 5_000, maxIssuers = 10_000 } = remote;
  const underWay = new Set<() => void>();
  const limits = { timeoutMs, maxBytes: MAX_BYTES, anyType: true, underWay, ...(remote.fetch && { fetch: remote.fetch }) };
  const fetched = (locate: JwksUriResolver, mayBeAbsent = false) =>
    remoteKeys(locate, algorithms, { ttlMs, staleIfErrorMs, cooldownMs, mayBeAbsent }, limits);

  const given = key !== undefined ? singleKey(key, algorithms) : jwks && keySet(jwks, algorithms);
  const shared = given ?? (jwksUri === undefined ? undefined : fetched(async () => jwksUri));
  const { names, isTenant } = readIssuer(issuer);
  const named = new Map<unknown, KeySource>(names.map((iss) => [iss, shared ?? fetched(discovery(iss))]));
  const tenants = tenantKeys((iss) => fetched(discovery(iss), true), { cooldownMs, maxIssuers });

  return {
    has: (iss) => named.has(iss) || isTenant(iss),
    keysOf: (iss) => shared ?? named.get(iss) ?? (isTenant(iss) ? tenants(iss) : undefined),
    close: () => underWay.forEach((end) => end()),
  };
}

/** The issuers that stand there by name, and whether another is one by a pattern or by the function. */
function readIssuer(issuer: JwtOptions['issuer']): { names: readonly string[]; isTenant: (iss: unknown) => iss is string } {
  const named = typeof issuer === 'function' ? [] : ([issuer].flat() as readonly string[]);
  const tests =
    typeof issuer === 'function' ? [(iss: string) => isCanonicalIssuer(iss) && issuer(iss) === true] : named.filter(isPattern).map(matcher);
  return {
    names: named.filter((one) => !isPattern(one)),
    isTenant: (iss): iss is string => typeof iss === 'string' && tests.some((test) => test(iss)),
  };
}

/** New tenants that are tried, and fail, in one cool-down: more are made up. */
const MAX_UNPROVEN = 256;

/** The keys of each tenant. Those that turned out to be real are kept apart, so that no flood of made-up ones drives them out. */
function tenantKeys(open: (iss: string) => KeySource, { cooldownMs, maxIssuers }: { cooldownMs: number; maxIssuers: number }) {
  const proven = new LRUCache<string, KeySource>({ max: maxIssuers });
  const unproven = new LRUCache<string, KeySource>({ max: MAX_UNPROVEN });
  let tried = 0;
  let since = -Infinity;

  const begin = (iss: string): KeySource => {
    const now = Date.now();
    if (now >= since + cooldownMs || now < since) [since, tried] = [now, 0];
    if (tried >= MAX_UNPROVEN) throw codedError('ERR_LATCHKEY_OVERLOADED', 'Too many new issuers at once');
    tried++;
    const source = open(iss);
    unproven.set(iss, source);
    return source;
  };

  return (iss: string): KeySource => {
    const known = proven.get(iss);
    if (known) return known;
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
