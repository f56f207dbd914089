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

test.each(Object.entries(SERVERS))(
  'a good key on %s is 503 while the server is frozen or gone, and good again when it is back; never 401',
  async (_, start) => {
    const { server, db } = await start();
    const store = sqlStore({ db });
    await store.migrate();
    const keys = apiKeys({ prefix: 'osir', store });
    const guard = latchkey({ verifiers: [keys], cache: false, timeoutMs: 300 });
    const { secret } = await keys.issue({ subject: unique('acct'), scopes: [] });
    const revoked = await keys.issue({ subject: unique('acct'), scopes: [] });
    await keys.revoke(revoked.record.id);
    const statuses = new Set<number | string>();
    const statusOf = async (token: string) => {
      const outcome = await guard.check({ headers: { authorization: `Bearer ${token}` } });
      return outcome.status === 'refused' ? outcome.refusal.status : outcome.status;
    };
    const ask = async () => {
      const status = await statusOf(secret);
      statuses.add(status);
      return status;
    };
    const goodWithin = async (ms: number) => {
      for (const deadline = Date.now() + ms; (await ask()) !== 'authenticated'; await sleep(20)) if (Date.now() > deadline) return false;
      return true;
    };
    const downFor = async (ms: number) => {
      for (const deadline = Date.now() + ms; Date.now() < deadline; await sleep(20))
        expect([await ask(), await statusOf(revoked.secret)]).toEqual([503, 503]);
    };

    expect(await ask()).toBe('authenticated');
    server.stop();
    await downFor(1_500);
    server.resume();
    expect(await goodWithin(1_000)).toBe(true);
    await server.kill();
    await downFor(500);
    await server.restart();
    expect(await goodWithin(1_000)).toBe(true);
    expect(await statusOf(revoked.secret)).toBe(401);
    expect(statuses).toEqual(new Set(['authenticated', 503]));
    await guard.close();
    await db.destroy();
    await server.close();
  },
  60_000,
);
