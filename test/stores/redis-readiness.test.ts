import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import { apiKeys, latchkey } from 'latchkey';
import { type RedisClient, redisStore } from 'latchkey/redis';
import { createClient, createCluster } from 'redis';
import { createClient as createClient5, createCluster as createCluster5 } from 'redis5';

import { newRecord } from '../../src/testing/store-contract/samples';
import { freePort } from '../support/daemon';
import { startProxy } from '../support/proxy';
import { type RedisServer, startCluster, startRedis } from '../support/redis';
import { CLIENTS } from '../support/redis-clients';

const DEAF = () => {};
const url = (port: number) => `redis://127.0.0.1:${port}`;

interface Opened {
  readonly client: RedisClient;
  readonly close: () => unknown;
}
const ioredis = (client: Redis | Redis5 | Cluster | Cluster5): Opened => {
  const events: EventEmitter = client;
  events.on('error', DEAF);
  return { client, close: () => client.disconnect() };
};
type NodeRedis = RedisClient & {
  on(event: 'error', listener: () => void): unknown;
  destroy(): void;
  readonly isOpen: boolean;
};
const nodeRedis = (client: NodeRedis): Opened => {
  client.on('error', DEAF);
  return { client, close: () => client.isOpen && client.destroy() };
};

/** Clients that nobody has connected, and clients that are connecting. */
const UNREADY: Readonly<Record<string, (port: number) => Opened>> = {
  'ioredis 6, lazy': (port) => ioredis(new Redis(url(port), { lazyConnect: true })),
  'ioredis 5, lazy': (port) => ioredis(new Redis5(url(port), { lazyConnect: true })),
  'ioredis 6, lazy without an offline queue': (port) =>
    ioredis(new Redis(url(port), { lazyConnect: true, enableOfflineQueue: false })),
  'ioredis 5, connecting': (port) => ioredis(new Redis5(url(port))),
  'node-redis 6, not connected': (port) => nodeRedis(createClient({ url: url(port) })),
  'node-redis 5, not connected': (port) => nodeRedis(createClient5({ url: url(port) })),
  'node-redis 6, not connected, that never reconnects': (port) =>
    nodeRedis(createClient({ url: url(port), socket: { reconnectStrategy: false } })),
  ...Object.fromEntries(
    Object.entries(CLIENTS).map(([name, connect]) => [
      `${name}, connecting, with the settings of the guide`,
      connect,
    ]),
  ),
};
const CLUSTERS: Readonly<Record<string, (ports: readonly number[]) => Opened>> = {
  'ioredis 6, lazy': ([port]) =>
    ioredis(new Cluster([{ host: '127.0.0.1', port: port! }], { lazyConnect: true })),
  'ioredis 5, connecting': ([port]) =>
    ioredis(new Cluster5([{ host: '127.0.0.1', port: port! }], { enableOfflineQueue: false })),
  'node-redis 6, not connected': (ports) =>
    nodeRedis(createCluster({ rootNodes: ports.map((port) => ({ url: url(port) })) })),
  'node-redis 5, not connected': (ports) =>
    nodeRedis(createCluster5({ rootNodes: ports.map((port) => ({ url: url(port) })) })),
};

const now = () => performance.now();
async function timed(call: Promise<unknown>) {
  const start = now();
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  return { ms: now() - start, error };
}

describe('a client that is not ready', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it.each(Object.entries(UNREADY))('is connected for the first requests: %s', async (_, open) => {
    const { client, close } = open(server.port);
    const keys = apiKeys({ prefix: 'osir', store: redisStore({ client, subscribe: false }) });
    const guard = latchkey({ verifiers: [keys] });
    const issued = await Promise.all(
      [1, 2, 3].map(() => keys.issue({ subject: 'acct_42', scopes: [] })),
    );
    for (const { secret } of issued) {
      await expect(guard.check({ headers: { 'x-api-key': secret } })).resolves.toMatchObject({
        status: 'authenticated',
      });
    }
    await guard.close();
    close();
  });

  it.each(Object.entries(UNREADY))(
    'fails fast without a server, and recovers within a second: %s',
    async (name, open) => {
      const port = await freePort();
      const { client, close } = open(port);
      const store = redisStore({ client, subscribe: false });
      const first = await timed(store.find('x'));
      expect(first.error).toMatchObject({ name: 'RedisError', code: 'ERR_LATCHKEY_STORE' });
      expect(first.ms).toBeLessThan(1_500);
      for (let n = 0; n < 20; n++) {
        expect((await timed(store.find('x'))).ms).toBeLessThan(200);
      }
      if (!name.includes('guide')) {
        return close();
      }

      const late = await startRedis('--port', `${port}`);
      await sleep(900);
      await expect(store.findById('x')).resolves.toBeUndefined();
      close();
      await late.stop();
    },
  );

  it('waits while the connection is slow, as long as the guard does', async () => {
    const proxy = await startProxy(server.port);
    proxy.slow(400);
    const client = new Redis({
      host: '127.0.0.1',
      port: proxy.port,
      lazyConnect: true,
      enableReadyCheck: false,
    });
    const keys = apiKeys({ prefix: 'osir', store: redisStore({ client, subscribe: false }) });
    const guard = latchkey({ verifiers: [keys], timeoutMs: 10_000 });
    const issuing = new Redis(url(server.port));
    const { secret } = await apiKeys({
      prefix: 'osir',
      store: redisStore({ client: issuing }),
    }).issue({ subject: 'acct_42', scopes: [] });
    issuing.disconnect();
    await expect(guard.check({ headers: { 'x-api-key': secret } })).resolves.toMatchObject({
      status: 'authenticated',
    });
    client.disconnect();
    await proxy.close();
  });

  it.each(Object.entries(CLIENTS))(
    'after a connection was lost, waits for the next one: %s',
    async (_, connect) => {
      const { client, ready, close } = connect(server.port);
      await ready;
      const store = redisStore({ client, subscribe: false });
      await store.insert(newRecord());
      await server.command('CLIENT', 'KILL', 'TYPE', 'normal');
      const isReady = () =>
        'status' in client ? client.status === 'ready' : (client as { isReady?: boolean }).isReady;
      // node-redis reconnects within a few milliseconds.
      for (const end = now() + 200; isReady() && now() < end;) {
        await new Promise(setImmediate);
      }
      await expect(store.findById('x')).resolves.toBeUndefined();
      close();
    },
  );

  it.each<[string, () => Promise<Opened>]>([
    [
      'node-redis',
      async () => {
        const client = createClient({ url: url(server.port) });
        await client.connect();
        return { client, close: () => client.close() };
      },
    ],
    [
      'ioredis',
      async () => {
        const client = new Redis(url(server.port));
        await client.ping();
        return { client, close: () => client.quit() };
      },
    ],
  ])('that the application closed stays closed: %s', async (_, open) => {
    const { client, close } = await open();
    const store = redisStore({ client });
    await store.insert(newRecord());
    await close();
    await sleep(20);
    const { error, ms } = await timed(store.find('x'));
    expect(error?.message).toBe('Redis HMGET: the client is closed');
    expect(ms).toBeLessThan(100);
  });
});

describe('a cluster that is not ready', () => {
  let nodes: readonly RedisServer[] = [];
  beforeAll(async () => {
    nodes = await startCluster();
  }, 30_000);
  afterAll(() => Promise.all(nodes.map((node) => node.stop())));

  it.each(Object.entries(CLUSTERS))(
    'is connected for the first requests, and its channel is subscribed to: %s',
    async (_, open) => {
      const { client, close } = open(nodes.map(({ port }) => port));
      const store = redisStore({ client });
      const heard: string[] = [];
      const end = store.subscribe(({ id }) => heard.push(id));
      const record = newRecord();
      await expect(store.insert(record)).resolves.toBe(true);
      while (heard.length === 0) {
        await Promise.all([store.update(record.id, {}), sleep(20)]);
      }
      await expect(store.prune(record.kind, 0)).resolves.toBe(0);
      await end();
      close();
    },
  );

  it.each(Object.entries(CLUSTERS))('fails fast if no node is reachable: %s', async (_, open) => {
    const { client, close } = open([await freePort()]);
    const store = redisStore({ client, subscribe: false });
    expect((await timed(store.find('x'))).ms).toBeLessThan(5_500);
    expect((await timed(store.find('x'))).ms).toBeLessThan(500);
    close();
  });
});
