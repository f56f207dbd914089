import type { CredentialStore, Owner } from '../../stores/store';
import { atOnce, type Cases, demand, type OpenedStore } from './contract';
import { newRecord, unique } from './samples';

/** revoke() and revokeAll(): a record is revoked once, and stays revoked. */
export const revoking: Cases<OpenedStore<CredentialStore>> = {
  async 'revokes a record once under concurrent calls'(opened) {
    const { store, peer } = opened;
    const now = Date.now();
    const record = newRecord({ expiresAt: now - 1_000 });
    await store.insert(record);
    const revoked = await atOnce(opened, 50, (instance, index) =>
      instance.revoke(record.id, now + index),
    );
    demand('of 50 concurrent revoke() calls, one returns true', revoked.filter(Boolean).length, 1);
    const at = now + revoked.indexOf(true);
    demand(
      'revokedAt is the time of the revoke() call that returned true',
      await peer.find(record.digest),
      { ...record, revokedAt: at },
    );
    demand(
      'revoke() of a revoked record returns false',
      await store.revoke(record.id, now + 60_000),
      false,
    );
    demand('revoke() of a revoked record changes nothing', await peer.find(record.digest), {
      ...record,
      revokedAt: at,
    });
  },

  async 'counts each revoked record once, in revoke() or in revokeAll()'(opened) {
    const { peer, store } = opened;
    const now = Date.now();
    const owner: Owner = { kind: 'api_key', by: 'client', id: unique('app') };
    const records = Array.from({ length: 20 }, () => newRecord({ clientId: owner.id }));
    for (const each of records) {
      await store.insert(each);
    }
    const [counts, single] = await Promise.all([
      atOnce(opened, 4, (instance) => instance.revokeAll(owner, now)),
      Promise.all(records.map(({ id }) => peer.revoke(id, now))),
    ]);
    const total = counts.reduce((sum, count) => sum + count, 0) + single.filter(Boolean).length;
    demand(
      'of concurrent revoke() and revokeAll() calls, exactly one counts each record',
      total,
      records.length,
    );
  },

  async 'revokes all records of an owner, and no others'({ store, peer }) {
    const now = Date.now();
    const grantId = unique('grant');
    const kind = unique('kind');
    const live = Array.from({ length: 3 }, () => newRecord({ kind, grantId }));
    const expired = newRecord({ kind, grantId, expiresAt: now - 1_000 });
    const revoked = newRecord({ kind, grantId, revokedAt: now - 1_000 });
    const others = [
      newRecord({ kind: unique('kind'), grantId }),
      newRecord({ kind, subject: grantId, clientId: grantId }),
      newRecord({ kind }),
    ];
    for (const record of [...live, expired, revoked, ...others]) {
      await store.insert(record);
    }

    demand(
      'revokeAll() returns how many records it revoked',
      await store.revokeAll({ kind, by: 'grant', id: grantId }, now),
      4,
    );
    for (const record of [...live, expired]) {
      demand('revokeAll() sets revokedAt', await peer.find(record.digest), {
        ...record,
        revokedAt: now,
      });
    }
    for (const record of [revoked, ...others]) {
      demand('revokeAll() does not change other records', await peer.find(record.digest), record);
    }
    demand(
      'a second revokeAll() returns 0',
      await peer.revokeAll({ kind, by: 'grant', id: grantId }, now),
      0,
    );
    demand(
      'revokeAll() of an owner without records returns 0',
      await store.revokeAll({ kind, by: 'client', id: unique('app') }, now),
      0,
    );
  },
};
