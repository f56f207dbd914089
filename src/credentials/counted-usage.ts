import type { RecordedUsage } from '../stores/store';

const DAY_MS = 24 * 3_600_000;
const toDay = (time: number): number => Math.floor(time / DAY_MS);

interface Counted {
  count: number;
  lastUsedAt: number;
}

/** Uses in memory, by UTC day and credential. */
export class CountedUsage {
  readonly #days = new Map<number, Map<string, Counted>>();
  readonly #max: number;
  #size = 0;

  /** @param max how many credentials are counted on all days together */
  constructor(max: number) {
    this.#max = max;
  }

  /** Counts a use. Returns false if there is no room for another credential. */
  add(id: string, at: number): boolean {
    const day = toDay(at);
    const counted = this.#days.get(day)?.get(id);
    if (counted) {
      counted.count++;
      counted.lastUsedAt = Math.max(counted.lastUsedAt, at);
      return true;
    }
    if (this.#size >= this.#max) {
      return false;
    }
    const uses = this.#days.get(day) ?? new Map<string, Counted>();
    this.#days.set(day, uses.set(id, { count: 1, lastUsedAt: at }));
    this.#size++;
    return true;
  }

  /** Removes uses that were written. More may have been counted in the meantime. */
  remove(written: readonly RecordedUsage[]): void {
    for (const { id, count, lastUsedAt } of written) {
      const day = toDay(lastUsedAt);
      const uses = this.#days.get(day);
      const counted = uses?.get(id);
      if (!uses || !counted) {
        continue;
      }
      counted.count -= count;
      if (counted.count <= 0) {
        uses.delete(id);
        this.#size--;
      }
      if (uses.size === 0) {
        this.#days.delete(day);
      }
    }
  }

  toList(): readonly RecordedUsage[] {
    return [...this.#days.values()].flatMap((uses) =>
      [...uses].map(([id, counted]) => ({ id, ...counted })),
    );
  }
}

/** How many uses there are together. */
export const countUses = (usage: readonly RecordedUsage[]): number =>
  usage.reduce((sum, { count }) => sum + count, 0);

const toKey = ({ id, lastUsedAt }: RecordedUsage): string => `${id} ${toDay(lastUsedAt)}`;

/** Returns the uses that are not in `others`. */
export function without(
  usage: readonly RecordedUsage[],
  others: readonly RecordedUsage[],
): readonly RecordedUsage[] {
  const excluded = new Set(others.map(toKey));
  return usage.filter((use) => !excluded.has(toKey(use)));
}
