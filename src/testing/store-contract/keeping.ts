import { toDigest, toRecordId } from '../../credential/digest';
import type { CredentialStore, StoredRecord } from '../../stores/store';
import { atOnce, type Cases, demand, type OpenedStore } from './contract';
import { newRecord, ODD_TEXTS } from './samples';

const LATEST = Number.MAX_SAFE_INTEGER;

/** insert(), find() and findById(): a record is added once, and returned as it was. */
export const keeping: Cases<OpenedStore<CredentialStore>> = {
  async 'adds a record once, however many try at the same time, and never over one that is known'(
    opened,
  ) {
    const { store, peer } = opened;
    const record = newRecord({ name: 'first' });
    const added = await atOnce(opened, 50, (machine) => machine.insert(record));
    demand('insert() of one record 50 times at once is true once', added.filter(Boolean).length, 1);

    const sameId = { ...record, digest: otherEnd(record.digest) };
    for (const known of [record, { ...record, name: 'second', scopes: [] }, sameId]) {
      demand('insert() of a known record is false', await peer.insert(known), false);
    }
    demand('insert() of a known record changes nothing', await store.find(record.digest), record);

    await store.revoke(record.id, Date.now());
    demand('insert() of a record that was revoked is false', await peer.insert(record), false);
    demand(
      'insert() leaves a revoked record revoked',
      (await store.find(record.digest))?.revokedAt !== null,
      true,
    );
  },

  async 'finds a record by its digest or id, and by nothing that is almost one'({ store, peer }) {
    const record = newRecord();
    const { digest, id } = record;
    demand('insert() of a new record is true', await store.insert(record), true);
    for (const machine of [store, peer]) {
      demand('find() gives the record of a digest', await machine.find(digest), record);
      demand('findById() gives the record of an id', await machine.findById(id), record);
    }
    const others = [
      toDigest('another secret'),
      otherEnd(digest),
      Buffer.from(digest, 'base64url').toString('hex'),
    ];
    for (const text of [...others, ...almost(digest), id, record.subject]) {
      demand(
        `find() is undefined for ${JSON.stringify(text)}, which is not a digest it has`,
        await store.find(text),
        undefined,
      );
    }
    for (const text of [
      toRecordId(toDigest('another secret')),
      ...almost(id),
      digest,
      record.subject,
    ]) {
      demand(
        `findById() is undefined for ${JSON.stringify(text)}, which is not an id it has`,
        await store.findById(text),
        undefined,
      );
    }
  },

  async 'gives every member back as it was given'({ store, peer }) {
    const now = Date.now();
    const metadata = JSON.parse(
      '{"__proto__":{"admin":true},"constructor":"x","":0,"list":[1,[],{},null,0.1,-5e-7,"1"],"yes":true,"no":false,"none":null,"text":"ü😀\\n\\"\\\\"}',
    ) as StoredRecord['metadata'];
    const members: readonly Partial<StoredRecord>[] = [
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
      { metadata },
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
    for (const record of members.map(newRecord)) {
      demand('insert() of a new record is true', await store.insert(record), true);
      demand(
        'find() gives every member as it was inserted',
        await peer.find(record.digest),
        record,
      );
    }
    const [listed] = await store.list(
      { kind: 'session_token', by: 'grant', id: 'grant' },
      { limit: 1 },
    );
    demand(
      'list() gives records of the same members as find()',
      listed && (await store.find(listed.digest)),
      listed,
    );
  },

  async 'keeps 10,000 scopes and 100 KB of metadata'({ store, peer }) {
    const scopes = Array.from({ length: 10_000 }, (_, n) => `scope:${n}`);
    const metadata = {
      text: 'ü'.repeat(50_000),
      list: Array.from({ length: 1_000 }, (_, n) => ({ n })),
    };
    const record = newRecord({ scopes, metadata });
    demand('insert() takes a large record', await store.insert(record), true);
    demand(
      'find() gives a large record as it was inserted',
      await peer.find(record.digest),
      record,
    );
    const changed = { ...record, scopes: scopes.slice(1), metadata: { ...metadata, more: true } };
    demand(
      'update() takes large values',
      await store.update(record.id, { scopes: changed.scopes, metadata: changed.metadata }),
      changed,
    );
    demand(
      'find() gives large values as they were changed',
      await peer.find(record.digest),
      changed,
    );
  },

  async 'knows nothing by a text that is not an id, whatever the text means elsewhere'({ store }) {
    const record = newRecord();
    await store.insert(record);
    for (const text of ['', ...ODD_TEXTS, 'x'.repeat(10_000)]) {
      const owner = { kind: record.kind, by: 'subject', id: record.subject } as const;
      const answers = {
        find: await store.find(text),
        findById: await store.findById(text),
        update: await store.update(text, { name: 'changed' }),
        end: await store.expireAt(text, Date.now()),
        revoke: await store.revoke(text, Date.now()),
        recordUsage: await store.recordUsage([{ id: text, count: 1, lastUsedAt: Date.now() }]),
        list: await store.list(owner, { after: text, limit: 10 }),
      };
      demand(`No method knows a record by ${JSON.stringify(text.slice(0, 40))}`, answers, {
        find: undefined,
        findById: undefined,
        update: undefined,
        end: false,
        revoke: false,
        recordUsage: undefined,
        list: [],
      });
    }
    demand('A record is untouched by calls about others', await store.find(record.digest), record);
  },

  async 'hands out records that do not change in the hands of the caller'({ store }) {
    const record = newRecord({
      clientId: 'app',
      metadata: { plan: { limits: [1] } },
      confirmation: { jkt: 'x' },
    });
    const { kind, digest, id, subject } = record;
    const given = structuredClone(record);
    await store.insert(given);
    scribbleOn(given);
    demand(
      'A record that was inserted is not the object that the caller has',
      await store.find(digest),
      record,
    );

    const handedOut = [
      await store.find(digest),
      await store.findById(id),
      ...(await store.list({ kind, by: 'subject', id: subject }, { limit: 1 })),
    ];
    const changes = { name: 'new', scopes: ['a'], metadata: { plan: { limits: [2] } } };
    const givenChanges = structuredClone(changes);
    const updated = await store.update(id, givenChanges);
    demand('find() gives a record as it was changed', await store.find(digest), {
      ...record,
      ...changes,
    });
    for (const before of handedOut) {
      demand('A record that was handed out shows no later change', before, record);
    }

    scribbleOn(givenChanges);
    [...handedOut, updated].forEach(scribbleOn);
    demand('A store does not keep what it handed out or was handed', await store.find(digest), {
      ...record,
      ...changes,
    });
  },
};

/** Another digest with the same ID. */
const otherEnd = (digest: string): string =>
  digest.slice(0, -1) + (digest.endsWith('A') ? 'E' : 'A');

function almost(text: string): readonly string[] {
  const swapped = text.replace(/[a-z]/gi, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  );
  const variants = [
    text.toLowerCase(),
    text.toUpperCase(),
    swapped,
    text.slice(0, -1),
    text.slice(1),
  ];
  const padded = [
    ` ${text}`,
    `${text} `,
    `${text}\n`,
    `${text}=`,
    `${text}A`,
    `${text}%`,
    `${text}*`,
  ];
  const patterns = [
    '',
    '%',
    '*',
    `${text.slice(0, -1)}_`,
    `${text.slice(0, -1)}?`,
    `${text.slice(0, -1)}*`,
  ];
  return [...variants, ...padded, ...patterns].filter((variant) => variant !== text);
}

/** Changes everything in an object that is not frozen, as a careless caller might. */
function scribbleOn(value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    return;
  }
  Object.values(value).forEach(scribbleOn);
  for (const key of Object.keys(value)) {
    Reflect.set(value, key, 'scribbled');
  }
  if (Array.isArray(value) && Object.isExtensible(value)) {
    value.push('scribbled');
  }
}
