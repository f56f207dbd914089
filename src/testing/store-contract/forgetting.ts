import { type CredentialStore, RETENTION_MS, type StoredRecord } from '../../stores/store';
import { type Cases, demand, type OpenedStore, sleep } from './contract';
import { newRecord, unique } from './samples';

type Opened = OpenedStore<CredentialStore>;
type End = Partial<Pick<StoredRecord, 'expiresAt' | 'revokedAt'>>;

/** Retention and prune(): an expired or revoked record is kept for a while, then it is absent. */
export const forgetting: Cases<Opened> = {
  async 'keeps records that expired or were revoked less than RETENTION_MS ago'(
    { store, peer },
    { clockToleranceMs },
  ) {
    const recent = Date.now() - RETENTION_MS + 60_000 + clockToleranceMs;
    const ends: readonly End[] = [
      { expiresAt: recent },
      { revokedAt: recent },
      { expiresAt: recent, revokedAt: recent + 1 },
    ];
    for (const record of ends.map(newRecord)) {
      demand('insert() of an ended record returns true', await store.insert(record), true);
      demand('find() returns a record in its retention', await peer.find(record.digest), record);
      const listed = await store.list(subjectOwner(record), { limit: 10 });
      demand('list() returns a record in its retention', listed, [record]);
      const again = await store.insert(record);
      demand('insert() of a record in its retention returns false', again, false);
    }
  },

  async 'treats records that ended more than RETENTION_MS ago as absent'(
    { store, peer },
    { clockToleranceMs },
  ) {
    const now = Date.now();
    const early = now - RETENTION_MS - 60_000 - clockToleranceMs;
    const ends: readonly End[] = [
      { expiresAt: early },
      { revokedAt: early },
      { expiresAt: early, revokedAt: now },
      { expiresAt: null, revokedAt: early },
      { expiresAt: now + 60_000, revokedAt: early },
      { expiresAt: 0 },
      { expiresAt: -1 },
    ];
    for (const record of ends.map(newRecord)) {
      const added = await store.insert(record);
      demand('insert() of a record whose retention is over returns true', added, true);
      await demandAbsent('a record whose retention is over', record, peer);
      const again = { ...record, expiresAt: null, revokedAt: null };
      const replaced = await store.insert(again);
      demand('insert() replaces a record whose retention is over', replaced, true);
      const found = await peer.find(record.digest);
      demand('find() returns the record that replaced it', found, again);
    }
  },

  async 'treats a record as absent RETENTION_MS after its end, unless the end was deferred'(
    { store, peer },
    { clockToleranceMs },
  ) {
    const goneAt = Date.now() + 1_500 + clockToleranceMs;
    const end = goneAt - RETENTION_MS;
    const [used, ended, revokedLater, shortened, unlimited, extended] = [
      newRecord({ expiresAt: end }),
      newRecord(),
      newRecord(),
      newRecord(),
      newRecord({ expiresAt: end }),
      newRecord({ expiresAt: end }),
    ] as const;
    const absent = [newRecord({ expiresAt: end }), newRecord({ revokedAt: end })];
    absent.push(used, ended, revokedLater, shortened);
    for (const record of [...absent, unlimited, extended]) {
      await store.insert(record);
    }
    await store.recordUsage([{ id: used.id, count: 1, lastUsedAt: Date.now() }]);
    await store.expireAt(ended.id, end);
    await store.revoke(revokedLater.id, end);
    await store.update(shortened.id, { expiresAt: end });
    await store.update(unlimited.id, { expiresAt: null });
    await store.update(extended.id, { expiresAt: goneAt });

    await sleep(goneAt + clockToleranceMs + 1 - Date.now());
    for (const record of absent) {
      await demandAbsent('a record whose retention is over', record, peer);
    }
    for (const [record, expiresAt] of [
      [unlimited, null],
      [extended, goneAt],
    ] as const) {
      const found = await peer.find(record.digest);
      demand('a record whose expiry was deferred is kept', found, { ...record, expiresAt });
    }
  },

  async 'prunes the records of one kind that ended before a time'({ store, peer }) {
    const kind = unique('kind');
    const before = Date.now() - 60_000;
    const pruned = [
      newRecord({ kind, expiresAt: before - 1 }),
      newRecord({ kind, revokedAt: before - 1, expiresAt: before + 120_000 }),
      newRecord({ kind, revokedAt: before + 1, expiresAt: before - 1 }),
    ];
    const kept = [
      newRecord({ kind }),
      newRecord({ kind, expiresAt: before }),
      newRecord({ kind, revokedAt: before }),
      newRecord({ kind: unique('kind'), expiresAt: before - 1 }),
    ];
    for (const record of [...pruned, ...kept]) {
      await store.insert(record);
    }
    demand('prune() returns how many records it deleted', await store.prune(kind, before), 3);
    demand('a second prune() returns 0', await peer.prune(kind, before), 0);
    for (const record of pruned) {
      await demandAbsent('a pruned record', record, peer);
      demand('insert() of a pruned record returns true', await store.insert(record), true);
    }
    for (const record of kept) {
      demand('prune() does not delete other records', await peer.find(record.digest), record);
    }
  },
};

const subjectOwner = ({ kind, subject }: StoredRecord) =>
  ({ kind, by: 'subject', id: subject }) as const;

/** Demands that every method treats a record as absent. */
async function demandAbsent(
  what: string,
  record: StoredRecord,
  store: CredentialStore,
): Promise<void> {
  const now = Date.now();
  const { id, digest } = record;
  const results = {
    find: await store.find(digest),
    findById: await store.findById(id),
    list: await store.list(subjectOwner(record), { limit: 10 }),
    update: await store.update(id, { name: 'changed' }),
    expireAt: await store.expireAt(id, now),
    revoke: await store.revoke(id, now),
    revokeAll: await store.revokeAll(subjectOwner(record), now),
    recordUsage: await store.recordUsage([{ id, count: 1, lastUsedAt: now }]),
    findAfterUsage: await store.find(digest),
  };
  demand(`every method treats ${what} as absent`, results, {
    find: undefined,
    findById: undefined,
    list: [],
    update: undefined,
    expireAt: false,
    revoke: false,
    revokeAll: 0,
    recordUsage: undefined,
    findAfterUsage: undefined,
  });
}
