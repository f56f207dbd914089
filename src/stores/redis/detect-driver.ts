import type { RedisDriver } from './driver';
import { type IoredisClient, ioredisClient, type IoredisCluster, ioredisCluster } from './ioredis';
import {
  type NodeRedisClient,
  nodeRedisClient,
  type NodeRedisCluster,
  nodeRedisCluster,
} from './node-redis';

/** A client or a cluster of node-redis (5, 6) or ioredis (5, 6). */
export type RedisClient = NodeRedisClient | NodeRedisCluster | IoredisClient | IoredisCluster;

/**
 * Returns the function that creates the driver of a client. It distinguishes the libraries by the
 * client's methods, since importing them would make both required. Returns undefined for anything
 * else, including a pool and a sentinel of node-redis.
 */
export function detectDriver(client: unknown): (() => RedisDriver) | undefined {
  if (typeof client !== 'object' || client === null) {
    return undefined;
  }
  const has = (...methods: readonly string[]) =>
    methods.every((name) => typeof (client as Record<string, unknown>)[name] === 'function');
  if (has('call', 'nodes')) {
    return () => ioredisCluster(client as IoredisCluster);
  }
  if (has('call', 'duplicate')) {
    return () => ioredisClient(client as IoredisClient);
  }
  if (has('sendCommand', 'nodeClient')) {
    return () => nodeRedisCluster(client as NodeRedisCluster);
  }
  if (has('sendCommand', 'duplicate', 'select')) {
    return () => nodeRedisClient(client as NodeRedisClient);
  }
  return undefined;
}
