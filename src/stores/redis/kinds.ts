import type { StoredRecord } from '../store';
import type { Connection } from './connection';
import type { Keys } from './keys';
import { createOwnerIndex, type OwnerIndex, type Place } from './owners';
import { script } from './script';

/** What the lists of a kind say about a record. */
export interface KindEntry extends Place {
  readonly kind: string;
  readonly expiresAt?: number | null;
  readonly revokedAt?: number | null;
  readonly disabledAt?: number | null;
}

/**
 * The IDs of each kind's records, also by status. In a cluster they are in another slot than the
 * records, and instances of Latchkey 0.1 do not write them. So they may lack an ID for a while,
 * until `createKindScan()` adds it, and may contain IDs that readers have to check.
 */
export interface KindIndex {
  /** Adds records to the lists that they belong to. */
  add(entries: readonly KindEntry[]): Promise<void>;
  /** Adds records, and ignores a failure: the change of the record has been made. */
  tryToAdd(entries: readonly KindEntry[]): Promise<void>;
}

export function createKindIndex(connection: Connection, keys: Keys): KindIndex {
  const lists: Lists = { connection, index: createOwnerIndex(connection), keys };
  return {
    add: (entries) => addEntries(lists, entries),
    tryToAdd: (entries) => addEntries(lists, entries).catch(ignore),
  };
}

const ignore = () => {};

/** What adds IDs to lists. */
interface Lists {
  readonly connection: Connection;
  readonly index: OwnerIndex;
  readonly keys: Keys;
}

async function addEntries(lists: Lists, entries: readonly KindEntry[]): Promise<void> {
  const kinds = new Set(entries.map(({ kind }) => kind));
  await Promise.all([...kinds].map((kind) => addToKind(lists, kind, entries)));
}

// Keeps the earliest and the latest expiry, whatever order concurrent changes are written in.
const ADD_EXPIRIES = script(`
for at = 1, #ARGV, 2 do
  local expiry, id = ARGV[at], ARGV[at + 1]
  local earliest = redis.call('ZSCORE', KEYS[1], id)
  if earliest and tonumber(earliest) ~= tonumber(expiry) then
    redis.call('ZADD', KEYS[2], 'GT', expiry, id)
    redis.call('ZADD', KEYS[2], 'GT', earliest, id)
  end
  redis.call('ZADD', KEYS[1], 'LT', expiry, id)
end`);

async function addToKind(
  { connection, index, keys }: Lists,
  kind: string,
  all: readonly KindEntry[],
): Promise<void> {
  const { issued, revoked, disabled, expiring, deferred } = keys.kind(kind);
  const entries = all.filter((entry) => entry.kind === kind);
  const lists = [
    [issued, entries],
    [revoked, entries.filter(({ revokedAt }) => isTime(revokedAt))],
    [disabled, entries.filter(({ disabledAt }) => isTime(disabledAt))],
  ] as const;
  const expiries = entries.flatMap(({ id, expiresAt }) =>
    isTime(expiresAt) ? [String(expiresAt), id] : [],
  );
  await Promise.all([
    ...lists.map(async ([list, members]) => members.length > 0 && index.add(list, members)),
    expiries.length > 0 && ADD_EXPIRIES(connection, [expiring, deferred], ...expiries),
  ]);
}

const isTime = (time: StoredRecord['revokedAt'] | undefined): time is number =>
  typeof time === 'number';
