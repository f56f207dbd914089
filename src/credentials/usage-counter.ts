import { withDeadline } from '../internal/promises';
import type { CredentialStore, RecordedUsage } from '../stores/store';

const FLUSH_AFTER_MS = 1_000;
const WRITE_WITHIN_MS = 5_000;
/** While a store takes no writes, the uses of no more credentials than this are kept for it. */
const MAX_COUNTED = 100_000;

/** Counts uses in memory and writes them in batches: a request never waits for its own bookkeeping. */
export interface UsageCounter {
  count(id: string, at: number): void;
  /** Writes what was counted. Never rejects: what a failing store did not take stays counted for the next time. */
  flush(): Promise<void>;
}

export function createUsageCounter(store: CredentialStore): UsageCounter {
  let counted = new Map<string, { count: number; lastUsedAt: number }>();
  let timer: NodeJS.Timeout | undefined;
  let written = Promise.resolve();

  const add = (id: string, count: number, lastUsedAt: number) => {
    const use = counted.get(id);
    if (use) {
      use.count += count;
      if (lastUsedAt > use.lastUsedAt) use.lastUsedAt = lastUsedAt;
      return;
    }
    if (counted.size < MAX_COUNTED) counted.set(id, { count, lastUsedAt });
    timer ??= setTimeout(() => void flush(), FLUSH_AFTER_MS).unref();
  };

  const write = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (counted.size === 0) return;
    const uses: RecordedUsage[] = [...counted].map(([id, use]) => ({ id, ...use }));
    counted = new Map();
    try {
      await withDeadline(Promise.resolve(store.recordUsage(uses)), WRITE_WITHIN_MS);
    } catch {
      for (const { id, count, lastUsedAt } of uses) add(id, count, lastUsedAt);
    }
  };
  // One batch at a time: a store that is slow is not asked more, and one that hangs keeps nobody from closing.
  const flush = (): Promise<void> => (written = written.then(write));

  return { count: (id, at) => add(id, 1, at), flush };
}
