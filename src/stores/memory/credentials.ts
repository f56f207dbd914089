import { toRecordId } from '../../credential/digest';
import { toPredicate } from '../filter';
import { createListeners, type Listeners } from '../listeners';
import type { CredentialStore, Page, StoredRecord } from '../store';
import { type CredentialFilter } from '../store';
import { Records } from './records';
import { UsageByDay } from './usage';

/** What the methods of the store share. */
interface Memory {
  readonly records: Records;
  readonly usage: UsageByDay;
  readonly listeners: Listeners;
}

/** Creates a store of credentials. */
export function createCredentials(): CredentialStore {
  const memory: Memory = {
    records: new Records(),
    usage: new UsageByDay(),
    listeners: createListeners(),
  };
  return {
    name: 'memory',
    ...createReads(memory),
    ...createChanges(memory),
    ...createUpkeep(memory),
    async publish(event) {
      memory.listeners.notify(event);
    },
    subscribe: (listener) => memory.listeners.add(listener),
  };
}

function createReads({
  records,
  usage,
}: Memory): Pick<CredentialStore, 'find' | 'findById' | 'list' | 'search' | 'usage'> {
  const search = async (filter: CredentialFilter, { after, limit }: Page) => {
    const { kind, owner } = filter;
    const last = after === undefined ? undefined : records.get(after);
    if (after !== undefined && !(last && toPredicate({ kind, owner })(last))) {
      return [];
    }
    const meetsFilter = toPredicate(filter);
    const page: StoredRecord[] = [];
    for (const record of records.list(kind, owner, last)) {
      if (meetsFilter(record)) {
        page.push(record);
      }
      if (page.length >= limit) {
        break;
      }
    }
    return page;
  };
  return {
    async find(digest) {
      const record = records.get(toRecordId(digest));
      return record?.digest === digest ? record : undefined;
    },
    async findById(id) {
      return records.get(id);
    },
    list: (owner, page) => search({ kind: owner.kind, owner }, page),
    search,
    async usage(id, range) {
      return records.get(id) ? usage.list(id, range) : [];
    },
  };
}

function createChanges({
  records,
  listeners,
}: Memory): Pick<
  CredentialStore,
  'update' | 'expireAt' | 'disable' | 'enable' | 'revoke' | 'revokeAll'
> {
  const change = (record: StoredRecord, at: number): StoredRecord => {
    const kept = records.replace(record);
    listeners.notify({ type: 'credential', id: record.id, at });
    return kept;
  };
  const find = (id: string, condition: (record: StoredRecord) => boolean) => {
    const record = records.getLive(id);
    return record && condition(record) ? record : undefined;
  };
  const changeSome = (
    record: StoredRecord | undefined,
    changes: Partial<StoredRecord>,
    at = Date.now(),
  ): boolean => {
    if (!record) {
      return false;
    }
    change({ ...record, ...changes }, at);
    return true;
  };
  return {
    async update(id, changes) {
      const record = records.getLive(id);
      return record && change({ ...record, ...changes }, Date.now());
    },
    expireAt: async (id, at) => changeSome(find(id, endsFrom(at)), { expiresAt: at }),
    disable: async (id, at) => changeSome(find(id, isEnabled), { disabledAt: at }, at),
    enable: async (id) => changeSome(find(id, isDisabled), { disabledAt: null }),
    revoke: async (id, at) => changeSome(records.getLive(id), { revokedAt: at }, at),
    async revokeAll(owner, at, onRevoked) {
      const live = [...records.list(owner.kind, owner)].filter(isLive);
      for (const record of live) {
        change({ ...record, revokedAt: at }, at);
        onRevoked?.(record);
      }
      return live.length;
    },
  };
}

const isLive = ({ revokedAt }: StoredRecord): boolean => revokedAt === null;
const isEnabled = ({ disabledAt }: StoredRecord): boolean => disabledAt === null;
const isDisabled = (record: StoredRecord): boolean => !isEnabled(record);
const endsFrom =
  (at: number) =>
  ({ expiresAt }: StoredRecord): boolean =>
    (expiresAt ?? Infinity) >= at;

function createUpkeep({
  records,
  usage,
}: Memory): Pick<CredentialStore, 'insert' | 'recordUsage' | 'prune'> {
  return {
    async insert(record) {
      if (records.get(record.id)) {
        return false;
      }
      usage.delete(record.id);
      records.add(record);
      return true;
    },
    async recordUsage(uses) {
      for (const use of uses) {
        const record = records.get(use.id);
        if (!record) {
          continue;
        }
        records.replace({
          ...record,
          useCount: record.useCount + use.count,
          lastUsedAt: Math.max(record.lastUsedAt ?? 0, use.lastUsedAt),
        });
        usage.add(use);
      }
    },
    async prune(kind, before, onPruned) {
      const ended = records.endedBefore(kind, before);
      for (const record of ended) {
        records.delete(record);
        usage.delete(record.id);
        onPruned?.(record);
      }
      return ended.length;
    },
  };
}
