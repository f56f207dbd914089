import { idOf } from '../credential/digest';
import { deepFreeze } from '../credential/freeze';
import type { RevocationEvent } from '../credential/revocation';
import { isOf, RETENTION_MS, type CredentialStore, type Owner, type StateStore, type StoredRecord } from './store';

/** How many entries of state are looked at for each that is added: more than one, so that ended ones go faster than new ones come. */
const STEPS = 4;

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
  const listeners = new Set<(mark: RevocationEvent) => void>();

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
  const tell = (mark: RevocationEvent) => {
    for (const listener of listeners) {
      try {
        listener(mark);
      } catch {
        // The change is made, and the other listeners have to hear of it: a listener's fault is its own.
      }
    }
  };
  const change = (record: StoredRecord, at: number): StoredRecord => {
    const kept = keep(record);
    tell({ type: 'credential', id: record.id, at });
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
    async expireAt(id, at) {
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
    async recordUsage(uses) {
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
    async publish(mark) {
      tell(mark);
    },
    subscribe(listener) {
      // Of its own, so that the end of one subscription does not end another of the same function.
      const subscription = (mark: RevocationEvent) => listener(mark);
      listeners.add(subscription);
      return () => void listeners.delete(subscription);
    },
  };
}

const endOf = ({ expiresAt, revokedAt }: StoredRecord): number => Math.min(expiresAt ?? Infinity, revokedAt ?? Infinity);

function stateInMemory(): StateStore {
  const entries = new Map<string, { readonly value: string; readonly until: number }>();
  const nameOf = (group: string, key: string) => JSON.stringify([group, key]);

  const read = (name: string) => {
    const entry = entries.get(name);
    return entry && Date.now() < entry.until ? entry.value : undefined;
  };
  const write = (name: string, value: string, until: number) => {
    forgetEnded();
    entries.set(name, { value, until });
  };
  // The cost of forgetting is paid by those who add: each goes a few steps further through all that is there.
  let walk = entries.entries();
  const forgetEnded = () => {
    for (let step = 0; step < STEPS; step++) {
      const { done, value } = walk.next();
      if (done) {
        walk = entries.entries();
        return;
      }
      const [name, { until }] = value;
      if (until <= Date.now()) entries.delete(name);
    }
  };

  return {
    async setIfAbsent(group, key, value, until) {
      const name = nameOf(group, key);
      if (read(name) !== undefined) return false;
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
