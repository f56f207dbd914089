import type { StoredRecord } from '../store';
import type { Connection } from './connection';
import type { Keys, KindKeys } from './keys';
import { createOwnerIndex, type Place } from './owners';

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
  const index = createOwnerIndex(connection);

  async function addToKind(of: KindKeys, entries: readonly KindEntry[]): Promise<void> {
    const expiring = entries.flatMap(({ id, expiresAt }) =>
      typeof expiresAt === 'number' ? [String(expiresAt), id] : [],
    );
    const lists = [
      [of.issued, entries],
      [of.revoked, entries.filter(({ revokedAt }) => isTime(revokedAt))],
      [of.disabled, entries.filter(({ disabledAt }) => isTime(disabledAt))],
    ] as const;
    await Promise.all([
      ...lists.map(async ([list, members]) => members.length > 0 && index.add(list, members)),
      // LT keeps the earliest expiry, whatever order concurrent changes are written in.
      expiring.length > 0 && connection.send(of.expiring, ['ZADD', of.expiring, 'LT', ...expiring]),
    ]);
  }

  const add = async (entries: readonly KindEntry[]) => {
    const kinds = new Set(entries.map(({ kind }) => kind));
    await Promise.all(
      [...kinds].map((kind) =>
        addToKind(
          keys.kind(kind),
          entries.filter((entry) => entry.kind === kind),
        ),
      ),
    );
  };
  return {
    add,
    tryToAdd: (entries) => add(entries).catch(() => undefined),
  };
}

const isTime = (time: StoredRecord['revokedAt'] | undefined): time is number =>
  typeof time === 'number';
