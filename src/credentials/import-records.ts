import { codedError } from '../internal/errors';
import type { StoredRecord } from '../stores/store';
import type { ManagedStore } from '../stores/store-methods';
import { type PublicRecord, toPublicRecord } from './records';

/** Records for one call of `insertMany()`: few enough for one statement of every database. */
const BATCH = 1_000;

/** The error of an import that the store did not complete. */
export interface ImportError extends Error {
  /** The code of this error. */
  readonly code: 'ERR_LATCHKEY_IMPORT';
  /** The records that this call added. */
  readonly added: readonly PublicRecord[];
  /**
   * The records that may or may not have been added: the store failed, and then could not be read.
   */
  readonly uncertain: readonly PublicRecord[];
}

/** What an import reports. */
export interface ImportOptions {
  /** The verifier's name, for errors. */
  readonly verifier: string;
  /** Called for each record that was added, also if a later one fails. */
  readonly onAdded: (record: StoredRecord) => void;
}

/**
 * Adds records that have been validated, in batches where the store supports it. Records that the
 * store knows are left as they are.
 * @returns the records that were added
 * @throws {ImportError} `ERR_LATCHKEY_IMPORT` if the store fails. To import the same records again
 * is safe.
 */
export async function importRecords(
  store: ManagedStore,
  records: readonly StoredRecord[],
  { verifier, onAdded }: ImportOptions,
): Promise<readonly StoredRecord[]> {
  const batchSize = store.insertMany ? BATCH : 1;
  const distinct = firstOfEachId(records);
  const added: StoredRecord[] = [];
  const add = (batch: readonly StoredRecord[]) => {
    added.push(...batch);
    batch.forEach(onAdded);
  };
  for (let start = 0; start < distinct.length; start += batchSize) {
    const batch = distinct.slice(start, start + batchSize);
    try {
      add(await addBatch(store, batch));
    } catch (cause) {
      const written = await findWritten(store, batch);
      add(written ?? []);
      const uncertain = written ? [] : batch;
      throw importError(verifier, cause, { total: records.length, added, uncertain });
    }
  }
  return added;
}

/** Of several records with one ID, the first counts: `insert()` would have refused the others. */
function firstOfEachId(records: readonly StoredRecord[]): readonly StoredRecord[] {
  const byId = new Map<string, StoredRecord>();
  for (const record of records) {
    if (!byId.has(record.id)) {
      byId.set(record.id, record);
    }
  }
  return [...byId.values()];
}

/** Adds a batch, and returns those of its records that were not known. */
async function addBatch(
  store: ManagedStore,
  batch: readonly StoredRecord[],
): Promise<readonly StoredRecord[]> {
  const results = store.insertMany
    ? await store.insertMany(batch)
    : await Promise.all(batch.map((record) => store.insert(record)));
  if (!Array.isArray(results) || results.length !== batch.length) {
    throw codedError('ERR_LATCHKEY_STORE', 'insertMany() must return a boolean for each record');
  }
  return batch.filter((_, index) => results[index] === true);
}

/**
 * The records of a batch that are in the store as they were sent; undefined if the store cannot be
 * read either.
 */
async function findWritten(
  store: ManagedStore,
  batch: readonly StoredRecord[],
): Promise<readonly StoredRecord[] | undefined> {
  try {
    const found = await Promise.all(batch.map(({ id }) => store.findById(id)));
    return batch.filter((record, index) => isSame(found[index], record));
  } catch {
    return undefined;
  }
}

/** Whether a record is the one that was sent, and not one that was known before. */
const isSame = (found: StoredRecord | undefined, sent: StoredRecord): boolean =>
  found?.digest === sent.digest &&
  found.issuedAt === sent.issuedAt &&
  found.subject === sent.subject &&
  found.name === sent.name;

interface ImportOutcome {
  readonly total: number;
  readonly added: readonly StoredRecord[];
  readonly uncertain: readonly StoredRecord[];
}

function importError(
  verifier: string,
  cause: unknown,
  { total, added, uncertain }: ImportOutcome,
): ImportError {
  const reason = cause instanceof Error ? cause.message : 'no reason was given';
  const doubt = uncertain.length > 0 ? `, and ${uncertain.length} may have been added` : '';
  const message = `${verifier}.import(): ${added.length} of ${total} records were added${doubt}; then the store failed: ${reason}. Import them again: known records are left as they are`;
  return Object.assign(codedError('ERR_LATCHKEY_IMPORT', message, { cause }), {
    code: 'ERR_LATCHKEY_IMPORT' as const,
    added: added.map(toPublicRecord),
    uncertain: uncertain.map(toPublicRecord),
  });
}
