import { LRUCache } from 'lru-cache';

import type { Reason } from '../credential/reason';
import type { Rejection } from './result';
import { isYoungerThan, type VerificationTime } from './verification-cache';
import type { LookUp, VerifierState } from './verified-credential';

const MAX_REJECTIONS = 1_000;
const MAX_AGE_MS = 1_000;

/**
 * Reasons that may no longer apply a moment later, without a notification: time passes, or the
 * issuer publishes a key.
 */
const TRANSIENT: ReadonlySet<Reason> = new Set<Reason>(['not_yet_valid', 'bad_signature']);

interface CachedRejection extends VerificationTime {
  readonly rejection: Rejection;
  readonly state: VerifierState;
  /**
   * Whether the credential was rejected more than once within the time that a rejection is kept.
   */
  readonly isRepeated: boolean;
}

/**
 * Rejections of the last second, by the fingerprint of their credential: a dead token in a retry
 * loop costs its store two reads a second. The first rejection is not reused, so a client that
 * tries again after its key was created elsewhere is not delayed.
 */
export class RejectionCache {
  readonly #rejections = new LRUCache<string, CachedRejection>({ max: MAX_REJECTIONS });
  readonly #maxAgeMs: number;
  #generation = 0;

  /**
   * @param ttlMs How long a successful verification is cached: a rejection is not kept for longer.
   */
  constructor(ttlMs: number) {
    this.#maxAgeMs = Math.min(ttlMs, MAX_AGE_MS);
  }

  /** Changes with every `clear()`: a rejection from before must not be added afterwards. */
  get generation(): number {
    return this.#generation;
  }

  /** Returns the rejection of a credential that was rejected repeatedly. */
  get(fingerprint: string, state: VerifierState, now: number): Rejection | undefined {
    const cached = this.#get(fingerprint, state, now);
    return cached?.isRepeated === true ? cached.rejection : undefined;
  }

  add(rejection: Rejection, { state, fingerprint, start }: LookUp): void {
    const { verifiedAt, verifiedAtMonotonic, generation } = start;
    if (generation !== this.#generation || TRANSIENT.has(rejection.reason)) {
      return;
    }
    const isRepeated = this.#get(fingerprint, state, Date.now()) !== undefined;
    this.#rejections.set(fingerprint, {
      rejection,
      state,
      isRepeated,
      verifiedAt,
      verifiedAtMonotonic,
    });
  }

  /** Forgets every rejection: a credential was issued, imported, enabled or changed. */
  clear(): void {
    this.#generation++;
    this.#rejections.clear();
  }

  #get(fingerprint: string, state: VerifierState, now: number): CachedRejection | undefined {
    const cached = this.#rejections.get(fingerprint);
    return cached?.state === state && isYoungerThan(this.#maxAgeMs, cached, now)
      ? cached
      : undefined;
  }
}
