/**
 * Shares the result of a look-up with every request with the same credential while it is
 * pending.
 */
export class SingleFlight<T> {
  readonly #pending = new Map<string, Promise<T>>();

  /** Returns the pending look-up for a key. */
  get(key: string): Promise<T> | undefined {
    return this.#pending.get(key);
  }

  /** Shares a look-up until it settles. */
  track(key: string, lookUp: Promise<T>): Promise<T> {
    const settled = () => {
      if (this.#pending.get(key) === lookUp) {
        this.#pending.delete(key);
      }
    };
    this.#pending.set(key, lookUp);
    lookUp.then(settled, settled);
    return lookUp;
  }

  /**
   * Stops sharing what is pending: a look-up that started before a revocation must not decide a
   * request that came after it.
   */
  clear(): void {
    this.#pending.clear();
  }
}
