import { alone } from './migration-lock';
import { ddlOf, type Ddl } from './ddl';
import { isMissing } from './errors';
import type { SqlDialect } from './sql-dialect';
import type { Database } from './tables';

/** One step from a version of the tables to the next. MySQL cannot undo half of one, so each can be done over. */
type Migration = (ddl: Ddl) => Promise<void>;

const MIGRATIONS: readonly Migration[] = [credentialsAndState];

/** Brings the tables to the version of this program; those of a later one are left as they are. */
export async function migrate(db: Database, language: SqlDialect): Promise<void> {
  // Where there is nothing to do, no lock is taken and no right to make tables is needed.
  if ((await versionOf(db).catch(zeroIfMissing)) >= MIGRATIONS.length) return;
  await alone(db, language, async (locked) => {
    const ddl = await ddlOf(locked, language);
    await ddl
      .table('latchkey_schema')
      .addColumn('version', ddl.whole, (column) => column.primaryKey())
      .addColumn('migrated_at', ddl.whole, (column) => column.notNull())
      .execute();
    const version = await versionOf(locked);
    for (const [index, migration] of MIGRATIONS.entries()) {
      if (index < version) continue;
      await migration(ddl);
      await locked
        .insertInto('latchkey_schema')
        .values({ version: index + 1, migrated_at: Date.now() })
        .execute();
    }
  });
}

async function credentialsAndState(ddl: Ddl): Promise<void> {
  const { key, text, whole } = ddl;
  await ddl
    .table('latchkey_credentials')
    .addColumn('id', key('id'), (column) => column.primaryKey().notNull())
    .addColumn('kind', key('kind'), (column) => column.notNull())
    .addColumn('digest', key('digest'), (column) => column.notNull())
    .addColumn('subject', key('subject'), (column) => column.notNull())
    .addColumn('client_id', key('client_id'))
    .addColumn('grant_id', key('grant_id'))
    .addColumn('scopes', text, (column) => column.notNull())
    .addColumn('expires_at', whole)
    .addColumn('revoked_at', whole)
    .addColumn('hint', text, (column) => column.notNull())
    .addColumn('name', text)
    .addColumn('environment', text)
    .addColumn('issued_at', whole, (column) => column.notNull())
    .addColumn('last_used_at', whole)
    .addColumn('use_count', whole, (column) => column.notNull())
    .addColumn('rotated_from', text)
    .addColumn('confirmation', text)
    .addColumn('metadata', text, (column) => column.notNull())
    .execute();
  for (const owner of ['subject', 'client_id', 'grant_id']) await ddl.index('latchkey_credentials', 'kind', owner, 'issued_at', 'id');
  await ddl
    .table('latchkey_state')
    .addColumn('id', key('id'), (column) => column.primaryKey().notNull())
    .addColumn('value', text, (column) => column.notNull())
    .addColumn('ends_at', whole, (column) => column.notNull())
    .execute();
  await ddl.index('latchkey_state', 'ends_at');
}

async function versionOf(db: Database): Promise<number> {
  const last = await db.selectFrom('latchkey_schema').select('version').orderBy('version', 'desc').executeTakeFirst();
  return Number(last?.version ?? 0);
}

function zeroIfMissing(error: unknown): 0 {
  if (!isMissing(error)) throw error;
  return 0;
}
