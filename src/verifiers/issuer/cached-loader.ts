export interface Freshness {
  /** How old what was loaded may grow before it is loaded anew; meanwhile it serves. */
  readonly maxAgeMs: number;
  /** How long nothing is loaded after a failure. */
  readonly cooldownMs: number;
}

/**
 * What `load` brings, loaded when it is first wanted, once for all who want it. What was loaded
 * before goes on serving while it cannot be loaded anew; without it a failure stands until the
 * cool-down is over.
 */
export function cachedLoader<T>(
  load: () => Promise<T>,
  { maxAgeMs, cooldownMs: cooldownMs }: Freshness,
): () => Promise<T> {
  let known: Promise<T> | undefined;
  let loading: Promise<T> | undefined;
  let failed: Promise<T> | undefined;
  // A clock that nobody sets.
  let restUntil = -Infinity;

  const start = (): Promise<T> => {
    const attempt = load();
    const rest = (ms: number) => {
      loading = undefined;
      restUntil = performance.now() + ms;
    };
    attempt.then(
      () => {
        known = attempt;
        rest(maxAgeMs);
      },
      () => {
        failed = attempt;
        rest(cooldownMs);
      },
    );
    return attempt;
  };

  return async () => {
    if (!loading && performance.now() >= restUntil) {
      loading = start();
    }
    return known ?? loading ?? (failed as Promise<T>);
  };
}
