// A store for a document database. `test/examples/document-store.test.ts` runs the contract of
// `latchkey/testing` on it.
import type { CredentialStore, Owner, StateStore, StoredRecord } from 'latchkey';

import type { CredentialDocument, Database } from './database';

/** How long expired and revoked records are found, so that their use is reported as such. */
const RETENTION_MS = 30 * 24 * 3_600_000;

/** The first characters of a digest are the ID of its record. */
const ID_LENGTH = 22;

export const documentStore = (database: Database): CredentialStore & StateStore => ({
  name: 'documents',
  ...credentialStore(database),
  ...stateStore(database),
});

function credentialStore({ credentials, events }: Database): CredentialStore {
  const findById = async (id: string) => {
    const document = await credentials.findOne(id);
    return document && isKnown(document) ? toRecord(document) : undefined;
  };
  const change = async (
    id: string,
    filter: (record: StoredRecord) => boolean,
    changes: Partial<StoredRecord>,
    at = Date.now(),
  ) => {
    const document = await credentials.findOneAndUpdate(
      id,
      (found) => isLive(found) && filter(found),
      () => changes,
    );
    if (document) {
      events.emit('revocation', { type: 'credential', id, at });
    }
    return document && toRecord(document);
  };
  const revoke = async (id: string, at: number) =>
    (await change(id, () => true, { revokedAt: at }, at)) !== undefined;

  return {
    async find(digest) {
      const record = await findById(digest.slice(0, ID_LENGTH));
      return record?.digest === digest ? record : undefined;
    },
    findById,
    insert: (record) =>
      credentials.upsert({ _id: record.id, ...record }, (existing) => !isKnown(existing)),
    async list(owner, { after, limit }) {
      const documents = await credentials.find(
        (document) => isKnown(document) && isOf(document, owner),
      );
      const records = documents.map(toRecord).sort(byAge);
      const start = after === undefined ? 0 : records.findIndex(({ id }) => id === after) + 1;
      return after !== undefined && start === 0 ? [] : records.slice(start, start + limit);
    },
    update: (id, changes) => change(id, () => true, changes),
    expireAt: async (id, at) =>
      (await change(id, ({ expiresAt }) => (expiresAt ?? Infinity) >= at, { expiresAt: at })) !==
      undefined,
    revoke,
    async revokeAll(owner, at) {
      const live = await credentials.find((document) => isLive(document) && isOf(document, owner));
      const revoked = await Promise.all(live.map(({ id }) => revoke(id, at)));
      return revoked.filter(Boolean).length;
    },
    async recordUsage(uses) {
      for (const { id, count, lastUsedAt } of uses) {
        await credentials.findOneAndUpdate(id, isKnown, (record) => ({
          useCount: record.useCount + count,
          lastUsedAt: Math.max(record.lastUsedAt ?? 0, lastUsedAt),
        }));
      }
    },
    prune: (kind, before) =>
      credentials.deleteMany((document) => document.kind === kind && endOf(document) < before),
    async publish(event) {
      events.emit('revocation', event);
    },
    subscribe(listener) {
      const safely: typeof listener = (event) => {
        try {
          listener(event);
        } catch (error) {
          console.error(error);
        }
      };
      events.on('revocation', safely);
      return () => void events.off('revocation', safely);
    },
  };
}

function stateStore({ state }: Database): StateStore {
  const idOf = (group: string, key: string) => JSON.stringify([group, key]);
  const valueOf = (document: { value: string; until: number } | undefined) =>
    document && document.until > Date.now() ? document.value : undefined;

  return {
    setIfAbsent: (group, key, value, until) =>
      state.upsert({ _id: idOf(group, key), value, until }, (found) => found.until <= Date.now()),
    async set(group, key, value, until) {
      await state.upsert({ _id: idOf(group, key), value, until }, () => true);
    },
    get: async (group, key) => valueOf(await state.findOne(idOf(group, key))),
    getAndDelete: async (group, key) => valueOf(await state.findOneAndDelete(idOf(group, key))),
  };
}

const OWNED_BY = { subject: 'subject', client: 'clientId', grant: 'grantId' } as const;

const isOf = (record: StoredRecord, { kind, by, id }: Owner): boolean =>
  record.kind === kind && record[OWNED_BY[by]] === id;

/** When a record stopped being valid. */
const endOf = ({ expiresAt, revokedAt }: StoredRecord): number =>
  Math.min(expiresAt ?? Infinity, revokedAt ?? Infinity);

const isKnown = (record: StoredRecord): boolean => endOf(record) + RETENTION_MS > Date.now();

const isLive = (record: StoredRecord): boolean => isKnown(record) && record.revokedAt === null;

/** Oldest first; records of the same time by the bytes of their IDs. */
const byAge = (a: StoredRecord, b: StoredRecord): number =>
  a.issuedAt - b.issuedAt || (a.id < b.id ? -1 : 1);

const toRecord = ({ _id, ...record }: CredentialDocument): StoredRecord => record;
