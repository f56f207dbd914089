import SqliteDatabase from 'better-sqlite3';
import { Kysely, MysqlDialect, PostgresDialect, sql, SqliteDialect } from 'kysely';
import { type SqlStore, sqlStore } from 'latchkey/sql';
import { createPool, type PoolOptions } from 'mysql2';
import type { PoolConfig } from 'pg';

import { newRecord, ODD_TEXTS, unique } from '../../src/testing/store-contract/samples';
import { type MariadbServer, startMariadb } from '../support/mariadb';
import { type PostgresServer, startPostgres } from '../support/postgres';
import { type AnyKysely, postgresPool } from '../support/sql-databases';

// @requires sqlite

const A_MINUTE = 60_000;
/**
 * Text that breaks out of a string where backslashes do not escape, or where 0xBF 0x27 is taken for
 * one character.
 */
const HOSTILE = [
  "', 1) -- ",
  "\\', 1) -- ",
  "\u00bf' or 1=1 -- ",
  '\\',
  "it's",
  '"; drop table latchkey_credentials; -- ',
];

/** Every text comes back as it was, and belongs to one owner alone. */
async function keepsTexts(
  store: SqlStore,
  texts: readonly string[] = [...new Set([...HOSTILE, ...ODD_TEXTS])],
): Promise<void> {
  const kind = unique('kind');
  const records = texts.map((text) =>
    newRecord({ subject: text, name: text, metadata: { text }, kind }),
  );
  for (const record of records) {
    expect(await store.insert(record)).toBe(true);
  }
  expect(await Promise.all(records.map(({ digest }) => store.find(digest)))).toEqual(records);
  for (const record of records) {
    expect(await store.list({ kind, by: 'subject', id: record.subject }, { limit: 9 })).toEqual([
      record,
    ]);
  }
  for (const text of texts.slice(0, HOSTILE.length)) {
    expect(await store.update(records[0]?.id as string, { name: text })).toMatchObject({
      name: text,
    });
    await store.set('group', text, text, Date.now() + A_MINUTE);
    expect(await store.get('group', text)).toBe(text);
    expect([await store.findById(text), await store.revoke(text, 1)]).toEqual([undefined, false]);
    await store.recordUsage([{ id: text, count: 1, lastUsedAt: 1 }]);
  }
  expect(await store.revokeAll({ kind, by: 'subject', id: HOSTILE[0] as string }, 1)).toBe(1);
}

describe('sqlStore on MariaDB', () => {
  let server: MariadbServer;
  const open: AnyKysely[] = [];

  /** A store whose connections run these statements when they are opened. */
  const connect = (options: PoolOptions = {}, ...statements: readonly string[]) => {
    const pool = createPool({ uri: server.url, connectionLimit: 3, ...options });
    pool.on('connection', (connection) =>
      statements.forEach((statement) => connection.query(statement)),
    );
    const db = new Kysely<object>({ dialect: new MysqlDialect({ pool }) });
    open.push(db);
    return { pool, db, store: sqlStore({ db }) };
  };

  beforeAll(async () => {
    server = await startMariadb({ logsStatements: false });
    await connect().store.migrate();
  }, A_MINUTE);
  afterAll(async () => {
    await Promise.all(open.map((db) => db.destroy()));
    await server.close();
  });

  it.each([
    ["set session sql_mode = 'NO_BACKSLASH_ESCAPES'"],
    ["set session sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'"],
  ])('refuses to migrate and to work after "%s"', async (statement) => {
    const message =
      /^sqlStore: \w+\(\) failed: the SQL mode NO_BACKSLASH_ESCAPES .*: remove it from sql_mode$/;
    for (const call of ['migrate', 'find', 'insert', 'publish', 'get'] as const) {
      const { store } = connect({}, statement);
      const parameter = {
        insert: newRecord(),
        publish: { type: 'digest', id: 'x', at: 1 },
        migrate: undefined,
        find: 'x',
        get: 'x',
      }[call];
      const error = await (store[call] as (parameter: unknown, key: string) => Promise<unknown>)(
        parameter,
        'key',
      ).catch((e: unknown) => e);
      expect(error).toMatchObject({
        code: 'ERR_LATCHKEY_STORE',
        message: expect.stringMatching(message),
      });
    }
  });

  it.each([
    ['the charset latin1', { charset: 'LATIN1_SWEDISH_CI' }, []],
    ['the charset utf8mb3, which has no emoji', { charset: 'UTF8_GENERAL_CI' }, []],
    [
      'the charset gbk, in which a quote can be half of a character',
      { charset: 'GBK_CHINESE_CI' },
      [],
    ],
    ['"set names latin1"', {}, ['set names latin1']],
    ['results in another character set', {}, ['set character_set_results = latin1']],
  ])('refuses to migrate and to work with %s', async (_, options, statements) => {
    for (const call of [
      (store: SqlStore) => store.migrate(),
      (store: SqlStore) => store.find('x'),
    ]) {
      const error: unknown = await call(connect(options, ...statements).store).catch(
        (e: unknown) => e,
      );
      expect(error).toMatchObject({
        code: 'ERR_LATCHKEY_STORE',
        message: expect.stringMatching(/the character set of the connection changes text/),
      });
    }
  });

  it('goes on refusing, and works once the mode is gone', async () => {
    const { store, db } = connect(
      { connectionLimit: 1 },
      "set session sql_mode = 'NO_BACKSLASH_ESCAPES'",
    );
    await expect(store.find('x')).rejects.toThrow('NO_BACKSLASH_ESCAPES');
    await expect(store.find('x')).rejects.toThrow('NO_BACKSLASH_ESCAPES');
    await sql`set session sql_mode = ''`.execute(db);
    expect(await store.find('x')).toBeUndefined();
  });

  it('keeps texts as they are in every other mode', async () => {
    for (const mode of ['', 'ANSI_QUOTES', 'PIPES_AS_CONCAT,NO_ZERO_DATE', 'STRICT_TRANS_TABLES']) {
      await keepsTexts(connect({}, `set session sql_mode = '${mode}'`).store, HOSTILE);
    }
  });

  it.each([
    "set session sql_mode = 'NO_BACKSLASH_ESCAPES'",
    'set character_set_client = latin1',
    'set character_set_connection = latin1',
  ])(
    'resists injection if a connection of the pool is switched later by "%s"',
    async (statement) => {
      const { store, db } = connect({ connectionLimit: 1 });
      await store.migrate();
      await sql.raw(statement).execute(db);
      await keepsTexts(store);
    },
    A_MINUTE,
  );
});

describe('sqlStore on PostgreSQL', () => {
  let server: PostgresServer;
  const open: AnyKysely[] = [];

  const connect = (
    config: PoolConfig = {},
    database = 'postgres',
    ...statements: readonly string[]
  ) => {
    const pool = postgresPool({
      connectionString: server.url.replace(/postgres$/, database),
      max: 2,
      ...config,
    });
    if (statements.length > 0) {
      pool.on('connect', (client) => void client.query(statements.join('; ')));
    }
    const db = new Kysely<object>({ dialect: new PostgresDialect({ pool }) });
    open.push(db);
    return { db, store: sqlStore({ db }) };
  };

  beforeAll(async () => {
    server = await startPostgres({ logsStatements: false });
  }, A_MINUTE);
  afterAll(async () => {
    await Promise.all(open.map((db) => db.destroy()));
    await server.close();
  });

  it(
    'keeps texts as they are without standard_conforming_strings',
    async () => {
      const { store } = connect(
        {},
        'postgres',
        'set standard_conforming_strings = off',
        'set backslash_quote = on',
      );
      await store.migrate();
      await keepsTexts(store);
    },
    A_MINUTE,
  );

  it.each(['LATIN1', 'WIN1252', 'EUC_JP'])(
    'refuses to migrate and to work with the client_encoding %s',
    async (encoding) => {
      for (const call of [
        (store: SqlStore) => store.migrate(),
        (store: SqlStore) => store.find('x'),
      ]) {
        const { store } = connect({}, 'postgres', `set client_encoding = ${encoding}`);
        await expect(call(store)).rejects.toMatchObject({
          code: 'ERR_LATCHKEY_STORE',
          message: expect.stringMatching(/client_encoding .*UTF8$/),
        });
      }
    },
  );

  it.each(['SQL_ASCII', 'LATIN1', 'WIN1251'])(
    'works in a database of the encoding %s, and rejects what that cannot keep',
    async (encoding) => {
      const name = unique('db').replaceAll('-', '_');
      await sql
        .raw(
          `create database ${name} encoding '${encoding}' locale_provider 'libc' locale 'C' template template0`,
        )
        .execute(connect().db);
      const { store } = connect({}, name);
      await store.migrate();
      await keepsTexts(store, ['acct_42', ...HOSTILE.filter((text) => !text.includes('\u00bf'))]);
      const record = newRecord({ name: '☃😀' });
      const isKept = await store.insert(record).catch(() => false);
      expect(isKept).toBe(encoding === 'SQL_ASCII');
      expect(await store.find(record.digest)).toEqual(isKept ? record : undefined);
    },
    A_MINUTE,
  );
});

it('keeps texts as they are in a SQLite database in UTF-16', async () => {
  for (const encoding of ['UTF-16le', 'UTF-16be']) {
    const database = new SqliteDatabase(':memory:');
    database.pragma(`encoding = '${encoding}'`);
    const db = new Kysely<object>({ dialect: new SqliteDialect({ database }) });
    const store = sqlStore({ db });
    await store.migrate();
    await keepsTexts(store);
    await db.destroy();
  }
});
