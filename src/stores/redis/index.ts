import * as z from 'zod';
import { encodeRevocation } from '../../credential/revocation';
import { checkOptions, check } from '../../internal/options';
import type { CredentialStore, StateStore } from '../store';
import { detectDriver, type RedisClient } from './client';
import { connectionOf } from './connection';
import { credentialsInRedis } from './credentials';
import { keysOf } from './keys';
import type { RedisDriver } from './detect-driver';
import { revocationsFrom } from './pubsub';
import { stateInRedis } from './state';

export type { RedisClient } from './client';

export interface RedisStoreOptions {
  /**
   * A client or a cluster of node-redis (5, 6) or ioredis (5, 6), connected, and best used by nothing else: node-redis cannot tell
   * that a connection is dead while others write into it. With sentinels, a client of ioredis.
   */
  readonly client: RedisClient;
  /** Before every key and channel; default `'latchkey:'`. */
  readonly prefix?: string;
}

const schema = z.strictObject({
  client: check('a client or a cluster of node-redis (5, 6) or ioredis (5, 6)', (client) => detectDriver(client) !== undefined),
  prefix: check(
    'a non-empty string without { and }, which would choose the slot of a cluster',
    (prefix) => typeof prefix === 'string' && /^[^{}]+$/.test(prefix),
  ).optional(),
});

/**
 * Credentials and state in Redis 6.2 or later, on one server or a cluster. It has to keep what it is given, like any database:
 * `maxmemory-policy noeviction`. A record is one key, read in one command. It goes by itself when its retention is over; call
 * `prune()` now and then all the same, for what is left of it in the lists of its owners.
 *
 * Revocations are pushed over a connection of the store's own, from the first `watch` to the end of the last. What is said while
 * that connection is lost stays unheard: `ttlMs` of the cache is always the bound.
 *
 * While the client is not ready every call fails at once; what is not answered fails after a second. Left to themselves the
 * libraries take much longer to give up a dead connection and to make a new one. These settings make that half a second.
 *
 * @example
 * // node-redis. The pings have to be more frequent than the time-out, which also ends a connection that is only idle.
 * const client = createClient({
 *   url: process.env.REDIS_URL,
 *   disableOfflineQueue: true,
 *   pingInterval: 250,
 *   socket: { connectTimeout: 500, socketTimeout: 500, reconnectStrategy: () => 100 },
 * });
 * client.on('error', (error) => console.error(error.message)); // without a listener the first outage ends the process
 * await client.connect();
 * const store = redisStore({ client });
 *
 * @example
 * // ioredis. Of a cluster, all but `enableOfflineQueue` go into its `redisOptions`; of node-redis, into its `defaults`.
 * const client = new Redis(process.env.REDIS_URL, {
 *   enableOfflineQueue: false,
 *   connectTimeout: 500,
 *   commandTimeout: 500,
 *   socketTimeout: 500,
 *   maxRetriesPerRequest: 0,
 *   retryStrategy: () => 100,
 * });
 * client.on('error', (error) => console.error(error.message));
 * const store = redisStore({ client });
 * @throws TypeError for a wrong or misspelt option
 */
export function redisStore(options: RedisStoreOptions): CredentialStore & StateStore {
  checkOptions('redisStore()', schema, options);
  const library = detectDriver(options.client) as RedisDriver;
  const connection = connectionOf(library);
  const keys = keysOf(options.prefix ?? 'latchkey:');
  return {
    ...credentialsInRedis(connection, keys),
    ...stateInRedis(connection, keys),
    async publish(mark) {
      await connection.send(keys.marks, ['PUBLISH', keys.marks, JSON.stringify(encodeRevocation(mark))]);
    },
    subscribe: revocationsFrom(library, keys.marks),
  };
}
