import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { ddlOf, type Ddl } from './ddl';
import { isBusy, isMissing } from './errors';
import type { Language } from './language';
import type { Database } from './tables';

/** One step from a version of the tables to the next. MySQL cannot undo half of one, so each can be done over. */
type Migration = (ddl: Ddl) => Promise<void>;

const MIGRATIONS: readonly Migration[] = [credentialsAndState];

/** Brings the tables to the version of this program; those of a later one are left as they are. */
export async function migrate(db: Database, language: Language): Promise<void> {
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

/** "latch" in ASCII: a number of our own among the database's advisory locks. */
const LOCK = 0x6c61746368;
const LOCK_WITHIN_S = 60;

/** Runs work that no other process does at the same time on this database. */
async function alone(db: Database, language: Language, work: (db: Database) => Promise<void>): Promise<void> {
  await {
    // Read committed, so that what it reads is as the one before left it.
    postgres: () =>
      db
        .transaction()
        .setIsolationLevel('read committed')
        .execute(async (transaction) => {
          await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(transaction);
          await work(transaction);
        }),
    sqlite: () =>
      db.connection().execute(async (connection) => {
        await beginImmediate(connection);
        try {
          await work(connection);
          await sql`commit`.execute(connection);
        } catch (error) {
          await sql`rollback`.execute(connection);
          throw error;
        }
      }),
    // Names of locks are the server's, and at most 64 characters long.
    mysql: () =>
      db.connection().execute(async (connection) => {
        const name = sql`concat('latchkey:', md5(database()))`;
        const { rows } = await sql<{ locked: unknown }>`select get_lock(${name}, ${sql.lit(LOCK_WITHIN_S)}) as locked`.execute(connection);
        if (Number(rows[0]?.locked) !== 1) throw new Error(`Another process has been migrating for ${LOCK_WITHIN_S} s`);
        try {
          await work(connection);
        } finally {
          await sql`select release_lock(${name})`.execute(connection);
        }
      }),
  }[language]();
}

/**
 * SQLite's lock of writers. A plain `begin` would take none until the first write, and fail then if another was first. The driver
 * would wait for it by standing still, and with it everything in this process, be it what holds the lock.
 */
async function beginImmediate(connection: Database): Promise<void> {
  const { rows } = await sql<{ timeout: unknown }>`pragma busy_timeout`.execute(connection);
  await sql`pragma busy_timeout = 0`.execute(connection);
  try {
    for (const deadline = Date.now() + LOCK_WITHIN_S * 1_000; ; await sleep(10)) {
      try {
        await sql`begin immediate`.execute(connection);
        return;
      } catch (error) {
        if (!isBusy(error) || Date.now() > deadline) throw error;
      }
    }
  } finally {
    await sql`pragma busy_timeout = ${sql.lit(Number(rows[0]?.timeout ?? 0))}`.execute(connection);
  }
}
