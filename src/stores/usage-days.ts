const DAY_MS = 24 * 3_600_000;

/** How many days the uses of a day are kept. */
export const USAGE_DAYS = 90;

/** The uses of a credential on one day. */
export interface DailyUsage {
  /** A UTC day, such as `'2026-11-30'`. */
  readonly day: string;
  /** How many requests were accepted. */
  readonly count: number;
}

/** A range of UTC days, such as `'2026-11-30'`. Both are included. */
export interface DayRange {
  /** The first day. */
  readonly from: string;
  /** The last day. */
  readonly to: string;
}

/** The UTC day of a time. The years 0 to 9999 sort as text. */
export const toDay = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** The first day whose uses are still kept. */
export const firstKeptDay = (now: number): string => toDay(now - (USAGE_DAYS - 1) * DAY_MS);

const MAX_TIME = Date.UTC(9999, 11, 31);

/** The UTC day of any time. Times before 1970 or after 9999 become the nearest day. */
export const clampToDay = (time: number): string => toDay(Math.min(Math.max(time, 0), MAX_TIME));

/** The UTC day that a use is counted for; undefined if that day is not kept any more. */
export function toUsageDay(usedAt: number, now: number): string | undefined {
  if (!(usedAt >= 0 && usedAt < MAX_TIME)) {
    return undefined;
  }
  const day = toDay(usedAt);
  return day >= firstKeptDay(now) ? day : undefined;
}

/** Every kept day of a range, in order. */
export function daysIn({ from, to }: DayRange, now: number): readonly string[] {
  const days: string[] = [];
  const first = Date.parse(firstKeptDay(now));
  // A day ahead, because the clocks of instances differ.
  for (let time = first; time <= first + USAGE_DAYS * DAY_MS; time += DAY_MS) {
    const day = toDay(time);
    if (day >= from && day <= to) {
      days.push(day);
    }
  }
  return days;
}
