import { LRUCache } from 'lru-cache';
import type { Revocable, Revocations } from './revocations';

export interface CacheLimits {
  /** How many proofs are kept. */
  readonly max: number;
  /** How long one is good without being proven anew: the bound on how long a revocation can go unseen. */
  readonly ttlMs: number;
  /** How much longer one may serve while it cannot be proven anew. */
  readonly staleIfErrorMs: number;
}

/** A verification that succeeded, as the cache keeps it. */
export interface Proof extends Revocable {
  /** Marks of the verifier that made it. */
  readonly revocations: Revocations;
  /** When its proof was begun, by the clock on the wall. */
  readonly provenAt: number;
  /** The same by the clock of this process (`performance.now()`), which nobody sets. */
  readonly upAt: number;
  /** Good no longer than this, by its own terms. */
  readonly expiresAt: number;
  marks: number;
}

/** Proofs by the fingerprints of their credentials: bounded, never past `until`, never past a mark. Only what was good is kept, so junk displaces nothing. */
export interface ProofCache<P extends Proof> {
  /** A proof that is good now. */
  fresh(fingerprint: string, now: number): P | undefined;
  /** A proof that would be good now if it could be proven anew, while it cannot. */
  stale(fingerprint: string, now: number): P | undefined;
  keep(fingerprint: string, proof: P): void;
  /** Forgets what turned out to be good no more. */
  drop(fingerprint: string): void;
}

export function proofCache<P extends Proof>({ max, ttlMs, staleIfErrorMs }: CacheLimits): ProofCache<P> {
  // Without lru-cache's own ttl, for which 0 is for ever: the time is looked at on every hit.
  const proofs = new LRUCache<string, P>({ max });

  const within = (fingerprint: string, now: number, ageMs: number): P | undefined => {
    const proof = proofs.get(fingerprint);
    if (!proof || now >= proof.expiresAt || now >= proof.provenAt + ageMs || now < proof.provenAt) return undefined;
    // Young by both clocks: the one on the wall can be set back, and this one stands still while the machine sleeps.
    if (performance.now() >= proof.upAt + ageMs) return undefined;
    const { revocations } = proof;
    if (proof.marks === revocations.count) return proof;
    if (revocations.voids(proof)) {
      proofs.delete(fingerprint);
      return undefined;
    }
    proof.marks = revocations.count;
    return proof;
  };

  return {
    fresh: (fingerprint, now) => within(fingerprint, now, ttlMs),
    stale: (fingerprint, now) => (staleIfErrorMs === 0 ? undefined : within(fingerprint, now, ttlMs + staleIfErrorMs)),
    keep: (fingerprint, proof) => void proofs.set(fingerprint, proof),
    drop: (fingerprint) => void proofs.delete(fingerprint),
  };
}

/** Every credential proven anew on every request. */
export const NO_CACHE: ProofCache<never> = { fresh: () => undefined, stale: () => undefined, keep: () => undefined, drop: () => undefined };
