import { setTimeout as sleep } from 'node:timers/promises';

import { Kysely, PostgresDialect, sql } from 'kysely';
import { sqlStore } from 'latchkey/sql';
import { Client, types } from 'pg';

import { migrate } from '../../src/stores/sql/migrations';
import { newRecord } from '../../src/testing/store-contract/samples';
import { type PostgresServer, startPostgres } from '../support/postgres';
import { type AnyKysely, connect, postgresPool } from '../support/sql-databases';
import { sqlStoreSuite } from './sql-suite';

/** Gives a bigint as BigInt, where pg gives a string. */
const bigInts = {
  getTypeParser: ((id: number, format: 'text') =>
    id === 20 ? BigInt : types.getTypeParser(id, format)) as never,
};

sqlStoreSuite('PostgreSQL', {
  push: true,
  inOtherProcesses: true,
  statementsOfChange: 1,
  async start(log) {
    const server = await startPostgres();
    const db = connect({ postgres: server.url }, log);
    const pool = postgresPool({ connectionString: server.url, types: bigInts });
    const peer = new Kysely<object>({ dialect: new PostgresDialect({ pool }) });
    const listen = () => new Client(server.url);
    return {
      db,
      address: { postgres: server.url },
      store: sqlStore({ db, listen }),
      peer: sqlStore({ db: peer, listen }),
      sent: server.log,
      async close() {
        await Promise.all([db.destroy(), peer.destroy()]);
        await server.close();
      },
    };
  },
});

describe('sqlStore on PostgreSQL', () => {
  let server: PostgresServer;
  let db: AnyKysely;

  beforeAll(async () => {
    server = await startPostgres();
    db = connect({ postgres: server.url });
  }, 60_000);
  afterAll(async () => {
    await db.destroy();
    await server.close();
  });

  const tablesIn = async (schema: string) => {
    const { rows } = await sql<{ name: string }>`
      select table_name as name from information_schema.tables where table_schema = ${schema} order by table_name`.execute(
      db,
    );
    return rows.map(({ name }) => name);
  };

  it('keeps its tables in the schema that withSchema() names', async () => {
    await sql`create schema auth`.execute(db);
    const store = sqlStore({ db: db.withSchema('auth') });
    await store.migrate();
    await store.migrate();
    expect(await tablesIn('auth')).toEqual([
      'latchkey_credentials',
      'latchkey_schema',
      'latchkey_state',
      'latchkey_usage',
    ]);
    expect(await tablesIn('public')).toEqual([]);

    const record = newRecord();
    const { id, digest, kind, subject } = record;
    const owner = { kind, by: 'subject', id: subject } as const;
    const until = Date.now() + 60_000;
    await store.insert(record);
    await store.recordUsage([{ id, count: 2, lastUsedAt: 5 }]);
    await store.update(id, { name: 'new' });
    const changed = { ...record, useCount: 2, lastUsedAt: 5, name: 'new' };
    expect(await store.find(digest)).toEqual(changed);
    expect(await store.list(owner, { limit: 2 })).toEqual([changed]);
    for (const count of [1, 2]) {
      await store.recordUsage([{ id, count, lastUsedAt: until }]);
    }
    const usage = await store.usage(id, { from: '1970-01-01', to: '9999-12-31' });
    expect(usage.map(({ count }) => count)).toEqual([3]);
    expect(await store.search({ kind, name: 'NEW' }, { limit: 2 })).toHaveLength(1);
    expect(await store.setIfAbsent('group', 'key', 'value', until)).toBe(true);
    await store.set('group', 'key', 'other', until);
    expect([await store.get('group', 'key'), await store.getAndDelete('group', 'key')]).toEqual([
      'other',
      'other',
    ]);
    expect([await store.revokeAll(owner, 5), await store.prune(kind, 6)]).toEqual([1, 1]);
  });

  it('needs no right to create tables if they exist', async () => {
    await sqlStore({ db }).migrate();
    await sql`create role app login`.execute(db);
    await sql`revoke create on schema public from public`.execute(db);
    const tables = sql`latchkey_credentials, latchkey_state, latchkey_schema, latchkey_usage`;
    await sql`grant select, insert, update, delete on ${tables} to app`.execute(db);
    const app = connect({ postgres: server.url.replace('postgres@', 'app@') });
    const store = sqlStore({ db: app });
    await store.migrate();
    const record = newRecord();
    expect([
      await store.insert(record),
      await store.revoke(record.id, 5),
      await store.prune(record.kind, 6),
    ]).toEqual([true, true, 1]);
    await app.destroy();
  });

  it('lets instances of 0.1.0 read while it indexes their table', async () => {
    await sql`create schema indexed`.execute(db);
    const inSchema = db.withSchema('indexed');
    await migrate(inSchema, 'postgres', 1);
    // A writer that has not committed keeps the migration from its first index.
    const writer = new Client(server.url);
    await writer.connect();
    await writer.query('begin');
    await writer.query('update indexed.latchkey_credentials set use_count = 1');
    const migrated = sqlStore({ db: inSchema }).migrate();
    const isWaiting = sql<{ count: string }>`
      select count(*) from pg_locks
      where relation = 'indexed.latchkey_credentials'::regclass and not granted`;
    try {
      while (Number((await isWaiting.execute(db)).rows[0]?.count) === 0) {
        await sleep(10);
      }
      const reader = new Client({ connectionString: server.url, statement_timeout: 2_000 });
      await reader.connect();
      const { rows } = await reader
        .query('select id from indexed.latchkey_credentials')
        .finally(() => reader.end());
      expect(rows).toEqual([]);
    } finally {
      await writer.query('commit');
      await migrated;
      await writer.end();
    }
  });
});
