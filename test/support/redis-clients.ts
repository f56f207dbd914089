import type { EventEmitter } from 'node:events';

import { Cluster, Redis } from 'ioredis';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5';
import type { RedisClient } from 'latchkey/redis';
import { createClient, createCluster } from 'redis';
import { createClient as createClient5, createCluster as createCluster5 } from 'redis5';

export interface Connected {
  readonly client: RedisClient;
  /** When it has its first connection. */
  readonly ready: Promise<unknown>;
  readonly close: () => void;
}

/** The settings that the documentation of `redisStore` gives. */
const NODE_REDIS = {
  disableOfflineQueue: true,
  pingInterval: 250,
  socket: {
    host: '127.0.0.1',
    connectTimeout: 500,
    socketTimeout: 1_000,
    reconnectStrategy: () => 100,
  },
} as const;
const IOREDIS = {
  host: '127.0.0.1',
  connectTimeout: 500,
  socketTimeout: 1_000,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => 100,
} as const;

/** A client of each supported version, by name. It goes on trying to connect until it is closed. */
export const CLIENTS: Readonly<Record<string, (port: number) => Connected>> = {
  'node-redis 6': (port) =>
    nodeRedis(createClient({ ...NODE_REDIS, socket: { ...NODE_REDIS.socket, port } })),
  'node-redis 5': (port) =>
    nodeRedis(createClient5({ ...NODE_REDIS, socket: { ...NODE_REDIS.socket, port } })),
  'ioredis 6': (port) => ioredis(new Redis({ ...IOREDIS, port })),
  'ioredis 5': (port) => ioredis(new Redis5({ ...IOREDIS, port })),
};

/** The same with the settings that the libraries choose by themselves. */
export const UNTUNED: typeof CLIENTS = {
  'node-redis 6': (port) => nodeRedis(createClient({ socket: { host: '127.0.0.1', port } })),
  'node-redis 5': (port) => nodeRedis(createClient5({ socket: { host: '127.0.0.1', port } })),
  'ioredis 6': (port) => ioredis(new Redis({ host: '127.0.0.1', port })),
  'ioredis 5': (port) => ioredis(new Redis5({ host: '127.0.0.1', port })),
};

/**
 * What is used here of a client of node-redis, of one server or of a cluster: its own types take
 * the linter gigabytes to compare.
 */
type NodeRedis = RedisClient & {
  on(event: 'error', listener: (error: Error) => void): unknown;
  connect(): Promise<unknown>;
  readonly isOpen: boolean;
  destroy(): void;
};

function nodeRedis(client: NodeRedis): Connected {
  client.on('error', () => {});
  const ready = client.connect();
  ready.catch(() => {});
  return { client, ready, close: () => void (client.isOpen && client.destroy()) };
}

function ioredis(client: Redis | Redis5 | Cluster | Cluster5): Connected {
  const events: EventEmitter = client;
  events.on('error', () => {});
  return {
    client,
    ready: new Promise((resolve) => events.once('ready', resolve)),
    close: () => client.disconnect(),
  };
}

/** A client of a cluster, likewise. */
export const CLUSTERS: Readonly<Record<string, (ports: readonly number[]) => Connected>> = {
  'node-redis 6': (ports) =>
    nodeRedis(createCluster({ rootNodes: urls(ports), defaults: NODE_REDIS })),
  'node-redis 5': (ports) =>
    nodeRedis(createCluster5({ rootNodes: urls(ports), defaults: NODE_REDIS })),
  'ioredis 6': (ports) =>
    ioredis(new Cluster(nodes(ports), { enableOfflineQueue: false, redisOptions: IOREDIS })),
  'ioredis 5': (ports) =>
    ioredis(new Cluster5(nodes(ports), { enableOfflineQueue: false, redisOptions: IOREDIS })),
};

const urls = (ports: readonly number[]) =>
  ports.map((port) => ({ url: `redis://127.0.0.1:${port}` }));
const nodes = (ports: readonly number[]) => ports.map((port) => ({ host: '127.0.0.1', port }));
