import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { Kysely, MysqlDialect, PostgresDialect, SqliteDialect, type Dialect, type LogEvent } from 'kysely';
import { createPool } from 'mysql2';
import { Pool } from 'pg';

// A store takes anybody's Kysely, whatever its tables.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyKysely = Kysely<any>;

export type Address = { readonly postgres: string } | { readonly mysql: string } | { readonly sqlite: string };

/** A database with connections of its own, as another machine would have them. */
export function connect(address: Address, log: (event: LogEvent) => void = () => {}): AnyKysely {
  return new Kysely({ dialect: dialectOf(address), log });
}

function dialectOf(address: Address): Dialect {
  if ('postgres' in address) {
    const pool = new Pool({ connectionString: address.postgres, max: 10 });
    // A pool without a listener ends the process when an idle connection is lost.
    pool.on('error', () => {});
    return new PostgresDialect({ pool });
  }
  if ('mysql' in address) return new MysqlDialect({ pool: createPool({ uri: address.mysql, connectionLimit: 10 }) });
  return new SqliteDialect({ database: openSqlite(address.sqlite) });
}

/** It does not wait for the disk: no test pulls the plug. */
export function openSqlite(file: string): SqliteDatabase.Database {
  const database = new SqliteDatabase(file);
  database.pragma('synchronous = off');
  return database;
}

/** A file for SQLite, in a folder of its own. */
export function sqliteFile(): { readonly address: { readonly sqlite: string }; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'));
  return { address: { sqlite: join(folder, 'latchkey.db') }, remove: () => rmSync(folder, { recursive: true }) };
}
