import { setTimeout as sleep } from 'node:timers/promises';

import { sql } from 'kysely';

import { codedError } from '../../internal/errors';
import { isBusy } from './errors';
import type { SqlDialect } from './sql-dialect';
import type { Database } from './tables';

/** The key of the advisory lock: "latch" in ASCII. */
const LOCK = 0x6c61746368;
const LOCK_WITHIN_S = 60;

type Work = (db: Database) => Promise<void>;

/** Runs `work` while no other process migrates this database. */
export const withMigrationLock = (db: Database, dialect: SqlDialect, work: Work): Promise<void> =>
  LOCKED[dialect](db, work);

const LOCKED: Readonly<Record<SqlDialect, (db: Database, work: Work) => Promise<void>>> = {
  // Read committed, so that it reads what the previous holder of the lock wrote.
  postgres: (db, work) =>
    db
      .transaction()
      .setIsolationLevel('read committed')
      .execute((transaction) => withPostgresLock(transaction, work)),
  sqlite: (db, work) => db.connection().execute((connection) => withSqliteLock(connection, work)),
  mysql: (db, work) => db.connection().execute((connection) => withMysqlLock(connection, work)),
};

async function withPostgresLock(transaction: Database, work: Work): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(transaction);
  await work(transaction);
}

async function withSqliteLock(connection: Database, work: Work): Promise<void> {
  await beginImmediate(connection);
  try {
    await work(connection);
    await sql`commit`.execute(connection);
  } catch (error) {
    await sql`rollback`.execute(connection);
    throw error;
  }
}

async function withMysqlLock(connection: Database, work: Work): Promise<void> {
  // Names of locks are global to the server, and have at most 64 characters.
  const name = sql`concat('latchkey:', md5(database()))`;
  const { rows } = await sql<{
    locked: unknown;
  }>`select get_lock(${name}, ${sql.lit(LOCK_WITHIN_S)}) as locked`.execute(connection);
  if (Number(rows[0]?.locked) !== 1) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      `another process has been migrating for ${LOCK_WITHIN_S} s`,
    );
  }
  try {
    await work(connection);
  } finally {
    await sql`select release_lock(${name})`.execute(connection);
  }
}

/**
 * Acquires SQLite's write lock. A plain `begin` acquires it only at the first write, and then fails
 * if another writer was first. better-sqlite3 waits synchronously, which would block the event
 * loop, and possibly the code that holds the lock.
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
        if (!isBusy(error) || Date.now() > deadline) {
          throw error;
        }
      }
    }
  } finally {
    await sql`pragma busy_timeout = ${sql.lit(Number(rows[0]?.timeout ?? 0))}`.execute(connection);
  }
}
