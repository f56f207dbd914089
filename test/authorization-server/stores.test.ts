import { createClient } from 'redis';
import { memoryStore, type CredentialStore, type StateStore } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';
import { agree, CALLBACK, logIn, startIssuing, WEB_CLIENT, type Answer, type Issuing } from '../support/issuing';
import { Browser } from '../support/browser';
import { startPostgres } from '../support/postgres';
import { startRedis } from '../support/redis';
import { connect, sqliteFile } from '../support/sql-databases';

jest.setTimeout(60_000);

interface Machine {
  readonly store: CredentialStore & StateStore;
  readonly close: () => Promise<unknown>;
}

interface Database {
  /** A store as another machine would open it; where there can be none, the same one. */
  readonly open: () => Promise<Machine>;
  /** All that it keeps, as text. */
  readonly dump: () => Promise<string>;
  readonly close: () => Promise<unknown>;
}

async function memory(): Promise<Database> {
  const store = memoryStore();
  const kept: unknown[] = [];
  const watched: typeof store = {
    ...store,
    replace: (...args) => (kept.push(args), store.replace(...args)),
    put: (...args) => (kept.push(args), store.put(...args)),
    insert: (record) => (kept.push(record), store.insert(record)),
  };
  return {
    open: async () => ({ store: watched, close: async () => {} }),
    dump: async () => JSON.stringify(kept),
    close: async () => {},
  };
}

async function redis(): Promise<Database> {
  const server = await startRedis();
  return {
    async open() {
      const client = createClient({ url: `redis://127.0.0.1:${server.port}`, disableOfflineQueue: true });
      client.on('error', () => {});
      await client.connect();
      return { store: redisStore({ client }), close: async () => client.destroy() };
    },
    async dump() {
      const keys = (await server.command('KEYS', '*')).split('\n');
      const values = await Promise.all(
        keys.map(async (key) =>
          (await server.command('TYPE', key)) === 'string' ? server.command('GET', key) : server.command('HGETALL', key).catch(() => ''),
        ),
      );
      return [...keys, ...values].join('\n');
    },
    close: server.stop,
  };
}

const sql = async (address: Parameters<typeof connect>[0], close: () => unknown): Promise<Database> => ({
  async open() {
    const db = connect(address);
    const store = sqlStore({ db });
    await store.migrate();
    return { store, close: () => db.destroy() };
  },
  async dump() {
    const db = connect(address);
    const rows = await Promise.all(['latchkey_state', 'latchkey_credentials'].map((table) => db.selectFrom(table).selectAll().execute()));
    await db.destroy();
    return JSON.stringify(rows);
  },
  close: async () => close(),
});

async function postgres(): Promise<Database> {
  const server = await startPostgres();
  return sql({ postgres: server.url }, server.close);
}

async function sqlite(): Promise<Database> {
  const { address, remove } = sqliteFile();
  return sql(address, remove);
}

describe.each([
  ['memory', memory],
  ['Redis', redis],
  ['PostgreSQL', postgres],
  ['SQLite', sqlite],
])('on %s', (_, start) => {
  let database: Database;
  let machines: Machine[];
  /** Two machines behind one address: tokens of the one are for the other. */
  let issuing: Issuing;
  let other: Issuing;
  beforeAll(async () => {
    database = await start();
    machines = [await database.open(), await database.open()];
    issuing = await startIssuing({ store: machines[0]!.store, timeoutMs: 20_000 });
    other = await startIssuing({ store: machines[1]!.store, timeoutMs: 20_000, issuerOrigin: issuing.origin });
  });
  afterAll(async () => {
    await issuing.close();
    await other.close();
    for (const { close } of machines) await close();
    await database.close();
  });

  const atOnce = (count: number, act: (machine: Issuing) => Promise<Answer>) =>
    Promise.all(Array.from({ length: count }, (_unused, index) => act(index % 2 === 0 ? issuing : other)));
  const statuses = (answers: readonly Answer[]) => [200, 400].map((wanted) => answers.filter(({ status }) => status === wanted).length);

  it('one code gives one token response, of 50 at once on two machines, and the reuse ends the grant', async () => {
    const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
    const code = (await issuing.authorize(client)).searchParams.get('code') as string;
    const request = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, client_id: client.clientId, client_secret: secret };
    const answers = await atOnce(50, (machine) => machine.post('/oauth/token', request));
    expect(statuses(answers)).toEqual([1, 49]);
    const { body } = answers.find(({ status }) => status === 200) as Answer;
    const refreshed = await issuing.post('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: body.refresh_token },
      ...{ client_id: client.clientId, client_secret: secret },
    });
    expect([(await issuing.call(body.access_token)).status, (await other.call(body.access_token)).status, refreshed.status]).toEqual([
      401, 401, 400,
    ]);
  });

  it('one refresh token gives one token response, of 50 at once on two machines, and the reuse ends the grant', async () => {
    const { credentials, tokens } = await issuing.grant();
    const request = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, ...credentials };
    const answers = await atOnce(50, (machine) => machine.post('/oauth/token', request));
    expect(statuses(answers)).toEqual([1, 49]);
    const { body } = answers.find(({ status }) => status === 200) as Answer;
    const again = await other.post('/oauth/token', { grant_type: 'refresh_token', refresh_token: body.refresh_token, ...credentials });
    expect([(await other.call(body.access_token)).status, (await other.call(tokens.access_token)).status, again.status]).toEqual([
      401, 401, 400,
    ]);
  });

  it('a flow goes on where the server starts again at each of its steps', async () => {
    let machine = await database.open();
    let server = await startIssuing({ store: machine.store, timeoutMs: 20_000 });
    const port = Number(new URL(server.origin).port);
    const startAgain = async () => {
      await server.close();
      await machine.close();
      machine = await database.open();
      server = await startIssuing({ store: machine.store, timeoutMs: 20_000, port });
    };
    const { client, secret = '' } = await server.server.clients.register(WEB_CLIENT);
    const login = await new Browser().open(server.authorizeUrl(client, { state: 'xyz' }));
    await startAgain();
    const consent = await logIn(login);
    await startAgain();
    const back = await agree(consent);
    await startAgain();
    const credentials = { client_id: client.clientId, client_secret: secret };
    const code = back.url.searchParams.get('code') as string;
    const tokens = await server.post('/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...credentials });
    await startAgain();
    const refreshed = await server.post('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: tokens.body.refresh_token },
      ...credentials,
    });
    expect([tokens.status, refreshed.status, (await server.call(tokens.body.access_token)).status]).toEqual([200, 200, 200]);
    await startAgain();
    const reused = await server.post('/oauth/token', { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...credentials });
    expect([reused.status, (await server.call(refreshed.body.access_token)).status]).toEqual([400, 401]);
    await server.close();
    await machine.close();
  });

  it('keeps nothing that could be used by who reads it', async () => {
    const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
    const browser = new Browser();
    const login = await browser.open(issuing.authorizeUrl(client, { state: 'a state to know it by' }));
    const consent = await logIn(login);
    const during = await database.dump();
    const back = await agree(consent);
    const code = back.url.searchParams.get('code') as string;
    const between = await database.dump();
    const { body } = await issuing.post('/oauth/token', {
      ...{ grant_type: 'authorization_code', code, redirect_uri: CALLBACK },
      ...{ client_id: client.clientId, client_secret: secret },
    });
    const after = await database.dump();
    expect(after).toContain(client.clientId);
    const secrets = [
      ...[secret, code, body.access_token, body.refresh_token, login.url.pathname.split('/').at(-1), 'a state to know it by'],
      ...browser.cookieValues(),
    ];
    expect(secrets.length).toBeGreaterThan(7);
    for (const one of secrets) expect([during, between, after].some((dump) => dump.includes(one))).toBe(false);
  });
});
