import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import SqliteDatabase from 'better-sqlite3';
import {
  type Dialect,
  Kysely,
  type LogEvent,
  MysqlDialect,
  PostgresDialect,
  SqliteDialect,
} from 'kysely';
import { createPool } from 'mysql2';
import { Pool, type PoolConfig } from 'pg';

// @requires sqlite

// A store takes anybody's Kysely, whatever its tables.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyKysely = Kysely<any>;

export type Address =
  { readonly postgres: string } | { readonly mysql: string } | { readonly sqlite: string };

/** A database with connections of its own, as another machine would have them. */
export function connect(address: Address, log: (event: LogEvent) => void = () => {}): AnyKysely {
  return new Kysely({ dialect: dialectOf(address), log });
}

function dialectOf(address: Address): Dialect {
  if ('postgres' in address) {
    return new PostgresDialect({ pool: postgresPool({ connectionString: address.postgres }) });
  }
  if ('mysql' in address) {
    return new MysqlDialect({ pool: createPool({ uri: address.mysql, connectionLimit: 10 }) });
  }
  return new SqliteDialect({ database: openSqlite(address.sqlite) });
}

/**
 * A lost connection without a listener ends the process: when it was idle the pool's, when it was
 * at work its own.
 */
export function postgresPool(config: PoolConfig): Pool {
  const pool = new Pool(config);
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** It does not wait for the disk: no test pulls the plug. */
export function openSqlite(file: string): SqliteDatabase.Database {
  const database = new SqliteDatabase(file);
  database.pragma('synchronous = off');
  return database;
}

/** A file for SQLite, in a folder of its own. */
export function sqliteFile(): {
  readonly address: { readonly sqlite: string };
  readonly remove: () => void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-sqlite-'));
  return {
    address: { sqlite: join(folder, 'latchkey.db') },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
