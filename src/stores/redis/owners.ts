import { OWNED_BY, type Owner, type StoredRecord } from '../store';
import type { Connection } from './connection';
import type { OwnerKeys } from './keys';
import { script } from './script';

/**
 * The records of an owner are in other slots of a cluster than the list of their ids, so the two cannot change in one step. An
 * id is listed before its record is written, and taken off only when no record was found at two looks, a minute apart by the
 * server's clock and with no insert between: the list may hold too much, which is passed over on reading, but never too little.
 */
export interface OwnerIndex {
  add(keys: OwnerKeys, record: StoredRecord): Promise<unknown>;
  /** Ids in order, from the one after `after`, in pages of at most `size`. */
  pages(keys: OwnerKeys, size: number, after?: string): AsyncGenerator<readonly string[]>;
  /** These had no record. */
  miss(keys: OwnerKeys, ids: readonly string[]): Promise<unknown>;
}

// An id that is listed keeps its place, since its record may be known and the insert refused; but not if it was missed.
const ADD = script(`
if redis.call('HDEL', KEYS[2], ARGV[1]) == 1 then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
else redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[1]) end`);

const PAGE = script(`
local first = 0
if ARGV[2] then
  local rank = redis.call('ZRANK', KEYS[1], ARGV[2])
  if not rank then return {} end
  first = rank + 1
end
return redis.call('ZRANGE', KEYS[1], first, first + ARGV[1] - 1)`);

const MISS = script(`
local now = tonumber(redis.call('TIME')[1])
for _, id in ipairs(ARGV) do
  local since = redis.call('HGET', KEYS[2], id)
  if not since then
    if redis.call('ZSCORE', KEYS[1], id) then redis.call('HSET', KEYS[2], id, now) end
  elseif now - since > 60 then
    redis.call('ZREM', KEYS[1], id)
    redis.call('HDEL', KEYS[2], id)
  end
end`);

export const ownerIndex = (connection: Connection): OwnerIndex => ({
  add: (keys, { id, issuedAt }) => ADD(connection, keys, id, String(issuedAt)),
  async *pages(keys, size, after) {
    for (let last = after; ;) {
      const ids = (await PAGE(connection, keys, String(size), ...(last === undefined ? [] : [last]))) as readonly string[];
      if (ids.length > 0) yield ids;
      if (ids.length < size) return;
      last = ids.at(-1);
    }
  },
  miss: async (keys, ids) => ids.length > 0 && MISS(connection, keys, ...ids),
});

/** All who own a record. */
export const ownersOf = (record: StoredRecord): Owner[] =>
  (['subject', 'client', 'grant'] as const).flatMap((by) => {
    const id = record[OWNED_BY[by]];
    return id === null ? [] : [{ kind: record.kind, by, id }];
  });
