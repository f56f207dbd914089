// A store for a document database. `test/examples/document-store.test.ts` runs the contract of
// `latchkey/testing` on it.
import type {
  CredentialFilter,
  CredentialStatus,
  CredentialStore,
  Owner,
  Page,
  StateStore,
  StoredRecord,
} from 'latchkey';

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
  const search = async (filter: CredentialFilter, { after, limit }: Page) => {
    const inScope = await credentials.find(
      (document) => isKnown(document) && isInScope(document, filter),
    );
    const records = inScope.map(toRecord).sort(byAge);
    const start = after === undefined ? 0 : records.findIndex(({ id }) => id === after) + 1;
    return after !== undefined && start === 0
      ? []
      : records
          .slice(start)
          .filter((record) => meets(record, filter))
          .slice(0, limit);
  };

  return {
    async find(digest) {
      const record = await findById(digest.slice(0, ID_LENGTH));
      return record?.digest === digest ? record : undefined;
    },
    findById,
    insert: (record) =>
      credentials.upsert({ _id: record.id, ...record }, (existing) => !isKnown(existing)),
    list: (owner, page) => search({ kind: owner.kind, owner }, page),
    search,
    update: (id, changes) => change(id, () => true, changes),
    expireAt: async (id, at) =>
      (await change(id, ({ expiresAt }) => (expiresAt ?? Infinity) >= at, { expiresAt: at })) !==
      undefined,
    disable: async (id, at) =>
      (await change(id, ({ disabledAt }) => disabledAt === null, { disabledAt: at }, at)) !==
      undefined,
    enable: async (id) =>
      (await change(id, ({ disabledAt }) => disabledAt !== null, { disabledAt: null })) !==
      undefined,
    revoke,
    async revokeAll(owner, at, onRevoked) {
      const live = await credentials.find(
        (document) => isLive(document) && belongsTo(document, owner),
      );
      let count = 0;
      for (const record of live) {
        if (await revoke(record.id, at)) {
          onRevoked?.(record);
          count++;
        }
      }
      return count;
    },
    async recordUsage(uses) {
      for (const { id, count, lastUsedAt } of uses) {
        await credentials.findOneAndUpdate(id, isKnown, (record) => ({
          useCount: record.useCount + count,
          lastUsedAt: Math.max(record.lastUsedAt ?? 0, lastUsedAt),
          days: addToDay(record, lastUsedAt, count),
        }));
      }
    },
    async usage(id, { from, to }) {
      const { days = {} } = (await credentials.findOne(id)) ?? {};
      return Object.entries(days)
        .filter(([day]) => day >= firstDay() && day >= from && day <= to)
        .map(([day, count]) => ({ day, count }))
        .sort((a, b) => (a.day < b.day ? -1 : 1));
    },
    async prune(kind, before, onPruned) {
      const old = await credentials.find(
        (document) => document.kind === kind && endOf(document) < before,
      );
      old.forEach((record) => onPruned?.(record));
      const ids = new Set(old.map(({ id }) => id));
      return credentials.deleteMany(({ id }) => ids.has(id));
    },
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

const belongsTo = (record: StoredRecord, { kind, by, id }: Owner): boolean =>
  record.kind === kind && record[OWNED_BY[by]] === id;

const isInScope = (record: StoredRecord, { kind, owner }: CredentialFilter): boolean =>
  record.kind === kind && (owner === undefined || belongsTo(record, owner));

const meets = (record: StoredRecord, filter: CredentialFilter): boolean => {
  const { status, expiresBefore = Infinity, name = '' } = filter;
  return (
    (status === undefined || statusOf(record) === status) &&
    (filter.expiresBefore === undefined || (record.expiresAt ?? Infinity) < expiresBefore) &&
    (name === '' || foldCase(record.name ?? '').includes(foldCase(name)))
  );
};

const statusOf = ({ revokedAt, expiresAt, disabledAt }: StoredRecord): CredentialStatus => {
  if (revokedAt !== null) {
    return 'revoked';
  }
  if (expiresAt !== null && expiresAt <= Date.now()) {
    return 'expired';
  }
  return disabledAt === null ? 'active' : 'disabled';
};

const DAY_MS = 24 * 3_600_000;
const toDay = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** The first of the 90 days whose uses are kept. */
const firstDay = (): string => toDay(Date.now() - 89 * DAY_MS);

/** The uses by day, without days that are not kept any more. */
function addToDay({ days = {} }: CredentialDocument, usedAt: number, count: number) {
  const day = toDay(usedAt);
  const all = { ...days, [day]: (days[day] ?? 0) + count };
  return Object.fromEntries(Object.entries(all).filter(([other]) => other >= firstDay()));
}

/** When a record stopped being valid. */
const endOf = ({ expiresAt, revokedAt }: StoredRecord): number =>
  Math.min(expiresAt ?? Infinity, revokedAt ?? Infinity);

const isKnown = (record: StoredRecord): boolean => endOf(record) + RETENTION_MS > Date.now();

const isLive = (record: StoredRecord): boolean => isKnown(record) && record.revokedAt === null;

/** Oldest first; records of the same time by the bytes of their IDs. */
const byAge = (a: StoredRecord, b: StoredRecord): number =>
  a.issuedAt - b.issuedAt || (a.id < b.id ? -1 : 1);

const toRecord = ({ _id, days: _days, ...record }: CredentialDocument): StoredRecord => record;

/** One character at a time, so that all forms of sigma are equal, and ß is not SS. */
const foldCase = (text: string): string => Array.from(text, foldCharacter).join('');

function foldCharacter(character: string): string {
  const upper = character.toUpperCase();
  const folded = (upper.length === character.length ? upper : character).toLowerCase();
  // The contract keeps letters such as the Kelvin sign apart from those of ASCII.
  return folded < '\x80' && character >= '\x80' ? character : folded;
}
