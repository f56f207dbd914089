import { inspect } from 'node:util';

import {
  DummyDriver,
  Kysely,
  MssqlQueryCompiler,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  SqliteQueryCompiler,
} from 'kysely';
import { memoryStore } from 'latchkey';
import { sqlStore } from 'latchkey/sql';
import { Client } from 'pg';

import { guarded } from '../../src/stores/sql/errors';

/** A Kysely that reaches no database. Only what it writes tells which it is for. */
const writing = (compiler: QueryCompiler) =>
  new Kysely<{ users: { id: number } }>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createQueryCompiler: () => compiler,
      createIntrospector: (db) => new PostgresIntrospector(db),
    },
  });
const postgres = writing(new PostgresQueryCompiler());
const listen = () => new Client();

describe('sqlStore()', () => {
  test.each([
    ['PostgreSQL', postgres],
    ['SQLite', writing(new SqliteQueryCompiler())],
    ['MySQL', writing(new MysqlQueryCompiler())],
  ])('accepts a Kysely instance for %s, and returns every method of memoryStore()', (_, db) => {
    expect(Object.keys(sqlStore({ db }))).toEqual(
      expect.arrayContaining([...Object.keys(memoryStore()), 'migrate']),
    );
  });

  it('listens on PostgreSQL', () => {
    expect(() => sqlStore({ db: postgres, listen })).not.toThrow();
  });

  test.each([
    ['no options', undefined, 'sqlStore(): '],
    [
      'no database',
      {},
      'sqlStore(): option "db" must be an object with selectFrom(), withoutPlugins(), withSchema(), transaction(), connection()',
    ],
    [
      'a pool for a Kysely',
      { db: { query: () => {}, connect: () => {} } },
      'sqlStore(): option "db" must be an object with selectFrom()',
    ],
    [
      'a Kysely for SQL Server',
      { db: writing(new MssqlQueryCompiler()) },
      'sqlStore(): option "db" must write the SQL of PostgreSQL, SQLite or MySQL',
    ],
    [
      'a client for listen',
      { db: postgres, listen: new Client() },
      'sqlStore(): option "listen" must be a function',
    ],
    [
      'listen on SQLite',
      { db: writing(new SqliteQueryCompiler()), listen },
      'sqlStore(): option "listen" is for PostgreSQL',
    ],
    [
      'listen on MySQL',
      { db: writing(new MysqlQueryCompiler()), listen },
      'sqlStore(): option "listen" is for PostgreSQL',
    ],
    [
      'a misspelt option',
      { db: postgres, listens: listen },
      'sqlStore(): unknown option "listens"; allowed are db, listen',
    ],
  ])('refuses %s', (_, options, message) => {
    expect(() => sqlStore(options as never)).toThrow(TypeError);
    expect(() => sqlStore(options as never)).toThrow(message);
  });
});

describe('an error of sqlStore', () => {
  const reject = (error: unknown) => guarded({ find: () => Promise.reject(error as Error) }).find();
  const SECRET = 'pYxKqz0T';

  test.each([
    [
      'a socket',
      Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' }),
      'connect ECONNREFUSED 127.0.0.1:5432',
    ],
    [
      'several sockets',
      Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }),
      'ECONNREFUSED',
    ],
    [
      'a pool',
      new Error('timeout exceeded when trying to connect'),
      'timeout exceeded when trying to connect',
    ],
    [
      'a server that refuses the connection',
      Object.assign(new Error('the database system is starting up'), {
        severity: 'FATAL',
        code: '57P03',
      }),
      'the database system is starting up',
    ],
    [
      'a statement on PostgreSQL',
      Object.assign(new Error(`invalid input: "${SECRET}"`), {
        severity: 'ERROR',
        code: '22P02',
        detail: SECRET,
        where: SECRET,
      }),
      '22P02',
    ],
    [
      'a statement on PGlite',
      Object.assign(new Error(`invalid input: "${SECRET}"`), {
        severity: 'ERROR',
        code: '22P02',
        query: 'select $1',
        params: [SECRET],
      }),
      '22P02',
    ],
    [
      'a role without rights on PostgreSQL',
      Object.assign(new Error(`permission denied for "${SECRET}"`), {
        severity: 'ERROR',
        code: '42501',
      }),
      'insufficient_privilege (42501)',
    ],
    [
      'a statement on MySQL',
      Object.assign(new Error(`Duplicate entry '${SECRET}' for key 'PRIMARY'`), {
        ...{ code: 'ER_DUP_ENTRY', errno: 1062, sqlState: '23000' },
        ...{
          sql: `insert '${SECRET}'`,
          sqlMessage: `Duplicate entry '${SECRET}' for key 'PRIMARY'`,
        },
      }),
      'ER_DUP_ENTRY',
    ],
    [
      'a statement on SQLite',
      Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' }),
      'database is locked',
    ],
    ['nothing that is an error', null, 'no reason was given'],
    ['a string', SECRET, 'no reason was given'],
  ])('by %s names the method and the reason, and quotes no parameter', async (_, error, reason) => {
    const thrown: unknown = await reject(error).catch((error: unknown) => error);
    expect(thrown).toEqual(new Error(`sqlStore: find() failed: ${reason}`));
    expect(inspect(thrown, { showHidden: true, depth: 10 })).not.toContain(SECRET);
  });

  test.each(['40001', '40P01', 'ER_LOCK_DEADLOCK'])(
    'is retried up to five times if the database requires a retry (%s)',
    async (code) => {
      const conflicts = (count: number) => {
        const calls: unknown[][] = [];
        const find = async (...args: readonly unknown[]) => {
          if (calls.push([...args]) <= count) {
            throw Object.assign(new Error('conflict'), { code, sqlState: '40001' });
          }
          return 'found';
        };
        return { calls, ...guarded({ find }) };
      };
      const four = conflicts(4);
      expect(await four.find('digest', 1)).toBe('found');
      expect(four.calls).toEqual(Array(5).fill(['digest', 1]));
      const five = conflicts(5);
      await expect(five.find('digest')).rejects.toThrow(`sqlStore: find() failed: ${code}`);
      expect(five.calls).toHaveLength(5);
    },
  );
});
