import { codedError } from '../internal/errors';
import { withDeadline } from '../internal/promises';
import type { RecordedUsage } from '../stores/store';
import { publishStoreEvent } from '../stores/store-events';
import type { ManagedStore } from '../stores/store-methods';
import { CountedUsage, countUses, without } from './counted-usage';

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
   * @throws {Error} `ERR_LATCHKEY_USAGE` if it could not. `count` says how many uses, without those
   * already reported. They are kept.
   */
  flush(): Promise<void>;
  /** Writes what was counted, for a reader: waits a second at most and never rejects. */
  tryFlush(): Promise<void>;
}

/** The result of a write: the uses that are in the store, and why others are not. */
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

export const createUsageCounter = (store: ManagedStore): UsageCounter =>
  new BatchedUsageCounter(store);

class BatchedUsageCounter implements UsageCounter {
  readonly #store: ManagedStore;
  readonly #counted = new CountedUsage(MAX_CREDENTIALS);
  /** How many of the counted uses were reported as lost. */
  #reported = 0;
  /** How many uses there was no room for since the last report. */
  #dropped = 0;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  /**
   * A write that may still reach the store. Until it settles nothing else is written, or its uses
   * would be counted twice.
   */
  #pending: Write | undefined;
  #writing: Promise<Error | undefined> = Promise.resolve(undefined);

  constructor(store: ManagedStore) {
    this.#store = store;
  }

  count(id: string, at: number): void {
    if (!this.#counted.add(id, at)) {
      this.#dropped++;
    }
    this.#schedule();
  }

  async flush(): Promise<void> {
    const error = await this.#write(true);
    if (error) {
      throw error;
    }
  }

  async tryFlush(): Promise<void> {
    await withDeadline(this.#write(false), READER_WAITS_MS).catch(() => undefined);
  }

  #schedule(): void {
    if (this.#timer) {
      return;
    }
    const interval = Math.min(
      WRITE_INTERVAL_MS * 2 ** Math.max(0, this.#failures - 1),
      LONGEST_RETRY_INTERVAL_MS,
    );
    this.#timer = setTimeout(() => void this.#write(false), interval).unref();
  }

  /**
   * Writes one batch at a time: a slow store gets no more to do, and each write includes what the
   * one before could not write.
   */
  #write(reportNow: boolean): Promise<Error | undefined> {
    this.#writing = this.#writing.then(() => this.#writeAll(reportNow));
    return this.#writing;
  }

  async #writeAll(reportNow: boolean): Promise<Error | undefined> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#reportDropped();
    const late = this.#pending && (await this.#settle(this.#pending));
    const usage = this.#counted.toList();
    const { written, error } =
      late && this.#pending ? late : await this.#settle(this.#start(usage));
    const unwritten = countUses(usage) - countUses(written);
    this.#reported = Math.min(this.#reported, unwritten);
    if (unwritten === 0) {
      this.#failures = 0;
      return undefined;
    }
    this.#failures++;
    this.#schedule();
    const unreported = unwritten - this.#reported;
    const isDue = reportNow || this.#failures >= FAILURES_BEFORE_REPORT;
    if (unreported === 0 || !isDue) {
      return undefined;
    }
    this.#reported = unwritten;
    return this.#report(unreported, error);
  }

  #start(usage: readonly RecordedUsage[]): Write {
    this.#pending = { outcome: tryToRecord(this.#store, usage), waits: 0 };
    return this.#pending;
  }

  /** Waits for a write, and removes what it wrote. */
  async #settle(write: Write): Promise<Outcome> {
    try {
      const outcome = await withDeadline(write.outcome, WRITE_TIMEOUT_MS);
      this.#pending = undefined;
      this.#counted.remove(outcome.written);
      return outcome;
    } catch (error) {
      if (++write.waits >= MAX_WAITS) {
        this.#pending = undefined;
      }
      return { written: [], error };
    }
  }

  #reportDropped(): void {
    if (this.#dropped > 0) {
      const limit = `the uses of at most ${MAX_CREDENTIALS} credentials are kept in memory`;
      this.#report(this.#dropped, new Error(limit));
    }
    this.#dropped = 0;
  }

  #report(count: number, cause: unknown): Error {
    const error = codedError(
      'ERR_LATCHKEY_USAGE',
      `${count} uses of credentials could not be written to the store`,
      { cause },
    );
    publishStoreEvent({
      store: this.#store.name ?? 'store',
      event: 'usage_lost',
      error: cause instanceof Error ? cause : error,
      count,
    });
    return Object.assign(error, { count });
  }
}

/** Writes uses. Returns those that were written, and why the others were not. */
async function tryToRecord(store: ManagedStore, usage: readonly RecordedUsage[]): Promise<Outcome> {
  if (usage.length === 0) {
    return { written: [] };
  }
  try {
    await store.recordUsage(usage);
    return { written: usage };
  } catch (error) {
    const { unwritten } = (error ?? {}) as { unwritten?: readonly RecordedUsage[] };
    return { written: unwritten ? without(usage, unwritten) : [], error };
  }
}
