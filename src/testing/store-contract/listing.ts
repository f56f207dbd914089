import type { CredentialStore, Owner, StoredRecord } from '../../stores/store';
import { atOnce, type Cases, demand, type OpenedStore } from './contract';
import { newRecord, ODD_TEXTS, unique } from './samples';

/** list(): all records of an owner, in order, a page at a time. */
export const listing: Cases<OpenedStore<CredentialStore>> = {
  async 'lists records by issuedAt, then by ID'(opened) {
    const { store, peer } = opened;
    const owner = newOwner();
    const times = [
      Number.MAX_SAFE_INTEGER,
      0,
      -1,
      -10,
      -9,
      1_000,
      999,
      10,
      9,
      Date.now(),
      Date.now() + 1,
      ...Array<number>(30).fill(100),
    ];
    const records = times.map((issuedAt) => ownedRecord(owner, { issuedAt }));
    await atOnce(opened, records.length, (instance, index) =>
      instance.insert(records[index] as StoredRecord),
    );
    const inOrder = [...records].sort((a, b) => a.issuedAt - b.issuedAt || (a.id < b.id ? -1 : 1));
    demand(
      'list() sorts by issuedAt as a number, then by ID in bytes',
      ids(await peer.list(owner, { limit: 1_000 })),
      ids(inOrder),
    );
    demand(
      'list() returns at most `limit` records',
      ids(await store.list(owner, { limit: 4 })),
      ids(inOrder.slice(0, 4)),
    );
    demand(
      'list() continues after an ID',
      ids(await store.list(owner, { after: (inOrder[3] as StoredRecord).id, limit: 1 })),
      ids(inOrder.slice(4, 5)),
    );
    demand(
      'list() returns nothing after the last ID',
      await store.list(owner, { after: (inOrder.at(-1) as StoredRecord).id, limit: 10 }),
      [],
    );
  },

  async 'lists the records of one owner and one kind, valid or not'({ store }) {
    const [one, other, kind, otherKind] = [
      unique('one'),
      unique('other'),
      unique('kind'),
      unique('kind'),
    ];
    const now = Date.now();
    const mine = newRecord({ kind, subject: one, clientId: one, grantId: one, issuedAt: 1 });
    const ended = newRecord({
      kind,
      subject: one,
      clientId: one,
      grantId: other,
      issuedAt: 2,
      expiresAt: now - 1_000,
    });
    const revoked = newRecord({
      kind,
      subject: one,
      clientId: other,
      grantId: one,
      issuedAt: 3,
      revokedAt: now - 1_000,
    });
    const another = newRecord({ kind, subject: other, clientId: null, grantId: null, issuedAt: 4 });
    const foreign = newRecord({ kind: otherKind, subject: one, clientId: one, grantId: one });
    for (const record of [mine, ended, revoked, another, foreign]) {
      await store.insert(record);
    }

    const held = async (by: Owner['by'], id: string, of = kind) =>
      store.list({ kind: of, by, id }, { limit: 10 });
    demand('list() by subject returns the records of the subject', await held('subject', one), [
      mine,
      ended,
      revoked,
    ]);
    demand('list() by client returns the records of the client', await held('client', one), [
      mine,
      ended,
    ]);
    demand('list() by grant returns the records of the grant', await held('grant', one), [
      mine,
      revoked,
    ]);
    demand('list() returns no records of other owners', await held('subject', other), [another]);
    demand('list() returns one kind only', await held('client', one, otherKind), [foreign]);
    demand(
      'list() of an owner without records returns an empty list',
      await held('subject', unique('unknown')),
      [],
    );
    demand(
      'list() does not mistake a missing client for one named "null"',
      await held('client', 'null'),
      [],
    );
  },

  async 'distinguishes owners by every character'(opened) {
    const { store, peer } = opened;
    const kind = unique('kind');
    const records = ODD_TEXTS.map((text) =>
      newRecord({ kind, subject: text, clientId: text, grantId: text }),
    );
    await atOnce(opened, records.length, (instance, index) =>
      instance.insert(records[index] as StoredRecord),
    );
    for (const record of records) {
      for (const by of ['subject', 'client', 'grant'] as const) {
        const listed = await peer.list({ kind, by, id: record.subject }, { limit: 10 });
        demand(
          `list() by ${by} returns only the records of ${JSON.stringify(record.subject)}`,
          listed,
          [record],
        );
      }
    }
    const counts = await atOnce(opened, records.length, (instance, index) =>
      instance.revokeAll(
        { kind, by: 'subject', id: (records[index] as StoredRecord).subject },
        Date.now(),
      ),
    );
    demand(
      'revokeAll() revokes only the records of the owner',
      counts,
      records.map(() => 1),
    );
    const ended = await store.list({ kind, by: 'client', id: '%' }, { limit: 10 });
    demand('the name of an owner is not used as a pattern', ended.length, 1);
  },

  async 'returns each of 250 records once in pages, while others are added and revoked'(opened) {
    const { store, peer } = opened;
    const owner = newOwner();
    const records = Array.from({ length: 250 }, (_, n) =>
      ownedRecord(owner, { issuedAt: 1_000 + Math.floor(n / 3) }),
    );
    await atOnce(opened, records.length, (instance, index) =>
      instance.insert(records[index] as StoredRecord),
    );
    const seen: string[] = [];
    for (let turn = 0; turn < 30; turn++) {
      const after = seen.at(-1);
      const page = await (turn % 2 === 0 ? store : peer).list(owner, { after, limit: 17 });
      if (page.length === 0) {
        break;
      }
      seen.push(...ids(page));
      if (turn >= 10) {
        continue;
      }
      await peer.insert(ownedRecord(owner, { issuedAt: 1 }));
      await store.insert(ownedRecord(owner, { issuedAt: 1_040 }));
      await peer.revoke(seen[0] as string, Date.now());
      await store.revoke(seen.at(-1) as string, Date.now());
    }
    const first = new Set(ids(records));
    demand('pages contain no record twice', new Set(seen).size, seen.length);
    const inOrder = [...records].sort((a, b) => a.issuedAt - b.issuedAt || (a.id < b.id ? -1 : 1));
    demand(
      'pages contain all records that existed at the first page, in order',
      seen.filter((id) => first.has(id)),
      ids(inOrder),
    );
  },
};

const newOwner = (): Owner => ({ kind: 'api_key', by: 'subject', id: unique('acct') });
const ownedRecord = ({ kind, id }: Owner, members: Partial<StoredRecord>): StoredRecord =>
  newRecord({ kind, subject: id, ...members });
const ids = (records: readonly StoredRecord[]): string[] => records.map(({ id }) => id);
