import type { CredentialStore, RecordedUse } from '../stores/store';

const FLUSH_AFTER_MS = 1_000;

/** Counts uses in memory and writes them in batches: a request never waits for its own bookkeeping. */
export interface UseCounter {
  count(id: string): void;
  /** Writes what was counted. Never rejects: what a failing store did not take stays counted for the next time. */
  flush(): Promise<void>;
}

export function useCounter(store: CredentialStore): UseCounter {
  let counted = new Map<string, { count: number; lastUsedAt: number }>();
  let timer: NodeJS.Timeout | undefined;

  const add = (id: string, count: number, lastUsedAt: number) => {
    const use = counted.get(id);
    if (use) {
      use.count += count;
      use.lastUsedAt = Math.max(use.lastUsedAt, lastUsedAt);
    } else {
      counted.set(id, { count, lastUsedAt });
    }
    timer ??= setTimeout(() => void flush(), FLUSH_AFTER_MS).unref();
  };

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (counted.size === 0) return;
    const uses: RecordedUse[] = [...counted].map(([id, use]) => ({ id, ...use }));
    counted = new Map();
    try {
      await store.recordUses(uses);
    } catch {
      for (const { id, count, lastUsedAt } of uses) add(id, count, lastUsedAt);
    }
  };

  return { count: (id) => add(id, 1, Date.now()), flush };
}
