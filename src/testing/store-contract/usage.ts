import type { CredentialStore } from '../../stores/store';
import { atOnce, type Cases, demand, type OpenedStore } from './contract';
import { newRecord } from './samples';

/** recordUsage(): every use is counted, for every record that the store knows. */
export const usage: Cases<OpenedStore<CredentialStore>> = {
  async 'adds up usage that is recorded concurrently'(opened) {
    const { store, peer } = opened;
    const start = 1_700_000_000_000;
    const [one, other] = [
      newRecord({ useCount: 5, lastUsedAt: start + 10 }),
      newRecord({ useCount: 2 ** 40 }),
    ];
    for (const record of [one, other]) {
      await store.insert(record);
    }
    await atOnce(opened, 50, (instance, index) =>
      instance.recordUsage([
        { id: one.id, count: index, lastUsedAt: start + ((index * 7) % 50) },
        { id: other.id, count: 1, lastUsedAt: start - index },
      ]),
    );
    demand(
      'recordUsage() adds every count, and keeps the latest time',
      await peer.find(one.digest),
      {
        ...one,
        useCount: 5 + 1_225,
        lastUsedAt: start + 49,
      },
    );
    demand(
      'recordUsage() adds to large counts, and sets the first time',
      await peer.find(other.digest),
      {
        ...other,
        useCount: 2 ** 40 + 50,
        lastUsedAt: start,
      },
    );
    await store.recordUsage([{ id: one.id, count: 1, lastUsedAt: start }]);
    demand(
      'recordUsage() does not set lastUsedAt back',
      (await peer.find(one.digest))?.lastUsedAt,
      start + 49,
    );
  },

  async 'ignores usage of unknown records, in a batch of any size'({ store, peer }) {
    const now = Date.now();
    const [live, revoked, expired] = [
      newRecord(),
      newRecord({ revokedAt: now }),
      newRecord({ expiresAt: now - 1_000 }),
    ];
    for (const record of [live, revoked, expired]) {
      await store.insert(record);
    }
    const unknown = Array.from({ length: 10_000 }, () => ({
      id: newRecord().id,
      count: 1,
      lastUsedAt: now,
    }));
    const known = [live, revoked, expired, live].map(({ id }, index) => ({
      id,
      count: index + 1,
      lastUsedAt: now + index,
    }));
    await store.recordUsage([...unknown.slice(1), ...known, ...unknown.slice(0, 1)]);
    await store.recordUsage([]);

    demand('recordUsage() adds all entries about one record', await peer.find(live.digest), {
      ...live,
      useCount: 5,
      lastUsedAt: now + 3,
    });
    demand('recordUsage() counts for a revoked record', await peer.find(revoked.digest), {
      ...revoked,
      useCount: 2,
      lastUsedAt: now + 1,
    });
    demand('recordUsage() counts for an expired record', await peer.find(expired.digest), {
      ...expired,
      useCount: 3,
      lastUsedAt: now + 2,
    });
    demand(
      'recordUsage() does not create a record',
      await store.findById(unknown[0]?.id ?? ''),
      undefined,
    );
  },
};
