import { type CredentialStore, RETENTION_MS } from '../../stores/store';
import { type Cases, demand, type OpenedStore } from './contract';
import { newRecord, ODD_TEXTS, unique } from './samples';

/** insertMany(), which is optional: it adds each record as insert() would. */
export const addingMany: Cases<OpenedStore<CredentialStore>> = {
  async 'inserts many records like insert(), if it has insertMany()'({ store, peer }) {
    if (!store.insertMany || !peer.insertMany) {
      return;
    }
    const now = Date.now();
    const [known, revoked, ended] = [
      newRecord({ name: 'known' }),
      newRecord(),
      newRecord({ expiresAt: now - RETENTION_MS - 3_600_000 }),
    ];
    for (const record of [known, revoked, ended]) {
      await store.insert(record);
    }
    await store.revoke(revoked.id, now);

    const kind = unique('kind');
    const fresh = [
      ...Array.from({ length: 1_200 }, (_, n) => newRecord({ kind, subject: 'many', issuedAt: n })),
      ...ODD_TEXTS.map((text) =>
        newRecord({ kind, subject: text, clientId: text, grantId: text, name: text }),
      ),
      newRecord({ kind, metadata: { text: 'ü'.repeat(50_000) } }),
    ];
    const again = { ...ended, expiresAt: null };
    const results = await store.insertMany([{ ...known, name: 'other' }, ...fresh, revoked, again]);
    demand('insertMany() returns for each record, in order, what insert() would', results, [
      false,
      ...fresh.map(() => true),
      false,
      true,
    ]);
    demand('insertMany() does not change a known record', await peer.find(known.digest), known);
    demand(
      'insertMany() leaves a revoked record revoked',
      (await peer.find(revoked.digest))?.revokedAt,
      now,
    );
    demand(
      'insertMany() replaces a record whose retention is over',
      await peer.find(again.digest),
      again,
    );
    for (const record of fresh.slice(1_190)) {
      demand(
        'find() returns a record of insertMany() as it was inserted',
        await peer.find(record.digest),
        record,
      );
    }
    const listed = await peer.list({ kind, by: 'subject', id: 'many' }, { limit: 1_200 });
    demand('list() returns all records of insertMany(), in order', listed, fresh.slice(0, 1_200));
    demand('insertMany() of no records returns an empty list', await store.insertMany([]), []);
  },

  async 'inserts each of many records once under concurrent calls, if it has insertMany()'({
    store,
    peer,
  }) {
    const [one, other] = [store.insertMany?.bind(store), peer.insertMany?.bind(peer)];
    if (!one || !other) {
      return;
    }
    const records = Array.from({ length: 300 }, () => newRecord());
    const results = await Promise.all([
      one(records),
      other([...records].reverse()),
      one(records),
      other(records.slice(100)),
    ]);
    const added = results.flat().filter(Boolean).length;
    demand('of concurrent insertMany() calls, exactly one adds each record', added, records.length);
  },
};
