import type { StoredRecord } from '../store';
import type { Connection } from './connection';
import type { OwnerKeys } from './keys';
import { script } from './script';

/** What decides the place of a record in a list. */
export type Place = Pick<StoredRecord, 'id' | 'issuedAt'>;

/**
 * The IDs of each owner's records. In a cluster, a record and the list of its owner are in
 * different slots, so the two cannot change in one step. An ID is listed before its record is
 * written. It is removed only when the record was missing twice, a minute apart by the server's
 * clock and without an insert in between. So the list may contain too many IDs, which readers skip,
 * but never too few.
 */
export interface OwnerIndex {
  add(keys: OwnerKeys, places: readonly Place[]): Promise<unknown>;
  /**
   * IDs in order, starting behind `after`, in pages of at most `size`. It only uses read commands,
   * so it works on a replica.
   */
  pages(keys: OwnerKeys, size: number, after?: Place): AsyncGenerator<readonly string[]>;
  /** Notes that these IDs had no record. */
  reportMissing(keys: OwnerKeys, ids: readonly string[]): Promise<void>;
}

// A listed ID keeps its place unless its record was missing: the record may exist, so that the
// insert is refused.
const ADD = script(`
for at = 1, #ARGV, 2 do
  if redis.call('HDEL', KEYS[2], ARGV[at]) == 1 then
    redis.call('ZADD', KEYS[1], ARGV[at + 1], ARGV[at])
  else redis.call('ZADD', KEYS[1], 'NX', ARGV[at + 1], ARGV[at]) end
end`);

const REPORT_MISSING = script(`
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

export function createOwnerIndex(connection: Connection): OwnerIndex {
  return {
    add: (keys, places) =>
      ADD(connection, keys, ...places.flatMap(({ id, issuedAt }) => [id, String(issuedAt)])),
    async *pages([key], size, after) {
      let ids = after
        ? await pageBehind(connection, key, after, size)
        : await range(connection, key, 0, size);
      while (ids.length > 0) {
        yield ids;
        const last = ids.at(-1);
        if (ids.length < size || last === undefined) {
          return;
        }
        ids = (await pageAfterMember(connection, key, last, size)) ?? [];
      }
    },
    async reportMissing(keys, ids) {
      if (ids.length > 0) {
        await REPORT_MISSING(connection, keys, ...ids);
      }
    },
  };
}

const range = async (connection: Connection, key: string, first: number, size: number) =>
  (await connection.send(key, [
    'ZRANGE',
    key,
    String(first),
    String(first + size - 1),
  ])) as readonly string[];

/** The IDs behind one in the list; undefined if it is not in the list. */
async function pageAfterMember(
  connection: Connection,
  key: string,
  last: string,
  size: number,
): Promise<readonly string[] | undefined> {
  for (;;) {
    const rank = await connection.send(key, ['ZRANK', key, last]);
    if (rank === null) {
      return undefined;
    }
    const [first, ...ids] = await range(connection, key, Number(rank), size + 1);
    // Otherwise its place changed while we read.
    if (first === last) {
      return ids;
    }
  }
}

/** The IDs behind a place, whether or not its ID is in the list. */
async function pageBehind(
  connection: Connection,
  key: string,
  { id, issuedAt }: Place,
  size: number,
): Promise<readonly string[]> {
  const behind = await pageAfterMember(connection, key, id, size);
  if (behind) {
    return behind;
  }
  const score = String(issuedAt);
  const earlier = Number(await connection.send(key, ['ZCOUNT', key, '-inf', `(${score}`]));
  const sameTime = Number(await connection.send(key, ['ZCOUNT', key, score, score]));
  const ids = await range(connection, key, earlier, sameTime + size);
  const isBehind = (other: string, at: number) => at >= sameTime || other > id;
  return ids.filter(isBehind).slice(0, size);
}
