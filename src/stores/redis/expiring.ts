import type { CredentialFilter } from '../store';
import { inBatches } from './batches';
import type { RedisContext } from './context';
import type { Place } from './owners';

/** Up to this many IDs are sorted. */
const MAX_SORTED = 50_000;

/**
 * The IDs of the records that may have expired before a time, in order and behind `last`, if a
 * filter restricts that and they are not too many. If they are, a page is filled soon by reading
 * all records in order.
 */
export async function findExpiring(
  context: RedisContext,
  filter: CredentialFilter,
  last: Place | undefined,
): Promise<readonly string[] | undefined> {
  const { kind, status, expiresBefore } = filter;
  const isExpired = status === 'expired';
  const isRestricted = isExpired || expiresBefore !== undefined;
  if (!isRestricted || status === 'revoked' || status === 'disabled') {
    return undefined;
  }
  const now = Date.now();
  const end = Math.min(expiresBefore ?? Infinity, isExpired ? now : Infinity);
  const { expiring, deferred } = context.keys.kind(kind);
  // An active record has not expired yet: the many that have are left out.
  const ranges: readonly Range[] =
    status === 'active'
      ? [
          [expiring, String(now), String(end)],
          [deferred, String(now), '+inf'],
        ]
      : [[expiring, '-inf', String(end)]];
  const counts = await Promise.all(ranges.map((range) => count(context, range)));
  if (counts.reduce((sum, some) => sum + some, 0) > MAX_SORTED) {
    return undefined;
  }
  const lists = await Promise.all(ranges.map((range) => read(context, range)));
  return inOrder(context, kind, [...new Set(lists.flat())], last);
}

/** A sorted set, and the scores of the IDs in it that are read. */
type Range = readonly [key: string, from: string, to: string];

const count = async ({ connection }: RedisContext, [key, from, to]: Range): Promise<number> =>
  Number(await connection.send(key, ['ZCOUNT', key, from, to]));

const read = async (
  { connection }: RedisContext,
  [key, from, to]: Range,
): Promise<readonly string[]> =>
  (await connection.send(key, ['ZRANGEBYSCORE', key, from, to])) as readonly string[];

/** Sorts IDs as lists are sorted. Those without a record are not in the list of their kind. */
async function inOrder(
  { connection, keys }: RedisContext,
  kind: string,
  ids: readonly string[],
  last: Place | undefined,
): Promise<readonly string[]> {
  const [issued] = keys.kind(kind).issued;
  const scores = await inBatches(ids, async (batch) => {
    const command = ['ZMSCORE', issued, ...batch.map(String)];
    return (await connection.send(issued, command)) as readonly unknown[];
  });
  return ids
    .flatMap((id, at) => (scores[at] === null ? [] : [{ id, issuedAt: Number(scores[at]) }]))
    .filter((place) => last === undefined || compare(place, last) > 0)
    .sort(compare)
    .map(({ id }) => id);
}

const compare = (a: Place, b: Place): number =>
  a.issuedAt - b.issuedAt || Number(a.id > b.id) - Number(a.id < b.id);
