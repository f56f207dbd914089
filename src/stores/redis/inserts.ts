import { type CredentialStore, type StoredRecord, toOwners } from '../store';
import { inBatches } from './batches';
import type { RedisContext } from './context';
import { toFields } from './fields';
import { INSERT } from './record-scripts';
import { isOne } from './script';

/** The methods that add records. */
export function createInserts({
  connection,
  keys,
  owners,
  kinds,
  kindScan,
}: RedisContext): Required<Pick<CredentialStore, 'insert' | 'insertMany'>> {
  const insertOne = async (record: StoredRecord): Promise<boolean> => {
    await Promise.all(toOwners(record).map((owner) => owners.add(keys.owner(owner), [record])));
    return isOne(await INSERT(connection, [keys.record(record.id)], ...toFields(record)));
  };
  const insertBatch = async (batch: readonly StoredRecord[]): Promise<readonly boolean[]> => {
    const [results] = await Promise.all([allSettled(batch.map(insertOne)), kinds.tryToAdd(batch)]);
    kindScan.prepare();
    return results;
  };
  return {
    async insert(record) {
      const [isNew = false] = await insertBatch([record]);
      return isNew;
    },
    insertMany: (records) => inBatches(records, insertBatch),
  };
}

/** Waits for every call before a failure is reported: a later read then sees what was written. */
async function allSettled<R>(calls: readonly Promise<R>[]): Promise<readonly R[]> {
  await Promise.allSettled(calls);
  return Promise.all(calls);
}
