import { redisStore } from 'latchkey/redis';
import { credentialStoreContract, stateStoreContract } from 'latchkey/testing';
import { CLUSTERS } from '../support/redis-clients';
import { startCluster, type RedisServer } from '../support/redis';

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

describe.each([
  ['node-redis 6', 'ioredis 5'],
  ['ioredis 6', 'node-redis 5'],
])('the store on a Redis cluster by %s, and by %s on another machine', (name, other) => {
  const open = async () => {
    const clusters = await Promise.all([name, other].map(connect));
    const [store, peer] = clusters.map(({ client }) => redisStore({ client }));
    return { store: store!, peer: peer!, close: () => clusters.forEach(({ close }) => close()) };
  };
  for (const { name: sentence, run } of credentialStoreContract(open, { clockToleranceMs: 5 })) test(sentence, run, 30_000);
  for (const { name: sentence, run } of stateStoreContract(open, { clockToleranceMs: 5 })) test(sentence, run, 30_000);
});
