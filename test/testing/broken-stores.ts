import {
  type CredentialStore,
  memoryStore,
  type Owner,
  type StateStore,
  type StoredRecord,
} from 'latchkey';

import { RETENTION_MS } from '../../src/stores/store';
import type { DailyUsage } from '../../src/stores/usage-days';

type Store = CredentialStore & StateStore;

/** A sound store, and what a fault needs to know of it. */
interface Sound {
  readonly store: Store;
  /** Everything that was ever inserted, by id. */
  readonly inserted: Map<string, StoredRecord>;
  /** Members that a fault has written past the store, by id. */
  readonly written: Map<string, Partial<StoredRecord>>;
}

/**
 * One mistake that somebody might make in a store, and the cases of the contract that have to
 * notice it, and no other.
 */
export interface Fault {
  readonly mistake: string;
  readonly plant: (sound: Sound) => Partial<Store>;
  readonly noticedBy: readonly string[];
}

/** A store with a fault, over the memory of a sound one. */
export function brokenStore(plant: Fault['plant'], memory: Store = memoryStore()): Store {
  const inserted = new Map<string, StoredRecord>();
  const written = new Map<string, Partial<StoredRecord>>();
  const seen = <R extends StoredRecord | undefined>(record: R): R =>
    record && { ...record, ...written.get(record.id) };
  const store: Store = {
    ...memory,
    insert: (record) => {
      inserted.set(record.id, record);
      return memory.insert(record);
    },
    find: async (digest) => seen(await memory.find(digest)),
    findById: async (id) => seen(await memory.findById(id)),
    list: async (owner, page) => (await memory.list(owner, page)).map(seen),
  };
  return { ...store, ...plant({ store, inserted, written }) };
}

const INSERTS_ONCE =
  'inserts a record once under concurrent calls, and never replaces a known record';
const INSERTS_MANY = 'inserts many records like insert(), if it has insertMany()';
const INSERTS_MANY_ONCE =
  'inserts each of many records once under concurrent calls, if it has insertMany()';
const FINDS = 'finds a record by its exact digest or ID only';
const MEMBERS = 'returns every member as it was inserted';
const LARGE = 'stores 10,000 scopes and 100 KB of metadata';
const ODD = 'finds no record by a text that is not an ID, even if a database could interpret it';
const COPIES = 'copies records, so that callers cannot change what is stored';
const ORDER = 'lists records by issuedAt, then by ID';
const LISTS = 'lists the records of one owner and one kind, valid or not';
const OWNERS = 'distinguishes owners by every character';
const PAGES = 'returns each of 250 records once in pages, while others are added and revoked';
const UPDATES = 'updates the given members of a record, and no others';
const EXPIRES = 'brings the expiry of a record forward, and never defers it';
const LOSES_NONE = 'loses no change under concurrent calls';
const STAYS_REVOKED = 'keeps a record revoked under concurrent changes';
const REVOKES_ONCE = 'revokes a record once under concurrent calls';
const COUNTS_ONCE = 'counts each revoked record once, in revoke() or in revokeAll()';
const REVOKES_ALL = 'revokes all records of an owner, and no others';
const ADDS_UP = 'adds up usage that is recorded concurrently';
const IGNORES_UNKNOWN = 'ignores usage of unknown records, in a batch of any size';
const DISABLES_ONCE = 'disables and enables a record once under concurrent calls';
const STAYS_DISABLED = 'keeps a disabled record disabled through other changes';
const DISABLES_EXPIRED = 'disables and enables an expired record, and no revoked or unknown one';
const LISTS_KIND = 'lists all records of a kind, a page at a time, while others are added';
const BY_STATUS = 'lists records by status';
const BY_EXPIRY = 'lists records that expire before a time';
const BY_NAME = 'finds a part of the name without regard to case';
const COMBINES = 'combines an owner with other conditions';
const ADDS_DAYS = 'adds up the uses of each UTC day, from any number of instances';
const KEEPS_DAYS = 'keeps the usage of 90 days';
const FORGETS_DAYS = 'deletes the usage of a pruned record';
const RETAINS = 'keeps records that expired or were revoked less than RETENTION_MS ago';
const RETENTION = 'treats records that ended more than RETENTION_MS ago as absent';
const FORGETS = 'treats a record as absent RETENTION_MS after its end, unless the end was deferred';
const PRUNES = 'prunes the records of one kind that ended before a time';
const NOTIFIES = 'notifies of revocations, earlier expiries and changes';
const PUBLISHES = 'notifies of a published event, unchanged';
const NOTIFIES_ONCE = 'notifies a listener once for each subscription, until the subscription ends';
const THROWS = 'notifies other listeners after one throws';
const USAGE_IS_SILENT = 'does not notify of usage, which would invalidate caches';
export const NOTIFIES_PEERS =
  'notifies of revocations, earlier expiries and changes by another instance';
export const PUBLISHES_TO_PEERS = 'notifies of an event that another instance published, unchanged';
export const NOTIFICATIONS: readonly string[] = [
  NOTIFIES,
  PUBLISHES,
  NOTIFIES_ONCE,
  THROWS,
  USAGE_IS_SILENT,
  NOTIFIES_PEERS,
  PUBLISHES_TO_PEERS,
];

const ownerOf = (record: StoredRecord, by: Owner['by']) =>
  ({ subject: record.subject, client: record.clientId, grant: record.grantId })[by];
const endOf = ({ expiresAt, revokedAt }: StoredRecord) =>
  Math.min(expiresAt ?? Infinity, revokedAt ?? Infinity);

export const CREDENTIAL_FAULTS: readonly Fault[] = [
  {
    mistake: 'insert() overwrites',
    plant: ({ store, written }) => ({
      async insert(record) {
        if (await store.insert(record)) {
          return true;
        }
        written.set(record.id, record);
        return true;
      },
    }),
    noticedBy: [INSERTS_ONCE, STAYS_REVOKED, RETAINS],
  },
  {
    mistake: 'insert() reads, then writes',
    plant: ({ store }) => ({
      async insert(record) {
        if (await store.findById(record.id)) {
          return false;
        }
        await store.insert(record);
        return true;
      },
    }),
    noticedBy: [INSERTS_ONCE],
  },
  {
    mistake: 'insertMany() reports known records as added',
    plant: ({ store }) => ({
      async insertMany(records) {
        for (const record of records) {
          await store.insert(record);
        }
        return records.map(() => true);
      },
    }),
    noticedBy: [INSERTS_MANY, INSERTS_MANY_ONCE],
  },
  {
    mistake: 'insertMany() stops at the first known record',
    plant: ({ store }) => ({
      async insertMany(records) {
        const results: boolean[] = [];
        for (const record of records) {
          results.push(await store.insert(record));
          if (results.at(-1) === false) {
            break;
          }
        }
        return results;
      },
    }),
    noticedBy: [INSERTS_MANY],
  },
  {
    mistake: 'insertMany() reads, then writes',
    plant: ({ store }) => ({
      async insertMany(records) {
        const known = await Promise.all(records.map(({ id }) => store.findById(id)));
        for (const record of records) {
          await store.insert(record);
        }
        return known.map((record) => record === undefined);
      },
    }),
    noticedBy: [INSERTS_MANY_ONCE],
  },
  {
    mistake: 'find() compares without case',
    plant: ({ store, inserted }) => ({
      find: (digest) => {
        const known = [...inserted.values()].find(
          (record) => record.digest.toLowerCase() === digest.toLowerCase(),
        );
        return store.find(known?.digest ?? digest);
      },
    }),
    noticedBy: [FINDS],
  },
  {
    mistake: 'find() ignores trailing spaces',
    plant: ({ store }) => ({ find: (digest) => store.find(digest.trimEnd()) }),
    noticedBy: [FINDS],
  },
  {
    mistake: 'find() compares only the ID of a digest',
    plant: ({ store }) => ({ find: (digest) => store.findById(digest.slice(0, 22)) }),
    noticedBy: [FINDS],
  },
  {
    mistake: 'an empty name is stored as null',
    plant: ({ store }) => ({
      insert: (record) => store.insert({ ...record, name: record.name || null }),
    }),
    noticedBy: [MEMBERS],
  },
  {
    mistake: 'scopes are joined by commas',
    plant: ({ store }) => ({
      insert: (record) => store.insert({ ...record, scopes: record.scopes.join(',').split(',') }),
    }),
    noticedBy: [MEMBERS],
  },
  {
    mistake: 'metadata is copied key by key',
    plant: ({ store }) => ({
      insert(record) {
        const metadata: Record<string, unknown> = {};
        for (const [key, value] of Object.entries(record.metadata)) {
          metadata[key] = value;
        }
        return store.insert({ ...record, metadata });
      },
    }),
    noticedBy: [MEMBERS],
  },
  {
    mistake: 'counts are kept in 32 bits',
    plant: ({ store }) => ({
      insert: (record) => store.insert({ ...record, useCount: record.useCount | 0 }),
    }),
    noticedBy: [MEMBERS, ADDS_UP],
  },
  {
    mistake: 'a column holds 64 KB',
    plant: ({ store }) => ({
      async insert(record) {
        if (JSON.stringify(record.scopes).length > 65_535) {
          throw new Error('Data too long for column');
        }
        return store.insert(record);
      },
    }),
    noticedBy: [LARGE],
  },
  {
    mistake: 'list() after an unknown ID starts at the beginning',
    plant: ({ store }) => ({
      list: async (owner, { after, limit }) =>
        store.list(owner, {
          limit,
          ...(after !== undefined && (await store.findById(after)) && { after }),
        }),
    }),
    noticedBy: [ODD],
  },
  {
    mistake: 'find() returns its own object',
    plant: ({ store }) => {
      const own = new Map<string, StoredRecord>();
      return {
        async find(digest) {
          const record = await store.find(digest);
          if (!record) {
            return undefined;
          }
          own.set(digest, Object.assign(own.get(digest) ?? {}, record));
          return own.get(digest);
        },
      };
    },
    noticedBy: [COPIES],
  },
  {
    mistake: 'list() returns records of one time in random order',
    plant: ({ store }) => ({
      async list(owner, { after, limit }) {
        const all = [...(await store.list(owner, { limit: Infinity }))]
          .reverse()
          .sort((a, b) => a.issuedAt - b.issuedAt);
        const start = all.findIndex(({ id }) => id === after) + 1;
        return after !== undefined && start === 0 ? [] : all.slice(start, start + limit);
      },
    }),
    noticedBy: [ORDER, PAGES],
  },
  {
    mistake: 'list() sorts times as text',
    plant: ({ store }) => ({
      async list(owner, { after, limit }) {
        const all = [...(await store.list(owner, { limit: Infinity }))].sort((a, b) =>
          `${a.issuedAt}` < `${b.issuedAt}` ? -1 : 1,
        );
        const start = all.findIndex(({ id }) => id === after) + 1;
        return after !== undefined && start === 0 ? [] : all.slice(start, start + limit);
      },
    }),
    noticedBy: [ORDER],
  },
  {
    mistake: 'list() returns all kinds',
    plant: ({ store, inserted }) => ({
      async list(owner, page) {
        const kinds = new Set([...inserted.values()].map(({ kind }) => kind));
        const lists = await Promise.all(
          [...kinds].map((kind) => store.list({ ...owner, kind }, page)),
        );
        return lists.flat();
      },
    }),
    noticedBy: [LISTS],
  },
  {
    mistake: 'list() leaves out expired records',
    plant: ({ store }) => ({
      list: async (owner, page) =>
        (await store.list(owner, page)).filter(
          ({ expiresAt }) => expiresAt === null || expiresAt > Date.now(),
        ),
    }),
    noticedBy: [LISTS, RETAINS],
  },
  {
    mistake: 'owners are compared without case',
    plant: ({ store, inserted }) => ({
      async list(owner, page) {
        const names = [...inserted.values()].map((record) => ownerOf(record, owner.by) ?? '');
        const same = new Set(names.filter((name) => name.toLowerCase() === owner.id.toLowerCase()));
        return (
          await Promise.all([...same].map((id) => store.list({ ...owner, id }, page)))
        ).flat();
      },
    }),
    noticedBy: [OWNERS],
  },
  {
    mistake: 'list() pages by offset',
    plant: ({ store }) => {
      const offsets = new Map<string | undefined, number>([[undefined, 0]]);
      return {
        async list(owner, { after, limit }) {
          const start = offsets.get(after) ?? Infinity;
          const page = (await store.list(owner, { limit: Infinity })).slice(start, start + limit);
          if (page.length > 0) {
            offsets.set(page.at(-1)?.id, start + page.length);
          }
          return page;
        },
      };
    },
    noticedBy: [PAGES],
  },
  {
    mistake: 'update() of nothing is an error',
    plant: ({ store }) => ({
      async update(id, changes) {
        if (Object.keys(changes).length === 0) {
          throw new Error('syntax error at or near "where"');
        }
        return store.update(id, changes);
      },
    }),
    noticedBy: [UPDATES],
  },
  {
    mistake: 'expireAt() also defers the expiry',
    plant: ({ store }) => ({
      expireAt: async (id, at) => (await store.update(id, { expiresAt: at })) !== undefined,
    }),
    noticedBy: [EXPIRES],
  },
  {
    mistake: 'revoke() reads, then writes',
    plant: ({ store }) => ({
      async revoke(id, at) {
        const record = await store.findById(id);
        if (record?.revokedAt !== null) {
          return false;
        }
        await store.revoke(id, at);
        return true;
      },
    }),
    noticedBy: [REVOKES_ONCE],
  },
  {
    mistake: 'revokeAll() revokes every kind',
    plant: ({ store, inserted }) => ({
      async revokeAll(owner, at) {
        const kinds = new Set([...inserted.values()].map(({ kind }) => kind));
        const counts = await Promise.all(
          [...kinds].map((kind) => store.revokeAll({ ...owner, kind }, at)),
        );
        return counts.reduce((sum, count) => sum + count, 0);
      },
    }),
    noticedBy: [REVOKES_ALL],
  },
  {
    mistake: 'revokeAll() counts records that were revoked before',
    plant: ({ store }) => ({
      async revokeAll(owner, at) {
        const { length } = await store.list(owner, { limit: Infinity });
        await store.revokeAll(owner, at);
        return length;
      },
    }),
    noticedBy: [COUNTS_ONCE, REVOKES_ALL],
  },
  {
    mistake: 'update() writes back the members that it read',
    plant: ({ store }) => ({
      async update(id, changes) {
        const record = await store.findById(id);
        if (!record) {
          return undefined;
        }
        const { name, scopes, metadata, expiresAt } = record;
        return store.update(id, { name, scopes, metadata, expiresAt, ...changes });
      },
    }),
    noticedBy: [LOSES_NONE],
  },
  {
    mistake: 'update() checks for a revocation, then writes the record as valid',
    plant: ({ store, written }) => ({
      async update(id, changes) {
        const record = await store.findById(id);
        if (record?.revokedAt !== null) {
          return undefined;
        }
        await Promise.resolve();
        const updated = await store.update(id, changes);
        written.set(id, { revokedAt: null });
        return updated;
      },
    }),
    noticedBy: [STAYS_REVOKED, STAYS_DISABLED],
  },
  {
    mistake: 'recordUsage() reads a count and writes it back',
    plant: ({ store, written }) => ({
      async recordUsage(uses) {
        for (const { id, count, lastUsedAt } of uses) {
          const record = await store.findById(id);
          if (!record) {
            continue;
          }
          await Promise.resolve();
          written.set(id, {
            useCount: record.useCount + count,
            lastUsedAt: Math.max(record.lastUsedAt ?? 0, lastUsedAt),
          });
        }
      },
    }),
    noticedBy: [ADDS_UP, ADDS_DAYS, KEEPS_DAYS, FORGETS_DAYS],
  },
  {
    mistake: 'recordUsage() adds one of several uses of a record',
    plant: ({ store }) => ({
      recordUsage: (uses) =>
        store.recordUsage([...new Map(uses.map((use) => [use.id, use])).values()]),
    }),
    noticedBy: [IGNORES_UNKNOWN, ADDS_DAYS, KEEPS_DAYS],
  },
  {
    mistake: 'recordUsage() ignores revoked records',
    plant: ({ store }) => ({
      async recordUsage(uses) {
        const live = await Promise.all(
          uses.map(async ({ id }) => (await store.findById(id))?.revokedAt === null),
        );
        return store.recordUsage(uses.filter((_, index) => live[index]));
      },
    }),
    noticedBy: [IGNORES_UNKNOWN],
  },
  {
    mistake: 'disable() is true for every call',
    plant: ({ store }) => ({
      async disable(id, at) {
        await store.disable(id, at);
        return true;
      },
    }),
    noticedBy: [DISABLES_ONCE, DISABLES_EXPIRED],
  },
  {
    mistake: 'enable() is true for a revoked record',
    plant: ({ store }) => ({
      enable: async (id) =>
        (await store.enable(id)) || ((await store.findById(id))?.revokedAt ?? null) !== null,
    }),
    noticedBy: [DISABLES_EXPIRED],
  },
  {
    mistake: 'update() enables a disabled record',
    plant: ({ store }) => ({
      async update(id, changes) {
        await store.enable(id);
        return store.update(id, changes);
      },
    }),
    noticedBy: [STAYS_DISABLED],
  },
  {
    mistake: 'search() begins again after an unknown ID',
    plant: ({ store }) => ({
      search: async (filter, { after, limit }) =>
        store.search(filter, {
          after: after !== undefined && (await store.findById(after)) ? after : undefined,
          limit,
        }),
    }),
    noticedBy: [LISTS_KIND],
  },
  {
    mistake: 'search() ignores the status',
    plant: ({ store }) => ({
      search: ({ status: _, ...filter }, page) => store.search(filter, page),
    }),
    noticedBy: [BY_STATUS, BY_EXPIRY, COMBINES],
  },
  {
    mistake: 'search() includes records that expire at the time itself',
    plant: ({ store }) => ({
      search: ({ expiresBefore, ...filter }, page) =>
        store.search(
          { ...filter, expiresBefore: expiresBefore === undefined ? undefined : expiresBefore + 1 },
          page,
        ),
    }),
    noticedBy: [BY_EXPIRY],
  },
  {
    mistake: 'search() compares the case of names',
    plant: ({ store }) => ({
      search: async (filter, page) =>
        (await store.search(filter, page)).filter(
          ({ name }) => filter.name === undefined || name?.includes(filter.name),
        ),
    }),
    noticedBy: [BY_NAME],
  },
  {
    mistake: 'search() ignores the owner',
    plant: ({ store }) => ({
      search: ({ owner: _, ...filter }, page) => store.search(filter, page),
    }),
    noticedBy: [COMBINES],
  },
  {
    mistake: 'usage() counts the days of all records together',
    plant: ({ store, inserted }) => ({
      async usage(_id, range) {
        const days = await Promise.all([...inserted.keys()].map((id) => store.usage(id, range)));
        return days.flat();
      },
    }),
    noticedBy: [ADDS_DAYS, FORGETS_DAYS],
  },
  {
    mistake: 'usage() never forgets days',
    plant: ({ store }) => ({
      usage: async (id, range) => [
        { day: '2000-01-01', count: 1 },
        ...(await store.usage(id, range)),
      ],
    }),
    noticedBy: [ADDS_DAYS, KEEPS_DAYS, FORGETS_DAYS],
  },
  {
    mistake: 'prune() keeps the usage',
    plant: ({ store, inserted }) => {
      const pruned = new Map<string, readonly DailyUsage[]>();
      return {
        async prune(kind, before) {
          for (const { id } of inserted.values()) {
            pruned.set(id, await store.usage(id, { from: '1970-01-01', to: '9999-12-31' }));
          }
          return store.prune(kind, before);
        },
        usage: async (id, range) => pruned.get(id) ?? store.usage(id, range),
      };
    },
    noticedBy: [FORGETS_DAYS],
  },
  {
    mistake: 'find() never forgets ended records',
    plant: ({ store, inserted }) => ({
      find: async (digest) =>
        (await store.find(digest)) ??
        [...inserted.values()].find((record) => record.digest === digest),
      async prune(kind, before) {
        for (const record of inserted.values()) {
          if (record.kind === kind && endOf(record) < before) {
            inserted.delete(record.id);
          }
        }
        return store.prune(kind, before);
      },
    }),
    noticedBy: [RETENTION, FORGETS],
  },
  {
    mistake: 'the retention starts with the revocation if there is one',
    plant: ({ store, inserted }) => {
      const known = (record?: StoredRecord) =>
        record && (record.revokedAt ?? 0) + RETENTION_MS > Date.now() ? record : undefined;
      return {
        findById: async (id) => (await store.findById(id)) ?? known(inserted.get(id)),
        async prune(kind, before) {
          for (const record of inserted.values()) {
            if (record.kind === kind && endOf(record) < before) {
              inserted.delete(record.id);
            }
          }
          return store.prune(kind, before);
        },
      };
    },
    noticedBy: [RETENTION],
  },
  {
    mistake: 'insert() rejects records that were forgotten or pruned',
    plant: ({ store, inserted }) => ({
      insert: async (record) => !inserted.has(record.id) && store.insert(record),
    }),
    noticedBy: [RETENTION, PRUNES],
  },
  {
    mistake: 'recordUsage() makes a record permanent',
    plant: ({ store, inserted }) => {
      const used = new Set<string>();
      return {
        async recordUsage(uses) {
          for (const { id } of uses) {
            if (await store.findById(id)) {
              used.add(id);
            }
          }
          return store.recordUsage(uses);
        },
        findById: async (id) =>
          (await store.findById(id)) ?? (used.has(id) ? inserted.get(id) : undefined),
      };
    },
    noticedBy: [FORGETS],
  },
  {
    mistake: 'prune() deletes records that ended at the time itself',
    plant: ({ store }) => ({ prune: (kind, before) => store.prune(kind, before + 1) }),
    noticedBy: [PRUNES],
  },
  {
    mistake: 'subscribe() is silent',
    plant: () => ({ subscribe: () => () => {} }),
    noticedBy: NOTIFICATIONS,
  },
  {
    mistake: 'subscribe() does not notify of revokeAll() by grant',
    plant: ({ store }) => {
      let silent = false;
      return {
        subscribe: (listener) => store.subscribe((mark) => silent || listener(mark)),
        async revokeAll(owner, at) {
          silent = owner.by === 'grant';
          return store.revokeAll(owner, at).finally(() => (silent = false));
        },
      };
    },
    noticedBy: [NOTIFIES, NOTIFIES_PEERS],
  },
  {
    mistake: 'an event has its time in seconds',
    plant: ({ store }) => ({
      subscribe: (listener) =>
        store.subscribe((mark) => listener({ ...mark, at: Math.floor(mark.at / 1000) })),
    }),
    noticedBy: [NOTIFIES, PUBLISHES, NOTIFIES_PEERS, PUBLISHES_TO_PEERS],
  },
  {
    mistake: 'publish() is silent',
    plant: () => ({ publish: async () => {} }),
    noticedBy: [PUBLISHES, PUBLISHES_TO_PEERS],
  },
  {
    mistake: 'publish() sends every event as one about a credential',
    plant: ({ store }) => ({ publish: (mark) => store.publish({ ...mark, type: 'credential' }) }),
    noticedBy: [PUBLISHES, PUBLISHES_TO_PEERS],
  },
  {
    mistake: 'publish() drops expiresAt',
    plant: ({ store }) => ({ publish: ({ type, id, at }) => store.publish({ type, id, at }) }),
    noticedBy: [PUBLISHES, PUBLISHES_TO_PEERS],
  },
  {
    mistake: 'a subscription never ends',
    plant: ({ store }) => ({
      subscribe(listener) {
        void store.subscribe(listener);
        return () => {};
      },
    }),
    noticedBy: [NOTIFIES_ONCE],
  },
  {
    mistake: 'a function can be subscribed only once',
    plant: ({ store }) => {
      const ends = new Map<unknown, () => void | Promise<void>>();
      return {
        subscribe(listener) {
          if (!ends.has(listener)) {
            ends.set(listener, store.subscribe(listener));
          }
          return () => {
            void ends.get(listener)?.();
            ends.delete(listener);
          };
        },
      };
    },
    noticedBy: [NOTIFIES_ONCE],
  },
  {
    mistake: 'an error of a listener reaches the caller',
    plant: ({ store }) => {
      let thrown: unknown;
      return {
        subscribe: (listener) =>
          store.subscribe((mark) => {
            try {
              listener(mark);
            } catch (error) {
              thrown = error;
            }
          }),
        async revoke(id, at) {
          const revoked = await store.revoke(id, at);
          if (thrown) {
            throw thrown as Error;
          }
          return revoked;
        },
      };
    },
    noticedBy: [THROWS],
  },
  {
    mistake: 'usage is published as a change',
    plant: ({ store }) => ({
      async recordUsage(uses) {
        await store.recordUsage(uses);
        await Promise.all(uses.map(({ id }) => store.update(id, {})));
      },
    }),
    noticedBy: [USAGE_IS_SILENT],
  },
];

const STORES_ONCE = 'stores a value only if there is none, under concurrent calls';
const REPLACES = 'replaces any value';
export const RETURNS_ONCE = 'deletes and returns a value once under concurrent calls';
const EXPIRES_IN_TIME = 'expires a value at its time, neither earlier nor later';
const ANY_TIME = 'accepts any expiry, in the past or in the far future';
const DISTINGUISHES = 'distinguishes groups and keys by every character';
const ANY_VALUE = 'returns every value as it was stored, empty or large';

export const STATE_FAULTS: readonly Fault[] = [
  {
    mistake: 'setIfAbsent() reads, then writes',
    plant: ({ store }) => ({
      async setIfAbsent(group, key, value, until) {
        if ((await store.get(group, key)) !== undefined) {
          return false;
        }
        await store.set(group, key, value, until);
        return true;
      },
    }),
    noticedBy: [STORES_ONCE],
  },
  {
    mistake: 'set() does not replace a value',
    plant: ({ store }) => ({ set: async (...entry) => void (await store.setIfAbsent(...entry)) }),
    noticedBy: [REPLACES, EXPIRES_IN_TIME, ANY_TIME, ANY_VALUE],
  },
  {
    mistake: 'getAndDelete() reads, then deletes',
    plant: ({ store }) => ({
      async getAndDelete(group, key) {
        const value = await store.get(group, key);
        await store.getAndDelete(group, key);
        return value;
      },
    }),
    noticedBy: [RETURNS_ONCE],
  },
  {
    mistake: 'get() removes',
    plant: ({ store }) => ({ get: (group, key) => store.getAndDelete(group, key) }),
    noticedBy: [STORES_ONCE, REPLACES, EXPIRES_IN_TIME, DISTINGUISHES],
  },
  {
    mistake: 'times are rounded up to seconds',
    plant: ({ store }) => ({
      setIfAbsent: (group, key, value, until) =>
        store.setIfAbsent(group, key, value, Math.ceil(until / 1000) * 1000),
    }),
    noticedBy: [EXPIRES_IN_TIME],
  },
  {
    mistake: 'times are rounded down to seconds',
    plant: ({ store }) => ({
      setIfAbsent: (group, key, value, until) =>
        store.setIfAbsent(group, key, value, Math.floor(until / 1000) * 1000),
    }),
    noticedBy: [EXPIRES_IN_TIME],
  },
  {
    mistake: 'a time in the past is an error',
    plant: ({ store }) => ({
      async setIfAbsent(group, key, value, until) {
        if (until <= 0) {
          throw new Error("ERR invalid expire time in 'set' command");
        }
        return store.setIfAbsent(group, key, value, until);
      },
    }),
    noticedBy: [ANY_TIME],
  },
  {
    mistake: 'group and key are joined by a colon',
    plant: ({ store }) => ({
      setIfAbsent: (group, key, value, until) =>
        store.setIfAbsent('', `${group}:${key}`, value, until),
      set: (group, key, value, until) => store.set('', `${group}:${key}`, value, until),
      get: (group, key) => store.get('', `${group}:${key}`),
      getAndDelete: (group, key) => store.getAndDelete('', `${group}:${key}`),
    }),
    noticedBy: [DISTINGUISHES],
  },
  {
    mistake: 'keys are compared without case',
    plant: ({ store }) => ({
      setIfAbsent: (group, key, value, until) =>
        store.setIfAbsent(group, key.toLowerCase(), value, until),
      set: (group, key, value, until) => store.set(group, key.toLowerCase(), value, until),
      get: (group, key) => store.get(group, key.toLowerCase()),
      getAndDelete: (group, key) => store.getAndDelete(group, key.toLowerCase()),
    }),
    noticedBy: [DISTINGUISHES],
  },
  {
    mistake: 'an empty value is treated as absent',
    plant: ({ store }) => ({
      get: async (group, key) => (await store.get(group, key)) || undefined,
    }),
    noticedBy: [ANY_VALUE],
  },
];
