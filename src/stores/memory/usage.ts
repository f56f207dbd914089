import type { RecordedUsage } from '../store';
import { type DailyUsage, type DayRange, firstKeptDay, toUsageDay } from '../usage-days';

/** The uses of each record by UTC day. */
export class UsageByDay {
  readonly #days = new Map<string, Map<string, number>>();

  add({ id, count, lastUsedAt }: RecordedUsage): void {
    const now = Date.now();
    const day = toUsageDay(lastUsedAt, now);
    if (day === undefined) {
      return;
    }
    const days = this.#days.get(id) ?? new Map<string, number>();
    this.#days.set(id, days);
    if (!days.has(day)) {
      this.#forget(days, firstKeptDay(now));
    }
    days.set(day, (days.get(day) ?? 0) + count);
  }

  list(id: string, { from, to }: DayRange): readonly DailyUsage[] {
    const first = firstKeptDay(Date.now());
    return [...(this.#days.get(id) ?? [])]
      .map(([day, count]) => ({ day, count }))
      .filter(({ day }) => day >= first && day >= from && day <= to)
      .sort((a, b) => (a.day < b.day ? -1 : 1));
  }

  delete(id: string): void {
    this.#days.delete(id);
  }

  #forget(days: Map<string, number>, first: string): void {
    for (const day of days.keys()) {
      if (day < first) {
        days.delete(day);
      }
    }
  }
}
