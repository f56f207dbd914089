/** The clock of the computer, which this process no longer shows in `Date.now()`. */
export const computerClock = Date.now;

let offsetMs = 0;
Date.now = () => computerClock() + offsetMs;

/**
 * Sets the clock of this process, as its administrator would: so much before or behind the
 * computer's.
 */
export function setClock(ms: number): void {
  offsetMs = ms;
}
