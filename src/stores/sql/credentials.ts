import { toRecordId } from '../../credential/digest';
import { type CredentialStore, isStorable, type RecordedUsage } from '../store';
import {
  all,
  type Condition,
  endedBefore,
  endsFrom,
  hasId,
  isAfter,
  isKnown,
  isLive,
  isOfKind,
  isOwnedBy,
  not,
} from './conditions';
import type { Notifications } from './notifications';
import { COLUMNS, toChangedColumns, toRecord, toRow } from './rows';
import type { CredentialsTable, Database } from './tables';
import { toInteger } from './values';
import type { Writes } from './writes';

type StoreMethods = Required<Omit<CredentialStore, 'name' | 'publish' | 'subscribe'>>;

export function createCredentials(
  db: Database,
  writes: Writes,
  notifications: Notifications,
): StoreMethods {
  const select = (condition: Condition) =>
    db.selectFrom('latchkey_credentials').select(COLUMNS).where(condition);

  const findById = async (id: string) => {
    const row = await select(all(hasId(id), isKnown)).executeTakeFirst();
    return row && toRecord(row);
  };
  const change = async (condition: Condition, changes: Partial<CredentialsTable>, at: number) => {
    const rows = await writes.change(all(condition, isLive), changes, at);
    notifications.notify(
      rows.map(({ id }) => id),
      at,
    );
    return rows;
  };

  return {
    findById,
    async find(digest) {
      // By the primary key, so that a damaged digest is an error and not an unknown credential.
      const record = await findById(toRecordId(digest));
      return record?.digest === digest ? record : undefined;
    },
    async insert(record) {
      const row = toRow(record);
      if (await writes.insert('latchkey_credentials', row)) {
        return true;
      }
      await writes.drop('latchkey_credentials', all(hasId(row.id), not(isKnown)));
      return writes.insert('latchkey_credentials', row);
    },
    async insertMany(records) {
      // In the order of IDs, so that concurrent writers lock rows in the same order.
      const rows = records.map(toRow).sort((a, b) => (a.id < b.id ? -1 : 1));
      const added = await insertRows(writes, rows);
      return records.map(({ id }) => added.has(id));
    },
    async list(owner, { after, limit }) {
      const last =
        after === undefined
          ? undefined
          : await select(all(hasId(after), isOwnedBy(owner), isKnown)).executeTakeFirst();
      if (after !== undefined && !last) {
        return [];
      }
      const page = all(isOwnedBy(owner), isKnown, ...(last ? [isAfter(toRecord(last))] : []));
      const rows = await select(page).orderBy('issued_at').orderBy('id').limit(limit).execute();
      return rows.map(toRecord);
    },
    async update(id, changes) {
      // A live row has no `revoked_at`. Setting it to null keeps the statement valid where nothing
      // else is changed.
      const [row] = await change(
        hasId(id),
        { revoked_at: null, ...toChangedColumns(changes) },
        Date.now(),
      );
      return row && toRecord(row);
    },
    async expireAt(id, at) {
      const end = toInteger(at);
      return (
        (await change(all(hasId(id), endsFrom(end)), { expires_at: end }, Date.now())).length === 1
      );
    },
    async revoke(id, at) {
      return (await change(hasId(id), { revoked_at: toInteger(at) }, toInteger(at))).length === 1;
    },
    async revokeAll(owner, at) {
      return (await change(isOwnedBy(owner), { revoked_at: toInteger(at) }, toInteger(at))).length;
    },
    async recordUsage(uses) {
      await writes.addUsage(mergeById(uses));
    },
    async prune(kind, before) {
      const now = Date.now();
      await writes.drop('latchkey_state', (eb) => eb('ends_at', '<=', now));
      return writes.drop(
        'latchkey_credentials',
        all(isOfKind(kind), endedBefore(toInteger(before))),
      );
    },
  };
}

/**
 * Adds rows, and replaces records that are past their retention. Returns the IDs of the rows that
 * were added.
 */
async function insertRows(writes: Writes, rows: readonly CredentialsTable[]): Promise<Set<string>> {
  const added = new Set<string>();
  for (const batch of batchesOf(rows)) {
    for (const id of await writes.insertMany(batch)) {
      added.add(id);
    }
    const refused = batch.filter(({ id }) => !added.has(id));
    if (refused.length === 0) {
      continue;
    }
    const ids = refused.map(({ id }) => id);
    const dropped = await writes.drop('latchkey_credentials', (eb) =>
      eb.and([eb('id', 'in', ids), not(isKnown)(eb)]),
    );
    if (dropped > 0) {
      for (const id of await writes.insertMany(refused)) {
        added.add(id);
      }
    }
  }
  return added;
}

/** SQLite accepts 32,766 parameters in a statement, and MariaDB 16 MB. */
const MAX_ROWS = 1_000;
const MAX_CHARACTERS = 1_000_000;

/** Batches of rows that fit into one statement. A larger row gets a batch of its own. */
function* batchesOf(rows: readonly CredentialsTable[]): Generator<readonly CredentialsTable[]> {
  let batch: CredentialsTable[] = [];
  let characters = 0;
  for (const row of rows) {
    const length = Object.values(row).reduce(
      (sum: number, value: unknown) => sum + String(value).length,
      0,
    );
    if (batch.length > 0 && (batch.length === MAX_ROWS || characters + length > MAX_CHARACTERS)) {
      yield batch;
      [batch, characters] = [[], 0];
    }
    batch.push(row);
    characters += length;
  }
  if (batch.length > 0) {
    yield batch;
  }
}

/**
 * Merges the uses of each ID, in the order of IDs, so that concurrent writers lock rows in the same
 * order.
 */
function mergeById(uses: readonly RecordedUsage[]): readonly RecordedUsage[] {
  const byId = new Map<string, RecordedUsage>();
  for (const { id, count, lastUsedAt } of uses) {
    if (!isStorable(id)) {
      continue;
    }
    const known = byId.get(id) ?? { count: 0, lastUsedAt };
    byId.set(id, {
      id,
      count: known.count + toInteger(count),
      lastUsedAt: Math.max(known.lastUsedAt, toInteger(lastUsedAt)),
    });
  }
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
