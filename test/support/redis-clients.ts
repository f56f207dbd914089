import { createClient, createCluster } from 'redis';
import { createClient as createClient5, createCluster as createCluster5 } from 'redis5';
import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import type { RedisClient } from 'latchkey/redis';

/** A client as the documentation of `redisStore` tells to make it. */
export interface Connected<C extends RedisClient = RedisClient> {
  readonly client: C;
  close(): void;
}

const NODE_REDIS = {
  disableOfflineQueue: true,
  pingInterval: 250,
  socket: { host: '127.0.0.1', connectTimeout: 500, socketTimeout: 500, reconnectStrategy: () => 100 },
} as const;
const IOREDIS = {
  connectTimeout: 500,
  commandTimeout: 500,
  socketTimeout: 500,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => 100,
} as const;

/** The clients of all supported versions, by name. They try to connect for as long as they are not closed. */
export const CLIENTS: Readonly<Record<string, (port: number) => Connected>> = {
  'node-redis 6': (port) => nodeRedis(createClient({ ...NODE_REDIS, socket: { ...NODE_REDIS.socket, port } })),
  'node-redis 5': (port) => nodeRedis(createClient5({ ...NODE_REDIS, socket: { ...NODE_REDIS.socket, port } })),
  'ioredis 6': (port) => ioredis(new Redis({ ...IOREDIS, port, host: '127.0.0.1' })),
  'ioredis 5': (port) => ioredis(new Redis5({ ...IOREDIS, port, host: '127.0.0.1' })),
};

function nodeRedis<C extends RedisClient & ReturnType<typeof createClient | typeof createClient5>>(client: C): Connected<C> {
  client.on('error', () => {});
  client.connect().catch(() => {});
  return { client, close: () => client.isOpen && client.destroy() };
}

function ioredis<C extends Redis | Redis5>(client: C): Connected<C> {
  client.on('error', () => {});
  return { client, close: () => client.disconnect() };
}
