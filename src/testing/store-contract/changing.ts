import type { CredentialStore, RecordChanges } from '../../stores/store';
import { atOnce, type Cases, demand, type OpenedStore } from './contract';
import { newRecord } from './samples';

/** update() and expireAt(): no change is lost, and none undoes a revocation. */
export const changing: Cases<OpenedStore<CredentialStore>> = {
  async 'updates the given members of a record, and no others'({ store, peer }) {
    const now = Date.now();
    let record = newRecord({
      clientId: 'app',
      metadata: { plan: 'pro' },
      expiresAt: now + 60_000,
      useCount: 3,
      lastUsedAt: now,
    });
    await store.insert(record);
    const changes: readonly RecordChanges[] = [
      {},
      { name: 'renamed' },
      { name: null },
      { scopes: [] },
      { scopes: ['b', 'a'], metadata: { '': [] } },
      { expiresAt: null },
      { expiresAt: now + 1 },
      { name: "'; --", scopes: ['x'], metadata: {}, expiresAt: Number.MAX_SAFE_INTEGER },
    ];
    for (const change of changes) {
      record = { ...record, ...change };
      demand('update() returns the changed record', await store.update(record.id, change), record);
      demand('find() returns the changed record', await peer.find(record.digest), record);
    }
    const expired = newRecord({ expiresAt: now - 60_000 });
    await store.insert(expired);
    const extended = { ...expired, expiresAt: now + 60_000 };
    demand(
      'update() changes a record that expired and is not revoked',
      await store.update(expired.id, { expiresAt: extended.expiresAt }),
      extended,
    );

    const revoked = newRecord({ revokedAt: now });
    await store.insert(revoked);
    demand(
      'update() of a revoked record returns undefined',
      await store.update(revoked.id, { name: 'x' }),
      undefined,
    );
    demand('update() does not change a revoked record', await peer.find(revoked.digest), revoked);
  },

  async 'brings the expiry of a record forward, and never defers it'(opened) {
    const { store, peer } = opened;
    const now = Date.now();
    const unlimited = newRecord();
    const revoked = newRecord({ revokedAt: now });
    for (const record of [unlimited, revoked]) {
      await store.insert(record);
    }
    demand(
      'expireAt() of a record without an expiry returns true',
      await store.expireAt(unlimited.id, now + 60_000),
      true,
    );
    demand('expireAt() sets expiresAt', await peer.find(unlimited.digest), {
      ...unlimited,
      expiresAt: now + 60_000,
    });
    demand(
      'expireAt() at the time of expiry returns true',
      await store.expireAt(unlimited.id, now + 60_000),
      true,
    );
    demand(
      'expireAt() of a record that expires earlier returns false',
      await store.expireAt(unlimited.id, now + 60_001),
      false,
    );
    demand(
      'expireAt() of a revoked record returns false',
      await store.expireAt(revoked.id, now + 60_000),
      false,
    );
    await atOnce(opened, 50, (instance, index) =>
      instance.expireAt(unlimited.id, now + 1_000 + ((index * 7) % 50)),
    );
    demand(
      'of concurrent expireAt() calls, the earliest time remains',
      await store.find(unlimited.digest),
      {
        ...unlimited,
        expiresAt: now + 1_000,
      },
    );
    demand('expireAt() does not change a revoked record', await peer.find(revoked.digest), revoked);
  },

  async 'loses no change under concurrent calls'({ store, peer }) {
    for (let round = 0; round < 10; round++) {
      const record = newRecord();
      const changed = {
        name: 'new',
        scopes: ['a'],
        metadata: { round },
        expiresAt: Date.now() + 60_000,
      };
      await store.insert(record);
      await Promise.all([
        store.update(record.id, { name: changed.name }),
        peer.update(record.id, { scopes: changed.scopes }),
        store.update(record.id, { metadata: changed.metadata }),
        peer.expireAt(record.id, changed.expiresAt),
      ]);
      demand(
        'concurrent changes of different members are all stored',
        await store.find(record.digest),
        { ...record, ...changed },
      );
    }
  },

  async 'keeps a record revoked under concurrent changes'({ store, peer }) {
    for (let round = 0; round < 10; round++) {
      const now = Date.now();
      const record = newRecord();
      await store.insert(record);
      const change = (instance: CredentialStore) => [
        instance.update(record.id, { name: 'new', expiresAt: now + 60_000 }),
        instance.expireAt(record.id, now + 30_000),
        instance.recordUsage([{ id: record.id, count: 1, lastUsedAt: now }]),
        instance.insert(record),
      ];
      await Promise.all([
        ...change(peer),
        ...change(store),
        store.revoke(record.id, now),
        ...change(peer),
        ...change(store),
      ]);
      demand(
        'concurrent calls do not undo revoke()',
        (await peer.find(record.digest))?.revokedAt,
        now,
      );
    }
  },
};
