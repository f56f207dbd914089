import { LRUCache } from 'lru-cache';

import type { Revocable, Revocations } from './revocations';

/** Limits of the cache of verified credentials: the option `cache` of `latchkey()`. */
export interface CacheLimits {
  /**
   * How many verified credentials are kept.
   * @default 10_000
   */
  readonly max: number;
  /**
   * How long a credential is accepted without being verified again, in milliseconds: the bound on
   * how long a revocation can go unnoticed.
   * @default 30_000
   */
  readonly ttlMs: number;
  /**
   * How much longer a credential is accepted while it cannot be verified again, in milliseconds.
   * @default 0
   */
  readonly staleIfErrorMs: number;
}

/**
 * When a verification started, by two clocks: the wall clock can be set back, and the monotonic one
 * stops while the machine sleeps.
 */
export interface VerificationTime {
  /** `Date.now()`, in milliseconds since the epoch. */
  readonly verifiedAt: number;
  /** `performance.now()`, in milliseconds. */
  readonly verifiedAtMonotonic: number;
}

/** A successful verification, as the cache keeps it. */
export interface CachedVerification extends Revocable, VerificationTime {
  /** The revocations of its verifier. */
  readonly revocations: Revocations;
  /** When the credential itself expires, in milliseconds since the epoch. */
  readonly expiresAt: number;
  revocationsSeen: number;
}

/**
 * Successful verifications by the fingerprint of their credential. Failed ones are not kept here,
 * so junk evicts nothing.
 */
export interface VerificationCache<V extends CachedVerification> {
  /** Returns a verification that is valid now. */
  fresh(fingerprint: string, now: number): V | undefined;
  /**
   * Returns a verification that may still be used because the credential cannot be verified again
   * (`staleIfErrorMs`).
   */
  stale(fingerprint: string, now: number): V | undefined;
  /** Whether the credential was verified before, however long ago. */
  has(fingerprint: string): boolean;
  set(fingerprint: string, verification: V): void;
  delete(fingerprint: string): void;
}

/** Whether less than `ageMs` have passed since a verification started, by both clocks. */
export const isYoungerThan = (
  ageMs: number,
  { verifiedAt, verifiedAtMonotonic }: VerificationTime,
  now: number,
): boolean =>
  now < verifiedAt + ageMs && now >= verifiedAt && performance.now() < verifiedAtMonotonic + ageMs;

/** Creates the cache. */
export function verificationCache<V extends CachedVerification>({
  max,
  ttlMs,
  staleIfErrorMs,
}: CacheLimits): VerificationCache<V> {
  // lru-cache's own ttl is not used: it treats 0 as "never expires". The age is checked on every
  // hit instead.
  const verifications = new LRUCache<string, V>({ max });

  const youngerThan = (ageMs: number, fingerprint: string, now: number): V | undefined => {
    const cached = verifications.get(fingerprint);
    if (!cached || now >= cached.expiresAt || !isYoungerThan(ageMs, cached, now)) {
      return undefined;
    }
    const { revocations } = cached;
    if (cached.revocationsSeen === revocations.count) {
      return cached;
    }
    if (revocations.isRevoked(cached)) {
      verifications.delete(fingerprint);
      return undefined;
    }
    cached.revocationsSeen = revocations.count;
    return cached;
  };

  return {
    fresh: (fingerprint, now) => youngerThan(ttlMs, fingerprint, now),
    stale: (fingerprint, now) =>
      staleIfErrorMs === 0 ? undefined : youngerThan(ttlMs + staleIfErrorMs, fingerprint, now),
    has: (fingerprint) => verifications.has(fingerprint),
    set: (fingerprint, verification) => void verifications.set(fingerprint, verification),
    delete: (fingerprint) => void verifications.delete(fingerprint),
  };
}

/** Keeps nothing: every credential is verified on every request. */
export const NO_CACHE: VerificationCache<never> = {
  fresh: () => undefined,
  stale: () => undefined,
  has: () => false,
  set: () => undefined,
  delete: () => undefined,
};
