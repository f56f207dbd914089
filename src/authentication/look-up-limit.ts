/**
 * How many verifications of credentials that were never verified may be outstanding at one
 * verifier.
 */
const MAX_UNKNOWN = 4_096;
/**
 * The same, with those of credentials that were verified before: a flood of fake keys must not
 * block them.
 */
const MAX_OUTSTANDING = 4_864;
/** With more than this, a verification may wait in the store's queue beyond its deadline. */
const PRESSURE = 1_024;
/** After this time without a result, a verification may be given up. */
const LONG_STOP_MS = 60_000;
/** How often one is given up while the store does not respond at all. */
const PROBE_INTERVAL_MS = 1_000;

interface Outstanding {
  readonly startedAt: number;
}

/**
 * Limits how many verifications are outstanding. Each counts until it settles, not until its
 * deadline: the store still works on it. Times are those of `performance.now()`.
 */
export class LookUpLimit {
  /** In the order in which they started. */
  readonly #outstanding = new Set<Outstanding>();
  #settledAt = -Infinity;
  #givenUpAt = -Infinity;

  /**
   * Whether so much is outstanding that a verification may miss its deadline in the store's queue.
   */
  get isUnderPressure(): boolean {
    return this.#outstanding.size >= PRESSURE;
  }

  /** Whether one more may start. `isKnown` says that the credential was verified before. */
  hasRoom(isKnown: boolean, now: number): boolean {
    return (
      this.#outstanding.size < (isKnown ? MAX_OUTSTANDING : MAX_UNKNOWN) || this.#giveUpOldest(now)
    );
  }

  /** Counts a verification until it settles. */
  track(verification: PromiseLike<unknown>, startedAt: number): void {
    const outstanding: Outstanding = { startedAt };
    const settled = () => {
      this.#outstanding.delete(outstanding);
      this.#settledAt = performance.now();
    };
    this.#outstanding.add(outstanding);
    verification.then(settled, settled);
  }

  /**
   * Makes room if the oldest verification started more than a minute ago. If others have settled
   * lately, the store has lost that one. If none has, one is given up per second: enough to notice
   * that the store is back, and too few to fill the memory.
   */
  #giveUpOldest(now: number): boolean {
    const [oldest] = this.#outstanding;
    if (!oldest || now - oldest.startedAt < LONG_STOP_MS) {
      return false;
    }
    if (now - this.#settledAt > PROBE_INTERVAL_MS && now - this.#givenUpAt < PROBE_INTERVAL_MS) {
      return false;
    }
    this.#givenUpAt = now;
    return this.#outstanding.delete(oldest);
  }
}
