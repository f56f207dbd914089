import { type RawBuilder, sql } from 'kysely';

import type { ChangedRecord, RecordedUsage } from '../store';
import type { Condition } from './conditions';
import { isDuplicateRow } from './errors';
import { COLUMNS } from './rows';
import type { CredentialsTable, Database, StateTable, UsageTable } from './tables';
import { dropInBatches, dropUsage, inBatches, type Writes } from './writes';

/** MySQL searches the whole list for each row, so the list is kept short. */
const MAX_USES = 100;

/**
 * Writes for MySQL, which has no RETURNING: the rows are read and locked first, in a transaction.
 */
export const lockingWrites = (db: Database): Writes => ({
  ...inserts(db),
  ...deletions(db),
  async replaceState(row) {
    const { value, ends_at } = row;
    await db
      .insertInto('latchkey_state')
      .values(row)
      .onDuplicateKeyUpdate({ value, ends_at })
      .execute();
  },
  async change(condition, changes) {
    return db.transaction().execute((transaction) => changeLocked(transaction, condition, changes));
  },
  async addUsage(uses, days) {
    if (uses.length === 0) {
      return;
    }
    await db.transaction().execute((transaction) => addAll(transaction, uses, days));
  },
});

async function changeLocked(
  transaction: Database,
  condition: Condition,
  changes: Partial<CredentialsTable>,
): Promise<readonly CredentialsTable[]> {
  const rows = await transaction
    .selectFrom('latchkey_credentials')
    .select(COLUMNS)
    .where(condition)
    .forUpdate()
    .execute();
  if (rows.length > 0) {
    await transaction
      .updateTable('latchkey_credentials')
      .set(changes)
      .where('id', 'in', toIds(rows))
      .execute();
  }
  return rows.map((row) => ({ ...row, ...changes }));
}

async function addAll(
  transaction: Database,
  uses: readonly RecordedUsage[],
  days: readonly UsageTable[],
): Promise<void> {
  await inBatches(uses, MAX_USES, (batch) => addUses(transaction, batch));
  await inBatches(days, MAX_USES, (batch) => addDays(transaction, batch));
}

const toIds = (rows: readonly Pick<CredentialsTable, 'id'>[]): readonly string[] =>
  rows.map(({ id }) => id);

function inserts(db: Database): Pick<Writes, 'insert' | 'insertMany'> {
  const insert: Writes['insert'] = async (table, row) => {
    // INSERT IGNORE would also truncate text that is too long, and its row count depends on the
    // settings of the connection.
    try {
      await db
        .insertInto(table as 'latchkey_state')
        .values(row as never)
        .execute();
      return true;
    } catch (error) {
      if (isDuplicateRow(error)) {
        return false;
      }
      throw error;
    }
  };
  return {
    insert,
    async insertMany(rows) {
      const fresh = without(rows, await knownIds(db, rows));
      if (fresh.length === 0) {
        return new Set();
      }
      try {
        await db.insertInto('latchkey_credentials').values(fresh).execute();
        return new Set(toIds(fresh));
      } catch (error) {
        if (!isDuplicateRow(error)) {
          throw error;
        }
      }
      // Another writer added one of them first, and the statement added none.
      const added = new Set<string>();
      for (const row of fresh) {
        if (await insert('latchkey_credentials', row)) {
          added.add(row.id);
        }
      }
      return added;
    },
  };
}

const without = (
  rows: readonly CredentialsTable[],
  ids: ReadonlySet<string>,
): readonly CredentialsTable[] => rows.filter(({ id }) => !ids.has(id));

function deletions(db: Database): Pick<Writes, 'getAndDeleteState' | 'drop' | 'prune'> {
  return {
    async drop(table, condition) {
      const deletion = db.deleteFrom(table as 'latchkey_credentials').where(condition as Condition);
      return dropInBatches(async (limit) =>
        Number((await deletion.limit(limit).executeTakeFirstOrThrow()).numDeletedRows),
      );
    },
    async getAndDeleteState(id) {
      return db.transaction().execute((transaction) => takeState(transaction, id));
    },
    async prune(condition, onPruned) {
      return dropInBatches(async (limit) => {
        const pruning = db.transaction();
        const pruned = await pruning.execute((locked) => pruneSome(locked, condition, limit));
        pruned.forEach((record) => onPruned?.(record));
        return pruned.length;
      });
    },
  };
}

async function takeState(transaction: Database, id: string): Promise<StateTable | undefined> {
  const found = await transaction
    .selectFrom('latchkey_state')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (found) {
    await transaction.deleteFrom('latchkey_state').where('id', '=', id).execute();
  }
  return found;
}

async function pruneSome(
  transaction: Database,
  condition: Condition,
  limit: number,
): Promise<readonly ChangedRecord[]> {
  const rows = await transaction
    .selectFrom('latchkey_credentials')
    .select(['id', 'subject'])
    .where(condition)
    .limit(limit)
    .forUpdate()
    .execute();
  if (rows.length > 0) {
    await transaction.deleteFrom('latchkey_credentials').where('id', 'in', toIds(rows)).execute();
    await dropUsage(transaction, rows);
  }
  return rows;
}

/** Which of these IDs have a credential. */
async function knownIds(
  db: Database,
  rows: readonly Pick<CredentialsTable, 'id'>[],
): Promise<ReadonlySet<string>> {
  const known = await db
    .selectFrom('latchkey_credentials')
    .select('id')
    .where('id', 'in', toIds(rows))
    .execute();
  return new Set(toIds(known));
}

const addUses = (db: Database, uses: readonly RecordedUsage[]) => {
  const later = (time: number) =>
    sql`case when last_used_at > ${sql.lit(time)} then last_used_at else ${sql.lit(time)} end`;
  return db
    .updateTable('latchkey_credentials')
    .set({
      use_count: sql`use_count + ${byId(uses, ({ count }) => sql.lit(count))}`,
      last_used_at: byId(uses, ({ lastUsedAt }) => later(lastUsedAt)),
    })
    .where('id', 'in', toIds(uses))
    .execute();
};

/** An expression whose value depends on the ID of the row. */
function byId(
  uses: readonly RecordedUsage[],
  value: (use: RecordedUsage) => RawBuilder<unknown>,
): RawBuilder<number> {
  const cases = uses.map((use) => sql`when ${use.id} then ${value(use)}`);
  return sql<number>`case id ${sql.join(cases, sql` `)} end`;
}

async function addDays(db: Database, days: readonly UsageTable[]): Promise<void> {
  const known = await knownIds(db, days);
  const rows = days.filter(({ id }) => known.has(id));
  if (rows.length > 0) {
    await db
      .insertInto('latchkey_usage')
      .values(rows)
      .onDuplicateKeyUpdate({ uses: sql`uses + values(uses)` })
      .execute();
  }
}
