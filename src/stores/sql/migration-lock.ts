import { codedError } from '../../internal/errors';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { isBusy } from './errors';
import type { SqlDialect } from './sql-dialect';
import type { Database } from './tables';

/** "latch" in ASCII: a number of our own among the database's advisory locks. */
const LOCK = 0x6c61746368;
const LOCK_WITHIN_S = 60;

/** Runs work that no other process does at the same time on this database. */
export async function alone(db: Database, language: SqlDialect, work: (db: Database) => Promise<void>): Promise<void> {
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
        if (Number(rows[0]?.locked) !== 1)
          throw codedError('ERR_LATCHKEY_STORE', `Another process has been migrating for ${LOCK_WITHIN_S} s`);
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
