import { createDdl, type Ddl } from './ddl';
import { isMissing } from './errors';
import { withMigrationLock } from './migration-lock';
import type { SqlDialect } from './sql-dialect';
import type { Database } from './tables';

/**
 * One step to the next version of the tables. MySQL cannot roll back DDL, so each step can be
 * repeated. Instances of earlier versions run on the new tables, so a step only adds.
 */
type Migration = (ddl: Ddl) => Promise<void>;

const MIGRATIONS: readonly Migration[] = [credentialsAndState, disablingAndUsage];

/**
 * Brings the tables to a version. Tables of a later version are left as they are.
 *
 * @param target - the version. @default the newest
 */
export async function migrate(
  db: Database,
  dialect: SqlDialect,
  target = MIGRATIONS.length,
): Promise<void> {
  // If there is nothing to do, no lock is taken and no right to create tables is needed.
  if ((await readVersion(db).catch(zeroIfMissing)) >= target) {
    return;
  }
  await withMigrationLock(db, dialect, (locked) => applyMigrations(locked, dialect, target));
}

async function applyMigrations(db: Database, dialect: SqlDialect, target: number): Promise<void> {
  const ddl = await createDdl(db, dialect);
  await ddl
    .table('latchkey_schema')
    .addColumn('version', ddl.bigint, (column) => column.primaryKey())
    .addColumn('migrated_at', ddl.bigint, (column) => column.notNull())
    .execute();
  const version = await readVersion(db);
  for (const [index, migration] of MIGRATIONS.slice(0, target).entries()) {
    if (index < version) {
      continue;
    }
    await migration(ddl);
    await db
      .insertInto('latchkey_schema')
      .values({ version: index + 1, migrated_at: Date.now() })
      .execute();
  }
}

/** Version 1, of Latchkey 0.1.0. */
async function credentialsAndState(ddl: Ddl): Promise<void> {
  const { key, text, bigint } = ddl;
  await ddl
    .table('latchkey_credentials')
    .addColumn('id', key('id'), (column) => column.primaryKey().notNull())
    .addColumn('kind', key('kind'), (column) => column.notNull())
    .addColumn('digest', key('digest'), (column) => column.notNull())
    .addColumn('subject', key('subject'), (column) => column.notNull())
    .addColumn('client_id', key('client_id'))
    .addColumn('grant_id', key('grant_id'))
    .addColumn('scopes', text, (column) => column.notNull())
    .addColumn('expires_at', bigint)
    .addColumn('revoked_at', bigint)
    .addColumn('hint', text, (column) => column.notNull())
    .addColumn('name', text)
    .addColumn('environment', text)
    .addColumn('issued_at', bigint, (column) => column.notNull())
    .addColumn('last_used_at', bigint)
    .addColumn('use_count', bigint, (column) => column.notNull())
    .addColumn('rotated_from', text)
    .addColumn('confirmation', text)
    .addColumn('metadata', text, (column) => column.notNull())
    .execute();
  for (const owner of ['subject', 'client_id', 'grant_id']) {
    await ddl.index('latchkey_credentials', ['kind', owner, 'issued_at', 'id']);
  }
  await ddl
    .table('latchkey_state')
    .addColumn('id', key('id'), (column) => column.primaryKey().notNull())
    .addColumn('value', text, (column) => column.notNull())
    .addColumn('ends_at', bigint, (column) => column.notNull())
    .execute();
  await ddl.index('latchkey_state', ['ends_at']);
}

/**
 * Version 2: disabled credentials, uses by day, and lists without an owner. The column comes after
 * the large indexes: PostgreSQL lets nobody read the table from there to the end of the migration.
 */
async function disablingAndUsage(ddl: Ddl): Promise<void> {
  const { key, bigint } = ddl;
  await ddl
    .table('latchkey_usage')
    .addColumn('id', key('id'), (column) => column.notNull())
    .addColumn('day', key('day'), (column) => column.notNull())
    .addColumn('uses', bigint, (column) => column.notNull())
    .addPrimaryKeyConstraint('latchkey_usage_key', ['id', 'day'])
    .execute();
  await ddl.index('latchkey_usage', ['day']);
  await ddl.usage();
  await ddl.index('latchkey_credentials', ['kind', 'issued_at', 'id']);
  await ddl.index('latchkey_credentials', ['kind', 'expires_at']);
  await ddl.indexOfSome('latchkey_credentials', 'revoked_at', ['kind', 'issued_at', 'id']);
  await ddl.addColumn('latchkey_credentials', 'disabled_at', bigint);
  await ddl.indexOfSome('latchkey_credentials', 'disabled_at', ['kind', 'issued_at', 'id']);
}

async function readVersion(db: Database): Promise<number> {
  const last = await db
    .selectFrom('latchkey_schema')
    .select('version')
    .orderBy('version', 'desc')
    .executeTakeFirst();
  return Number(last?.version ?? 0);
}

function zeroIfMissing(error: unknown): 0 {
  if (!isMissing(error)) {
    throw error;
  }
  return 0;
}
