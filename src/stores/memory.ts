import type { RevocationMark } from '../credential/revocation';
import type { CredentialStore, Owner, StateStore, StoredRecord } from './store';

/**
 * Credentials and state in the memory of this process: for development, tests and programs of one process.
 * It ends with the process; `import()` and a store on a database keep keys for longer.
 */
export function memoryStore(): CredentialStore & StateStore {
  return { ...credentialsInMemory(), ...stateInMemory() };
}

function credentialsInMemory(): CredentialStore {
  const byId = new Map<string, StoredRecord>(); // a Map keeps the order of insertion, which is the order of issue
  const idByDigest = new Map<string, string>();
  const listeners = new Set<(mark: RevocationMark) => void>();

  const owned = (owner: Owner) => [...byId.values()].filter((record) => record.kind === owner.kind && record.subject === owner.subject);
  const put = (record: StoredRecord, at: number) => {
    byId.set(record.id, record);
    for (const listener of listeners) listener({ kind: 'credential', id: record.id, at });
    return record;
  };
  const live = (id: string) => {
    const record = byId.get(id);
    return record?.revokedAt === null ? record : undefined;
  };
  const copy = (record: StoredRecord | undefined) => record && structuredClone(record);

  return {
    async find(digest) {
      const id = idByDigest.get(digest);
      return id === undefined ? undefined : copy(byId.get(id));
    },
    async findById(id) {
      return copy(byId.get(id));
    },
    async insert(record) {
      if (byId.has(record.id) || idByDigest.has(record.digest)) return false;
      byId.set(record.id, structuredClone(record));
      idByDigest.set(record.digest, record.id);
      return true;
    },
    async list(owner, { after, limit }) {
      const all = owned(owner);
      const start = after === undefined ? 0 : all.findIndex((record) => record.id === after) + 1;
      return after !== undefined && start === 0 ? [] : all.slice(start, start + limit).map((record) => structuredClone(record));
    },
    async update(id, changes) {
      const record = live(id);
      return record && copy(put({ ...record, ...structuredClone(changes) }, Date.now()));
    },
    async end(id, at) {
      const record = live(id);
      if (!record || (record.expiresAt !== null && record.expiresAt < at)) return false;
      put({ ...record, expiresAt: at }, Date.now());
      return true;
    },
    async revoke(id, at) {
      const record = live(id);
      if (!record) return false;
      put({ ...record, revokedAt: at }, at);
      return true;
    },
    async revokeAll(owner, at) {
      const mine = owned(owner).filter((record) => record.revokedAt === null);
      for (const record of mine) put({ ...record, revokedAt: at }, at);
      return mine.length;
    },
    async recordUses(uses) {
      for (const { id, count, lastUsedAt } of uses) {
        const record = byId.get(id);
        if (!record) continue;
        byId.set(id, { ...record, useCount: record.useCount + count, lastUsedAt: Math.max(record.lastUsedAt ?? 0, lastUsedAt) });
      }
    },
    async prune(kind, before) {
      const old = [...byId.values()].filter(
        (record) => record.kind === kind && Math.min(record.expiresAt ?? Infinity, record.revokedAt ?? Infinity) < before,
      );
      for (const { id, digest } of old) {
        byId.delete(id);
        idByDigest.delete(digest);
      }
      return old.length;
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function stateInMemory(): StateStore {
  interface Entry {
    readonly value: string;
    readonly until: number;
  }
  const groups = new Map<string, Map<string, Entry>>();

  const read = (group: string, key: string) => {
    const entry = groups.get(group)?.get(key);
    return entry && Date.now() < entry.until ? entry.value : undefined;
  };
  const remove = (group: string, key: string) => {
    const entries = groups.get(group);
    if (entries?.delete(key) && entries.size === 0) groups.delete(group);
  };
  // The cost of forgetting is paid by those who add: each looks at the oldest entries of its group, never at all of them.
  const forgetEnded = (entries: Map<string, Entry>) => {
    let looked = 0;
    for (const [key, { until }] of entries) {
      if (until <= Date.now()) entries.delete(key);
      if (++looked === 8) return;
    }
  };

  return {
    async put(group, key, value, until) {
      if (read(group, key) !== undefined) return false;
      const entries = groups.get(group) ?? new Map<string, Entry>();
      forgetEnded(entries);
      groups.set(group, entries.set(key, { value, until }));
      return true;
    },
    async get(group, key) {
      return read(group, key);
    },
    async take(group, key) {
      const value = read(group, key);
      remove(group, key);
      return value;
    },
    async drop(group) {
      groups.delete(group);
    },
  };
}
