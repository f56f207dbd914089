import { checkOptions, must, z } from '../../options';
import type { CredentialStore, StateStore } from '../store';
import { libraryOf, type RedisClient } from './client';
import { connectionOf } from './connection';
import { credentialsInRedis } from './credentials';
import { keysOf } from './keys';
import type { Library } from './library';
import { marksFrom } from './push';
import { stateInRedis } from './state';

export type { RedisClient } from './client';

export interface RedisStoreOptions {
  /** Connected, and best of the store's own: a client or a cluster of node-redis (5, 6) or ioredis (5, 6). */
  readonly client: RedisClient;
  /** Before every key and channel; default `'latchkey:'`. */
  readonly prefix?: string;
}

const schema = z.strictObject({
  client: must('a client or a cluster of node-redis (5, 6) or ioredis (5, 6)', (client) => libraryOf(client) !== undefined),
  prefix: must(
    'a non-empty string without { and }, which would choose the slot of a cluster',
    (prefix) => typeof prefix === 'string' && /^[^{}]+$/.test(prefix),
  ).optional(),
});

export function redisStore(options: RedisStoreOptions): CredentialStore & StateStore {
  checkOptions('redisStore()', schema, options);
  const library = libraryOf(options.client) as Library;
  const connection = connectionOf(library);
  const keys = keysOf(options.prefix ?? 'latchkey:');
  return {
    ...credentialsInRedis(connection, keys),
    ...stateInRedis(connection, keys),
    watch: marksFrom(library, keys.marks),
  };
}
