import { deepFreeze } from '../../credential/freeze';
import { type Owner, RETENTION_MS, type StoredRecord, toOwners } from '../store';
import { SortedRecords } from './sorted-records';

/** When a record expired or was revoked, whichever came first. */
const toEnd = ({ expiresAt, revokedAt }: StoredRecord): number =>
  Math.min(expiresAt ?? Infinity, revokedAt ?? Infinity);

const toKey = (...parts: readonly string[]): string => JSON.stringify(parts);

/** The lists that a record is in: that of its kind, and those of its owners. */
const toKeys = (record: StoredRecord): readonly string[] => [
  toKey(record.kind),
  ...toOwners(record).map(({ kind, by, id }) => toKey(kind, by, id)),
];

/** Records by ID, and in the order of their issue. They are frozen, so that they can be shared. */
export class Records {
  readonly #byId = new Map<string, StoredRecord>();
  readonly #lists = new Map<string, SortedRecords>();

  /** Returns a record, unless its retention is over. */
  get(id: string): StoredRecord | undefined {
    const record = this.#byId.get(id);
    return record && toEnd(record) + RETENTION_MS > Date.now() ? record : undefined;
  }

  /** Returns a record that is not revoked. */
  getLive(id: string): StoredRecord | undefined {
    const record = this.get(id);
    return record?.revokedAt === null ? record : undefined;
  }

  /** Adds a record. A forgotten one of the same ID is replaced. */
  add(record: StoredRecord): void {
    const forgotten = this.#byId.get(record.id);
    if (forgotten) {
      this.#unlist(forgotten);
    }
    const kept = this.replace({ ...record, disabledAt: record.disabledAt ?? null });
    for (const key of toKeys(kept)) {
      const list = this.#lists.get(key) ?? new SortedRecords();
      list.add(kept);
      this.#lists.set(key, list);
    }
  }

  /** Replaces a record by one of the same ID, owners and `issuedAt`. Returns the stored copy. */
  replace(record: StoredRecord): StoredRecord {
    const kept = deepFreeze(structuredClone(record));
    this.#byId.set(kept.id, kept);
    return kept;
  }

  delete(record: StoredRecord): void {
    this.#byId.delete(record.id);
    this.#unlist(record);
  }

  /** The records of a kind or an owner after a record, in order. */
  *list(kind: string, owner?: Owner, after?: StoredRecord): Generator<StoredRecord> {
    const key = owner ? toKey(owner.kind, owner.by, owner.id) : toKey(kind);
    for (const id of this.#lists.get(key)?.after(after) ?? []) {
      const record = this.get(id);
      if (record) {
        yield record;
      }
    }
  }

  /** The records of a kind that expired or were revoked before a time. */
  endedBefore(kind: string, time: number): readonly StoredRecord[] {
    return [...this.#byId.values()].filter(
      (record) => record.kind === kind && toEnd(record) < time,
    );
  }

  #unlist(record: StoredRecord): void {
    for (const key of toKeys(record)) {
      const list = this.#lists.get(key);
      list?.delete(record);
      if (list?.size === 0) {
        this.#lists.delete(key);
      }
    }
  }
}
