import { statSync } from 'node:fs';

import { sql } from 'kysely';
import { type CredentialStore, memoryStore } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';

import { startMariadb } from '../../test/support/mariadb';
import { startPostgres } from '../../test/support/postgres';
import { startRedis } from '../../test/support/redis';
import { CLIENTS } from '../../test/support/redis-clients';
import {
  type Address,
  type AnyKysely,
  connect,
  openSqlite,
  sqliteFile,
} from '../../test/support/sql-databases';
import { heapInUse } from '../harness/own-process';

/** A store over a database on this machine, and how much memory or disk its keys use. */
export interface Database {
  readonly store: CredentialStore;
  readonly bytes: () => Promise<number>;
  /** Collects the statistics by which PostgreSQL chooses an index. Autovacuum does it later. */
  readonly analyze?: () => Promise<unknown>;
  readonly close: () => Promise<void>;
}

/** Starts the databases, with their data in temporary folders and without waiting for the disk. */
export const DATABASES: Readonly<Record<string, () => Promise<Database>>> = {
  'memoryStore()': async () => {
    const before = heapInUse();
    return { store: memoryStore(), bytes: async () => heapInUse() - before, close: async () => {} };
  },
  'Redis, node-redis': () => onRedis('node-redis 6'),
  'Redis, ioredis': () => onRedis('ioredis 6'),
  PostgreSQL: async () => {
    const server = await startPostgres({ logsStatements: false });
    return onSql({ postgres: server.url }, postgresBytes, server.close);
  },
  MariaDB: async () => {
    const server = await startMariadb({ logsStatements: false });
    return onSql({ mysql: server.url }, mariadbBytes, server.close);
  },
  SQLite: async () => {
    const { address, remove } = sqliteFile();
    // As in the documentation. SQLite stores this setting in the file.
    openSqlite(address.sqlite).pragma('journal_mode = WAL');
    return onSql(
      address,
      async () => statSync(address.sqlite).size,
      async () => remove(),
    );
  },
};

async function onRedis(library: string): Promise<Database> {
  const server = await startRedis();
  const connected = CLIENTS[library]?.(server.port);
  await connected?.ready;
  if (!connected) {
    throw new Error(`There is no client ${library}`);
  }
  const used = async () =>
    Number(/used_memory:(\d+)/.exec(await server.command('INFO', 'memory'))?.[1]);
  const before = await used();
  return {
    store: redisStore({ client: connected.client }),
    bytes: async () => (await used()) - before,
    async close() {
      connected.close();
      await server.stop();
    },
  };
}

async function onSql(
  address: Address,
  bytesIn: (db: AnyKysely) => Promise<number>,
  stop: () => Promise<void>,
): Promise<Database> {
  const db = connect(address);
  const store = sqlStore({ db });
  await store.migrate();
  return {
    store,
    bytes: () => bytesIn(db),
    analyze: async () => 'postgres' in address && sql`analyze`.execute(db),
    async close() {
      await db.destroy();
      await stop();
    },
  };
}

async function postgresBytes(db: AnyKysely): Promise<number> {
  const { rows } = await sql<{
    bytes: string;
  }>`select pg_total_relation_size('latchkey_credentials') as bytes`.execute(db);
  return Number(rows[0]?.bytes);
}

async function mariadbBytes(db: AnyKysely): Promise<number> {
  await sql`analyze table latchkey_credentials`.execute(db);
  const { rows } = await sql<{ bytes: string }>`
    select data_length + index_length as bytes from information_schema.tables where table_name = 'latchkey_credentials'`.execute(
    db,
  );
  return Number(rows[0]?.bytes);
}
