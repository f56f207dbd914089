import type { CredentialStore, Owner, StoredRecord } from '../../stores/store';
import { atOnce, type Cases, demand, type OpenedStore } from './contract';
import { newRecord, ODD_TEXTS, unique } from './samples';

/** list(): all records of an owner, in order. */
export const listing: Cases<OpenedStore<CredentialStore>> = {
  async 'lists by issuedAt, then by id'(opened) {
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
    const records = times.map((issuedAt) => recordOf(owner, { issuedAt }));
    await atOnce(opened, records.length, (machine, index) =>
      machine.insert(records[index] as StoredRecord),
    );
    const inOrder = [...records].sort((a, b) => a.issuedAt - b.issuedAt || (a.id < b.id ? -1 : 1));
    demand(
      'list() is in the order of issuedAt as a number, then of id by its bytes',
      ids(await peer.list(owner, { limit: 1_000 })),
      ids(inOrder),
    );
    demand(
      'list() stops at its limit',
      ids(await store.list(owner, { limit: 4 })),
      ids(inOrder.slice(0, 4)),
    );
    demand(
      'list() goes on after an id',
      ids(await store.list(owner, { after: (inOrder[3] as StoredRecord).id, limit: 1 })),
      ids(inOrder.slice(4, 5)),
    );
    demand(
      'list() ends after the last id',
      await store.list(owner, { after: (inOrder.at(-1) as StoredRecord).id, limit: 10 }),
      [],
    );
  },

  async 'lists what one subject, client or grant holds, of one kind, ended or not'({ store }) {
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
    demand("list() by subject gives that subject's records", await held('subject', one), [
      mine,
      ended,
      revoked,
    ]);
    demand("list() by client gives that client's records", await held('client', one), [
      mine,
      ended,
    ]);
    demand("list() by grant gives that grant's records", await held('grant', one), [mine, revoked]);
    demand('list() gives another owner only its own', await held('subject', other), [another]);
    demand('list() gives one kind only', await held('client', one, otherKind), [foreign]);
    demand(
      'list() of an owner without records is empty',
      await held('subject', unique('nobody')),
      [],
    );
    demand('list() takes no missing client for one of that name', await held('client', 'null'), []);
  },

  async 'tells owners apart by every character'(opened) {
    const { store, peer } = opened;
    const kind = unique('kind');
    const records = ODD_TEXTS.map((text) =>
      newRecord({ kind, subject: text, clientId: text, grantId: text }),
    );
    await atOnce(opened, records.length, (machine, index) =>
      machine.insert(records[index] as StoredRecord),
    );
    for (const record of records) {
      for (const by of ['subject', 'client', 'grant'] as const) {
        const listed = await peer.list({ kind, by, id: record.subject }, { limit: 10 });
        demand(
          `list() by ${by} gives ${JSON.stringify(record.subject)} what is its own, and nothing else`,
          listed,
          [record],
        );
      }
    }
    const counts = await atOnce(opened, records.length, (machine, index) =>
      machine.revokeAll(
        { kind, by: 'subject', id: (records[index] as StoredRecord).subject },
        Date.now(),
      ),
    );
    demand(
      'revokeAll() revokes the records of that very owner',
      counts,
      records.map(() => 1),
    );
    const ended = await store.list({ kind, by: 'client', id: '%' }, { limit: 10 });
    demand('An owner by the name of a pattern is not a pattern', ended.length, 1);
  },

  async 'pages through 250 records, each once, while others come and go'(opened) {
    const { store, peer } = opened;
    const owner = newOwner();
    const records = Array.from({ length: 250 }, (_, n) =>
      recordOf(owner, { issuedAt: 1_000 + Math.floor(n / 3) }),
    );
    await atOnce(opened, records.length, (machine, index) =>
      machine.insert(records[index] as StoredRecord),
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
      await peer.insert(recordOf(owner, { issuedAt: 1 }));
      await store.insert(recordOf(owner, { issuedAt: 1_040 }));
      await peer.revoke(seen[0] as string, Date.now());
      await store.revoke(seen.at(-1) as string, Date.now());
    }
    const first = new Set(ids(records));
    demand('Pages hold no record twice', new Set(seen).size, seen.length);
    const inOrder = [...records].sort((a, b) => a.issuedAt - b.issuedAt || (a.id < b.id ? -1 : 1));
    demand(
      'Pages hold all that was there from the first page on, in order',
      seen.filter((id) => first.has(id)),
      ids(inOrder),
    );
  },
};

const newOwner = (): Owner => ({ kind: 'api_key', by: 'subject', id: unique('acct') });
const recordOf = ({ kind, id }: Owner, members: Partial<StoredRecord>): StoredRecord =>
  newRecord({ kind, subject: id, ...members });
const ids = (records: readonly StoredRecord[]): string[] => records.map(({ id }) => id);
