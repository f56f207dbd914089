import { discovery, type Locate } from './discovery';
import type { JwtOptions } from './jwt-options';
import { keySet, singleKey, type KeySource } from './keys';
import { remoteKeys } from './remote-keys';
import { ALGORITHMS, type Algorithm } from './signature';

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
  const names = [issuer].flat() as readonly string[];
  const { ttlMs = 600_000, staleIfErrorMs = 86_400_000, cooldownMs = 5_000, timeoutMs = 5_000 } = remote;
  let closing = new AbortController();
  const limits = () => ({
    timeoutMs,
    maxBytes: MAX_BYTES,
    anyType: true,
    signal: closing.signal,
    ...(remote.fetch && { fetch: remote.fetch }),
  });
  const fetched = (locate: Locate) => remoteKeys(locate, algorithms, { ttlMs, staleIfErrorMs, cooldownMs }, limits);

  const given = key !== undefined ? singleKey(key, algorithms) : jwks && keySet(jwks, algorithms);
  const shared = given ?? (jwksUri === undefined ? undefined : fetched(async () => jwksUri));
  const known = new Map<unknown, KeySource>(names.map((iss) => [iss, shared ?? fetched(discovery(iss))]));

  return {
    has: (iss) => known.has(iss),
    keysOf: (iss) => shared ?? known.get(iss),
    close() {
      closing.abort();
      closing = new AbortController();
    },
  };
}
