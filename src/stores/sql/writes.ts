import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';

import type { ChangedRecord, RecordedUsage } from '../store';
import type { Condition } from './conditions';
import type { CredentialsTable, Database, StateTable, Tables, UsageTable } from './tables';

type Table = 'latchkey_credentials' | 'latchkey_state';

/** Writes whose result is needed. Each dialect reports it differently. */
export interface Writes {
  /** Adds a row. Returns false and changes nothing if there is one of that ID. */
  insert<T extends Table>(table: T, row: Tables[T]): Promise<boolean>;
  /**
   * Adds credentials in as few statements as possible, and returns the IDs of those that were
   * added. The IDs must be distinct.
   */
  insertMany(rows: readonly CredentialsTable[]): Promise<ReadonlySet<string>>;
  /** Adds or replaces a row. */
  replaceState(row: StateTable): Promise<void>;
  /** Removes a row and returns it. Of concurrent calls, one gets it. */
  getAndDeleteState(id: string): Promise<StateTable | undefined>;
  /**
   * Changes all credentials that meet a condition, and returns the changed rows. Notifications of
   * it carry the time `at`.
   */
  change(
    condition: Condition,
    changes: Partial<CredentialsTable>,
    at: number,
  ): Promise<readonly CredentialsTable[]>;
  /**
   * Adds uses to their credentials, whose IDs must be distinct, and to their days: all or none.
   * Unknown IDs are ignored.
   */
  addUsage(uses: readonly RecordedUsage[], days: readonly UsageTable[]): Promise<void>;
  /**
   * Deletes the rows that meet a condition, some at a time to keep locks short. Returns how many.
   */
  drop<T extends Table>(
    table: T,
    condition: (eb: ExpressionBuilder<Tables, T>) => Expression<SqlBool>,
  ): Promise<number>;
  /** Deletes credentials and their usage like `drop()`, and calls `onPruned` for each. */
  prune(condition: Condition, onPruned?: (record: ChangedRecord) => void): Promise<number>;
}

const MAX_ROWS = 1_000;

/** Deletes rows in batches until there are no more. Returns how many. */
export async function dropInBatches(dropSome: (limit: number) => Promise<number>): Promise<number> {
  let dropped = 0;
  for (let some = MAX_ROWS; some === MAX_ROWS; dropped += some) {
    some = await dropSome(MAX_ROWS);
  }
  return dropped;
}

/** Deletes the uses of credentials that were deleted. */
export async function dropUsage(
  db: Database,
  pruned: readonly { readonly id: string }[],
): Promise<void> {
  if (pruned.length > 0) {
    const ids = pruned.map(({ id }) => id);
    await db.deleteFrom('latchkey_usage').where('id', 'in', ids).execute();
  }
}

/** Calls `write` for batches of items, one after the other. */
export async function inBatches<T>(
  items: readonly T[],
  size: number,
  write: (batch: readonly T[]) => Promise<unknown>,
): Promise<void> {
  for (let start = 0; start < items.length; start += size) {
    await write(items.slice(start, start + size));
  }
}
