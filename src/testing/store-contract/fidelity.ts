import { toDigest, toRecordId } from '../../credential/digest';
import type { CredentialStore, StoredRecord } from '../../stores/store';
import { type Cases, demand, type OpenedStore } from './contract';
import { newRecord, ODD_TEXTS } from './samples';

const LATEST = Number.MAX_SAFE_INTEGER;

/** Records are returned exactly as they were stored. */
export const fidelity: Cases<OpenedStore<CredentialStore>> = {
  async 'returns every member as it was inserted'({ store, peer }) {
    for (const record of oddMembers(Date.now()).map(newRecord)) {
      demand('insert() of a new record returns true', await store.insert(record), true);
      demand(
        'find() returns every member as it was inserted',
        await peer.find(record.digest),
        record,
      );
    }
    const [listed] = await store.list(
      { kind: 'session_token', by: 'grant', id: 'grant' },
      { limit: 1 },
    );
    demand(
      'list() returns records with the same members as find()',
      listed && (await store.find(listed.digest)),
      listed,
    );
  },

  async 'stores 10,000 scopes and 100 KB of metadata'({ store, peer }) {
    const scopes = Array.from({ length: 10_000 }, (_, n) => `scope:${n}`);
    const metadata = {
      text: 'ü'.repeat(50_000),
      list: Array.from({ length: 1_000 }, (_, n) => ({ n })),
    };
    const record = newRecord({ scopes, metadata });
    demand('insert() accepts a large record', await store.insert(record), true);
    demand(
      'find() returns a large record as it was inserted',
      await peer.find(record.digest),
      record,
    );
    const changed = { ...record, scopes: scopes.slice(1), metadata: { ...metadata, more: true } };
    demand(
      'update() accepts large values',
      await store.update(record.id, { scopes: changed.scopes, metadata: changed.metadata }),
      changed,
    );
    demand(
      'find() returns large values as they were changed',
      await peer.find(record.digest),
      changed,
    );
  },

  async 'finds no record by a text that is not an ID, even if a database could interpret it'({
    store,
  }) {
    const record = newRecord();
    await store.insert(record);
    for (const text of ['', ...ODD_TEXTS, 'x'.repeat(10_000)]) {
      const owner = { kind: record.kind, by: 'subject', id: record.subject } as const;
      const results = {
        find: await store.find(text),
        findById: await store.findById(text),
        update: await store.update(text, { name: 'changed' }),
        expireAt: await store.expireAt(text, Date.now()),
        revoke: await store.revoke(text, Date.now()),
        recordUsage: await store.recordUsage([{ id: text, count: 1, lastUsedAt: Date.now() }]),
        list: await store.list(owner, { after: text, limit: 10 }),
      };
      demand(`no method finds a record by ${JSON.stringify(text.slice(0, 40))}`, results, {
        find: undefined,
        findById: undefined,
        update: undefined,
        expireAt: false,
        revoke: false,
        recordUsage: undefined,
        list: [],
      });
    }
    demand('calls with other IDs do not change a record', await store.find(record.digest), record);
  },

  async 'copies records, so that callers cannot change what is stored'({ store }) {
    const record = newRecord({
      clientId: 'app',
      metadata: { plan: { limits: [1] } },
      confirmation: { jkt: 'x' },
    });
    const { kind, digest, id, subject } = record;
    const given = structuredClone(record);
    await store.insert(given);
    overwrite(given);
    demand(
      'changing the inserted object does not change the record',
      await store.find(digest),
      record,
    );

    const returned = [
      await store.find(digest),
      await store.findById(id),
      ...(await store.list({ kind, by: 'subject', id: subject }, { limit: 1 })),
    ];
    const changes = { name: 'new', scopes: ['a'], metadata: { plan: { limits: [2] } } };
    const givenChanges = structuredClone(changes);
    const updated = await store.update(id, givenChanges);
    demand('find() returns a record as it was changed', await store.find(digest), {
      ...record,
      ...changes,
    });
    for (const before of returned) {
      demand('a record that was returned earlier does not change', before, record);
    }

    overwrite(givenChanges);
    [...returned, updated].forEach(overwrite);
    demand(
      'changing returned or passed objects does not change the record',
      await store.find(digest),
      {
        ...record,
        ...changes,
      },
    );
  },
};

const ODD_METADATA = JSON.parse(
  '{"__proto__":{"admin":true},"constructor":"x","":0,"list":[1,[],{},null,0.1,-5e-7,"1"],"yes":true,"no":false,"none":null,"text":"ü😀\\n\\"\\\\"}',
) as StoredRecord['metadata'];

/** Returns members of every kind, with values that a database may change. */
const oddMembers = (now: number): readonly Partial<StoredRecord>[] => [
  {
    name: null,
    clientId: null,
    grantId: null,
    environment: null,
    rotatedFrom: null,
    confirmation: null,
  },
  { name: '', hint: '', scopes: [], metadata: {} },
  {
    kind: 'session_token',
    clientId: 'app',
    grantId: 'grant',
    environment: 'test',
    rotatedFrom: toRecordId(toDigest('old')),
  },
  { scopes: ['b', 'a', 'b', 'a,b', 'c;d', "it's", '*', '[]', '{x}', '__proto__'] },
  { confirmation: { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', 'x5t#S256': null } },
  { metadata: ODD_METADATA },
  {
    issuedAt: now + 1,
    expiresAt: now + 86_400_001,
    revokedAt: now - 1,
    lastUsedAt: now - 999,
    useCount: 1,
  },
  { issuedAt: LATEST, expiresAt: LATEST, lastUsedAt: LATEST, useCount: LATEST },
  { issuedAt: 0, lastUsedAt: 0 },
  { issuedAt: -1, lastUsedAt: -62_135_596_800_001 },
  { useCount: 2 ** 32 + 1 },
  ...ODD_TEXTS.map((text) => ({
    name: text,
    subject: text,
    clientId: text,
    grantId: text,
    rotatedFrom: text,
    hint: text,
  })),
];

/** Changes every member of an object that is not frozen. */
function overwrite(value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    return;
  }
  Object.values(value).forEach(overwrite);
  for (const key of Object.keys(value)) {
    Reflect.set(value, key, 'overwritten');
  }
  if (Array.isArray(value) && Object.isExtensible(value)) {
    value.push('overwritten');
  }
}
