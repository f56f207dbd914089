import type { CredentialStore, RecordedUsage } from '../store';
import { publishStoreEvent } from '../store-events';
import { daysIn, firstKeptDay, toUsageDay } from '../usage-days';
import { inBatches } from './batches';
import type { RedisContext } from './context';
import { toDayField } from './fields';
import { ADD_USAGE } from './record-scripts';

/** The methods that count uses. */
export const createUsage = ({
  connection,
  keys,
}: RedisContext): Pick<CredentialStore, 'recordUsage' | 'usage'> => ({
  async recordUsage(usage) {
    const now = Date.now();
    const first = firstKeptDay(now);
    const writes = usage.map((use): Write => {
      const day = toUsageDay(use.lastUsedAt, now) ?? '';
      return [keys.record(use.id), String(use.count), String(use.lastUsedAt), day, first];
    });
    checkWritten(usage, await inBatches(writes, (batch) => addAll(connection, batch)));
  },
  async usage(id, range) {
    const days = daysIn(range, Date.now());
    if (days.length === 0) {
      return [];
    }
    const key = keys.record(id);
    const reply = await connection.send(key, ['HMGET', key, ...days.map(toDayField)]);
    const counts: readonly unknown[] = Array.isArray(reply) ? reply : [];
    return days.flatMap((day, at) => {
      const count = Number(counts[at] ?? 0);
      return count > 0 ? [{ day, count }] : [];
    });
  },
});

/** The arguments of one `ADD_USAGE`. */
type Write = readonly [key: string, ...args: readonly string[]];

const addAll = (connection: RedisContext['connection'], batch: readonly Write[]) =>
  Promise.allSettled(batch.map(([key, ...args]) => ADD_USAGE(connection, [key], ...args)));

interface Failure {
  readonly use: RecordedUsage;
  readonly error: Error;
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
  const failures = usage.flatMap((use, at): readonly Failure[] => {
    const result = results[at];
    return result?.status === 'rejected' ? [{ use, error: toError(result.reason) }] : [];
  });
  const [first] = failures;
  if (first && failures.length === usage.length) {
    throw first.error;
  }
  reportDamaged(failures.filter(({ error }) => isAboutRecord(error)));
  const retried = failures.filter(({ error }) => !isAboutRecord(error));
  if (retried[0]) {
    throw Object.assign(retried[0].error, { unwritten: retried.map(({ use }) => use) });
  }
}

function reportDamaged(damaged: readonly Failure[]): void {
  if (damaged[0]) {
    const count = damaged.reduce((sum, { use }) => sum + use.count, 0);
    publishStoreEvent({ store: 'redis', event: 'usage_lost', error: damaged[0].error, count });
  }
}

const toError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error(String(reason));

/**
 * Whether a script failed because of what the record contains, rather than because Redis refuses to
 * write or cannot be reached.
 */
const isAboutRecord = (error: Error): boolean =>
  /WRONGTYPE|not an integer|overflow/.test(error.message);
