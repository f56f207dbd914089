/** How long a loaded value is used, and how soon a failed load is repeated. In milliseconds. */
export interface Freshness {
  /** After this time, the value is loaded again. The old one is used until the new one is there. */
  readonly maxAgeMs: number;
  /** The shortest time from a failed load to the next. */
  readonly cooldownMs: number;
}

/**
 * Caches the result of an asynchronous function, which is called when the value is first needed.
 * Concurrent callers share one load. The last value is used while a newer one cannot be loaded;
 * without a value, callers get the failure until the cooldown is over.
 */
export function cachedLoader<T>(load: () => Promise<T>, freshness: Freshness): () => Promise<T> {
  const loader = new CachedLoader(load, freshness);
  return () => loader.get();
}

class CachedLoader<T> {
  readonly #load: () => Promise<T>;
  readonly #freshness: Freshness;
  /** The last load that succeeded, or the last one if none has. */
  #current: Promise<T> | undefined;
  #hasValue = false;
  #isLoading = false;
  /** By the monotonic clock, which is never set. */
  #nextLoadAt = -Infinity;

  constructor(load: () => Promise<T>, freshness: Freshness) {
    this.#load = load;
    this.#freshness = freshness;
  }

  get(): Promise<T> {
    const isDue = !this.#isLoading && performance.now() >= this.#nextLoadAt;
    const started = isDue ? this.#start() : undefined;
    return this.#current ?? started ?? this.#start();
  }

  #start(): Promise<T> {
    const attempt = this.#load();
    this.#isLoading = true;
    if (!this.#hasValue) {
      this.#current = attempt;
    }
    attempt.then(
      () => {
        this.#current = attempt;
        this.#hasValue = true;
        this.#finish(this.#freshness.maxAgeMs);
      },
      () => this.#finish(this.#freshness.cooldownMs),
    );
    return attempt;
  }

  #finish(pauseMs: number): void {
    this.#isLoading = false;
    this.#nextLoadAt = performance.now() + pauseMs;
  }
}
