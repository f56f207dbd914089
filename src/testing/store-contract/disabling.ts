import type { CredentialStore } from '../../stores/store';
import { atOnce, type Cases, demand, type OpenedStore } from './contract';
import { newRecord } from './samples';

/** disable() and enable(): each change is made once, and none brings a revoked record back. */
export const disabling: Cases<OpenedStore<CredentialStore>> = {
  async 'disables and enables a record once under concurrent calls'(opened) {
    const { store, peer } = opened;
    const now = Date.now();
    const record = newRecord();
    await store.insert(record);
    const disabled = await atOnce(opened, 20, (instance, index) =>
      instance.disable(record.id, now + index),
    );
    demand(
      'of 20 concurrent disable() calls, one returns true',
      disabled.filter(Boolean).length,
      1,
    );
    const disabledAt = now + disabled.indexOf(true);
    demand('disable() sets disabledAt', await peer.find(record.digest), { ...record, disabledAt });
    const enabled = await atOnce(opened, 20, (instance) => instance.enable(record.id));
    demand('of 20 concurrent enable() calls, one returns true', enabled.filter(Boolean).length, 1);
    demand('enable() sets disabledAt to null', await peer.find(record.digest), record);
  },

  async 'keeps a disabled record disabled through other changes'({ store, peer }) {
    const now = Date.now();
    const record = newRecord();
    await store.insert(record);
    await store.disable(record.id, now);
    const expiresAt = now + 60_000;
    const changed = { ...record, name: 'new', expiresAt, disabledAt: now };
    demand('update() of a disabled record', await peer.update(record.id, { name: 'new' }), {
      ...changed,
      expiresAt: null,
    });
    demand('expireAt() of a disabled record', await peer.expireAt(record.id, expiresAt), true);
    demand('find() of a disabled record', await store.find(record.digest), changed);
    demand('revoke() of a disabled record', await peer.revoke(record.id, now), true);
    demand('revoke() does not change disabledAt', await store.find(record.digest), {
      ...changed,
      revokedAt: now,
    });
  },

  async 'disables and enables an expired record, and no revoked or unknown one'({ store, peer }) {
    const now = Date.now();
    const expired = newRecord({ expiresAt: now - 1_000 });
    const revoked = newRecord({ revokedAt: now - 1_000, disabledAt: now - 2_000 });
    for (const record of [expired, revoked]) {
      await store.insert(record);
    }
    demand('disable() of an expired record', await store.disable(expired.id, now), true);
    demand('enable() of an expired record', await peer.enable(expired.id), true);
    demand('find() of a record that was enabled', await store.find(expired.digest), expired);
    for (const { id } of [revoked, newRecord()]) {
      demand('disable() of a revoked or unknown record', await store.disable(id, now), false);
      demand('enable() of a revoked or unknown record', await peer.enable(id), false);
    }
    demand('find() of the revoked record', await store.find(revoked.digest), revoked);
  },
};
