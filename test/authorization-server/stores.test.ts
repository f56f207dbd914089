import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';

import { type CredentialStore, memoryStore, type StateStore } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';
import { createClient } from 'redis';

import { insertGrant } from '../../src/authorization-server/grant-records';
import { createPrune } from '../../src/authorization-server/prune';
import { Browser } from '../support/browser';
import { startDevice } from '../support/devices';
import {
  agree,
  type Answer,
  CALLBACK,
  type Granted,
  type Issuing,
  logIn,
  startIssuing,
  WEB_CLIENT,
} from '../support/issuing';
import { startMariadb } from '../support/mariadb';
import { startPostgres } from '../support/postgres';
import { startRedis } from '../support/redis';
import { connect, sqliteFile } from '../support/sql-databases';

jest.setTimeout(60_000);

type Credentials = Readonly<Record<string, string>>;

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
    set: (...args) => (kept.push(args), store.set(...args)),
    setIfAbsent: (...args) => (kept.push(args), store.setIfAbsent(...args)),
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
      const client = createClient({
        url: `redis://127.0.0.1:${server.port}`,
        disableOfflineQueue: true,
      });
      client.on('error', () => {});
      await client.connect();
      return { store: redisStore({ client }), close: async () => client.destroy() };
    },
    async dump() {
      const client = createClient({ url: `redis://127.0.0.1:${server.port}` });
      await client.connect();
      const keys = await client.keys('*');
      const types = await Promise.all(keys.map((key) => client.type(key)));
      const strings = keys.filter((_, index) => types[index] === 'string');
      const hashes = keys.filter((_, index) => types[index] === 'hash');
      const values = await Promise.all([
        ...strings.map((key) => client.get(key)),
        ...hashes.map(async (key) => Object.entries(await client.hGetAll(key)).join('\n')),
      ]);
      client.destroy();
      return [...keys, ...values].join('\n');
    },
    close: server.stop,
  };
}

const sql = async (
  address: Parameters<typeof connect>[0],
  close: () => unknown,
): Promise<Database> => ({
  async open() {
    const db = connect(address);
    const store = sqlStore({ db });
    await store.migrate();
    return { store, close: () => db.destroy() };
  },
  async dump() {
    const db = connect(address);
    const rows = await Promise.all(
      ['latchkey_state', 'latchkey_credentials'].map((table) =>
        db.selectFrom(table).selectAll().execute(),
      ),
    );
    await db.destroy();
    return JSON.stringify(rows);
  },
  close: async () => close(),
});

async function postgres(): Promise<Database> {
  const server = await startPostgres();
  return sql({ postgres: server.url }, server.close);
}

async function mariadb(): Promise<Database> {
  const server = await startMariadb({ logsStatements: false });
  return sql({ mysql: server.url }, server.close);
}

async function sqlite(): Promise<Database> {
  const { address, remove } = sqliteFile();
  return sql(address, remove);
}

const grantOf = (token: string) =>
  (
    JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()) as {
      readonly grant_id: string;
    }
  ).grant_id;

describe.each([
  ['memory', memory],
  ['Redis', redis],
  ['PostgreSQL', postgres],
  ['MariaDB', mariadb],
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
    const shared = { timeoutMs: 20_000, deviceFlow: true };
    issuing = await startIssuing({ store: machines[0]!.store, ...shared });
    other = await startIssuing({
      store: machines[1]!.store,
      ...shared,
      issuerOrigin: issuing.origin,
    });
  });
  afterAll(async () => {
    await issuing.close();
    await other.close();
    for (const { close } of machines) {
      await close();
    }
    await database.close();
  });

  const atOnce = (count: number, act: (machine: Issuing) => Promise<Answer>) =>
    Promise.all(
      Array.from({ length: count }, (_unused, index) => act(index % 2 === 0 ? issuing : other)),
    );
  const statuses = (answers: readonly Answer[]) =>
    [200, 400].map((wanted) => answers.filter(({ status }) => status === wanted).length);

  it('one code gives one token response, of 50 at once on two machines, and the reuse ends the grant', async () => {
    const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
    const code = (await issuing.authorize(client)).searchParams.get('code') as string;
    const request = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: CALLBACK,
      client_id: client.clientId,
      client_secret: secret,
    };
    const answers = await atOnce(50, (machine) => machine.post('/oauth/token', request));
    expect(statuses(answers)).toEqual([1, 49]);
    const { body } = answers.find(({ status }) => status === 200) as Answer;
    const refreshed = await issuing.post('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: body.refresh_token },
      ...{ client_id: client.clientId, client_secret: secret },
    });
    expect([
      (await issuing.call(body.access_token)).status,
      (await other.call(body.access_token)).status,
      refreshed.status,
    ]).toEqual([401, 401, 400]);
  });

  it('one refresh token gives one token response, of 50 at once on two machines, and the reuse ends the grant', async () => {
    const { credentials, tokens } = await issuing.grant();
    const request = {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      ...credentials,
    };
    const answers = await atOnce(50, (machine) => machine.post('/oauth/token', request));
    expect(statuses(answers)).toEqual([1, 49]);
    const { body } = answers.find(({ status }) => status === 200) as Answer;
    const again = await other.post('/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token,
      ...credentials,
    });
    expect([
      (await other.call(body.access_token)).status,
      (await other.call(tokens.access_token)).status,
      again.status,
    ]).toEqual([401, 401, 400]);
  });

  const exchange = (
    machine: Issuing,
    credentials: Credentials,
    code: string,
    more: Credentials = {},
  ) =>
    machine.post('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: CALLBACK,
      ...credentials,
      ...more,
    });
  const invalidGrant = { status: 400, body: { error: 'invalid_grant' } };

  it.each(['code', 'refresh token'])(
    'a %s that is used again later, on the other machine, ends the grant',
    async (what) => {
      const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
      const credentials = { client_id: client.clientId, client_secret: secret };
      const code = (await issuing.authorize(client)).searchParams.get('code') as string;
      const { body: first } = await exchange(issuing, credentials, code);
      const refresh = (machine: Issuing, token: string) =>
        machine.post('/oauth/token', {
          grant_type: 'refresh_token',
          refresh_token: token,
          ...credentials,
        });
      const { body: second } = await refresh(issuing, first.refresh_token as string);
      expect((await issuing.call(second.access_token as string)).status).toBe(200);
      const reused =
        what === 'code'
          ? await exchange(other, credentials, code)
          : await refresh(other, first.refresh_token as string);
      expect(reused).toMatchObject(invalidGrant);
      expect(await refresh(issuing, second.refresh_token as string)).toMatchObject(invalidGrant);
      for (const { access_token: token } of [first, second]) {
        expect((await other.call(token as string)).status).toBe(401);
      }
    },
  );

  it('a code with a challenge requires its verifier, and one of a public client requires a challenge', async () => {
    const { client } = await issuing.server.clients.register({ ...WEB_CLIENT, type: 'public' });
    const [verifier, another] = [
      randomBytes(32).toString('base64url'),
      randomBytes(32).toString('base64url'),
    ];
    const challenge = {
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    };
    const code = (await issuing.authorize(client, challenge)).searchParams.get('code') as string;
    const as = { client_id: client.clientId };
    expect(await exchange(other, as, code)).toMatchObject(invalidGrant);
    expect(await exchange(other, as, code, { code_verifier: another })).toMatchObject(invalidGrant);
    expect(await exchange(other, as, code, { code_verifier: verifier })).toMatchObject({
      status: 200,
    });
    const bare = await fetch(issuing.authorizeUrl(client), { redirect: 'manual' });
    expect(new URL(bare.headers.get('location') as string).searchParams.get('error')).toBe(
      'invalid_request',
    );
  });

  it('a redirect URI is the registered one to the character, at both endpoints', async () => {
    const redirectUris = [CALLBACK, `${CALLBACK}/other`];
    const { client, secret = '' } = await issuing.server.clients.register({
      ...WEB_CLIENT,
      redirectUris,
    });
    const credentials = { client_id: client.clientId, client_secret: secret };
    for (const uri of [`${CALLBACK}/`, `${CALLBACK}?a=b`, 'https://APP.example/callback']) {
      expect(
        (await fetch(other.authorizeUrl(client, { redirect_uri: uri }), { redirect: 'manual' }))
          .status,
      ).toBe(400);
    }
    const code = (await issuing.authorize(client)).searchParams.get('code') as string;
    expect(
      await exchange(other, credentials, code, { redirect_uri: `${CALLBACK}/other` }),
    ).toMatchObject(invalidGrant);
    expect(await exchange(other, credentials, code)).toMatchObject({ status: 200 });
  });

  it('a client shows its own secret, and a parameter is given once', async () => {
    const [mine, theirs] = [
      await issuing.server.clients.register(WEB_CLIENT),
      await issuing.server.clients.register(WEB_CLIENT),
    ];
    const { clientId } = mine.client;
    const code = (await issuing.authorize(mine.client)).searchParams.get('code') as string;
    const wrong: Credentials[] = [
      { client_id: clientId },
      { client_id: clientId, client_secret: 'wrong' },
      { client_id: clientId, client_secret: theirs.secret as string },
      { client_id: 'nobody', client_secret: mine.secret as string },
    ];
    const answers = await Promise.all(
      wrong.map((credentials) => exchange(other, credentials, code)),
    );
    const refused = [
      401,
      { error: 'invalid_client', error_description: 'client authentication failed' },
    ];
    expect(answers.map(({ status, body }) => [status, body])).toEqual(wrong.map(() => refused));
    const good = { client_id: clientId, client_secret: mine.secret as string };
    const twice = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: CALLBACK,
      ...good,
    });
    twice.append('code', code);
    const response = await fetch(`${other.origin}/oauth/token`, { method: 'POST', body: twice });
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ error: 'invalid_request' }),
    ]);
    expect(await exchange(other, good, code)).toMatchObject({ status: 200 });
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
    const tokens = await server.post('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: CALLBACK,
      ...credentials,
    });
    await startAgain();
    const refreshed = await server.post('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: tokens.body.refresh_token },
      ...credentials,
    });
    expect([
      tokens.status,
      refreshed.status,
      (await server.call(tokens.body.access_token)).status,
    ]).toEqual([200, 200, 200]);
    await startAgain();
    const reused = await server.post('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: CALLBACK,
      ...credentials,
    });
    expect([reused.status, (await server.call(refreshed.body.access_token)).status]).toEqual([
      400, 401,
    ]);
    await server.close();
    await machine.close();
  });

  it('deletes grants that expired an hour ago', async () => {
    const { store } = machines[0]!;
    const payload = {
      accountId: 'acct_old',
      clientId: 'app',
      resources: { 'https://a.example': 'a' },
    };
    const now = Date.now();
    await insertGrant(store, 'old', payload, now - 7_200_000);
    await insertGrant(store, 'fresh', payload, now + 7_200_000);
    const owner = { kind: 'oauth_grant', by: 'subject', id: 'acct_old' } as const;
    await createPrune(store)();
    const kept = await store.list(owner, { limit: 10 });
    expect(kept.map(({ grantId }) => grantId)).toEqual(['fresh']);
  });

  describe('a JWT is refused on both machines', () => {
    let one: Issuing;
    let two: Issuing;
    beforeAll(async () => {
      const tokens = {
        keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
      } as const;
      one = await startIssuing({ store: machines[0]!.store, timeoutMs: 20_000, tokens });
      // Which asks its store each time, and needs no news.
      two = await startIssuing({
        store: machines[1]!.store,
        timeoutMs: 20_000,
        tokens,
        issuerOrigin: one.origin,
        cache: false,
      });
    });
    afterAll(async () => {
      await one.close();
      await two.close();
    });
    const refresh = ({ tokens, credentials }: Granted) =>
      one.post('/oauth/token', {
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token,
        ...credentials,
      });

    test.each<[string, (granted: Granted) => Promise<unknown>]>([
      [
        'is revoked by its client',
        ({ tokens, credentials }) =>
          one.post('/oauth/revoke', { token: tokens.access_token, ...credentials }),
      ],
      [
        'loses its refresh token',
        ({ tokens, credentials }) =>
          one.post('/oauth/revoke', { token: tokens.refresh_token, ...credentials }),
      ],
      [
        'was renewed twice by one refresh token',
        async (granted) => [await refresh(granted), await refresh(granted)],
      ],
      ['loses its client', ({ client }) => one.server.clients.remove(client.clientId)],
      [
        'is revoked with all of its client',
        ({ client }) => one.server.revoke({ clientId: client.clientId }),
      ],
      [
        'is revoked with all of its grant',
        ({ tokens }) => one.server.revoke({ grantId: grantOf(tokens.access_token) }),
      ],
      ['is revoked with all of its subject', () => one.server.revoke({ subject: 'acct_42' })],
    ])('that %s', async (_what, end) => {
      const granted = await one.grant();
      const called = () =>
        Promise.all(
          [one, two].map(async ({ call }) => (await call(granted.tokens.access_token)).status),
        );
      expect(await called()).toEqual([200, 200]);
      await end(granted);
      expect(await called()).toEqual([401, 401]);
    });
  });

  it('gives a login in progress to nobody who knows its URL, or its cookie from before the login, on either instance', async () => {
    const { client } = await issuing.server.clients.register(WEB_CLIENT);
    const browser = new Browser();
    const login = await browser.open(issuing.authorizeUrl(client));
    const [planted = ''] = browser.cookieValues();
    const consent = await logIn(login);
    const path = consent.url.pathname;
    const publicId = path.split('/').at(-1) as string;
    const csrf = /name="csrf_token" value="([\w-]+)"/.exec(consent.text)?.[1] as string;
    for (const { origin } of [issuing, other]) {
      for (const value of [publicId, planted]) {
        const headers = { cookie: `latchkey_interaction=${value}; latchkey_resume=${value}` };
        const body = new URLSearchParams({ decision: 'allow', csrf_token: csrf });
        const seen = await fetch(`${origin}${path}`, { headers });
        const agreed = await fetch(`${origin}${path}`, {
          method: 'POST',
          headers,
          body,
          redirect: 'manual',
        });
        expect([
          (await seen.text()).includes('Ada'),
          agreed.status,
          agreed.headers.get('location'),
        ]).toEqual([false, 400, null]);
      }
      const resumed = await fetch(`${origin}/oauth/authorize/${publicId}`, {
        headers: { cookie: `latchkey_resume=${publicId}` },
        redirect: 'manual',
      });
      expect([resumed.status, resumed.headers.get('location')]).toEqual([400, null]);
    }
    expect((await agree(consent)).url.searchParams.has('code')).toBe(true);
  });

  it('keeps at most 4 kB of an authorization request, and nothing of a longer one', async () => {
    const { client } = await issuing.server.clients.register(WEB_CLIENT);
    const ask = async (state: string) => {
      const before = (await database.dump()).length;
      const { headers } = await fetch(issuing.authorizeUrl(client, { state }), {
        redirect: 'manual',
      });
      return {
        location: headers.get('location') ?? '',
        bytes: (await database.dump()).length - before,
      };
    };
    const [short, long] = [await ask('s'.repeat(1_500)), await ask('s'.repeat(6_000))];
    expect([short.location.startsWith('/oauth/interaction/'), short.bytes <= 4_096]).toEqual([
      true,
      true,
    ]);
    expect([new URL(long.location).searchParams.get('error'), long.bytes]).toEqual([
      'invalid_request',
      0,
    ]);
  });

  describe('a device', () => {
    const grantsOf = async (clientId: string) => {
      const grants = await issuing.server.grants.list({ subject: 'acct_42', limit: 1_000 });
      return grants.filter((grant) => grant.clientId === clientId).length;
    };

    it('gets tokens at one instance after its user agreed at the other', async () => {
      const device = await startDevice(issuing);
      expect((await device.poll({}, other)).body.error).toBe('authorization_pending');
      expect((await device.poll()).body.error).toBe('slow_down');
      await agree(await device.reachConsent(new Browser(), other));
      const { body } = await device.poll();
      expect((await other.call(body.access_token as string)).status).toBe(200);
    });

    it('gets one decision of two users, of whom one agrees and one denies at the same time', async () => {
      for (let round = 0; round < 5; round++) {
        const device = await startDevice(issuing);
        const [one, two] = [
          await device.reachConsent(),
          await device.reachConsent(new Browser(), other),
        ];
        const ends = await Promise.all([agree(one), two.submit({ decision: 'deny' })]);
        const [agreed, denied] = ends.map(({ url }) => url.pathname !== '/oauth/device');
        expect(agreed).toBe(!denied);
        const { status, body } = await device.poll();
        expect([status, body.error]).toEqual(agreed ? [200, undefined] : [400, 'access_denied']);
        expect(await grantsOf(device.client.clientId)).toBe(agreed ? 1 : 0);
      }
    });

    it('gets the tokens of one of two users who agree at the same time', async () => {
      const device = await startDevice(issuing);
      const consents = [
        await device.reachConsent(),
        await device.reachConsent(new Browser(), other),
      ];
      const ends = await Promise.all(consents.map(agree));
      expect(ends.map(({ response }) => response.status).sort()).toEqual([200, 400]);
      expect((await device.poll()).status).toBe(200);
      expect(await grantsOf(device.client.clientId)).toBe(1);
    });

    it('gets one token response of 20 at once, and the reuse ends the grant', async () => {
      const device = await startDevice(issuing);
      await device.connect();
      const answers = await atOnce(20, (machine) => device.poll({}, machine));
      expect(statuses(answers)).toEqual([1, 19]);
      const { body } = answers.find(({ status }) => status === 200) as Answer;
      expect((await issuing.call(body.access_token as string)).status).toBe(401);
    });

    it('receives the denial of its user once, however many polls arrive at the same time', async () => {
      const device = await startDevice(issuing);
      await (await device.reachConsent()).submit({ decision: 'deny' });
      const answers = await atOnce(10, (machine) => device.poll({}, machine));
      const errors = answers.map(({ body }) => body.error as string).sort();
      expect(errors).toEqual(['access_denied', ...Array<string>(9).fill('invalid_grant')]);
    });

    it('stores at most 4 kB while it waits, and nothing of a longer request', async () => {
      const { credentials } = await startDevice(issuing);
      const request = async (hint: string) => {
        const before = (await database.dump()).length;
        const parameters = { ...credentials, login_hint: hint };
        const { status } = await issuing.post('/oauth/device_authorization', parameters);
        return { status, bytes: (await database.dump()).length - before };
      };
      const [short, long] = [await request('a'.repeat(1_800)), await request('a'.repeat(2_001))];
      expect([short.status, short.bytes <= 4_096]).toEqual([200, true]);
      expect(long).toEqual({ status: 400, bytes: 0 });
    });

    it('leaves nothing in the store by which its tokens could be fetched', async () => {
      const device = await startDevice(issuing);
      const before = await database.dump();
      const consent = await device.reachConsent();
      const during = await database.dump();
      await agree(consent);
      const after = await database.dump();
      const { body } = await device.poll();
      const spent = await database.dump();
      expect(spent).toContain(device.client.clientId);
      const { device_code: deviceCode, user_code: userCode } = device.body;
      const secrets = [
        ...[deviceCode, userCode, String(userCode).replace('-', '')],
        ...[body.access_token, body.refresh_token],
      ];
      for (const secret of secrets as string[]) {
        expect([before, during, after, spent].some((dump) => dump.includes(secret))).toBe(false);
      }
    });
  });

  it('keeps nothing that could be used by who reads it', async () => {
    const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
    const browser = new Browser();
    const login = await browser.open(
      issuing.authorizeUrl(client, { state: 'a state to know it by' }),
    );
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
      ...[
        secret,
        code,
        body.access_token,
        body.refresh_token,
        login.url.pathname.split('/').at(-1),
        'a state to know it by',
      ],
      ...browser.cookieValues(),
    ];
    expect(secrets.length).toBeGreaterThan(7);
    for (const one of secrets) {
      expect([during, between, after].some((dump) => dump.includes(one))).toBe(false);
    }
  });
});
