import { setTimeout as sleep } from 'node:timers/promises';

import { Kysely, PostgresDialect, sql } from 'kysely';
import {
  apiKeys,
  type CredentialStore,
  type Issued,
  latchkey,
  type LatchkeyOptions,
} from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';
import { Client, type PoolClient } from 'pg';

import { startPostgres } from '../support/postgres';
import { type Proxy, startProxy } from '../support/proxy';
import { startRedis } from '../support/redis';
import { CLIENTS } from '../support/redis-clients';
import { asker, atOnce, Tally } from '../support/requests';
import { listen, MOUNTS } from '../support/servers';
import { postgresPool } from '../support/sql-databases';

// A rejection that nobody handles fails the test that runs: that is Jest's own rule.
const REQUESTS = 10_000;
const MAJORS = ['Express 4', 'Express 5'];

interface Fault {
  readonly begin: () => unknown;
  readonly end: () => unknown;
  /** What a look-up comes to meanwhile: an error, its answer, or now one and now the other. */
  readonly lookUps: 'fail' | 'pass' | 'vary';
}

/** A server behind a proxy, with a store on it. */
interface Backend {
  readonly store: CredentialStore;
  readonly proxy: Proxy;
  /** Resolves when the client says that it can be asked again. */
  readonly ready: () => Promise<unknown>;
  readonly ownFaults: Readonly<Record<string, Fault>>;
  readonly close: () => Promise<unknown>;
}

async function onRedis(): Promise<Backend> {
  const server = await startRedis();
  const proxy = await startProxy(server.port);
  const connected = CLIENTS['node-redis 6']!(proxy.port);
  await connected.ready;
  return {
    store: redisStore({ client: connected.client }),
    proxy,
    async ready() {
      while (!('isReady' in connected.client && connected.client.isReady)) {
        await sleep(1);
      }
    },
    ownFaults: {
      stopped: { begin: server.freeze, end: server.thaw, lookUps: 'fail' },
      'read-only': {
        begin: () => server.command('REPLICAOF', '127.0.0.1', '1'),
        end: () => server.command('REPLICAOF', 'NO', 'ONE'),
        lookUps: 'pass',
      },
      restarted: repeatedly(1_000, async () => {
        await server.kill();
        await sleep(300);
        await server.start();
      }),
    },
    async close() {
      connected.close();
      await proxy.close();
      await server.stop();
    },
  };
}

async function onPostgres(): Promise<Backend> {
  const server = await startPostgres();
  const proxy = await startProxy(server.port);
  const connectionString = `postgresql://postgres@127.0.0.1:${proxy.port}/postgres`;
  const pool = postgresPool({
    connectionString,
    connectionTimeoutMillis: 1_000,
    statement_timeout: 5_000,
    query_timeout: 5_000,
  });
  const db = new Kysely<object>({ dialect: new PostgresDialect({ pool }) });
  const store = sqlStore({ db, listen: () => new Client({ connectionString }) });
  await store.migrate();

  const direct = new Kysely<object>({
    dialect: new PostgresDialect({ pool: postgresPool({ connectionString: server.url, max: 1 }) }),
  });
  // A log of each statement would be what is measured.
  await sql`alter system set log_statement = none`.execute(direct);
  await sql`select pg_reload_conf()`.execute(direct);
  const onlyRead = async (only: boolean) => {
    await sql`alter system set default_transaction_read_only = ${sql.raw(only ? 'on' : 'off')}`.execute(
      direct,
    );
    await sql`select pg_reload_conf()`.execute(direct);
  };
  let taken: PoolClient[] = [];
  return {
    store,
    proxy,
    async ready() {
      while (!(await sql`select 1`.execute(db).then(Boolean, () => false))) {
        await sleep(5);
      }
    },
    ownFaults: {
      stopped: { begin: server.stop, end: server.resume, lookUps: 'fail' },
      'read-only': { begin: () => onlyRead(true), end: () => onlyRead(false), lookUps: 'pass' },
      restarted: repeatedly(1_000, async () => {
        await server.kill();
        await sleep(300);
        await server.restart();
      }),
      'pool empty': {
        begin: async () =>
          void (taken = await Promise.all(Array.from({ length: 10 }, takenFrom(pool)))),
        end: () => taken.forEach((client) => client.release()),
        lookUps: 'fail',
      },
    },
    async close() {
      await db.destroy();
      await direct.destroy();
      await proxy.close();
      await server.close();
    },
  };
}

/** A connection of the pool, however many others wait for one. */
const takenFrom = (pool: ReturnType<typeof postgresPool>) => async (): Promise<PoolClient> => {
  for (;;) {
    const client = await pool.connect().catch(() => undefined);
    if (client) {
      return client;
    }
  }
};

/** A fault that strikes again and again while it lasts. */
function repeatedly(everyMs: number, strike: () => unknown): Fault {
  let over = false;
  let striking: Promise<void> = Promise.resolve();
  return {
    begin() {
      over = false;
      striking = (async () => {
        for (; !over; await sleep(everyMs)) {
          await strike();
        }
      })();
    },
    end: () => {
      over = true;
      return striking;
    },
    lookUps: 'vary',
  };
}

const faultsOf = ({ proxy, ownFaults }: Backend): Readonly<Record<string, Fault>> => ({
  refused: { begin: () => proxy.refuse(), end: () => proxy.pass(), lookUps: 'fail' },
  'black-holed': { begin: () => proxy.blackHole(), end: () => proxy.pass(), lookUps: 'fail' },
  'slow, within the deadline': {
    begin: () => proxy.slow(5),
    end: () => proxy.pass(),
    lookUps: 'pass',
  },
  'slow, past the deadline': {
    begin: () => proxy.slow(400),
    end: () => proxy.pass(),
    lookUps: 'fail',
  },
  'cut mid-reply': repeatedly(500, () => proxy.cutNextReplies(7)),
  ...ownFaults,
});

/** An API on both majors of Express, whose keys are in the store. */
async function apiOn(store: CredentialStore, options: Omit<LatchkeyOptions, 'verifiers'>) {
  const keys = apiKeys({ prefix: 'osir', store });
  const guard = latchkey({ ...options, verifiers: [keys], timeoutMs: 100 });
  const handler = (_: unknown, res: { end: () => unknown }) => void res.end();
  const servers = await Promise.all(
    MAJORS.map((major) => listen(MOUNTS[major]!([guard.requireScopes('read')], handler))),
  );
  const asking = asker();
  const issue = () => keys.issue({ subject: 'acct_42', scopes: ['read'] });
  return {
    keys,
    issue,
    issueRevoked: async () => {
      const issued = await issue();
      await keys.revoke(issued.record.id);
      return issued;
    },
    /**
     * Opens connections without a question to the store: a busy Node accepts them one by one, and
     * what waits for that was not asked yet.
     */
    connect: (count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, turn) =>
          asking.ask(servers[turn % servers.length]!.port, ''),
        ),
      ),
    /** By turns on one major and the other. */
    ask: (turn: number, { secret }: Issued) =>
      asking.ask(servers[turn % servers.length]!.port, secret),
    async close() {
      asking.close();
      await guard.close();
      for (const server of servers) {
        await server.close();
      }
    },
  };
}

const printed: string[] = [];
afterAll(() =>
  console.log(['Answers by fault, on Express 4 and 5 together', ...printed].join('\n')),
);

describe.each([
  ['Redis', onRedis, ['stopped', 'read-only', 'restarted']],
  ['PostgreSQL', onPostgres, ['stopped', 'read-only', 'restarted', 'pool empty']],
])('keys in %s', (name, open, own) => {
  let backend: Backend;
  let api: Awaited<ReturnType<typeof apiOn>>;
  let good: Issued;
  let revoked: Issued;
  beforeAll(async () => {
    backend = await open();
    api = await apiOn(backend.store, { cache: false });
    good = await api.issue();
    revoked = await api.issueRevoked();
  }, 60_000);
  afterAll(async () => {
    await api.close();
    await backend.close();
  });

  const everywhere = async () => [
    await api.ask(0, good),
    await api.ask(1, good),
    await api.ask(0, revoked),
    await api.ask(1, revoked),
  ];

  it.each([
    'refused',
    'black-holed',
    'slow, within the deadline',
    'slow, past the deadline',
    'cut mid-reply',
    ...own,
  ])(
    '%s: no valid key gets 401, no revoked one 200, and afterwards all requests work',
    async (faultName) => {
      const fault = faultsOf(backend)[faultName]!;
      await backend.ready();
      expect(await everywhere()).toEqual([200, 200, 401, 401]);

      const all = new Tally();
      /** Those that were sent and answered while the fault was there. */
      const during = new Tally();
      let [asked, lasting] = [0, false];
      const askOne = async () => {
        const turn = asked++;
        const [what, key] =
          turn % 4 < 2 ? (['good', good] as const) : (['revoked', revoked] as const);
        const lastedBefore = lasting;
        const answer = await api.ask(turn, key);
        all.add(what, answer);
        if (lastedBefore && lasting) {
          during.add(what, answer);
        }
      };
      // Where look-ups go through, more at once than the server keeps up with would be another
      // fault.
      await atOnce(32, () => asked < REQUESTS / 20, askOne);
      const atATime = fault.lookUps === 'fail' ? 300 : 32;
      await api.connect(atATime);
      const asking = atOnce(atATime, () => asked < REQUESTS, askOne);
      await fault.begin();
      // What had come from the server by then, the client has read by now.
      await sleep(50);
      lasting = true;
      while (asked < REQUESTS * 0.95) {
        await sleep(5);
      }
      lasting = false;
      await fault.end();
      await asking;
      await backend.ready();
      const afterwards = await everywhere();

      printed.push(
        `${name}, ${faultName}: ${JSON.stringify(all.counts)}, while it lasted ${JSON.stringify(during.counts)}`,
      );
      expect(afterwards).toEqual([200, 200, 401, 401]);
      expect(Object.values(all.counts).reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(
        REQUESTS,
      );
      expect(['good 200', 'good 503', 'revoked 401', 'revoked 503']).toEqual(
        expect.arrayContaining([...all.seen]),
      );
      if (fault.lookUps === 'fail') {
        expect(during.seen).toEqual(['good 503', 'revoked 503']);
      }
      if (fault.lookUps === 'pass') {
        expect(during.seen).toEqual(expect.arrayContaining(['good 200', 'revoked 401']));
      }
      if (fault.lookUps === 'vary') {
        expect(during.seen).toEqual(['good 200', 'good 503', 'revoked 401', 'revoked 503']);
      }
    },
    90_000,
  );
});

describe('with staleIfErrorMs', () => {
  it.each([
    ['refused', 5_000],
    ['stopped', 60_000],
  ])(
    'Redis %s for %d ms under load: cached valid keys pass, and keys that were revoked before do not',
    async (faultName, outageMs) => {
      const backend = await onRedis();
      const api = await apiOn(backend.store, { cache: { ttlMs: 200, staleIfErrorMs: 120_000 } });
      const times = (issue: () => Promise<Issued>) =>
        Promise.all(Array.from({ length: 20 }, issue));
      const kinds = {
        'warm good': await times(api.issue),
        'warm revoked': await times(api.issue),
        cold: await times(api.issue),
      };
      const warm = [...kinds['warm good'], ...kinds['warm revoked']];
      const statuses = async (keys: readonly Issued[]) =>
        new Set(await Promise.all(keys.map((key, turn) => api.ask(turn, key))));
      expect(await statuses(warm)).toEqual(new Set([200]));
      // Through another process, as it were: of these this one hears by push alone, or sees it when
      // it asks anew.
      const elsewhere = apiKeys({ prefix: 'osir', store: backend.store });
      for (const { record } of kinds['warm revoked']) {
        await elsewhere.revoke(record.id);
      }
      while ((await statuses(kinds['warm revoked'])).has(200)) {
        await sleep(20);
      }
      expect(await statuses(kinds['warm good'])).toEqual(new Set([200]));

      const { begin, end } = faultsOf(backend)[faultName]!;
      const tally = new Tally();
      const all = Object.entries(kinds).flatMap(([kind, keys]) =>
        keys.map((key) => ({ kind, key })),
      );
      await begin();
      await sleep(50);
      const over = Date.now() + outageMs;
      let asked = 0;
      await atOnce(
        40,
        () => Date.now() < over,
        async () => {
          const turn = asked++;
          // An odd number of them: each is asked on both majors.
          const { kind, key } = all[turn % (all.length - 1)]!;
          tally.add(MAJORS[turn % MAJORS.length]!, kind, await api.ask(turn, key));
          await sleep(10);
        },
      );
      await end();
      await backend.ready();
      printed.push(
        `Redis, ${faultName} for ${outageMs} ms, with staleIfErrorMs: ${JSON.stringify(tally.counts)}`,
      );
      expect(tally.seen).toEqual(
        MAJORS.flatMap((major) => [
          `${major} cold 503`,
          `${major} warm good 200`,
          `${major} warm revoked 503`,
        ]),
      );
      expect(await statuses(kinds['warm revoked'])).toEqual(new Set([401]));
      expect(await statuses([...kinds['warm good'], ...kinds.cold])).toEqual(new Set([200]));
      await api.close();
      await backend.close();
    },
    120_000,
  );
});
