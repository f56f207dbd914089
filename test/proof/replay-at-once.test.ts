import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { accessTokens, dpop, findAuth, latchkey, memoryStore, type StateStore } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';
import { clientKey, proofOf } from '../support/dpop';
import { startMariadb } from '../support/mariadb';
import { startPostgres } from '../support/postgres';
import { CLIENTS } from '../support/redis-clients';
import { startRedis } from '../support/redis';
import { connect, sqliteFile, type Address } from '../support/sql-databases';

interface Opened {
  /** One for each of two machines. */
  readonly stores: readonly StateStore[];
  readonly close: () => Promise<unknown>;
}

const inMemory = async (): Promise<Opened> => {
  const store = memoryStore();
  return { stores: [store, store], close: async () => undefined };
};
const onRedis = async (): Promise<Opened> => {
  const server = await startRedis();
  const clients = ['node-redis 6', 'ioredis 6'].map((name) => CLIENTS[name]!(server.port));
  await Promise.all(clients.map(({ ready }) => ready));
  return {
    stores: clients.map(({ client }) => redisStore({ client })),
    close: async () => {
      clients.forEach(({ close }) => close());
      await server.stop();
    },
  };
};
const onSql = async (address: Address, stop: () => unknown): Promise<Opened> => {
  const databases = [connect(address), connect(address)];
  const stores = databases.map((db) => sqlStore({ db }));
  await stores[0]?.migrate();
  return {
    stores,
    close: async () => {
      await Promise.all(databases.map((db) => db.destroy()));
      await stop();
    },
  };
};

test.each<[string, () => Promise<Opened>]>([
  ['memory', inMemory],
  ['Redis', onRedis],
  ['PostgreSQL', () => startPostgres().then((server) => onSql({ postgres: server.url }, () => server.close()))],
  ['MariaDB', () => startMariadb().then((server) => onSql({ mysql: server.url }, () => server.close()))],
  [
    'SQLite',
    () => {
      const { address, remove } = sqliteFile();
      return onSql(address, remove);
    },
  ],
])(
  'of one proof sent fifty times at once to two machines, one passes: proofs in %s',
  async (_where, open) => {
    const { stores, close } = await open();
    const key = clientKey();
    const tokens = accessTokens({ prefix: 'osirat', store: memoryStore() });
    const { secret: token } = await tokens.issue({ subject: 'user_7', scopes: [], confirmation: { jkt: key.jkt } });
    const servers = await Promise.all(
      stores.map(async (store): Promise<Server> => {
        const { authenticate } = latchkey({
          carriers: [dpop({ store, baseUrl: 'https://api.example.com' })],
          verifiers: [tokens],
          timeoutMs: 20_000,
        });
        const guard = authenticate();
        const server = createServer((req, res) => guard(req, res, () => res.end(findAuth(req)?.subject)));
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        return server;
      }),
    );
    try {
      for (let round = 0; round < 3; round++) {
        const headers = { authorization: `DPoP ${token}`, dpop: proofOf({ key, token, url: 'https://api.example.com/a' }) };
        const answers = await Promise.all(
          Array.from({ length: 50 }, async (_, n) => {
            const { port } = servers[n % 2]?.address() as AddressInfo;
            const response = await fetch(`http://127.0.0.1:${port}/a`, { headers });
            return `${response.status} ${await response.text()}`;
          }),
        );
        expect(answers.sort()).toEqual([
          '200 user_7',
          ...Array.from({ length: 49 }, () => '401 {"error":"unauthorized","message":"Invalid or missing API key"}'),
        ]);
      }
    } finally {
      servers.forEach((server) => {
        server.closeAllConnections();
        server.close();
      });
      await close();
    }
  },
  60_000,
);
