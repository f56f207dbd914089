import { sql } from 'kysely';

import type { RecordedUsage } from '../store';
import type { Condition } from './conditions';
import type { Notifications } from './notifications';
import { COLUMNS } from './rows';
import type { Database } from './tables';
import { addInBatches, dropInBatches, type Writes } from './writes';

/** SQLite takes 32,766 parameters in a statement, PostgreSQL twice as many. */
const MAX_USES = 30_000;

/**
 * Writes for PostgreSQL and SQLite: one statement each, whose RETURNING clause gives the result.
 */
export function returningWrites(
  db: Database,
  notifyExpression: Notifications['notifyExpression'] | undefined,
): Writes {
  return {
    async insert(table, row) {
      const inserted = await db
        .insertInto(table as 'latchkey_state')
        .values(row as never)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .returning('id')
        .execute();
      return inserted.length === 1;
    },
    async insertMany(rows) {
      const inserted = await db
        .insertInto('latchkey_credentials')
        .values(rows)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .returning('id')
        .execute();
      return new Set(inserted.map(({ id }) => id));
    },
    async replaceState(row) {
      const { value, ends_at } = row;
      await db
        .insertInto('latchkey_state')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ value, ends_at }))
        .execute();
    },
    async getAndDeleteState(id) {
      return db.deleteFrom('latchkey_state').where('id', '=', id).returningAll().executeTakeFirst();
    },
    async change(condition, changes, at) {
      const changed = db
        .updateTable('latchkey_credentials')
        .set(changes)
        .where(condition)
        .returning(COLUMNS);
      return (notifyExpression ? changed.returning(notifyExpression(at)) : changed).execute();
    },
    async addUsage(uses) {
      await addInBatches(db, uses, MAX_USES, addUsage);
    },
    async drop(table, condition) {
      const drop = db.deleteFrom(table as 'latchkey_credentials').where(condition as Condition);
      return dropInBatches(async (limit) => {
        const some = db
          .selectFrom(table as 'latchkey_credentials')
          .select('id')
          .where(condition as Condition)
          .limit(limit);
        return (await drop.where('id', 'in', some).returning('id').execute()).length;
      });
    },
  };
}

const addUsage = (db: Database, uses: readonly RecordedUsage[]) => {
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
