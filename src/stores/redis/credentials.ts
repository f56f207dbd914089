import { toRecordId } from '../../credential/digest';
import { encodeRevocation } from '../../credential/revocation';
import type { Listeners } from '../listeners';
import {
  type CredentialStore,
  isOf,
  OWNED_BY,
  type RecordedUsage,
  type StoredRecord,
} from '../store';
import { publishStoreEvent } from '../store-events';
import type { Connection } from './connection';
import { FIELDS, parseRecord, toFields } from './fields';
import type { Keys, OwnerKeys } from './keys';
import { createOwnerIndex, ownersOf } from './owners';
import { ADD_USAGE, EXPIRE_AT, INSERT, PRUNE, REVOKE, UPDATE } from './record-scripts';
import { isOne, type Script } from './script';

/**
 * How many commands are sent before their replies are awaited. With more of them the last replies
 * might be late.
 */
const BATCH_SIZE = 250;

/** Calls `run` for every item, a batch at a time. Resolves to the results in order. */
async function inBatches<T, R>(
  items: readonly T[],
  run: (batch: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += BATCH_SIZE) {
    results.push(...(await run(items.slice(start, start + BATCH_SIZE))));
  }
  return results;
}

/** Waits for every call before a failure is reported: whoever then reads sees what was written. */
async function allSettled<R>(calls: readonly Promise<R>[]): Promise<readonly R[]> {
  await Promise.allSettled(calls);
  return Promise.all(calls);
}

export interface RedisCredentials {
  readonly connection: Connection;
  readonly keys: Keys;
  /**
   * Those to notify of changes that this store makes, where it is not subscribed to the channel.
   */
  readonly local: Listeners | undefined;
}

/** Records, and the lists of their owners. Changes are published on the channel `keys.channel`. */
export function createCredentials({
  connection,
  keys,
  local,
}: RedisCredentials): Omit<CredentialStore, 'subscribe'> {
  const index = createOwnerIndex(connection);

  const findById = async (id: string): Promise<StoredRecord | undefined> => {
    const key = keys.record(id);
    return parseRecord(await connection.send(key, ['HMGET', key, ...FIELDS]));
  };
  /** Runs a script that changes a record and publishes that. `hasChanged` says whether it did. */
  const change = async (
    run: Script,
    id: string,
    at: number,
    args: readonly string[],
    hasChanged: (reply: unknown) => boolean = isOne,
  ) => {
    const event = { type: 'credential', id, at } as const;
    const reply = await run(
      connection,
      [keys.record(id)],
      keys.channel,
      JSON.stringify(encodeRevocation(event)),
      ...args,
    );
    if (hasChanged(reply)) {
      local?.notify(event);
    }
    return reply;
  };
  const revoke = async (
    id: string,
    at: number,
    only: Partial<StoredRecord> = {},
  ): Promise<boolean> => isOne(await change(REVOKE, id, at, [String(at), ...toFields(only)]));
  const insert = async (record: StoredRecord): Promise<boolean> => {
    await Promise.all(ownersOf(record).map((owner) => index.add(keys.owner(owner), record)));
    return isOne(await INSERT(connection, [keys.record(record.id)], ...toFields(record)));
  };

  return {
    name: 'redis',
    async find(digest) {
      const record = await findById(toRecordId(digest));
      return record?.digest === digest ? record : undefined;
    },
    findById,
    insert,
    insertMany: (records) => inBatches(records, (batch) => allSettled(batch.map(insert))),
    async list(owner, { after, limit }) {
      if (after !== undefined && !(await findById(after))) {
        return [];
      }
      const found: StoredRecord[] = [];
      const missing: string[] = [];
      for await (const ids of index.pages(keys.owner(owner), limit, after)) {
        const records = await Promise.all(ids.map(findById));
        for (const [at, record] of records.entries()) {
          if (record && isOf(record, owner)) {
            found.push(record);
          } else {
            missing.push(ids[at] as string);
          }
        }
        if (found.length >= limit) {
          break;
        }
      }
      // A replica, or a user that may only read, refuses it: reading does not depend on it.
      index.reportMissing(keys.owner(owner), missing).catch(() => undefined);
      return found.slice(0, limit);
    },
    async update(id, changes) {
      const values = await change(
        UPDATE,
        id,
        Date.now(),
        toFields(changes),
        (reply) => reply !== null,
      );
      return values === null ? undefined : parseRecord(values);
    },
    async expireAt(id, at) {
      return isOne(await change(EXPIRE_AT, id, Date.now(), [String(at)]));
    },
    revoke: (id, at) => revoke(id, at),
    async revokeAll(owner, at) {
      const { kind, by, id: name } = owner;
      let count = 0;
      for await (const ids of index.pages(keys.owner(owner), BATCH_SIZE)) {
        const revoked = await Promise.all(
          ids.map((id) => revoke(id, at, { kind, [OWNED_BY[by]]: name })),
        );
        count += revoked.filter(Boolean).length;
      }
      return count;
    },
    async recordUsage(usage) {
      const add = ({ id, count, lastUsedAt }: RecordedUsage) =>
        ADD_USAGE(connection, [keys.record(id)], String(count), String(lastUsedAt));
      checkWritten(usage, await inBatches(usage, (batch) => Promise.allSettled(batch.map(add))));
    },
    async prune(kind, before) {
      let count = 0;
      for await (const found of connection.scan('hash', keys.allRecords.pattern)) {
        const ids = found.map((key) => keys.allRecords.read(key));
        const deleted = await Promise.all(
          ids.map((id) =>
            PRUNE(connection, [keys.record(id)], JSON.stringify(kind), String(before)),
          ),
        );
        count += deleted.filter(isOne).length;
      }
      const owners = keys.allOwners(kind);
      for await (const found of connection.scan('zset', owners.pattern)) {
        for (const key of found) {
          await tidy(owners.read(key));
        }
      }
      return count;
    },
    async publish(event) {
      await connection.send(keys.channel, [
        'PUBLISH',
        keys.channel,
        JSON.stringify(encodeRevocation(event)),
      ]);
      local?.notify(event);
    },
  };

  /** Notes which IDs of an owner's list have no record. */
  async function tidy(owner: OwnerKeys): Promise<void> {
    for await (const ids of index.pages(owner, BATCH_SIZE)) {
      const exists = await Promise.all(
        ids.map((id) => connection.send(keys.record(id), ['EXISTS', keys.record(id)])),
      );
      const missing = ids.filter((_, at) => !isOne(exists[at]));
      await index.reportMissing(owner, missing);
    }
  }
}

/**
 * Throws if uses were not written. If some were, the error names the others as `unwritten`, so that
 * none is counted twice. Uses of a damaged record can never be written: they are reported, and do
 * not hold up the rest.
 */
function checkWritten(
  usage: readonly RecordedUsage[],
  results: readonly PromiseSettledResult<unknown>[],
): void {
  const failures = results.flatMap((result, at) =>
    result.status === 'rejected'
      ? [{ use: usage[at] as RecordedUsage, error: result.reason as Error }]
      : [],
  );
  const [first] = failures;
  if (first && failures.length === usage.length) {
    throw first.error;
  }
  const [damaged = [], retried = []] = [true, false].map((isDamaged) =>
    failures.filter(({ error }) => isAboutRecord(error) === isDamaged),
  );
  if (damaged[0]) {
    const count = damaged.reduce((sum, { use }) => sum + use.count, 0);
    publishStoreEvent({ store: 'redis', event: 'usage_lost', error: damaged[0].error, count });
  }
  if (retried[0]) {
    throw Object.assign(retried[0].error, { unwritten: retried.map(({ use }) => use) });
  }
}

/**
 * Whether a script failed because of what the record contains, rather than because Redis refuses to
 * write or is away.
 */
const isAboutRecord = (error: Error): boolean =>
  /WRONGTYPE|not an integer|overflow/.test(error.message);
