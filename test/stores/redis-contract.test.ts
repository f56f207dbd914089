import { redisStore } from 'latchkey/redis';
import { credentialStoreContract, stateStoreContract } from 'latchkey/testing';

import { type RedisServer, startRedis } from '../support/redis';
import { CLIENTS } from '../support/redis-clients';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const names = Object.keys(CLIENTS);

describe.each(names.map((name, index) => [name, names[(index + 1) % names.length] as string]))(
  'the store on Redis by %s, and by %s on another machine',
  (name, other) => {
    const open = async () => {
      const clients = [name, other].map((library) => CLIENTS[library]!(server.port));
      await Promise.all(clients.map(({ ready }) => ready));
      const [store, peer] = clients.map(({ client }) => redisStore({ client }));
      return { store: store!, peer: peer!, close: () => clients.forEach(({ close }) => close()) };
    };
    const corrupt = (_: unknown, id: string) =>
      server.command('HSET', `latchkey:record:${id}`, 'scopes', 'a');
    for (const { name: sentence, run } of credentialStoreContract(open, {
      corrupt,
      clockToleranceMs: 5,
    })) {
      test(sentence, run, 30_000);
    }
    for (const { name: sentence, run } of stateStoreContract(open, { clockToleranceMs: 5 })) {
      test(sentence, run, 30_000);
    }
  },
);
