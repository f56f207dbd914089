import { sql } from 'kysely';

import type { ChangedRecord, RecordedUsage } from '../store';
import type { Condition } from './conditions';
import type { Notifications } from './notifications';
import { COLUMNS } from './rows';
import type { CredentialsTable, Database, UsageTable } from './tables';
import { dropInBatches, dropUsage, inBatches, type Writes } from './writes';

/** SQLite takes 32,766 parameters in a statement, PostgreSQL twice as many. */
const MAX_USES = 30_000;

/**
 * Writes for PostgreSQL and SQLite: one statement each, whose RETURNING clause gives the result.
 */
export const returningWrites = (
  db: Database,
  notifyExpression: Notifications['notifyExpression'] | undefined,
): Writes => ({
  ...inserts(db),
  ...deletions(db),
  async replaceState(row) {
    const { value, ends_at } = row;
    await db
      .insertInto('latchkey_state')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ value, ends_at }))
      .execute();
  },
  async change(condition, changes, at) {
    const changed = db
      .updateTable('latchkey_credentials')
      .set(changes)
      .where(condition)
      .returning(COLUMNS);
    return (notifyExpression ? changed.returning(notifyExpression(at)) : changed).execute();
  },
  async addUsage(uses, days) {
    if (uses.length === 0) {
      return;
    }
    await db.transaction().execute((transaction) => addAll(transaction, uses, days));
  },
});

async function addAll(
  transaction: Database,
  uses: readonly RecordedUsage[],
  days: readonly UsageTable[],
): Promise<void> {
  await inBatches(uses, MAX_USES, (batch) => addUses(transaction, batch));
  await inBatches(days, MAX_USES, (batch) => addDays(transaction, batch));
}

const inserts = (db: Database): Pick<Writes, 'insert' | 'insertMany'> => ({
  insert: (table, row) => insert(db, table, row),
  insertMany: (rows) => insertMany(db, rows),
});

async function insert(
  db: Database,
  table: 'latchkey_credentials' | 'latchkey_state',
  row: object,
): Promise<boolean> {
  const inserted = await db
    .insertInto(table as 'latchkey_state')
    .values(row as never)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .execute();
  return inserted.length === 1;
}

async function insertMany(
  db: Database,
  rows: readonly CredentialsTable[],
): Promise<ReadonlySet<string>> {
  const inserted = await db
    .insertInto('latchkey_credentials')
    .values(rows)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returning('id')
    .execute();
  return new Set(inserted.map(({ id }) => id));
}

const deletions = (db: Database): Pick<Writes, 'getAndDeleteState' | 'drop' | 'prune'> => ({
  async getAndDeleteState(id) {
    return db.deleteFrom('latchkey_state').where('id', '=', id).returningAll().executeTakeFirst();
  },
  drop: (table, condition) => drop(db, table, condition as Condition),
  prune: (condition, onPruned) => prune(db, condition, onPruned),
});

function drop(
  db: Database,
  table: 'latchkey_credentials' | 'latchkey_state',
  condition: Condition,
): Promise<number> {
  const name = table as 'latchkey_credentials';
  const deletion = db.deleteFrom(name).where(condition);
  const selection = db.selectFrom(name).select('id').where(condition);
  return dropInBatches(async (limit) => {
    const some = selection.limit(limit);
    return (await deletion.where('id', 'in', some).returning('id').execute()).length;
  });
}

function prune(
  db: Database,
  condition: Condition,
  onPruned: ((record: ChangedRecord) => void) | undefined,
): Promise<number> {
  return dropInBatches(async (limit) => {
    const some = db.selectFrom('latchkey_credentials').select('id').where(condition).limit(limit);
    const pruned: readonly ChangedRecord[] = await db
      .deleteFrom('latchkey_credentials')
      .where(condition)
      .where('id', 'in', some)
      .returning(['id', 'subject'])
      .execute();
    await dropUsage(db, pruned);
    for (const record of pruned) {
      onPruned?.(record);
    }
    return pruned.length;
  });
}

const addUses = (db: Database, uses: readonly RecordedUsage[]) => {
  const values = sql.join(
    uses.map(
      ({ id, count, lastUsedAt }) => sql`(${id}, ${sql.lit(count)}, ${sql.lit(lastUsedAt)})`,
    ),
  );
  return db
    .with(
      'used(id, uses, at)',
      () => sql<{ id: string; uses: number; at: number }>`(values ${values})`,
    )
    .updateTable('latchkey_credentials')
    .from('used')
    .set((eb) => ({
      use_count: eb('use_count', '+', eb.ref('used.uses')),
      last_used_at: eb
        .case()
        .when('last_used_at', '>', eb.ref('used.at'))
        .then(eb.ref('last_used_at'))
        .else(eb.ref('used.at'))
        .end(),
    }))
    .whereRef('latchkey_credentials.id', '=', 'used.id')
    .execute();
};

const addDays = (db: Database, days: readonly UsageTable[]) => {
  const values = sql.join(
    days.map(({ id, day, uses }) => sql`(${id}, ${sql.lit(day)}, ${sql.lit(uses)})`),
  );
  return db
    .with('used(id, day, uses)', () => sql<UsageTable>`(values ${values})`)
    .insertInto('latchkey_usage')
    .columns(['id', 'day', 'uses'])
    .expression((eb) =>
      eb
        .selectFrom('used')
        .innerJoin('latchkey_credentials', 'latchkey_credentials.id', 'used.id')
        .select(['used.id', 'used.day', 'used.uses'])
        // SQLite needs WHERE to distinguish ON CONFLICT from the condition of a join.
        .where(sql.lit(true))
        .orderBy('used.id'),
    )
    .onConflict((conflict) =>
      conflict.columns(['id', 'day']).doUpdateSet((eb) => ({
        uses: eb('latchkey_usage.uses', '+', eb.ref('excluded.uses')),
      })),
    )
    .execute();
};
