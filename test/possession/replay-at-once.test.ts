import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { accessTokens, dpop, findAuth, latchkey, memoryStore, type StateStore } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';

import { clientKey, proofOf } from '../support/dpop';
import { startMariadb } from '../support/mariadb';
import { startPostgres } from '../support/postgres';
import { startRedis } from '../support/redis';
import { CLIENTS } from '../support/redis-clients';
import { type Address, connect, sqliteFile } from '../support/sql-databases';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) {
    await close();
  }
});

/** A store for each of two machines. */
type Open = () => Promise<readonly StateStore[]>;

const inMemory: Open = async () => {
  const store = memoryStore();
  return [store, store];
};
const onRedis: Open = async () => {
  const server = await startRedis();
  closing.push(() => server.stop());
  const clients = ['node-redis 6', 'ioredis 6'].map((name) => CLIENTS[name]!(server.port));
  closing.push(() => clients.forEach(({ close }) => close()));
  await Promise.all(clients.map(({ ready }) => ready));
  return clients.map(({ client }) => redisStore({ client }));
};
const onSql = async (address: Address) => {
  const databases = [connect(address), connect(address)];
  closing.push(() => Promise.all(databases.map((db) => db.destroy())));
  const stores = databases.map((db) => sqlStore({ db }));
  await stores[0]?.migrate();
  return stores;
};
const onPostgres: Open = async () => {
  const server = await startPostgres();
  closing.push(() => server.close());
  return onSql({ postgres: server.url });
};
const onMariadb: Open = async () => {
  const server = await startMariadb();
  closing.push(() => server.close());
  return onSql({ mysql: server.url });
};
const onSqlite: Open = async () => {
  const { address, remove } = sqliteFile();
  closing.push(remove);
  return onSql(address);
};

test.each([
  ['memory', inMemory],
  ['Redis', onRedis],
  ['PostgreSQL', onPostgres],
  ['MariaDB', onMariadb],
  ['SQLite', onSqlite],
])(
  'accepts one of fifty copies of a proof that arrive at once on two machines: proofs in %s',
  async (_where, open) => {
    const stores = await open();
    const key = clientKey();
    const tokens = accessTokens({ prefix: 'osirat', store: memoryStore() });
    const { secret: token } = await tokens.issue({
      subject: 'user_7',
      scopes: [],
      confirmation: { jkt: key.jkt },
    });
    const servers = await Promise.all(
      stores.map(async (store): Promise<Server> => {
        const { authenticate } = latchkey({
          extractors: [dpop({ store, baseUrl: 'https://api.example.com' })],
          verifiers: [tokens],
          timeoutMs: 20_000,
        });
        const guard = authenticate();
        const server = createServer((req, res) =>
          guard(req, res, () => res.end(findAuth(req)?.subject)),
        );
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        closing.push(() => {
          server.closeAllConnections();
          server.close();
        });
        return server;
      }),
    );
    for (let round = 0; round < 3; round++) {
      const headers = {
        authorization: `DPoP ${token}`,
        dpop: proofOf({ key, token, url: 'https://api.example.com/a' }),
      };
      const answers = await Promise.all(
        Array.from({ length: 50 }, async (_, n) => {
          const { port } = servers[n % 2]?.address() as AddressInfo;
          const response = await fetch(`http://127.0.0.1:${port}/a`, { headers });
          return `${response.status} ${await response.text()}`;
        }),
      );
      expect(answers.sort()).toEqual([
        '200 user_7',
        ...Array.from(
          { length: 49 },
          () => '401 {"error":"unauthorized","message":"Invalid or missing API key"}',
        ),
      ]);
    }
  },
  60_000,
);
