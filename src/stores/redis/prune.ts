import type { CredentialStore } from '../store';
import { BATCH_SIZE } from './batches';
import type { RedisContext } from './context';
import type { OwnerKeys } from './keys';
import { PRUNE } from './record-scripts';
import { isOne } from './script';

/** `prune()`: deletes records that ended long ago, and their IDs in the lists. */
export function createPrune(context: RedisContext): Pick<CredentialStore, 'prune'> {
  const { connection, keys } = context;
  const prune = async (id: string, kind: string, before: number) => {
    const key = keys.record(id);
    const subject = await PRUNE(connection, [key], JSON.stringify(kind), String(before));
    return typeof subject === 'string' ? { id, subject: parseSubject(subject) } : undefined;
  };
  return {
    async prune(kind, before, onPruned) {
      let count = 0;
      for await (const found of connection.scan('hash', keys.allRecords.pattern)) {
        const ids = found.map((key) => keys.allRecords.read(key));
        const pruned = await Promise.all(ids.map((id) => prune(id, kind, before)));
        for (const record of pruned) {
          if (record) {
            count++;
            onPruned?.(record);
          }
        }
      }
      await tidyLists(context, kind);
      return count;
    },
  };
}

/** A damaged subject does not undo the deletion. */
function parseSubject(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return '';
  }
}

async function tidyLists(context: RedisContext, kind: string): Promise<void> {
  const { connection, keys } = context;
  const owners = keys.allOwners(kind);
  for await (const found of connection.scan('zset', owners.pattern)) {
    for (const key of found) {
      await tidy(context, owners.read(key));
    }
  }
  const { issued, revoked, disabled, expiring, deferred } = keys.kind(kind);
  for (const list of [issued, revoked, disabled]) {
    await tidy(context, list);
  }
  await tidyExpiries(context, expiring);
  await tidyExpiries(context, deferred);
}

async function tidyExpiries(context: RedisContext, list: string): Promise<void> {
  // A record that is written at this moment is listed again by the next scan.
  for await (const ids of context.owners.pages([list, ''], BATCH_SIZE)) {
    const missing = await findMissing(context, ids);
    if (missing.length > 0) {
      await context.connection.send(list, ['ZREM', list, ...missing]);
    }
  }
}

/** Notes which IDs of a list have no record. */
async function tidy(context: RedisContext, list: OwnerKeys): Promise<void> {
  for await (const ids of context.owners.pages(list, BATCH_SIZE)) {
    await context.owners.reportMissing(list, await findMissing(context, ids));
  }
}

async function findMissing(
  { connection, keys }: RedisContext,
  ids: readonly string[],
): Promise<readonly string[]> {
  const exists = await Promise.all(
    ids.map((id) => connection.send(keys.record(id), ['EXISTS', keys.record(id)])),
  );
  return ids.filter((_, at) => !isOne(exists[at]));
}
