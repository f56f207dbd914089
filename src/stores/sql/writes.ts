import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import type { RecordedUsage } from '../store';
import type { Condition } from './conditions';
import type { CredentialsTable, Database, StateTable, Tables } from './tables';

type Table = 'latchkey_credentials' | 'latchkey_state';

/** Writes that tell what came of them: what the languages do each in a way of its own. */
export interface Writes {
  /** Adds a row; false, and nothing changed, where one of that id stands. */
  insert<T extends Table>(table: T, row: Tables[T]): Promise<boolean>;
  /** Adds credentials in as few statements as possible, and returns the IDs of those that were added. The IDs must be distinct. */
  insertMany(rows: readonly CredentialsTable[]): Promise<ReadonlySet<string>>;
  /** Adds a row, or takes the place of one. */
  replaceState(row: StateTable): Promise<void>;
  /** Removes a row, and gives it to one of those who remove it at once. */
  takeState(id: string): Promise<StateTable | undefined>;
  /** Changes all credentials that meet a condition, and gives their rows as they are then. News of it is dated `at`. */
  change(condition: Condition, changes: Partial<CredentialsTable>, at: number): Promise<readonly CredentialsTable[]>;
  /** Adds uses to the credentials they are about, all or none. Each id stands there once. */
  addUses(uses: readonly RecordedUsage[]): Promise<void>;
  /** Drops rows that meet a condition, some at a time, so that nobody waits long for them; how many. */
  drop<T extends Table>(table: T, condition: (eb: ExpressionBuilder<Tables, T>) => Expression<SqlBool>): Promise<number>;
}

const ROWS_AT_ONCE = 1_000;

/** Drops some rows after others until there are no more. */
export async function inBatches(dropSome: (limit: number) => Promise<number>): Promise<number> {
  let dropped = 0;
  for (let some = ROWS_AT_ONCE; some === ROWS_AT_ONCE; dropped += some) some = await dropSome(ROWS_AT_ONCE);
  return dropped;
}

/** Uses in as few statements as can hold them, in one transaction where they are several. */
export async function addInBatches(
  db: Database,
  uses: readonly RecordedUsage[],
  atOnce: number,
  add: (db: Database, uses: readonly RecordedUsage[]) => Promise<unknown>,
): Promise<void> {
  const addAll = async (to: Database) => {
    for (let start = 0; start < uses.length; start += atOnce) await add(to, uses.slice(start, start + atOnce));
  };
  await (uses.length > atOnce ? db.transaction().execute(addAll) : addAll(db));
}
