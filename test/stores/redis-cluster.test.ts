import { setTimeout as sleep } from 'node:timers/promises';

import type { StoredRecord } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { credentialStoreContract, stateStoreContract } from 'latchkey/testing';

import { newRecord } from '../../src/testing/store-contract/samples';
import { type RedisServer, startCluster } from '../support/redis';
import { CLUSTERS } from '../support/redis-clients';

let nodes: readonly RedisServer[] = [];
beforeAll(async () => {
  nodes = await startCluster();
}, 30_000);
afterAll(() => Promise.all(nodes.map((node) => node.stop())));

const connect = async (library: string) => {
  const cluster = CLUSTERS[library]!(nodes.map(({ port }) => port));
  await cluster.ready;
  return cluster;
};

const names = Object.keys(CLUSTERS);

describe.each([
  ['node-redis 6', 'ioredis 5'],
  ['ioredis 6', 'node-redis 5'],
])('the store on a Redis cluster by %s, and by %s on another machine', (name, other) => {
  const open = async () => {
    const clusters = await Promise.all([name, other].map(connect));
    const [store, peer] = clusters.map(({ client }) => redisStore({ client }));
    return { store: store!, peer: peer!, close: () => clusters.forEach(({ close }) => close()) };
  };
  for (const { name: sentence, run } of credentialStoreContract(open, { clockToleranceMs: 5 })) {
    test(sentence, run, 30_000);
  }
  for (const { name: sentence, run } of stateStoreContract(open, { clockToleranceMs: 5 })) {
    test(sentence, run, 30_000);
  }
});

describe('a cluster', () => {
  it.each(names)('has records, lists and state on every node, by %s', async (name) => {
    const { client, close } = await connect(name);
    const store = redisStore({ client, prefix: `${name}:` });
    const until = Date.now() + 60_000;
    for (let n = 0; n < 40; n++) {
      await store.insert(newRecord());
      await store.setIfAbsent('group', String(n), 'value', until);
    }
    for (const kind of ['record', 'owner', 'state']) {
      const counts = await Promise.all(
        nodes.map(
          async (node) => (await node.command('KEYS', `${name}:${kind}:*`)).split('\n').length,
        ),
      );
      expect(counts.every((count) => count > 1)).toBe(true);
      expect(counts.reduce((sum, count) => sum + count)).toBe(40);
    }
    close();
  });

  it.each<[string, (node: RedisServer) => unknown, (node: RedisServer) => unknown]>([
    ['was killed', (node) => node.kill(), (node) => node.start()],
    ['stands still', (node) => node.freeze(), (node) => node.thaw()],
  ])(
    'of which one node %s works as before on the other nodes',
    async (_, begin, end) => {
      const [node] = nodes as readonly [RedisServer];
      const all = await Promise.all(
        names.map(async (name) => {
          const { client, close } = await connect(name);
          const store = redisStore({ client });
          const records = Array.from({ length: 20 }, () => newRecord());
          for (const record of records) {
            await store.insert(record);
          }
          const heard: string[] = [];
          const stop = store.subscribe(({ id }) => heard.push(id));
          return { name, store, records, heard, close: async () => (await stop(), close()) };
        }),
      );
      const keys = new Set((await node.command('KEYS', 'latchkey:record:*')).split('\n'));
      const isAway = ({ id }: StoredRecord) => keys.has(`latchkey:record:${id}`);

      await begin(node);
      for (let round = 0; round < 3; round++) {
        const outcomes = all.map(async ({ name, store, records }) => {
          const found = await Promise.allSettled(
            records.filter(isAway).map(({ digest }) => store.find(digest)),
          );
          return [name, new Set(found.map(({ status }) => status))] as const;
        });
        await expect(Promise.all(outcomes)).resolves.toEqual(
          names.map((name) => [name, new Set(['rejected'])]),
        );
      }
      for (const { store, records, heard } of all) {
        const there = records.filter((record) => !isAway(record));
        await expect(Promise.all(there.map(({ digest }) => store.find(digest)))).resolves.toEqual(
          there,
        );
        while (heard.length === 0) {
          await Promise.all([store.update((there[0] as StoredRecord).id, {}), sleep(20)]);
        }
      }

      await end(node);
      for (const { store, records, close } of all) {
        for (const { digest } of records) {
          while (!(await store.find(digest).catch(() => undefined))) {
            await sleep(20);
          }
        }
        await close();
      }
    },
    30_000,
  );
});
