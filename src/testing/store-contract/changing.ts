import type { CredentialStore, Owner, RecordChanges } from '../../stores/store';
import { atOnce, type Cases, demand, type OpenedStore } from './contract';
import { newRecord, unique } from './samples';

/**
 * update(), expireAt(), revoke(), revokeAll() and recordUsage(): no change is lost, and a
 * revocation is final.
 */
export const changing: Cases<OpenedStore<CredentialStore>> = {
  async 'updates what it is told to, and nothing else'({ store, peer }) {
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
      demand(
        'update() gives the record as it is after the change',
        await store.update(record.id, change),
        record,
      );
      demand('find() gives a record as it was changed', await peer.find(record.digest), record);
    }
    const expired = newRecord({ expiresAt: now - 60_000 });
    await store.insert(expired);
    const extended = { ...expired, expiresAt: now + 60_000 };
    demand(
      'update() takes a record that expired but was not revoked',
      await store.update(expired.id, { expiresAt: extended.expiresAt }),
      extended,
    );

    const revoked = newRecord({ revokedAt: now });
    await store.insert(revoked);
    demand(
      'update() of a revoked record is undefined',
      await store.update(revoked.id, { name: 'x' }),
      undefined,
    );
    demand('update() leaves a revoked record as it is', await peer.find(revoked.digest), revoked);
  },

  async 'brings the end of a record forward, never back'(opened) {
    const { store, peer } = opened;
    const now = Date.now();
    const endless = newRecord();
    const revoked = newRecord({ revokedAt: now });
    for (const record of [endless, revoked]) {
      await store.insert(record);
    }
    demand(
      'expireAt() of a record without an end is true',
      await store.expireAt(endless.id, now + 60_000),
      true,
    );
    demand('expireAt() sets expiresAt', await peer.find(endless.digest), {
      ...endless,
      expiresAt: now + 60_000,
    });
    demand(
      'expireAt() at the time when it ends anyway is true',
      await store.expireAt(endless.id, now + 60_000),
      true,
    );
    demand(
      'expireAt() is false for a record that ends before that',
      await store.expireAt(endless.id, now + 60_001),
      false,
    );
    demand(
      'expireAt() is false for a revoked record',
      await store.expireAt(revoked.id, now + 60_000),
      false,
    );
    await atOnce(opened, 50, (machine, index) =>
      machine.expireAt(endless.id, now + 1_000 + ((index * 7) % 50)),
    );
    demand(
      'Of many calls of expireAt() at once the earliest time stays',
      await store.find(endless.digest),
      {
        ...endless,
        expiresAt: now + 1_000,
      },
    );
    demand('expireAt() leaves a revoked record as it is', await peer.find(revoked.digest), revoked);
  },

  async 'revokes a record once, however many try at the same time'(opened) {
    const { store, peer } = opened;
    const now = Date.now();
    const record = newRecord({ expiresAt: now - 1_000 });
    await store.insert(record);
    const revoked = await atOnce(opened, 50, (machine, index) =>
      machine.revoke(record.id, now + index),
    );
    demand('revoke() 50 times at once is true once', revoked.filter(Boolean).length, 1);
    const at = now + revoked.indexOf(true);
    demand(
      'revoke() sets revokedAt as the call said that was true',
      await peer.find(record.digest),
      { ...record, revokedAt: at },
    );
    demand(
      'revoke() of a revoked record is false',
      await store.revoke(record.id, now + 60_000),
      false,
    );
    demand('revoke() of a revoked record changes nothing', await peer.find(record.digest), {
      ...record,
      revokedAt: at,
    });

    const owner: Owner = { kind: 'api_key', by: 'client', id: unique('app') };
    const records = Array.from({ length: 20 }, () => newRecord({ clientId: owner.id }));
    for (const each of records) {
      await store.insert(each);
    }
    const [counts, single] = await Promise.all([
      atOnce(opened, 4, (machine) => machine.revokeAll(owner, now)),
      Promise.all(records.map(({ id }) => peer.revoke(id, now))),
    ]);
    const total = counts.reduce((sum, count) => sum + count, 0) + single.filter(Boolean).length;
    demand(
      'Each record is counted for one of the calls of revoke() and revokeAll() that are made at once',
      total,
      records.length,
    );
  },

  async 'revokes all that an owner holds, and nothing else'({ store, peer }) {
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
      'revokeAll() counts what it revoked, not what was revoked before',
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
      demand(
        'revokeAll() leaves all other records as they are',
        await peer.find(record.digest),
        record,
      );
    }
    demand(
      'revokeAll() has nothing to revoke a second time',
      await peer.revokeAll({ kind, by: 'grant', id: grantId }, now),
      0,
    );
    demand(
      'revokeAll() of an owner without records is 0',
      await store.revokeAll({ kind, by: 'client', id: unique('app') }, now),
      0,
    );
  },

  async 'loses none of the changes that are made at the same time'({ store, peer }) {
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
        'Changes of different members made at once are all there',
        await store.find(record.digest),
        { ...record, ...changed },
      );
    }
  },

  async 'never brings a revoked record back to life'({ store, peer }) {
    for (let round = 0; round < 10; round++) {
      const now = Date.now();
      const record = newRecord();
      await store.insert(record);
      const change = (machine: CredentialStore) => [
        machine.update(record.id, { name: 'new', expiresAt: now + 60_000 }),
        machine.expireAt(record.id, now + 30_000),
        machine.recordUsage([{ id: record.id, count: 1, lastUsedAt: now }]),
        machine.insert(record),
      ];
      await Promise.all([
        ...change(peer),
        ...change(store),
        store.revoke(record.id, now),
        ...change(peer),
        ...change(store),
      ]);
      demand(
        'A record that was revoked stays so, whatever else is done to it at once',
        (await peer.find(record.digest))?.revokedAt,
        now,
      );
    }
  },

  async 'adds up uses that are written at the same time'(opened) {
    const { store, peer } = opened;
    const start = 1_700_000_000_000;
    const [one, other] = [
      newRecord({ useCount: 5, lastUsedAt: start + 10 }),
      newRecord({ useCount: 2 ** 40 }),
    ];
    for (const record of [one, other]) {
      await store.insert(record);
    }
    await atOnce(opened, 50, (machine, index) =>
      machine.recordUsage([
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
      'recordUsage() adds to large counts, and sets a first time',
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

  async 'passes over uses of what it does not know, in a batch of any size'({ store, peer }) {
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

    demand('recordUsage() adds each of several uses of one record', await peer.find(live.digest), {
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
    demand('recordUsage() makes no record', await store.findById(unknown[0]?.id ?? ''), undefined);
  },
};
