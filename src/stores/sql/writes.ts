import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import type { Condition } from './conditions';
import type { CredentialsTable, StateTable, Tables } from './tables';

type Table = 'latchkey_credentials' | 'latchkey_state';

/** Writes that tell what came of them: what the languages do each in a way of its own. */
export interface Writes {
  /** Adds a row; false, and nothing changed, where one of that id stands. */
  insert<T extends Table>(table: T, row: Tables[T]): Promise<boolean>;
  /** Adds a row, or takes the place of one. */
  replaceState(row: StateTable): Promise<void>;
  /** Removes a row, and gives it to one of those who remove it at once. */
  takeState(id: string): Promise<StateTable | undefined>;
  /** Changes all credentials that meet a condition, and gives their rows as they are then. News of it is dated `at`. */
  change(condition: Condition, changes: Partial<CredentialsTable>, at: number): Promise<readonly CredentialsTable[]>;
  /** Drops rows that meet a condition, some at a time, so that nobody waits long for them; how many. */
  drop<T extends Table>(table: T, condition: (eb: ExpressionBuilder<Tables, T>) => Expression<SqlBool>): Promise<number>;
}

const BATCH = 1_000;

/** Batch after batch until there are no more. */
export async function inBatches(dropSome: (limit: number) => Promise<number>): Promise<number> {
  let dropped = 0;
  for (let batch = BATCH; batch === BATCH; dropped += batch) batch = await dropSome(BATCH);
  return dropped;
}
