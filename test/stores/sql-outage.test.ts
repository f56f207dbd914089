import { apiKeys, latchkey } from 'latchkey';
import { sqlStore } from 'latchkey/sql';

import { sleep } from '../../src/testing/store-contract/contract';
import { unique } from '../../src/testing/store-contract/samples';
import { startMariadb } from '../support/mariadb';
import { startPostgres } from '../support/postgres';
import { connect } from '../support/sql-databases';

const SERVERS = {
  async PostgreSQL() {
    const server = await startPostgres();
    return { server, db: connect({ postgres: server.url }) };
  },
  async MariaDB() {
    const server = await startMariadb();
    return { server, db: connect({ mysql: server.url }) };
  },
};

describe.each(Object.entries(SERVERS))('sqlStore on %s', (_, start) => {
  let started: Awaited<ReturnType<typeof start>>;

  beforeAll(async () => {
    started = await start();
  }, 60_000);
  afterAll(async () => {
    await started.db.destroy();
    await started.server.close();
  });

  it('makes a valid key 503, never 401, while the server is frozen or gone, and 200 within a second of its return', async () => {
    const { server, db } = started;
    const store = sqlStore({ db });
    await store.migrate();
    const keys = apiKeys({ prefix: 'osir', store });
    const guard = latchkey({ verifiers: [keys], cache: false, timeoutMs: 300 });
    const [good, revoked] = [
      await keys.issue({ subject: unique('acct'), scopes: [] }),
      await keys.issue({ subject: unique('acct'), scopes: [] }),
    ];
    await keys.revoke(revoked.record.id);
    const statusOf = async ({ secret }: typeof good) => {
      const outcome = await guard.check({ headers: { authorization: `Bearer ${secret}` } });
      return outcome.status === 'refused' ? outcome.refusal.status : outcome.status;
    };

    // Requests come all the time, so that whatever happens to the server happens to some that are
    // under way.
    const seen = { good: new Set<unknown>(), revoked: new Set<unknown>() };
    let over = false;
    const ask = async () => {
      while (!over) {
        seen.good.add(await statusOf(good));
        seen.revoked.add(await statusOf(revoked));
        await sleep(5);
      }
    };
    const asking = Promise.all(Array.from({ length: 5 }, ask));
    const isDown = async () => [await statusOf(good), await statusOf(revoked)];
    const isBack = async () => {
      for (const deadline = Date.now() + 1_000; Date.now() < deadline; await sleep(20)) {
        if ((await statusOf(good)) === 'authenticated') {
          return true;
        }
      }
      return false;
    };

    try {
      expect(await statusOf(good)).toBe('authenticated');
      server.stop();
      await sleep(1_000);
      expect(await isDown()).toEqual([503, 503]);
      server.resume();
      expect(await isBack()).toBe(true);
      for (let round = 0; round < 3; round++) {
        await server.kill();
        expect(await isDown()).toEqual([503, 503]);
        await server.restart();
        expect(await isBack()).toBe(true);
      }
    } finally {
      over = true;
      await asking;
    }
    expect(seen).toEqual({ good: new Set(['authenticated', 503]), revoked: new Set([401, 503]) });
    await guard.close();
  }, 60_000);
});
