import { sql } from 'kysely';
import { apiKeys, latchkey, type RevocationEvent } from 'latchkey';
import { type SqlStore, sqlStore } from 'latchkey/sql';
import { Client } from 'pg';

import { becomesTrue } from '../../src/testing/store-contract/contract';
import { newRecord, unique } from '../../src/testing/store-contract/samples';
import { otherMachine } from '../support/other-machine';
import { type PostgresServer, startPostgres } from '../support/postgres';
import { type AnyKysely, connect } from '../support/sql-databases';

const SOON = 5_000;

let server: PostgresServer;
let db: AnyKysely;
let store: SqlStore;

const listen = () => new Client({ connectionString: server.url, application_name: 'listens' });
const notify = (payload: string) => sql`select pg_notify('latchkey_news', ${payload})`.execute(db);
const listening = async (): Promise<number[]> => {
  const { rows } = await sql<{
    pid: number;
  }>`select pid from pg_stat_activity where application_name = 'listens'`.execute(db);
  return rows.map(({ pid }) => pid);
};

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) {
    await end();
  }
});

/** Marks that a store without a hand in the changes hears of. */
function hear(by = sqlStore({ db, listen })): {
  readonly heard: (id: string) => boolean;
  readonly marks: RevocationEvent[];
  readonly end: () => unknown;
} {
  const marks: RevocationEvent[] = [];
  const end = by.subscribe((mark) => void marks.push(mark));
  ends.push(end);
  return { marks, heard: (id) => marks.some((mark) => mark.id === id), end };
}

/**
 * Whether what is revoked now is heard of: it is done again and again, since a connection may just
 * be on its way.
 */
async function hearsAgain({ heard }: ReturnType<typeof hear>): Promise<boolean> {
  const ids: string[] = [];
  for (const deadline = Date.now() + SOON; Date.now() < deadline;) {
    const record = newRecord();
    ids.push(record.id);
    await store.insert(record).catch(() => undefined);
    await store.revoke(record.id, Date.now()).catch(() => undefined);
    if (await becomesTrue(() => ids.some(heard), 50)) {
      return true;
    }
  }
  return false;
}

beforeAll(async () => {
  server = await startPostgres();
  db = connect({ postgres: server.url });
  store = sqlStore({ db });
  await store.migrate();
}, 60_000);
afterAll(async () => {
  await db.destroy();
  await server.close();
});

describe('push on PostgreSQL', () => {
  it('refuses a cached key at once when another process revoked it, and a store without listen at the end of its time', async () => {
    const machine = await otherMachine({ postgres: server.url });
    ends.push(machine.close);
    const listener = sqlStore({ db, listen });
    const guardOf = (from: SqlStore) => {
      const keys = apiKeys({ prefix: 'osir', store: from });
      return {
        keys,
        guard: latchkey({
          verifiers: [keys],
          cache: { max: 10, ttlMs: 60_000, staleIfErrorMs: 0 },
        }),
      };
    };
    const [told, untold] = [guardOf(listener), guardOf(store)];
    ends.push(told.guard.close, untold.guard.close);
    await hearsAgain(hear(listener));
    const { secret, record } = await told.keys.issue({ subject: unique('acct'), scopes: [] });
    const statusOf = async ({ guard }: typeof told) => {
      const outcome = await guard.check({ headers: { authorization: `Bearer ${secret}` } });
      return outcome.status === 'refused' ? outcome.refusal.status : outcome.status;
    };
    expect([await statusOf(told), await statusOf(untold)]).toEqual([
      'authenticated',
      'authenticated',
    ]);

    expect(await machine.call('revoke', record.id, Date.now())).toEqual({ value: true });
    for (
      const deadline = Date.now() + SOON;
      (await statusOf(told)) !== 401 && Date.now() < deadline;
    ) {
      await becomesTrue(() => false, 20);
    }
    expect([await statusOf(told), await statusOf(untold)]).toEqual([401, 'authenticated']);
  }, 60_000);

  it('notifies of every revoked record, however many there are, with the time', async () => {
    const ears = hear();
    await hearsAgain(ears);
    const subject = unique('acct');
    const records = Array.from({ length: 500 }, () => newRecord({ subject }));
    for (const record of records) {
      await store.insert(record);
    }
    const at = Date.now() - 1_234;
    expect(await store.revokeAll({ kind: 'api_key', by: 'subject', id: subject }, at)).toBe(500);
    await becomesTrue(() => records.every(({ id }) => ears.heard(id)), SOON);
    const told = ears.marks.filter((mark) => mark.at === at);
    expect(new Set(told.map(({ id }) => id))).toEqual(new Set(records.map(({ id }) => id)));
    expect(told[0]).toEqual({ type: 'credential', id: expect.any(String), at });
  });

  it('notifies of a change once, not again when its message returns from the database', async () => {
    const own = sqlStore({ db, listen });
    const ears = hear(own);
    await hearsAgain(ears);
    const record = newRecord();
    await own.insert(record);
    await own.revoke(record.id, Date.now());
    // Messages come in order: what is heard after it shows that it would have been heard.
    await hearsAgain(ears);
    expect(ears.marks.filter(({ id }) => id === record.id)).toHaveLength(1);
  });

  it('does not notify of a change that was not made', async () => {
    const ears = hear();
    await hearsAgain(ears);
    const record = newRecord();
    await store.insert(record);
    await sql`create function refuse() returns trigger language plpgsql as 'begin raise exception ''no''; end'`.execute(
      db,
    );
    await sql`create constraint trigger refuse after update on latchkey_credentials deferrable initially deferred
      for each row execute function refuse()`.execute(db);
    await expect(store.revoke(record.id, Date.now())).rejects.toThrow(
      'sqlStore: revoke() failed: P0001',
    );
    await sql`drop trigger refuse on latchkey_credentials`.execute(db);
    expect(await store.revoke(newRecord().id, Date.now())).toBe(false);
    await hearsAgain(ears);
    expect(ears.heard(record.id)).toBe(false);
  });

  it('passes over what others say on its channel', async () => {
    const ears = hear();
    await hearsAgain(ears);
    const before = ears.marks.length;
    for (const payload of [
      '',
      'x',
      'null',
      '1',
      '[]',
      '{}',
      '{"id":1,"at":1}',
      '{"id":"x","at":"1"}',
      '{"id":"x"}',
      '{"at":1',
    ]) {
      await notify(payload);
    }
    await notify('{"from":"another","id":"heard","at":5}');
    expect(await becomesTrue(() => ears.heard('heard'), SOON)).toBe(true);
    expect(ears.marks.slice(before)).toEqual([{ type: 'credential', id: 'heard', at: 5 }]);
  });

  it('listens on one connection for all who watch, and on none when nobody does', async () => {
    const listener = sqlStore({ db, listen });
    expect(await listening()).toEqual([]);
    const [first, second] = [hear(listener).end, hear(listener).end];
    await hearsAgain(hear(listener));
    await ends.pop()?.();
    expect(await listening()).toHaveLength(1);
    await first();
    await first();
    expect(await listening()).toHaveLength(1);
    await second();
    for (
      const deadline = Date.now() + SOON;
      (await listening()).length > 0 && Date.now() < deadline;
    ) {
      await becomesTrue(() => false, 20);
    }
    expect(await listening()).toEqual([]);
  });

  it('hears again after its connection was cut', async () => {
    const ears = hear();
    expect(await hearsAgain(ears)).toBe(true);
    for (const pid of await listening()) {
      await sql`select pg_terminate_backend(${pid})`.execute(db);
    }
    expect(await hearsAgain(ears)).toBe(true);
  });

  it('hears again after the server was gone, and ends while it is gone', async () => {
    const [ears, others] = [hear(), hear()];
    expect(await hearsAgain(ears)).toBe(true);
    await server.kill();
    await others.end();
    await expect(store.find(newRecord().digest)).rejects.toThrow(/^sqlStore: find\(\) failed: /);
    await server.restart();
    expect(await hearsAgain(ears)).toBe(true);
    expect(await listening()).toHaveLength(1);
  }, 60_000);
});
