import { OWNED_BY, type Owner, type StoredRecord } from '../store';
import type { Connection } from './connection';
import type { OwnerKeys } from './keys';
import { script } from './script';

/**
 * The IDs of each owner's records. In a cluster, a record and the list of its owner are in
 * different slots, so the two cannot change in one step. An ID is listed before its record is
 * written. It is removed only when the record was missing twice, a minute apart by the server's
 * clock and without an insert in between. So the list may contain too many IDs, which readers skip,
 * but never too few.
 */
export interface OwnerIndex {
  add(keys: OwnerKeys, record: StoredRecord): Promise<unknown>;
  /**
   * IDs in order, starting behind `after`, in pages of at most `size`. It only uses read commands,
   * so it works on a replica.
   */
  pages(keys: OwnerKeys, size: number, after?: string): AsyncGenerator<readonly string[]>;
  /** Notes that these IDs had no record. */
  reportMissing(keys: OwnerKeys, ids: readonly string[]): Promise<void>;
}

// A listed ID keeps its place unless its record was missing: the record may exist, so that the
// insert is refused.
const ADD = script(`
if redis.call('HDEL', KEYS[2], ARGV[1]) == 1 then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
else redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[1]) end`);

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
  const range = async (key: string, first: number, size: number) =>
    (await connection.send(key, [
      'ZRANGE',
      key,
      String(first),
      String(first + size - 1),
    ])) as readonly string[];

  /** The IDs behind `last`, or undefined if its place changed while we read. */
  async function pageAfter(
    key: string,
    last: string,
    size: number,
  ): Promise<readonly string[] | undefined> {
    const rank = await connection.send(key, ['ZRANK', key, last]);
    if (rank === null) {
      return [];
    }
    const [first, ...ids] = await range(key, Number(rank), size + 1);
    return first === last ? ids : undefined;
  }

  return {
    add: (keys, { id, issuedAt }) => ADD(connection, keys, id, String(issuedAt)),
    async *pages([key], size, after) {
      for (let last = after; ;) {
        const ids =
          last === undefined ? await range(key, 0, size) : await pageAfter(key, last, size);
        if (ids === undefined) {
          continue;
        }
        if (ids.length > 0) {
          yield ids;
        }
        if (ids.length < size) {
          return;
        }
        last = ids.at(-1);
      }
    },
    async reportMissing(keys, ids) {
      if (ids.length > 0) {
        await REPORT_MISSING(connection, keys, ...ids);
      }
    },
  };
}

/** The owners of a record. */
export const ownersOf = (record: StoredRecord): Owner[] =>
  (['subject', 'client', 'grant'] as const).flatMap((by) => {
    const id = record[OWNED_BY[by]];
    return id === null ? [] : [{ kind: record.kind, by, id }];
  });
