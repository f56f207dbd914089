/** Bounds how often something may fail. */
export interface Attempts {
  /** Counts an attempt. Returns false, and counts nothing, if too many failed. */
  begin(): boolean;
  /** The attempt did not fail after all. */
  forgive(): void;
  /** In how many seconds the next attempt is possible. */
  retryAfterS(): number;
}

export interface AttemptsOptions {
  /** How many attempts may fail within the window. */
  readonly max: number;
  readonly windowMs: number;
}

/**
 * Counts attempts in a sliding window. An attempt counts before its result is known, so many
 * attempts at the same time are bounded, too.
 */
export function createAttempts({ max, windowMs }: AttemptsOptions): Attempts {
  let times: number[] = [];
  return {
    begin() {
      const now = Date.now();
      times = times.filter((time) => time > now - windowMs);
      if (times.length >= max) {
        return false;
      }
      times.push(now);
      return true;
    },
    forgive() {
      times.pop();
    },
    retryAfterS: () => Math.max(1, Math.ceil(((times[0] ?? 0) + windowMs - Date.now()) / 1000)),
  };
}
