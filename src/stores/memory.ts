import { idOf } from '../credential/digest';
import { deepFreeze } from '../credential/freeze';
import type { RevocationMark } from '../credential/revocation';
import { RETENTION_MS, type CredentialStore, type Owner, type StateStore, type StoredRecord } from './store';

/**
 * Credentials and state in the memory of this process: for development, tests and programs of one process.
 * It ends with the process; `import()` and a store on a database keep keys for longer.
 */
export function memoryStore(): CredentialStore & StateStore {
  return { ...credentialsInMemory(), ...stateInMemory() };
}

function credentialsInMemory(): CredentialStore {
  // Frozen, so that a look-up need not copy what it hands out.
  const byId = new Map<string, StoredRecord>();
  const listeners = new Set<(mark: RevocationMark) => void>();

  /** A record that is still known. */
  const known = (id: string): StoredRecord | undefined => {
    const record = byId.get(id);
    return record && endOf(record) + RETENTION_MS > Date.now() ? record : undefined;
  };
  const live = (id: string): StoredRecord | undefined => {
    const record = known(id);
    return record?.revokedAt === null ? record : undefined;
  };
  const owned = (owner: Owner): StoredRecord[] => [...byId.keys()].flatMap((id) => known(id) ?? []).filter((record) => isOf(record, owner));
  const keep = (record: StoredRecord): StoredRecord => {
    const kept = deepFreeze(structuredClone(record));
    byId.set(kept.id, kept);
    return kept;
  };
  const change = (record: StoredRecord, at: number): StoredRecord => {
    const kept = keep(record);
    for (const listener of listeners) {
      try {
        listener({ kind: 'credential', id: record.id, at });
      } catch {
        // The change is made, and the other listeners have to hear of it: a listener's fault is its own.
      }
    }
    return kept;
  };

  return {
    async find(digest) {
      const record = known(idOf(digest));
      return record?.digest === digest ? record : undefined;
    },
    async findById(id) {
      return known(id);
    },
    async insert(record) {
      if (known(record.id)) return false;
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
    async end(id, at) {
      const record = live(id);
      if (!record || (record.expiresAt ?? Infinity) < at) return false;
      change({ ...record, expiresAt: at }, Date.now());
      return true;
    },
    async revoke(id, at) {
      const record = live(id);
      if (!record) return false;
      change({ ...record, revokedAt: at }, at);
      return true;
    },
    async revokeAll(owner, at) {
      const mine = owned(owner).filter((record) => record.revokedAt === null);
      for (const record of mine) change({ ...record, revokedAt: at }, at);
      return mine.length;
    },
    async recordUses(uses) {
      for (const { id, count, lastUsedAt } of uses) {
        const record = known(id);
        if (!record) continue;
        keep({ ...record, useCount: record.useCount + count, lastUsedAt: Math.max(record.lastUsedAt ?? 0, lastUsedAt) });
      }
    },
    async prune(kind, before) {
      const old = [...byId.values()].filter((record) => record.kind === kind && endOf(record) < before);
      for (const { id } of old) byId.delete(id);
      return old.length;
    },
    watch(listener) {
      // Of its own, so that the end of one subscription does not end another of the same function.
      const subscription = (mark: RevocationMark) => listener(mark);
      listeners.add(subscription);
      return () => void listeners.delete(subscription);
    },
  };
}

const endOf = ({ expiresAt, revokedAt }: StoredRecord): number => Math.min(expiresAt ?? Infinity, revokedAt ?? Infinity);

const isOf = (record: StoredRecord, { kind, by, id }: Owner): boolean =>
  record.kind === kind && { subject: record.subject, client: record.clientId, grant: record.grantId }[by] === id;

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
  const write = (group: string, key: string, entry: Entry) => {
    const entries = groups.get(group) ?? new Map<string, Entry>();
    forgetEnded(entries);
    groups.set(group, entries.set(key, entry));
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
      write(group, key, { value, until });
      return true;
    },
    async replace(group, key, value, until) {
      write(group, key, { value, until });
    },
    async get(group, key) {
      return read(group, key);
    },
    async take(group, key) {
      const value = read(group, key);
      remove(group, key);
      return value;
    },
  };
}
