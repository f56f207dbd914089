import { codedError } from '../internal/errors';
import { withDeadline } from '../internal/promises';
import type { CredentialStore, RecordedUsage } from '../stores/store';
import { publishStoreEvent } from '../stores/store-events';

const WRITE_INTERVAL_MS = 1_000;
/** After each failed write, the next one is twice as far away, up to this. */
const LONGEST_RETRY_INTERVAL_MS = 30_000;
const WRITE_TIMEOUT_MS = 5_000;
/**
 * How often a write that has not settled is waited for. After that its uses are written again: the
 * store has lost it.
 */
const MAX_WAITS = 6;
/** How long a reader waits for uses to be written. */
const READER_WAITS_MS = 1_000;
/**
 * Background writes may fail this often before the uses are reported as lost: one failure is a
 * blip.
 */
const FAILURES_BEFORE_REPORT = 2;
/** While the store refuses writes, the uses of at most this many credentials are kept. */
const MAX_CREDENTIALS = 100_000;

/** Counts uses in memory and writes them in batches, so that a request never waits for them. */
export interface UsageCounter {
  count(id: string, at: number): void;
  /**
   * Writes what was counted.
   * @throws Error `ERR_LATCHKEY_USAGE` if it could not. `count` says how many uses, without those
   * already reported. They are kept.
   */
  flush(): Promise<void>;
  /** Writes what was counted, for a reader: waits a second at most and never rejects. */
  tryFlush(): Promise<void>;
}

interface CountedUsage {
  count: number;
  lastUsedAt: number;
}

/** What became of a write: the uses that are in the store, and why others are not. */
interface Outcome {
  readonly written: readonly RecordedUsage[];
  readonly error?: unknown;
}

/** A write that has started. */
interface Write {
  /** Never rejects. */
  readonly outcome: Promise<Outcome>;
  waits: number;
}

export function createUsageCounter(store: CredentialStore): UsageCounter {
  const counted = new Map<string, CountedUsage>();
  /** How many of the counted uses were reported as lost. */
  let reported = 0;
  /** How many uses there was no room for since the last report. */
  let dropped = 0;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  /**
   * A write that may still reach the store. Until it settles nothing else is written, or its uses
   * would be counted twice.
   */
  let pending: Write | undefined;
  let writing: Promise<Error | undefined> = Promise.resolve(undefined);

  const schedule = () => {
    if (timer) {
      return;
    }
    const interval = Math.min(
      WRITE_INTERVAL_MS * 2 ** Math.max(0, failures - 1),
      LONGEST_RETRY_INTERVAL_MS,
    );
    timer = setTimeout(() => void write(false), interval).unref();
  };

  const report = (count: number, cause: unknown): Error => {
    const error = codedError(
      'ERR_LATCHKEY_USAGE',
      `${count} uses of credentials could not be written to the store`,
      { cause },
    );
    publishStoreEvent({
      store: store.name ?? 'store',
      event: 'usage_lost',
      error: cause instanceof Error ? cause : error,
      count,
    });
    return Object.assign(error, { count });
  };

  /** Removes from the counted uses what was written. More may have been counted meanwhile. */
  const remove = (written: readonly RecordedUsage[]) => {
    for (const { id, count } of written) {
      const usage = counted.get(id);
      if (!usage) {
        continue;
      }
      usage.count -= count;
      if (usage.count <= 0) {
        counted.delete(id);
      }
    }
  };

  /** Waits for a write, and removes what it wrote. */
  async function settle(write: Write): Promise<Outcome> {
    try {
      const outcome = await withDeadline(write.outcome, WRITE_TIMEOUT_MS);
      pending = undefined;
      remove(outcome.written);
      return outcome;
    } catch (error) {
      if (++write.waits >= MAX_WAITS) {
        pending = undefined;
      }
      return { written: [], error };
    }
  }

  async function writeAll(reportNow: boolean): Promise<Error | undefined> {
    clearTimeout(timer);
    timer = undefined;
    if (dropped > 0) {
      report(
        dropped,
        new Error(`the uses of at most ${MAX_CREDENTIALS} credentials are kept in memory`),
      );
    }
    dropped = 0;
    const late = pending && (await settle(pending));
    const usage: RecordedUsage[] = [...counted].map(([id, use]) => ({ id, ...use }));
    const { written, error } =
      late && pending
        ? late
        : await settle((pending = { outcome: tryToRecord(store, usage), waits: 0 }));
    const unwritten = countOf(usage) - countOf(written);
    reported = Math.min(reported, unwritten);
    if (unwritten === 0) {
      failures = 0;
      return undefined;
    }
    failures++;
    schedule();
    const unreported = unwritten - reported;
    if (unreported === 0 || !(reportNow || failures >= FAILURES_BEFORE_REPORT)) {
      return undefined;
    }
    reported = unwritten;
    return report(unreported, error);
  }

  // One batch at a time: a slow store gets no more to do, and each write includes what the one
  // before could not write.
  const write = (reportNow: boolean) => (writing = writing.then(() => writeAll(reportNow)));

  return {
    count(id, at) {
      const usage = counted.get(id);
      if (usage) {
        usage.count++;
        usage.lastUsedAt = Math.max(usage.lastUsedAt, at);
      } else if (counted.size < MAX_CREDENTIALS) {
        counted.set(id, { count: 1, lastUsedAt: at });
      } else {
        dropped++;
      }
      schedule();
    },
    async flush() {
      const error = await write(true);
      if (error) {
        throw error;
      }
    },
    async tryFlush() {
      await withDeadline(write(false), READER_WAITS_MS).catch(() => undefined);
    },
  };
}

const countOf = (usage: readonly RecordedUsage[]): number =>
  usage.reduce((sum, { count }) => sum + count, 0);

/** Writes uses. Returns those that were written, and why the others were not. */
async function tryToRecord(
  store: CredentialStore,
  usage: readonly RecordedUsage[],
): Promise<Outcome> {
  if (usage.length === 0) {
    return { written: [] };
  }
  try {
    await store.recordUsage(usage);
    return { written: usage };
  } catch (error) {
    const { unwritten } = (error ?? {}) as { unwritten?: readonly RecordedUsage[] };
    const lost = new Set(unwritten?.map(({ id }) => id));
    return { written: unwritten ? usage.filter(({ id }) => !lost.has(id)) : [], error };
  }
}
