/** @jest-environment ./test/support/pglite-environment.js */
import type { PGlite as PGliteClass } from '@electric-sql/pglite';
import { Kysely } from 'kysely';
import { PGliteDialect } from 'kysely-pglite-dialect';
import { type CredentialStore, memoryStore, type StateStore } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';
import { createClient } from 'redis';

import { differencesAfter } from '../support/audit-history';
import { ACCOUNT, OTHER, serverOn, startManagement } from '../support/management';
import { startMariadb } from '../support/mariadb';
import { startPostgres } from '../support/postgres';
import { startRedis } from '../support/redis';
import { type AnyKysely, connect, sqliteFile } from '../support/sql-databases';

/** From its environment. */
declare const PGlite: typeof PGliteClass;

jest.setTimeout(600_000);

/** Set `LATCHKEY_HISTORY=10000` for the full figure. */
const STEPS = Number(process.env.LATCHKEY_HISTORY ?? 600);

interface Opened {
  readonly store: CredentialStore & StateStore;
  readonly close: () => Promise<unknown>;
}

async function redis(): Promise<Opened> {
  const server = await startRedis();
  const client = createClient({ url: `redis://127.0.0.1:${server.port}` });
  client.on('error', () => {});
  await client.connect();
  const close = async () => {
    client.destroy();
    await server.stop();
  };
  return { store: redisStore({ client }), close };
}

async function sql(db: AnyKysely, stop: () => unknown = () => {}): Promise<Opened> {
  const store = sqlStore({ db });
  await store.migrate();
  const close = async () => {
    await db.destroy();
    await stop();
  };
  return { store, close };
}

async function postgres(): Promise<Opened> {
  const server = await startPostgres({ logsStatements: false });
  return sql(connect({ postgres: server.url }), server.close);
}

async function mariadb(): Promise<Opened> {
  const server = await startMariadb({ logsStatements: false });
  return sql(connect({ mysql: server.url }), server.close);
}

async function sqlite(): Promise<Opened> {
  const { address, remove } = sqliteFile();
  return sql(connect(address), remove);
}

describe.each([
  ['memory', async (): Promise<Opened> => ({ store: memoryStore(), close: async () => {} })],
  ['Redis', redis],
  ['PostgreSQL', postgres],
  ['PGlite', () => sql(new Kysely({ dialect: new PGliteDialect(new PGlite()) }))],
  ['MariaDB', mariadb],
  ['SQLite', sqlite],
])('on %s', (_, open) => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await open();
  });
  afterAll(() => opened.close());

  it('the events of a random history reconstruct every record', async () => {
    const { records, differences } = await differencesAfter(opened.store, STEPS);
    expect(records).toBeGreaterThan(0);
    expect(differences).toEqual([]);
  });

  it('the API manages the keys and apps of one account, and no other', async () => {
    const { store } = opened;
    const { clients, grants } = serverOn(store);
    const options = { store, clients, grants, idempotencyStore: store, maxKeys: 3 };
    const api = await startManagement(options);
    const body = { name: 'CI', scopes: ['domains:read'] };
    const headers = { ...ACCOUNT, 'Idempotency-Key': 'a-key-for-one-request' };
    const first = await api.send('POST', '/keys', body, headers);
    expect((await api.send('POST', '/keys', body, headers)).text).toBe(first.text);
    const at = `/keys/${first.json.key.id}`;
    expect((await api.send('PATCH', at, { name: 'Build' })).json.key.name).toBe('Build');
    expect((await api.send('POST', `${at}/disable`)).json.key.status).toBe('disabled');
    expect((await api.send('POST', `${at}/enable`)).json.key.status).toBe('active');
    expect(await api.send('GET', at, undefined, OTHER)).toMatchObject({ status: 404 });
    const rotated = await api.send('POST', `${at}/rotate`, { overlapMs: 60_000 });
    expect(rotated.json.key).toMatchObject({ name: 'Build', rotatedFrom: first.json.key.id });
    const list = await api.send('GET', '/keys?status=active&limit=1');
    expect([list.json.keys.length, list.json.next]).toEqual([1, list.json.keys[0].id]);
    const more = await Promise.all(
      Array.from({ length: 6 }, () => api.send('POST', '/keys', body)),
    );
    expect(more.filter(({ status }) => status === 201)).toHaveLength(2);
    expect(await api.send('DELETE', at)).toMatchObject({ status: 204 });
    expect((await api.send('GET', `${at}/usage`)).json).toEqual({ usage: [] });
    const app = await api.send('POST', '/apps', body);
    expect((await api.send('GET', '/apps')).json.apps).toEqual([app.json.app]);
    expect((await api.send('GET', '/apps', undefined, OTHER)).json.apps).toEqual([]);
    expect((await api.send('GET', '/grants')).json).toEqual({ grants: [], next: null });
    await api.close();
  });
});
