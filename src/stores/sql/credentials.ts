import { sql } from 'kysely';
import { idOf } from '../../credential/digest';
import type { CredentialStore, RecordedUse } from '../store';
import { all, endedBefore, endsFrom, hasId, isAfter, isKnown, isLive, isOfKind, isOwnedBy, not, type Condition } from './conditions';
import type { News } from './news';
import { changedColumns, COLUMNS, recordOf, rowOf } from './rows';
import type { CredentialsTable, Database } from './tables';
import { isStorable, whole } from './values';
import type { Writes } from './writes';

/** How many uses are written in one statement. */
const USES_AT_ONCE = 100;

export function credentialsIn(db: Database, writes: Writes, news: News): Omit<CredentialStore, 'watch'> {
  const select = (condition: Condition) => db.selectFrom('latchkey_credentials').select(COLUMNS).where(condition);

  const findById = async (id: string) => {
    const row = await select(all(hasId(id), isKnown)).executeTakeFirst();
    return row && recordOf(row);
  };
  const change = async (condition: Condition, changes: Partial<CredentialsTable>, at: number) => {
    const rows = await writes.change(all(condition, isLive), changes, at);
    news.tell(
      rows.map(({ id }) => id),
      at,
    );
    return rows;
  };

  return {
    findById,
    async find(digest) {
      // By the primary key alone, so that a damaged digest is seen as such and not as an unknown one.
      const record = await findById(idOf(digest));
      return record?.digest === digest ? record : undefined;
    },
    async insert(record) {
      const row = rowOf(record);
      if (await writes.insert('latchkey_credentials', row)) return true;
      await writes.drop('latchkey_credentials', all(hasId(row.id), not(isKnown)));
      return writes.insert('latchkey_credentials', row);
    },
    async list(owner, { after, limit }) {
      const last = after === undefined ? undefined : await select(all(hasId(after), isOwnedBy(owner), isKnown)).executeTakeFirst();
      if (after !== undefined && !last) return [];
      const page = all(isOwnedBy(owner), isKnown, ...(last ? [isAfter(recordOf(last))] : []));
      const rows = await select(page).orderBy('issued_at').orderBy('id').limit(limit).execute();
      return rows.map(recordOf);
    },
    async update(id, changes) {
      // What is live has no `revoked_at`: to set that to null changes nothing, and is something to set where nothing else is.
      const [row] = await change(hasId(id), { revoked_at: null, ...changedColumns(changes) }, Date.now());
      return row && recordOf(row);
    },
    async end(id, at) {
      const end = whole(at);
      return (await change(all(hasId(id), endsFrom(end)), { expires_at: end }, Date.now())).length === 1;
    },
    async revoke(id, at) {
      return (await change(hasId(id), { revoked_at: whole(at) }, whole(at))).length === 1;
    },
    async revokeAll(owner, at) {
      return (await change(isOwnedBy(owner), { revoked_at: whole(at) }, whole(at))).length;
    },
    async recordUses(uses) {
      const batches = batchesOf(uses);
      const write = async (to: Database) => {
        for (const batch of batches) await addUses(to, batch);
      };
      await (batches.length > 1 ? db.transaction().execute(write) : write(db));
    },
    async prune(kind, before) {
      const now = Date.now();
      await writes.drop('latchkey_state', (eb) => eb('ends_at', '<=', now));
      return writes.drop('latchkey_credentials', all(isOfKind(kind), endedBefore(whole(before))));
    },
  };
}

/** One use for each id, in the order of ids, so that those who write at the same time lock rows in the same order. */
function batchesOf(uses: readonly RecordedUse[]): RecordedUse[][] {
  const byId = new Map<string, RecordedUse>();
  for (const { id, count, lastUsedAt } of uses.filter(({ id }) => isStorable(id))) {
    const { count: counted, lastUsedAt: last } = byId.get(id) ?? { count: 0, lastUsedAt };
    byId.set(id, { id, count: counted + count, lastUsedAt: Math.max(last, lastUsedAt) });
  }
  const merged = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return Array.from({ length: Math.ceil(merged.length / USES_AT_ONCE) }, (_, n) => merged.slice(n * USES_AT_ONCE, (n + 1) * USES_AT_ONCE));
}

async function addUses(db: Database, uses: readonly RecordedUse[]): Promise<void> {
  const byId = (value: (use: RecordedUse) => unknown) =>
    sql<number>`case id ${sql.join(
      uses.map((use) => sql`when ${use.id} then ${value(use)}`),
      sql` `,
    )} end`;
  const later = (time: number) => sql`case when last_used_at > ${sql.lit(time)} then last_used_at else ${sql.lit(time)} end`;
  await db
    .updateTable('latchkey_credentials')
    .set({
      use_count: sql<number>`use_count + ${byId(({ count }) => sql.lit(whole(count)))}`,
      last_used_at: byId(({ lastUsedAt }) => later(whole(lastUsedAt))),
    })
    .where(
      'id',
      'in',
      uses.map(({ id }) => id),
    )
    .execute();
}
