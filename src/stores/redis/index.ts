import * as z from 'zod/mini';

import { booleanOption, check, checkOptions } from '../../internal/options';
import { createListeners } from '../listeners';
import type { CredentialStore, StateStore } from '../store';
import { subscribeWhileNeeded } from '../subscription';
import { createConnection } from './connection';
import { createCredentials } from './credentials';
import { detectDriver, type RedisClient } from './detect-driver';
import type { RedisDriver } from './driver';
import { createKeys } from './keys';
import { listenTo } from './pubsub';
import { createStateStore } from './state';

export type { RedisClient } from './detect-driver';

/** Options of `redisStore()`. */
export interface RedisStoreOptions {
  /**
   * A client or a cluster of node-redis (5, 6) or ioredis (5, 6). The store connects it if nothing
   * else has. Give the store a client that nothing else uses: node-redis cannot detect a dead
   * connection while others write to it. With sentinels, use ioredis.
   */
  readonly client: RedisClient;
  /**
   * What every key and channel begins with.
   * @default 'latchkey:'
   */
  readonly prefix?: string;
  /**
   * Whether the store is notified of revocations made by other instances, on a second connection.
   * Without it, a revoked key is accepted elsewhere until `cache.ttlMs` has passed.
   * @default true
   */
  readonly subscribe?: boolean;
}

const schema = z.strictObject({
  client: check(
    'a client or a cluster of node-redis (5, 6) or ioredis (5, 6)',
    (client) => detectDriver(client) !== undefined,
  ),
  prefix: z.optional(
    check(
      'a non-empty string without { and }, which would choose the slot of a cluster',
      (prefix) => typeof prefix === 'string' && /^[^{}]+$/.test(prefix),
    ),
  ),
  subscribe: z.optional(booleanOption),
});

/**
 * Stores credentials and state in Redis 6.2 or later, on one server or a cluster. Configure Redis
 * to keep its data, like any database: `maxmemory-policy noeviction`. A record is one key, read
 * with one command. Redis deletes it when its retention is over; call `prune()` regularly all the
 * same, to remove its ID from the lists of its owners.
 *
 * Revocations are published to all instances. The store receives them on a separate connection,
 * from the first `subscribe()` to the end of the last. What is published while that connection is
 * lost is missed: the cache's `ttlMs` is always the bound.
 *
 * Commands wait up to 5 seconds for a client that connects for the first time, and up to 400 ms for
 * one that reconnects. After that they fail at once until the client is ready. A reply is awaited
 * for 1 second. With their defaults both libraries take much longer to give up a dead connection
 * and to reconnect; with the settings below that takes half a second.
 *
 * @param options the client, and what every key begins with
 * @returns a store for credentials and for state
 * @throws TypeError `ERR_LATCHKEY_OPTION` for an option that is missing, unknown or invalid
 *
 * @example
 * // node-redis. socketTimeout must be longer than pingInterval: it also ends idle connections.
 * const client = createClient({
 *   url: process.env.REDIS_URL,
 *   disableOfflineQueue: true,
 *   pingInterval: 250,
 *   socket: { connectTimeout: 500, socketTimeout: 1_000, reconnectStrategy: () => 100 },
 * });
 * // Without a listener the first outage ends the process.
 * client.on('error', (error) => console.error(error.message));
 * const store = redisStore({ client });
 *
 * @example
 * // ioredis. For a cluster, pass all but `enableOfflineQueue` as its `redisOptions`; with
 * // node-redis, as its `defaults`.
 * const client = new Redis(process.env.REDIS_URL, {
 *   enableOfflineQueue: false,
 *   connectTimeout: 500,
 *   socketTimeout: 1_000,
 *   maxRetriesPerRequest: 0,
 *   retryStrategy: () => 100,
 * });
 * client.on('error', (error) => console.error(error.message));
 * const store = redisStore({ client });
 */
export function redisStore(options: RedisStoreOptions): CredentialStore & StateStore {
  checkOptions('redisStore()', schema, options);
  const { client, prefix = 'latchkey:', subscribe = true } = options;
  const driver = (detectDriver(client) as () => RedisDriver)();
  const connection = createConnection(driver);
  const keys = createKeys(prefix);
  const listeners = createListeners();
  return {
    ...createCredentials({ connection, keys, local: subscribe ? undefined : listeners }),
    ...createStateStore(connection, keys),
    subscribe: subscribeWhileNeeded(
      listeners,
      subscribe ? () => listenTo(driver, keys.channel, listeners) : undefined,
    ),
  };
}
