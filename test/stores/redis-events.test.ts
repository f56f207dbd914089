import { setTimeout as sleep } from 'node:timers/promises';

import { Redis } from 'ioredis';
import { apiKeys, latchkey } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { credentialStoreContract } from 'latchkey/testing';
import { createClient } from 'redis';

import { newRecord } from '../../src/testing/store-contract/samples';
import { type RedisServer, startRedis } from '../support/redis';
import { CLIENTS } from '../support/redis-clients';
import { storeEvents } from '../support/store-events';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

const connections = async () =>
  Number(/total_connections_received:(\d+)/.exec(await server.command('INFO', 'stats'))?.[1]);

describe('a subscription that is not permitted', () => {
  beforeAll(() =>
    server.command('ACL', 'SETUSER', 'api', 'on', '>pw', '~latchkey:*', '+@all', 'resetchannels'),
  );

  it.each([
    [
      'node-redis',
      async () => {
        const client = createClient({ url: `redis://api:pw@127.0.0.1:${server.port}` });
        await client.connect();
        return { client, close: () => client.destroy() };
      },
    ],
    [
      'ioredis',
      async () => {
        const client = new Redis(server.port, '127.0.0.1', { username: 'api', password: 'pw' });
        await client.ping();
        return { client, close: () => client.disconnect() };
      },
    ],
  ])(
    'is reported, tried again less and less often, and succeeds when it is: %s',
    async (_, open) => {
      await server.command('ACL', 'SETUSER', 'api', 'resetchannels');
      const { client, close } = await open();
      const published = storeEvents();
      const end = redisStore({ client }).subscribe(() => {});
      const [failed] = await published.until('subscribe_failed');
      expect(failed).toMatchObject({
        store: 'redis',
        error: { name: 'RedisError', code: 'ERR_LATCHKEY_STORE', driverCode: 'NOPERM' },
      });
      expect(failed?.error?.message).toMatch(/^Redis SUBSCRIBE: NOPERM/);
      expect(failed?.error?.message).not.toContain('pw');
      const before = await connections();
      await sleep(2_000);
      expect((await connections()) - before - 1).toBeLessThanOrEqual(4);
      await server.command('ACL', 'SETUSER', 'api', 'allchannels');
      await published.until('subscribed');
      await end();
      close();
      published.stop();
    },
    20_000,
  );
});

it('a subscription that was lost is reported, and so is the next one', async () => {
  const { client, ready, close } = CLIENTS['node-redis 6']!(server.port);
  await ready;
  const published = storeEvents();
  const end = redisStore({ client }).subscribe(() => {});
  await published.until('subscribed');
  await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await published.until('subscribed', 2);
  expect(published.stop().map(({ event }) => event)).toEqual([
    'subscribed',
    'subscribe_failed',
    'subscribed',
  ]);
  await end();
  close();
});

describe('a store that does not subscribe', () => {
  const open = async () => {
    const { client, ready, close } = CLIENTS['ioredis 6']!(server.port);
    await ready;
    const store = redisStore({ client, subscribe: false });
    return { store, peer: store, close };
  };
  for (const { name, run } of credentialStoreContract(open, { clockToleranceMs: 5 })) {
    test(name, run, 30_000);
  }

  it('opens no second connection', async () => {
    const { store, close } = await open();
    const guard = latchkey({ verifiers: [apiKeys({ prefix: 'osir', store })] });
    await sleep(100);
    await expect(server.command('CLIENT', 'LIST', 'TYPE', 'pubsub')).resolves.toBe('');
    await guard.close();
    close();
  });

  it('publishes its revocations to the others', async () => {
    const [quiet, other] = [await open(), CLIENTS['node-redis 5']!(server.port)];
    await other.ready;
    const heard: string[] = [];
    const end = redisStore({ client: other.client }).subscribe(({ id }) => heard.push(id));
    const record = newRecord();
    await quiet.store.insert(record);
    while (!heard.includes(record.id)) {
      await Promise.all([quiet.store.update(record.id, {}), sleep(10)]);
    }
    await end();
    for (const { close } of [quiet, other]) {
      close();
    }
  });
});

describe('together with an instance of 0.1.0', () => {
  // What 0.1.0 publishes on the channel, and what it accepts there.
  const OLD = '{"kind":"subject","id":"acct_42","at":1767225600000,"until":1767229200000}';

  it('each is notified of the revocations of the other', async () => {
    const { client, ready, close } = CLIENTS['ioredis 6']!(server.port);
    await ready;
    const store = redisStore({ client });
    const heard: unknown[] = [];
    const published = storeEvents();
    const end = store.subscribe((event) => heard.push(event));
    await published.until('subscribed');
    published.stop();
    await server.command('PUBLISH', 'latchkey:marks', OLD);
    while (heard.length === 0) {
      await sleep(5);
    }
    expect(heard).toEqual([
      { type: 'subject', id: 'acct_42', at: 1_767_225_600_000, expiresAt: 1_767_229_200_000 },
    ]);

    const old = createClient({ url: `redis://127.0.0.1:${server.port}` });
    await old.connect();
    const messages: string[] = [];
    await old.subscribe('latchkey:marks', (message) => void messages.push(message));
    await store.publish({
      type: 'subject',
      id: 'acct_42',
      at: 1_767_225_600_000,
      expiresAt: 1_767_229_200_000,
    });
    const record = newRecord();
    await store.insert(record);
    await store.revoke(record.id, 7);
    while (messages.length < 2) {
      await sleep(5);
    }
    expect(messages).toEqual([OLD, JSON.stringify({ kind: 'credential', id: record.id, at: 7 })]);
    old.destroy();
    await end();
    close();
  });
});
