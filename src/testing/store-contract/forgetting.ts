import { type CredentialStore, RETENTION_MS, type StoredRecord } from '../../stores/store';
import { type Cases, demand, type OpenedStore, sleep } from './contract';
import { newRecord, unique } from './samples';

/** Retention and prune(): an ended record is known for a while, and then treated as absent. */
export const forgetting = (clockToleranceMs: number): Cases<OpenedStore<CredentialStore>> => ({
  async 'knows what ended less than RETENTION_MS ago, and nothing that ended earlier'({
    store,
    peer,
  }) {
    const now = Date.now();
    const late = now - RETENTION_MS + 60_000 + clockToleranceMs;
    const early = now - RETENTION_MS - 60_000 - clockToleranceMs;
    for (const ended of [
      { expiresAt: late },
      { revokedAt: late },
      { expiresAt: late, revokedAt: late + 1 },
    ]) {
      const record = newRecord(ended);
      demand('insert() of a record that ended is true', await store.insert(record), true);
      demand(
        'A record that ended less than RETENTION_MS ago is known',
        await peer.find(record.digest),
        record,
      );
      demand(
        'list() has what ended less than RETENTION_MS ago',
        await store.list(ownerOf(record), { limit: 10 }),
        [record],
      );
      demand(
        'insert() of a record that ended less than RETENTION_MS ago is false',
        await store.insert(record),
        false,
      );
    }
    const forgotten = [
      { expiresAt: early },
      { revokedAt: early },
      { expiresAt: early, revokedAt: now },
      { expiresAt: null, revokedAt: early },
      { expiresAt: now + 60_000, revokedAt: early },
      { expiresAt: 0 },
      { expiresAt: -1 },
    ];
    for (const ended of forgotten) {
      const record = newRecord(ended);
      demand(
        'insert() of a record that ended long ago is true, as of any that is not known',
        await store.insert(record),
        true,
      );
      demand(
        'A record that ended more than RETENTION_MS ago is unknown to every method',
        await answersOn(record, peer),
        UNKNOWN,
      );
      const again = { ...record, expiresAt: null, revokedAt: null };
      demand('insert() of a record that was forgotten is true', await store.insert(again), true);
      demand(
        'A record takes the place of one that was forgotten',
        await peer.find(record.digest),
        again,
      );
    }
  },

  async 'forgets a record RETENTION_MS after its end, unless that was put off'({ store, peer }) {
    const gone = Date.now() + 1_500 + clockToleranceMs;
    const end = gone - RETENTION_MS;
    const [expired, revoked, used, ended, revokedLater, shortened] = [
      newRecord({ expiresAt: end }),
      newRecord({ revokedAt: end }),
      newRecord({ expiresAt: end }),
      newRecord(),
      newRecord(),
      newRecord(),
    ] as const;
    const [endless, extended] = [
      newRecord({ expiresAt: end }),
      newRecord({ expiresAt: end }),
    ] as const;
    for (const record of [
      expired,
      revoked,
      used,
      ended,
      revokedLater,
      shortened,
      endless,
      extended,
    ]) {
      await store.insert(record);
    }
    await store.recordUsage([{ id: used.id, count: 1, lastUsedAt: Date.now() }]);
    await store.expireAt(ended.id, end);
    await store.revoke(revokedLater.id, end);
    await store.update(shortened.id, { expiresAt: end });
    await store.update(endless.id, { expiresAt: null });
    await store.update(extended.id, { expiresAt: gone });

    await sleep(gone + clockToleranceMs + 1 - Date.now());
    for (const record of [expired, revoked, used, ended, revokedLater, shortened]) {
      demand(
        'A record is forgotten RETENTION_MS after its end, however it came by it',
        await answersOn(record, peer),
        UNKNOWN,
      );
    }
    demand('A record whose end was taken away is not forgotten', await peer.find(endless.digest), {
      ...endless,
      expiresAt: null,
    });
    demand('A record whose end was put off is not forgotten', await peer.find(extended.digest), {
      ...extended,
      expiresAt: gone,
    });
  },

  async 'prunes what ended before a time, of one kind'({ store, peer }) {
    const kind = unique('kind');
    const before = Date.now() - 60_000;
    const [expired, revoked, both] = [
      newRecord({ kind, expiresAt: before - 1 }),
      newRecord({ kind, revokedAt: before - 1, expiresAt: before + 120_000 }),
      newRecord({ kind, revokedAt: before + 1, expiresAt: before - 1 }),
    ] as const;
    const stay = [
      newRecord({ kind }),
      newRecord({ kind, expiresAt: before }),
      newRecord({ kind, revokedAt: before }),
      newRecord({ kind: unique('kind'), expiresAt: before - 1 }),
    ];
    for (const record of [expired, revoked, both, ...stay]) {
      await store.insert(record);
    }
    demand('prune() counts what it dropped', await store.prune(kind, before), 3);
    demand('prune() has nothing to drop a second time', await peer.prune(kind, before), 0);
    for (const record of [expired, revoked, both]) {
      demand(
        'A record that was pruned is unknown to every method',
        await answersOn(record, peer),
        UNKNOWN,
      );
      demand('insert() of a record that was pruned is true', await store.insert(record), true);
    }
    for (const record of stay) {
      demand('prune() drops nothing else', await peer.find(record.digest), record);
    }
  },
});

const ownerOf = ({ kind, subject }: StoredRecord) =>
  ({ kind, by: 'subject', id: subject }) as const;

const UNKNOWN = {
  find: undefined,
  findById: undefined,
  list: [],
  update: undefined,
  end: false,
  revoke: false,
  revokeAll: 0,
  afterUses: undefined,
};

/** What every method returns for a record: `UNKNOWN` if it is absent. */
async function answersOn(
  record: StoredRecord,
  store: CredentialStore,
): Promise<typeof UNKNOWN | object> {
  const now = Date.now();
  const { id, digest } = record;
  return {
    find: await store.find(digest),
    findById: await store.findById(id),
    list: await store.list(ownerOf(record), { limit: 10 }),
    update: await store.update(id, { name: 'changed' }),
    end: await store.expireAt(id, now),
    revoke: await store.revoke(id, now),
    revokeAll: await store.revokeAll(ownerOf(record), now),
    afterUses: await store
      .recordUsage([{ id, count: 1, lastUsedAt: now }])
      .then(() => store.find(digest)),
  };
}
