import type { CredentialStore } from '../../stores/store';
import { toDay, USAGE_DAYS } from '../../stores/usage-days';
import { atOnce, type Cases, demand, type OpenedStore } from './contract';
import { newRecord, unique } from './samples';

const DAY_MS = 24 * 3_600_000;
const ALL = { from: '1970-01-01', to: '9999-12-31' };

/** recordUsage() and usage(): the uses of each UTC day add up, and are kept for 90 days. */
export const dailyUsage: Cases<OpenedStore<CredentialStore>> = {
  async 'adds up the uses of each UTC day, from any number of instances'(opened) {
    const { store, peer } = opened;
    const now = Date.now();
    const yesterday = now - DAY_MS;
    const [one, other] = [newRecord(), newRecord()];
    for (const record of [one, other]) {
      await store.insert(record);
    }
    await atOnce(opened, 20, (instance, index) =>
      instance.recordUsage([
        { id: one.id, count: 1, lastUsedAt: yesterday },
        { id: one.id, count: index, lastUsedAt: now },
        { id: other.id, count: 2, lastUsedAt: now },
        { id: newRecord().id, count: 1, lastUsedAt: now },
      ]),
    );
    demand('usage() of two days, in order', await peer.usage(one.id, ALL), [
      { day: toDay(yesterday), count: 20 },
      { day: toDay(now), count: 190 },
    ]);
    demand('useCount is the sum of all days', (await store.find(one.digest))?.useCount, 210);
    demand('usage() of another record', await store.usage(other.id, ALL), [
      { day: toDay(now), count: 40 },
    ]);
    demand(
      'usage() includes both ends of its range',
      await store.usage(one.id, { from: toDay(yesterday), to: toDay(yesterday) }),
      [{ day: toDay(yesterday), count: 20 }],
    );
    demand('usage() of an unknown record', await store.usage(newRecord().id, ALL), []);
  },

  async 'keeps the usage of 90 days'({ store, peer }) {
    const now = Date.now();
    const record = newRecord();
    await store.insert(record);
    const first = now - (USAGE_DAYS - 1) * DAY_MS;
    await store.recordUsage([
      { id: record.id, count: 1, lastUsedAt: first - DAY_MS },
      { id: record.id, count: 2, lastUsedAt: first },
    ]);
    demand('usage() has no day before the last 90', await peer.usage(record.id, ALL), [
      { day: toDay(first), count: 2 },
    ]);
    demand('useCount has the uses of older days', (await store.find(record.digest))?.useCount, 3);
  },

  async 'deletes the usage of a pruned record'({ store, peer }) {
    const now = Date.now();
    const kind = unique('kind');
    const [gone, kept] = [newRecord({ kind, revokedAt: now - 2 }), newRecord({ kind })];
    await store.insert(gone);
    await store.insert(kept);
    await store.recordUsage([gone, kept].map(({ id }) => ({ id, count: 1, lastUsedAt: now })));
    demand('prune() returns how many records it deleted', await store.prune(kind, now), 1);
    demand('usage() of a pruned record', await peer.usage(gone.id, ALL), []);
    await store.insert(gone);
    demand('usage() of the record when it is inserted again', await peer.usage(gone.id, ALL), []);
    const days = [{ day: toDay(now), count: 1 }];
    demand('usage() of a record that was not pruned', await peer.usage(kept.id, ALL), days);
  },
};
