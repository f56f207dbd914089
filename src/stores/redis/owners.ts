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
   * IDs in order, starting after `after`, in pages of at most `size`. It only uses read commands,
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
      let last = after;
      for (;;) {
        const places = last
          ? await pageBehind(connection, key, last, size)
          : await range(connection, key, 0, size);
        last = places.at(-1);
        if (last === undefined) {
          return;
        }
        yield places.map(({ id }) => id);
        if (places.length < size) {
          return;
        }
      }
    },
    async reportMissing(keys, ids) {
      if (ids.length > 0) {
        await REPORT_MISSING(connection, keys, ...ids);
      }
    },
  };
}

async function range(
  connection: Connection,
  key: string,
  first: number,
  size: number,
): Promise<readonly Place[]> {
  const command = ['ZRANGE', key, String(first), String(first + size - 1), 'WITHSCORES'];
  // RESP2 returns IDs and scores in turn, RESP3 a list of pairs.
  const texts = ((await connection.send(key, command)) as readonly unknown[]).flat().map(String);
  return texts.flatMap((id, at) => (at % 2 === 0 ? [{ id, issuedAt: Number(texts[at + 1]) }] : []));
}

/** The places after a member of the list; undefined if the ID is not a member. */
async function pageAfterMember(
  connection: Connection,
  key: string,
  last: string,
  size: number,
): Promise<readonly Place[] | undefined> {
  for (;;) {
    const rank = await connection.send(key, ['ZRANK', key, last]);
    if (rank === null) {
      return undefined;
    }
    const [first, ...places] = await range(connection, key, Number(rank), size + 1);
    // Otherwise its place changed while we read.
    if (first?.id === last) {
      return places;
    }
  }
}

/** The places after a given one, even if its ID is no longer in the list. */
async function pageBehind(
  connection: Connection,
  key: string,
  { id, issuedAt }: Place,
  size: number,
): Promise<readonly Place[]> {
  const behind = await pageAfterMember(connection, key, id, size);
  if (behind) {
    return behind;
  }
  const score = String(issuedAt);
  const earlier = Number(await connection.send(key, ['ZCOUNT', key, '-inf', `(${score}`]));
  const sameTime = Number(await connection.send(key, ['ZCOUNT', key, score, score]));
  const places = await range(connection, key, earlier, sameTime + size);
  return places.filter((place, at) => at >= sameTime || place.id > id).slice(0, size);
}
