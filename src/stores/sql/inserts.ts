import type { CredentialStore } from '../store';
import { all, hasId, isKnown, not } from './conditions';
import type { SqlContext } from './context';
import { toRow } from './rows';
import type { CredentialsTable } from './tables';
import type { Writes } from './writes';

/** The methods that add records. */
export const createInserts = ({
  writes,
}: SqlContext): Required<Pick<CredentialStore, 'insert' | 'insertMany'>> => ({
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
});

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

/** Batches of rows that fit into one statement. A larger row gets a separate batch. */
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
