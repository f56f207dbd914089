import { typeError } from '../internal/errors';

/** The last time that a `Date` can hold (ECMA-262 §21.4.1.1), in milliseconds since the epoch. */
export const MAX_TIME = 8_640_000_000_000_000;

/** A time that is `durationMs` after another, limited to what a `Date` can hold. */
export const timeAfter = (start: number, durationMs: number): number =>
  Math.min(MAX_TIME, Math.floor(start + durationMs));

/**
 * 1973 to 5138, counted in seconds. The same number of milliseconds is a moment in the first three
 * years of the epoch.
 */
export const looksLikeSeconds = (time: number): boolean => time >= 1e8 && time < 1e11;

/**
 * Rejects times that were given in seconds, which would be dates of 1970. Old times are accepted.
 * @throws TypeError `ERR_LATCHKEY_EXPIRY`
 */
export function assertMilliseconds(
  where: string,
  times: Readonly<Record<string, number | null | undefined>>,
): void {
  for (const [member, time] of Object.entries(times)) {
    if (typeof time === 'number' && looksLikeSeconds(time)) {
      throw typeError(
        'ERR_LATCHKEY_EXPIRY',
        `${where}: option "${member}" must be in milliseconds since the epoch, and looks like seconds: multiply it by 1000`,
      );
    }
  }
}

/**
 * Rejects an expiry that would make a credential that has already expired.
 * @throws TypeError `ERR_LATCHKEY_EXPIRY`
 */
export function assertFutureExpiry(where: string, expiresAt: number | null | undefined): void {
  assertMilliseconds(where, { expiresAt });
  if (typeof expiresAt === 'number' && expiresAt <= Date.now()) {
    throw typeError(
      'ERR_LATCHKEY_EXPIRY',
      `${where}: option "expiresAt" must be a time in the future, in milliseconds since the epoch; revoke() ends a credential now`,
    );
  }
}
