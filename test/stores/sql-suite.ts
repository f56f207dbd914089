import { inspect } from 'node:util';

import { CamelCasePlugin, type LogEvent, ParseJSONResultsPlugin, sql } from 'kysely';
import { apiKeys } from 'latchkey';
import { type SqlStore, sqlStore } from 'latchkey/sql';
import { credentialStoreContract, stateStoreContract } from 'latchkey/testing';

import { toDigest } from '../../src/credential/digest';
import { migrate } from '../../src/stores/sql/migrations';
import { detectDialect, type SqlDialect } from '../../src/stores/sql/sql-dialect';
import type { Owner } from '../../src/stores/store';
import { newRecord, unique } from '../../src/testing/store-contract/samples';
import { otherMachine } from '../support/other-machine';
import type { Address, AnyKysely } from '../support/sql-databases';

/** A database for one run of the suite. */
export interface SuiteDatabase {
  readonly db: AnyKysely;
  /** A store over `db`. */
  readonly store: SqlStore;
  /** Another machine's, whose driver has other settings where it has any. */
  readonly peer: SqlStore;
  /** Where other processes find it, if they can. */
  readonly address?: Address;
  /** All statements that its server was sent. */
  readonly sent?: () => string;
  readonly close: () => unknown;
}

interface SuiteOptions {
  /** `log` is to be told of every statement of `db`. */
  readonly start: (log: (event: LogEvent) => void) => SuiteDatabase | Promise<SuiteDatabase>;
  readonly push?: boolean;
  /** Whether other processes can reach it. */
  readonly inOtherProcesses: boolean;
  /** Statements for a write that tells what it wrote. */
  readonly statementsOfChange: number;
  /** Statements that add uses. */
  readonly statementsOfUsage?: number;
}

const A_MINUTE = 60_000;
/** Each takes two seconds of processor time to start. */
const PROCESSES = 4;
const TABLES = ['latchkey_credentials', 'latchkey_usage', 'latchkey_state', 'latchkey_schema'];
const soon = () => Date.now() + A_MINUTE;
const ownerOf = ({ kind, subject }: { kind: string; subject: string }): Owner => ({
  kind,
  by: 'subject',
  id: subject,
});

/** All that holds of `sqlStore` on every database. */
export function sqlStoreSuite(
  name: string,
  {
    start,
    push = false,
    inOtherProcesses,
    statementsOfChange,
    statementsOfUsage = 4,
  }: SuiteOptions,
): void {
  let database: SuiteDatabase;
  let db: AnyKysely;
  let store: SqlStore;
  let events: LogEvent[] = [];

  beforeAll(async () => {
    database = await start((event) => void events.push(event));
    ({ db, store } = database);
    await store.migrate();
  }, A_MINUTE);
  afterAll(() => database.close(), A_MINUTE);

  const insert = async (members: Parameters<typeof newRecord>[0] = {}) => {
    const record = newRecord(members);
    await store.insert(record);
    return record;
  };
  const rows = async (table: string) =>
    (await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(db)).rows;
  const damage = (id: string, column: string, value: unknown) =>
    sql`update latchkey_credentials set ${sql.id(column)} = ${value} where id = ${id}`.execute(db);
  const statementsOf = async (call: () => Promise<unknown>) => {
    events = [];
    await call();
    return events.length;
  };

  describe(`sqlStore on ${name} keeps the contract:`, () => {
    const open = () => ({ store, peer: database.peer });
    const corrupt = (_: unknown, id: string) => damage(id, 'scopes', '["a"');
    for (const { name, run } of credentialStoreContract(open, { push, corrupt })) {
      test(name, run, A_MINUTE);
    }
    for (const { name, run } of stateStoreContract(open)) {
      test(name, run, A_MINUTE);
    }
  });

  describe(`sqlStore on ${name}`, () => {
    it('asks once for a look-up, and no more than it must for the rest', async () => {
      const record = await insert();
      const { id, digest } = record;
      const uses = (count: number) =>
        Array.from({ length: count }, () => ({
          id: newRecord().id,
          count: 1,
          lastUsedAt: Date.now(),
        }));
      const key = unique('key');
      const counts = {
        find: await statementsOf(() => store.find(digest)),
        findUnknown: await statementsOf(() => store.find(toDigest('unknown'))),
        findById: await statementsOf(() => store.findById(id)),
        insert: await statementsOf(() => store.insert(newRecord())),
        list: await statementsOf(() => store.list(ownerOf(record), { limit: 10 })),
        nextPage: await statementsOf(() => store.list(ownerOf(record), { after: id, limit: 10 })),
        update: await statementsOf(() => store.update(id, { name: 'new' })),
        end: await statementsOf(() => store.expireAt(id, soon())),
        revoke: await statementsOf(() => store.revoke(id, Date.now())),
        uses: await statementsOf(() => store.recordUsage(uses(100))),
        put: await statementsOf(() => store.setIfAbsent('group', key, 'value', soon())),
        replace: await statementsOf(() => store.set('group', key, 'value', soon())),
        get: await statementsOf(() => store.get('group', key)),
        take: await statementsOf(() => store.getAndDelete('group', key)),
        prune: await statementsOf(() => store.prune(unique('kind'), 0)),
        migrate: await statementsOf(() => store.migrate()),
      };
      const change = statementsOfChange;
      expect(counts).toEqual({
        ...{ find: 1, findUnknown: 1, findById: 1, insert: 1, list: 1, nextPage: 2 },
        ...{ update: change, end: change, revoke: change },
        ...{ uses: statementsOfUsage },
        ...{ put: 1, replace: 1, get: 1, take: change, prune: change === 1 ? 3 : 5, migrate: 1 },
      });
    });

    test.each([
      ['scopes', '["a", 1]'],
      ['scopes', '{"0": "a"}'],
      ['scopes', 'null'],
      ['scopes', 'read write'],
      ['scopes', ''],
      ['metadata', 'null'],
      ['metadata', '[]'],
      ['metadata', '{"a":'],
      ['confirmation', 'null'],
      ['confirmation', '"jkt"'],
      ['confirmation', ''],
      ['kind', ''],
      ['subject', ''],
      ['digest', ''],
      ['digest', toDigest('another')],
    ])('takes a row whose %s is %j for a fault, and tells which', async (column, value) => {
      const kind = unique('kind');
      const record = await insert({ kind });
      await damage(record.id, column, value);
      const reason = new RegExp(`a row of latchkey_credentials is damaged in ${column}$`);
      await expect(store.find(record.digest)).rejects.toThrow(reason);
      await expect(store.findById(record.id)).rejects.toThrow(reason);
      await expect(store.update(record.id, { name: 'new' })).rejects.toThrow(reason);
      if (column !== 'kind' && column !== 'subject') {
        await expect(store.list(ownerOf(record), { limit: 10 })).rejects.toThrow(reason);
      }
      expect(await store.revoke(record.id, Date.now())).toBe(true);
    });

    it('keeps 512 characters of an owner, and refuses more rather than cut them short', async () => {
      for (const letter of ['a', 'ü', '鍵']) {
        const id = `${unique(letter)}${letter.repeat(512)}`.slice(0, 512);
        const record = await insert({ subject: id, clientId: id, grantId: id });
        for (const by of ['subject', 'client', 'grant'] as const) {
          expect(await store.list({ kind: record.kind, by, id }, { limit: 2 })).toEqual([record]);
        }
      }
      const tooLong = 'secret '.repeat(100);
      for (const members of [
        { subject: tooLong },
        { clientId: tooLong },
        { grantId: tooLong },
        { kind: tooLong },
      ]) {
        const record = newRecord(members);
        const error: unknown = await store.insert(record).catch((error: unknown) => error);
        expect(String(error)).toMatch(
          /^Error: sqlStore: insert\(\) failed: The column \w+ takes at most (512|64) characters$/,
        );
        expect(await store.findById(record.id)).toBeUndefined();
      }
    });

    test.each([
      ['NUL', 'a\0b'],
      ['a high surrogate alone', 'a\ud83d'],
      ['a low surrogate alone', '\ude00b'],
    ])(
      'refuses a text with %s, which it could not give back, and knows nothing by it',
      async (_, text) => {
        for (const members of [
          { subject: text },
          { name: text },
          { hint: text },
          { rotatedFrom: text },
        ]) {
          await expect(store.insert(newRecord(members))).rejects.toThrow(
            /The column \w+ cannot contain NUL or half of a surrogate pair/,
          );
        }
        const record = await insert({
          subject: text.replace(/\p{Surrogate}/u, '\ufffd').replace('\0', ''),
        });
        await expect(store.update(record.id, { name: text })).rejects.toThrow(
          'The column name cannot contain NUL',
        );
        const owner: Owner = { kind: record.kind, by: 'subject', id: text };
        expect({
          find: await store.find(text.repeat(20)),
          findById: await store.findById(text),
          list: await store.list(owner, { limit: 10 }),
          revoke: await store.revoke(text, 1),
          revokeAll: await store.revokeAll(owner, 1),
          uses: await store.recordUsage([{ id: text, count: 1, lastUsedAt: 1 }]),
          prune: await store.prune(text, Date.now()),
          put: await store.setIfAbsent(text, unique(text), 'value', soon()),
        }).toEqual({
          ...{
            find: undefined,
            findById: undefined,
            list: [],
            revoke: false,
            revokeAll: 0,
            uses: undefined,
            prune: 0,
          },
          // Of a group and a key only their digest is kept.
          put: true,
        });
      },
    );

    it('cuts off fractions of times, so that nothing lives longer than it was to', async () => {
      const record = newRecord({ issuedAt: 10.9, expiresAt: soon() + 0.9, lastUsedAt: -0.5 });
      await store.insert(record);
      const kept = {
        ...record,
        issuedAt: 10,
        expiresAt: Math.floor(record.expiresAt as number),
        lastUsedAt: -1,
      };
      expect(await store.find(record.digest)).toEqual(kept);
      expect(await store.expireAt(record.id, kept.expiresAt - 0.1)).toBe(true);
      expect(await store.find(record.digest)).toEqual({ ...kept, expiresAt: kept.expiresAt - 1 });
      expect(await store.prune(record.kind, 0.5)).toBe(0);
    });

    test.each([NaN, Infinity, -Infinity, 2 ** 53, -1e300])(
      'refuses %d as a time of a credential',
      async (time) => {
        const record = await insert();
        const refused = /A time or count is too large for the tables, or not a number/;
        await expect(store.insert(newRecord({ expiresAt: time }))).rejects.toThrow(refused);
        await expect(store.insert(newRecord({ issuedAt: time }))).rejects.toThrow(refused);
        await expect(store.update(record.id, { expiresAt: time })).rejects.toThrow(refused);
        await expect(store.expireAt(record.id, time)).rejects.toThrow(refused);
        await expect(store.revoke(record.id, time)).rejects.toThrow(refused);
        await expect(
          store.recordUsage([{ id: record.id, count: 1, lastUsedAt: time }]),
        ).rejects.toThrow(refused);
        expect(await store.find(record.digest)).toEqual(record);
      },
    );

    it('keeps a value of state for ever where its end is Infinity', async () => {
      const key = unique('key');
      await store.setIfAbsent('group', key, 'value', Infinity);
      expect(await store.get('group', key)).toBe('value');
      await expect(store.setIfAbsent('group', unique('key'), 'value', NaN)).rejects.toThrow(
        'not a number',
      );
    });

    it('drops what ended by thousands, and with it the state that has ended', async () => {
      const kind = unique('kind');
      const group = unique('group');
      const ended = await insert({ kind, expiresAt: 5 });
      const [row] = (await rows('latchkey_credentials')).filter(({ id }) => id === ended.id);
      const copies = Array.from({ length: 1_500 }, (_, n) => ({
        ...row,
        id: `copy-${n}-${kind.slice(-12)}`,
      }));
      for (let n = 0; n < copies.length; n += 500) {
        await db
          .insertInto('latchkey_credentials')
          .values(copies.slice(n, n + 500))
          .execute();
      }
      await store.setIfAbsent(group, 'ended', 'value', Date.now() - 1);
      await store.setIfAbsent(group, 'standing', 'value', soon());
      expect(await store.prune(kind, 6)).toBe(1_501);
      expect(
        (await rows('latchkey_state')).filter(({ ends_at }) => Number(ends_at) <= Date.now()),
      ).toEqual([]);
      expect(await store.get(group, 'standing')).toBe('value');
    });

    it('says nothing of what it was asked when a statement fails', async () => {
      await sql`delete from latchkey_credentials`.execute(db);
      await sql`create unique index spoil on latchkey_credentials (subject)`.execute(db);
      const subject = unique('confidential');
      const first = await insert({ subject });
      const second = newRecord({ subject });
      const error: unknown = await store.insert(second).catch((error: unknown) => error);
      const shown = inspect(error, { depth: 20, showHidden: true });
      expect(shown).toMatch(/sqlStore: insert\(\) failed: \S/);
      for (const text of [subject, second.digest, second.id, first.digest]) {
        expect(shown).not.toContain(text);
      }
      await db.schema
        .dropIndex('spoil')
        .$call((drop) =>
          'mysql' in (database.address ?? {}) ? drop.on('latchkey_credentials') : drop,
        )
        .execute();
    });

    it('keeps no secret, in no table and no statement', async () => {
      const keys = apiKeys({ prefix: 'osir', store });
      events = [];
      const { secret, record } = await keys.issue({
        subject: unique('acct'),
        scopes: ['domains:read'],
        metadata: { plan: 'pro' },
      });
      const rotated = await keys.rotate(record.id, { overlapMs: 1_000 });
      expect(await keys.verify(secret)).toMatchObject({
        ok: true,
        principal: { credentialId: record.id },
      });
      await keys.revoke(record.id);
      const tables = await Promise.all(TABLES.map(rows));
      const statements = events
        .map(({ query }) => `${query.sql} ${JSON.stringify(query.parameters)}`)
        .join('\n');
      const seen = `${JSON.stringify(tables)}\n${statements}\n${database.sent?.() ?? ''}`;
      expect(seen).toContain(toDigest(secret));
      for (const each of [secret, rotated?.secret as string]) {
        expect(seen).not.toContain(each);
        expect(seen).not.toContain(each.slice('osir_live_'.length + 8, -6));
      }
    });

    it("keeps its columns apart from the user's plugins", async () => {
      const plugged = sqlStore({
        db: db.withPlugin(new CamelCasePlugin()).withPlugin(new ParseJSONResultsPlugin()),
      });
      const record = newRecord({
        clientId: 'app',
        metadata: { plan: { limits: [1] } },
        scopes: ['a'],
      });
      await plugged.insert(record);
      expect(await plugged.find(record.digest)).toEqual(record);
      expect(await store.find(record.digest)).toEqual(record);
    });
  });

  describe(`migrate() on ${name}`, () => {
    const dropTables = async () => {
      for (const table of TABLES) {
        await db.schema.dropTable(table).ifExists().execute();
      }
    };
    const works = async (opened: SqlStore) => {
      const record = newRecord();
      await opened.insert(record);
      await opened.setIfAbsent('group', record.id, 'value', soon());
      return [await opened.find(record.digest), await opened.get('group', record.id)].every(
        (found) => found !== undefined,
      );
    };
    const versions = async () =>
      (await rows('latchkey_schema')).map(({ version }) => Number(version));

    it('is asked for where its tables or columns are missing', async () => {
      const asked =
        'sqlStore: its tables are missing or of an older version: run `await store.migrate()` first';
      const record = await insert();
      await sql`alter table latchkey_credentials rename column metadata to away`.execute(db);
      const calls: (() => Promise<unknown>)[] = [
        () => store.find(record.digest),
        () => store.insert(newRecord()),
        () => store.update(record.id, { metadata: {} }),
      ];
      for (const call of calls) {
        await expect(call()).rejects.toThrow(asked);
      }
      await dropTables();
      calls.push(
        () => store.revoke(record.id, 1),
        () => store.recordUsage([{ id: record.id, count: 1, lastUsedAt: 1 }]),
        () => store.prune('api_key', 1),
        () => store.setIfAbsent('group', 'key', 'value', 1),
        () => store.getAndDelete('group', 'key'),
      );
      for (const call of calls) {
        await expect(call()).rejects.toThrow(asked);
      }
      await store.migrate();
      expect(await works(store)).toBe(true);
    });

    it('makes the tables once, and then has nothing to do', async () => {
      await dropTables();
      await store.migrate();
      await store.migrate();
      expect(await versions()).toEqual([1, 2]);
      expect(await works(store)).toBe(true);
    });

    it('makes them once when many stores of one process call it at the same time', async () => {
      await dropTables();
      await Promise.all(
        [store, database.peer, ...Array.from({ length: 8 }, () => sqlStore({ db }))].map((each) =>
          each.migrate(),
        ),
      );
      expect(await versions()).toEqual([1, 2]);
      expect(await works(database.peer)).toBe(true);
    });

    it('updates the tables of 0.1.0, and leaves instances of 0.1.0 working', async () => {
      await dropTables();
      const dialect = detectDialect(db) as SqlDialect;
      await migrate(db, dialect, 1);
      const { disabledAt: _, ...record } = newRecord({ name: 'Old', expiresAt: soon() });
      const oldRow = (id: string) => ({
        ...{ id, kind: record.kind, digest: `${id}${record.digest.slice(22)}` },
        ...{ subject: record.subject, client_id: null, grant_id: null },
        ...{ scopes: '["domains:read"]', expires_at: record.expiresAt, revoked_at: null },
        ...{ hint: record.hint, name: record.name, environment: 'live' },
        ...{ issued_at: record.issuedAt, last_used_at: null, use_count: 0 },
        ...{ rotated_from: null, confirmation: null, metadata: '{}' },
      });
      const insertOld = (id: string) =>
        db.insertInto('latchkey_credentials').values(oldRow(id)).execute();
      await insertOld(record.id);
      await expect(store.find(record.digest)).rejects.toThrow('run `await store.migrate()` first');
      await store.migrate();
      expect(await versions()).toEqual([1, 2]);
      expect(await store.find(record.digest)).toEqual({ ...record, disabledAt: null });

      const other = newRecord();
      await insertOld(other.id);
      await db
        .updateTable('latchkey_credentials')
        .set({ use_count: 3, name: 'New' })
        .where('id', '=', record.id)
        .execute();
      const found = await store.search({ kind: record.kind, name: 'new' }, { limit: 10 });
      expect(found.map(({ id, useCount }) => [id, useCount])).toEqual([[record.id, 3]]);
      expect(
        await store.search({ kind: record.kind, status: 'active' }, { limit: 10 }),
      ).toHaveLength(2);
      expect(await store.disable(other.id, Date.now())).toBe(true);
      await store.recordUsage([{ id: record.id, count: 2, lastUsedAt: Date.now() }]);
      const [day] = await store.usage(record.id, { from: '1970-01-01', to: '9999-12-31' });
      expect(day?.count).toBe(2);
      expect((await store.findById(record.id))?.useCount).toBe(5);
    });

    it('goes on where it was cut off', async () => {
      const record = await insert();
      await sql`drop table latchkey_state`.execute(db);
      await sql`delete from latchkey_schema`.execute(db);
      await store.migrate();
      expect(await versions()).toEqual([1, 2]);
      expect(await works(store)).toBe(true);
      expect(await store.find(record.digest)).toEqual(record);
    });

    it('leaves the tables of a later version as they are', async () => {
      await db.insertInto('latchkey_schema').values({ version: 99, migrated_at: 1 }).execute();
      await store.migrate();
      expect((await versions()).sort((a, b) => a - b)).toEqual([1, 2, 99]);
      await db.deleteFrom('latchkey_schema').where('version', '=', 99).execute();
    });

    it('undoes or can repeat what failed half-way', async () => {
      await dropTables();
      await sql`create table latchkey_state (id integer)`.execute(db);
      await expect(store.migrate()).rejects.toThrow(/^sqlStore: /);
      await sql`drop table latchkey_state`.execute(db);
      await store.migrate();
      expect(await versions()).toEqual([1, 2]);
      expect(await works(store)).toBe(true);
    });

    const migrateAtOnce = async () => {
      await dropTables();
      const machines = await Promise.all(
        Array.from({ length: PROCESSES }, () => otherMachine(database.address as Address)),
      );
      try {
        const outcomes = await Promise.all(machines.map((machine) => machine.call('migrate')));
        expect(outcomes).toEqual(machines.map(() => ({})));
        expect(await versions()).toEqual([1, 2]);
        const record = newRecord();
        const added = await Promise.all(machines.map((machine) => machine.call('insert', record)));
        expect(added.filter(({ value }) => value === true)).toHaveLength(1);
        expect(await store.find(record.digest)).toEqual(record);
      } finally {
        await Promise.all(machines.map((machine) => machine.close()));
      }
    };
    if (inOtherProcesses) {
      it('creates the tables once if several processes migrate at once', migrateAtOnce, A_MINUTE);
    }
  });
}
