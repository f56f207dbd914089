import { toRecordId } from '../credential/digest';
import { deepFreeze } from '../credential/freeze';
import { createListeners } from './listeners';
import {
  type CredentialStore,
  isOf,
  type Owner,
  RETENTION_MS,
  type StateStore,
  type StoredRecord,
} from './store';

/**
 * How many entries are checked for expiry for each one that is added. More than one, so that
 * expired entries cannot pile up.
 */
const CHECKS_PER_WRITE = 4;

/**
 * Stores credentials and state in the memory of this process: for development, tests and programs
 * of one process. Everything is lost when the process exits. `redisStore()` and `sqlStore()` keep
 * it.
 *
 * @returns a store for credentials and for state
 * @example
 * const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
 */
export function memoryStore(): CredentialStore & StateStore {
  return { ...credentialsInMemory(), ...stateInMemory() };
}

function credentialsInMemory(): CredentialStore {
  // Frozen, so that records can be returned without a copy.
  const byId = new Map<string, StoredRecord>();
  const listeners = createListeners();

  /** The record, unless its retention is over. */
  const known = (id: string): StoredRecord | undefined => {
    const record = byId.get(id);
    return record && endOf(record) + RETENTION_MS > Date.now() ? record : undefined;
  };
  const live = (id: string): StoredRecord | undefined => {
    const record = known(id);
    return record?.revokedAt === null ? record : undefined;
  };
  const owned = (owner: Owner): StoredRecord[] =>
    [...byId.keys()].flatMap((id) => known(id) ?? []).filter((record) => isOf(record, owner));
  const keep = (record: StoredRecord): StoredRecord => {
    const kept = deepFreeze(structuredClone(record));
    byId.set(kept.id, kept);
    return kept;
  };
  const change = (record: StoredRecord, at: number): StoredRecord => {
    const kept = keep(record);
    listeners.notify({ type: 'credential', id: record.id, at });
    return kept;
  };

  return {
    name: 'memory',
    async find(digest) {
      const record = known(toRecordId(digest));
      return record?.digest === digest ? record : undefined;
    },
    async findById(id) {
      return known(id);
    },
    async insert(record) {
      if (known(record.id)) {
        return false;
      }
      keep(record);
      return true;
    },
    async list(owner, { after, limit }) {
      const all = owned(owner).sort((a, b) => a.issuedAt - b.issuedAt || (a.id < b.id ? -1 : 1));
      const start = after === undefined ? 0 : all.findIndex((record) => record.id === after) + 1;
      return after !== undefined && start === 0 ? [] : all.slice(start, start + limit);
    },
    async update(id, changes) {
      const record = live(id);
      return record && change({ ...record, ...changes }, Date.now());
    },
    async expireAt(id, at) {
      const record = live(id);
      if (!record || (record.expiresAt ?? Infinity) < at) {
        return false;
      }
      change({ ...record, expiresAt: at }, Date.now());
      return true;
    },
    async revoke(id, at) {
      const record = live(id);
      if (!record) {
        return false;
      }
      change({ ...record, revokedAt: at }, at);
      return true;
    },
    async revokeAll(owner, at) {
      const mine = owned(owner).filter((record) => record.revokedAt === null);
      for (const record of mine) {
        change({ ...record, revokedAt: at }, at);
      }
      return mine.length;
    },
    async recordUsage(uses) {
      for (const { id, count, lastUsedAt } of uses) {
        const record = known(id);
        if (!record) {
          continue;
        }
        keep({
          ...record,
          useCount: record.useCount + count,
          lastUsedAt: Math.max(record.lastUsedAt ?? 0, lastUsedAt),
        });
      }
    },
    async prune(kind, before) {
      const old = [...byId.values()].filter(
        (record) => record.kind === kind && endOf(record) < before,
      );
      for (const { id } of old) {
        byId.delete(id);
      }
      return old.length;
    },
    async publish(event) {
      listeners.notify(event);
    },
    subscribe: (listener) => listeners.add(listener),
  };
}

const endOf = ({ expiresAt, revokedAt }: StoredRecord): number =>
  Math.min(expiresAt ?? Infinity, revokedAt ?? Infinity);

function stateInMemory(): StateStore {
  const entries = new Map<string, { readonly value: string; readonly until: number }>();
  const nameOf = (group: string, key: string) => JSON.stringify([group, key]);

  const read = (name: string) => {
    const entry = entries.get(name);
    return entry && Date.now() < entry.until ? entry.value : undefined;
  };
  const write = (name: string, value: string, until: number) => {
    deleteExpired();
    entries.set(name, { value, until });
  };
  // Each write checks the next few entries, so that no timer is needed.
  let walk = entries.entries();
  const deleteExpired = () => {
    for (let step = 0; step < CHECKS_PER_WRITE; step++) {
      const { done, value } = walk.next();
      if (done) {
        walk = entries.entries();
        return;
      }
      const [name, { until }] = value;
      if (until <= Date.now()) {
        entries.delete(name);
      }
    }
  };

  return {
    async setIfAbsent(group, key, value, until) {
      const name = nameOf(group, key);
      if (read(name) !== undefined) {
        return false;
      }
      write(name, value, until);
      return true;
    },
    async set(group, key, value, until) {
      write(nameOf(group, key), value, until);
    },
    async get(group, key) {
      return read(nameOf(group, key));
    },
    async getAndDelete(group, key) {
      const name = nameOf(group, key);
      const value = read(name);
      entries.delete(name);
      return value;
    },
  };
}
