import { type RawBuilder, sql } from 'kysely';

import type { RecordedUsage } from '../store';
import type { Database, UsageTable } from './tables';
import { inBatches, type Writes } from './writes';

/** SQLite takes 32,766 parameters in a statement. */
const MAX_USES = 30_000;

/**
 * Creates a view whose trigger adds uses to their credentials and to their days. So one statement
 * does both. A transaction of several statements would keep the lock between them, while another
 * connection of this process waits for it synchronously.
 */
export async function createUsageView(db: Database): Promise<void> {
  const schema = schemaPrefix(db);
  await sql`create view if not exists ${schema}latchkey_uses as
    select id, use_count as uses, last_used_at as used_at, '' as day
    from latchkey_credentials where false`.execute(db);
  await sql`create trigger if not exists ${schema}latchkey_uses_insert
    instead of insert on latchkey_uses begin
      update latchkey_credentials set
        use_count = use_count + new.uses,
        last_used_at = max(coalesce(last_used_at, new.used_at), new.used_at)
      where id = new.id;
      insert into latchkey_usage (id, day, uses)
        select new.id, new.day, new.uses from latchkey_credentials
        where id = new.id and new.day is not null
        on conflict (id, day) do update set uses = uses + excluded.uses;
    end`.execute(db);
}

/** The schema of `withSchema()`, which Kysely does not add to raw SQL. */
function schemaPrefix(db: Database): RawBuilder<unknown> {
  const { sql: text } = db.selectFrom('latchkey_schema').select('version').compile();
  return sql.raw(/ from ("[^]*"\.)?"latchkey_schema"/.exec(text)?.[1] ?? '');
}

/** Adds uses through the view. Uses of a day that is not kept have no day. */
export const sqliteUsage = (db: Database): Pick<Writes, 'addUsage'> => ({
  async addUsage(uses, days) {
    const rows = toRows(uses, days);
    const schema = schemaPrefix(db);
    if (rows.length <= MAX_USES) {
      await addRows(db, schema, rows);
      return;
    }
    await db.transaction().execute((transaction) => addRows(transaction, schema, rows));
  },
});

const addRows = (
  db: Database,
  schema: RawBuilder<unknown>,
  rows: readonly RawBuilder<unknown>[],
): Promise<void> =>
  inBatches(rows, MAX_USES, (batch) =>
    sql`insert into ${schema}latchkey_uses (id, uses, used_at, day)
      values ${sql.join(batch)}`.execute(db),
  );

/** A row for each ID and day, and one for what is left of an ID's uses. */
function toRows(
  uses: readonly RecordedUsage[],
  days: readonly UsageTable[],
): readonly RawBuilder<unknown>[] {
  const rest = new Map(uses.map((use) => [use.id, { ...use }]));
  const toRow = (id: string, count: number, day: string | null) =>
    sql`(${id}, ${sql.lit(count)}, ${sql.lit(rest.get(id)?.lastUsedAt ?? 0)}, ${sql.lit(day)})`;
  const rows = days.map(({ id, day, uses: count }) => {
    const use = rest.get(id);
    if (use) {
      rest.set(id, { ...use, count: use.count - count });
    }
    return toRow(id, count, day);
  });
  const others = [...rest.values()].filter(({ count }) => count !== 0);
  return [...rows, ...others.map(({ id, count }) => toRow(id, count, null))];
}
