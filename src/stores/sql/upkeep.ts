import { type CredentialStore, isStorable, type RecordedUsage } from '../store';
import { firstKeptDay, toUsageDay } from '../usage-days';
import { all, endedBefore, isOfKind } from './conditions';
import type { SqlContext } from './context';
import type { UsageTable } from './tables';
import { toInteger } from './values';

/** The methods that count uses, and delete what is not needed any more. */
export const createUpkeep = ({
  db,
  writes,
}: SqlContext): Pick<CredentialStore, 'recordUsage' | 'prune'> => ({
  async recordUsage(uses) {
    const storable = uses.filter(({ id }) => isStorable(id));
    await writes.addUsage(mergeById(storable), mergeByDay(storable));
  },
  async prune(kind, before, onPruned) {
    const now = Date.now();
    await writes.drop('latchkey_state', (eb) => eb('ends_at', '<=', now));
    await db.deleteFrom('latchkey_usage').where('day', '<', firstKeptDay(now)).execute();
    return writes.prune(all(isOfKind(kind), endedBefore(toInteger(before))), onPruned);
  },
});

const byId = (a: { readonly id: string }, b: { readonly id: string }): number =>
  Number(a.id > b.id) - Number(a.id < b.id);

/**
 * Merges the uses of each ID, in the order of IDs, so that concurrent writers lock rows in the same
 * order.
 */
function mergeById(uses: readonly RecordedUsage[]): readonly RecordedUsage[] {
  const merged = new Map<string, RecordedUsage>();
  for (const { id, count, lastUsedAt } of uses) {
    const known = merged.get(id) ?? { count: 0, lastUsedAt };
    merged.set(id, {
      id,
      count: known.count + toInteger(count),
      lastUsedAt: Math.max(known.lastUsedAt, toInteger(lastUsedAt)),
    });
  }
  return [...merged.values()].sort(byId);
}

/** Merges the uses of each ID and UTC day, in the order of IDs. */
function mergeByDay(uses: readonly RecordedUsage[]): readonly UsageTable[] {
  const now = Date.now();
  const merged = new Map<string, UsageTable>();
  for (const { id, count, lastUsedAt } of uses) {
    const day = toUsageDay(lastUsedAt, now);
    if (day !== undefined) {
      const known = merged.get(`${day} ${id}`)?.uses ?? 0;
      merged.set(`${day} ${id}`, { id, day, uses: known + toInteger(count) });
    }
  }
  return [...merged.values()].sort(byId);
}
