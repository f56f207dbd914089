import type { CredentialFilter } from '../../stores/store';
import type { CredentialStore, StoredRecord } from '../../stores/store';
import { atOnce, type Cases, demand, type OpenedStore } from './contract';
import { newRecord, ODD_TEXTS, unique } from './samples';

const ids = (records: readonly StoredRecord[]): string[] => records.map(({ id }) => id);

/** search(): the records of a kind that meet a filter, in the order of list(). */
export const searching: Cases<OpenedStore<CredentialStore>> = {
  async 'lists all records of a kind, a page at a time, while others are added'(opened) {
    const { store, peer } = opened;
    const kind = unique('kind');
    const records = Array.from({ length: 60 }, (_, n) =>
      newRecord({ kind, issuedAt: 1_000 + Math.floor(n / 3) }),
    );
    await atOnce(opened, records.length, (instance, index) =>
      instance.insert(records[index] as StoredRecord),
    );
    await store.insert(newRecord({ kind: unique('kind') }));
    const seen: string[] = [];
    for (let turn = 0; turn < 20; turn++) {
      const page = await peer.search({ kind }, { after: seen.at(-1), limit: 7 });
      seen.push(...ids(page));
      if (page.length < 7) {
        break;
      }
      await store.insert(newRecord({ kind, issuedAt: 2_000 + turn }));
      await store.revoke(page[0]?.id ?? '', Date.now());
    }
    const inOrder = [...records].sort((a, b) => a.issuedAt - b.issuedAt || (a.id < b.id ? -1 : 1));
    demand('search() pages hold no record twice', new Set(seen).size, seen.length);
    demand('search() pages hold every record, in order', seen.slice(0, 60), ids(inOrder));
    demand(
      'search() after an unknown ID is empty',
      await store.search({ kind }, { after: newRecord().id, limit: 5 }),
      [],
    );
  },

  async 'lists records by status'({ store, peer }) {
    const now = Date.now();
    const kind = unique('kind');
    const past = now - 60_000;
    const future = now + 3_600_000;
    const byStatus = {
      active: [
        newRecord({ kind, issuedAt: 1 }),
        newRecord({ kind, issuedAt: 2, expiresAt: future }),
      ],
      disabled: [
        newRecord({ kind, issuedAt: 3, disabledAt: now }),
        newRecord({ kind, issuedAt: 4, disabledAt: now, expiresAt: future }),
      ],
      expired: [
        newRecord({ kind, issuedAt: 5, expiresAt: past }),
        newRecord({ kind, issuedAt: 6, expiresAt: past, disabledAt: now }),
      ],
      revoked: [
        newRecord({ kind, issuedAt: 7, revokedAt: now }),
        newRecord({ kind, issuedAt: 8, revokedAt: now, expiresAt: past, disabledAt: past }),
      ],
    } as const;
    for (const record of Object.values(byStatus).flat()) {
      await store.insert(record);
    }
    const listed = async (filter: Omit<CredentialFilter, 'kind'>, after?: string) =>
      ids(await peer.search({ kind, ...filter }, { after, limit: 10 }));
    for (const status of ['active', 'disabled', 'expired', 'revoked'] as const) {
      const expected = ids(byStatus[status]);
      demand(`search() by the status ${status}`, await listed({ status }), expected);
    }
    const [disabled] = byStatus.disabled;
    demand('enable() of a record', await peer.enable(disabled.id), true);
    demand(
      'search() goes on after a record that does not meet the filter any more',
      await listed({ status: 'disabled' }, disabled.id),
      ids(byStatus.disabled.slice(1)),
    );
    demand('search() by status after enable()', await listed({ status: 'active' }), [
      ...ids(byStatus.active),
      disabled.id,
    ]);
    await store.disable(disabled.id, now);
    demand(
      'search() after a second disable()',
      await listed({ status: 'disabled' }),
      ids(byStatus.disabled),
    );
  },

  async 'lists records that expire before a time'({ store, peer }) {
    const now = Date.now();
    const kind = unique('kind');
    const [soon, later, never, past] = [
      newRecord({ kind, issuedAt: 1, expiresAt: now + 60_000 }),
      newRecord({ kind, issuedAt: 2, expiresAt: now + 120_000 }),
      newRecord({ kind, issuedAt: 3 }),
      newRecord({ kind, issuedAt: 4, expiresAt: now - 60_000 }),
    ];
    for (const record of [later, past, never, soon]) {
      await store.insert(record);
    }
    const before = async (expiresBefore: number, filter: Partial<CredentialFilter> = {}) =>
      ids(await peer.search({ kind, expiresBefore, ...filter }, { limit: 10 }));
    demand('search() by expiry excludes the time itself', await before(now + 60_000), [past.id]);
    demand('search() by expiry', await before(now + 60_001), [soon.id, past.id]);
    demand('search() by expiry and status', await before(now + 200_000, { status: 'active' }), [
      soon.id,
      later.id,
    ]);
    await store.update(later.id, { expiresAt: now + 10_000 });
    await store.update(soon.id, { expiresAt: null });
    await store.expireAt(never.id, now + 20_000);
    demand('search() by an expiry that was changed', await before(now + 60_000), [
      later.id,
      never.id,
      past.id,
    ]);
  },

  async 'finds a part of the name without regard to case'({ store, peer }) {
    const kind = unique('kind');
    const names = ['Build server', 'BUILD', 'Über büro', 'Сервер', '100%_[a]*?', "it's", 'a\\b|c'];
    const records = [...names, null].map((name, n) => newRecord({ kind, name, issuedAt: n }));
    for (const record of records) {
      await store.insert(record);
    }
    const find = async (name: string) =>
      (await peer.search({ kind, name }, { limit: 20 })).map((record) => record.name);
    const parts: Record<string, readonly string[]> = {
      build: ['Build server', 'BUILD'],
      'D S': ['Build server'],
      ÜBER: ['Über büro'],
      BÜR: ['Über büro'],
      серв: ['Сервер'],
      '%_[A]*?': ['100%_[a]*?'],
      "T'S": ["it's"],
      '\\B|': ['a\\b|c'],
      '%': ['100%_[a]*?'],
      _: ['100%_[a]*?'],
      '.': [],
      '*': ['100%_[a]*?'],
      '[a-z]': [],
    };
    for (const [part, expected] of Object.entries(parts)) {
      demand(`search() by the name ${JSON.stringify(part)}`, await find(part), expected);
    }
    await findsEveryForm(store, peer);
    for (const text of ODD_TEXTS) {
      await store.insert(newRecord({ kind: `${kind}-odd`, name: `<${text}>` }));
    }
    for (const text of ODD_TEXTS) {
      const found = await peer.search({ kind: `${kind}-odd`, name: `<${text}>` }, { limit: 100 });
      const isFound = found.some(({ name }) => name === `<${text}>`);
      demand(`search() by the name ${JSON.stringify(text)}`, isFound, true);
    }
  },

  async 'combines an owner with other conditions'({ store, peer }) {
    const now = Date.now();
    const [kind, subject] = [unique('kind'), unique('acct')];
    const [active, disabled] = [
      newRecord({ kind, subject, issuedAt: 1 }),
      newRecord({ kind, subject, issuedAt: 2, disabledAt: now }),
    ];
    for (const record of [active, disabled, newRecord({ kind, disabledAt: now })]) {
      await store.insert(record);
    }
    const owner = { kind, by: 'subject', id: subject } as const;
    demand(
      'search() by owner and status',
      ids(await peer.search({ kind, owner, status: 'disabled' }, { limit: 10 })),
      [disabled.id],
    );
  },
};

/**
 * Letters with more than two forms, and letters whose other case is longer. ASCII letters are equal
 * to ASCII letters only.
 */
async function findsEveryForm(store: CredentialStore, peer: CredentialStore): Promise<void> {
  const kind = unique('kind');
  const names = [
    'ΟΔΟΣΑ',
    'οδος',
    'Straße',
    'STRASSE',
    'İzmir',
    'izmir',
    '\u212a 1',
    'k 1',
    'ǅ',
    'ῼ',
  ];
  for (const [issuedAt, name] of names.entries()) {
    await store.insert(newRecord({ kind, name, issuedAt }));
  }
  const parts: Record<string, readonly string[]> = {
    ΟΔΟΣ: ['ΟΔΟΣΑ', 'οδος'],
    οδοσ: ['ΟΔΟΣΑ', 'οδος'],
    STRAẞE: ['Straße'],
    strasse: ['STRASSE'],
    IZMIR: ['izmir'],
    İZMIR: ['İzmir'],
    'K 1': ['k 1'],
    '\u212a': ['\u212a 1'],
    ǆ: ['ǅ'],
    ῳ: ['ῼ'],
  };
  for (const [name, expected] of Object.entries(parts)) {
    const found = (await peer.search({ kind, name }, { limit: 20 })).map((record) => record.name);
    demand(`search() by the name ${JSON.stringify(name)}`, found, expected);
  }
}
