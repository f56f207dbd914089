import type { CredentialRecord } from '../credential/record';
import type { RevocationEvent } from '../credential/revocation';
import type { DailyUsage, DayRange } from './usage-days';

/**
 * What a verifier needs of a store to verify credentials: one function over a table of your own is
 * enough.
 */
export interface CredentialReader {
  /**
   * Returns the record that has exactly this digest, or undefined. If it rejects, the guard
   * responds with 503.
   */
  find(digest: string): Promise<CredentialRecord | undefined>;
}

/** A record with all its members, as a `CredentialStore` keeps it. */
export type StoredRecord = Required<CredentialRecord>;

/** The members of a record that can be changed. */
export type RecordChanges = Partial<
  Pick<StoredRecord, 'name' | 'scopes' | 'metadata' | 'expiresAt'>
>;

/** Uses of one record on one UTC day since they were last written. */
export interface RecordedUsage {
  /** The ID of the record. */
  readonly id: string;
  /** How many uses to add. */
  readonly count: number;
  /** In milliseconds since the epoch. The uses count for the UTC day of this time. */
  readonly lastUsedAt: number;
}

/**
 * The status of a credential. The first that applies counts:
 * - `revoked`: it was revoked, for good.
 * - `expired`: its `expiresAt` has passed.
 * - `disabled`: it is rejected until it is enabled.
 * - `active`: it is accepted.
 */
export type CredentialStatus = 'active' | 'disabled' | 'expired' | 'revoked';

/** Which records of a kind to list. A member that is absent does not restrict the list. */
export interface CredentialFilter {
  /** The kind of the records. */
  readonly kind: string;
  /** Only records of this owner. */
  readonly owner?: Owner | undefined;
  /** Only records of this status. */
  readonly status?: CredentialStatus | undefined;
  /** Only records whose `expiresAt` is before this time, in milliseconds since the epoch. */
  readonly expiresBefore?: number | undefined;
  /** A part of the name, without regard to case. */
  readonly name?: string | undefined;
}

/** Which part of a list to return. */
export interface Page {
  /** The ID of the record after which the page begins. */
  readonly after?: string | undefined;
  /** How many records to return at most. */
  readonly limit: number;
}

/** A record that was revoked or deleted together with others. */
export type ChangedRecord = Pick<StoredRecord, 'id' | 'subject'>;

/** All records of one kind that belong to a subject, a client or a grant. */
export interface Owner {
  /** The kind of the records. */
  readonly kind: string;
  /** What `id` identifies. */
  readonly by: 'subject' | 'client' | 'grant';
  /** The subject, client or grant. */
  readonly id: string;
}

/** The member of a record that names its owner. */
export const OWNED_BY = {
  subject: 'subject',
  client: 'clientId',
  grant: 'grantId',
} as const satisfies Record<Owner['by'], keyof StoredRecord>;

/** The owners of a record. */
export const toOwners = (record: StoredRecord): readonly Owner[] =>
  (['subject', 'client', 'grant'] as const).flatMap((by) => {
    const id = record[OWNED_BY[by]];
    return id === null ? [] : [{ kind: record.kind, by, id }];
  });

/** Whether a record belongs to an owner. */
export const belongsTo = (record: StoredRecord, { kind, by, id }: Owner): boolean =>
  record.kind === kind && record[OWNED_BY[by]] === id;

/**
 * How long a store keeps a record after it expired or was revoked, whichever came first, in
 * milliseconds. In that time its use is reported as `expired` or `revoked`. Afterwards every store
 * treats the record as absent.
 */
export const RETENTION_MS = 30 * 24 * 3_600_000;

/** The maximum length of a subject, client or grant, in characters. Every store can index it. */
export const MAX_OWNER_LENGTH = 512;

/** Whether every store can keep a text. PostgreSQL has no NUL, and UTF-8 no lone surrogates. */
export const isStorable = (text: string): boolean => !/[\0\p{Surrogate}]/u.test(text);

/**
 * Stores the records of credentials. A store never sees a secret. The records that it returns must
 * not change later. The ID of a record is the first 22 characters of its digest, so that one key
 * finds it by either. `credentialStoreContract()` of
 * `latchkey/testing` checks a store.
 */
export interface CredentialStore extends CredentialReader {
  /** What the store is called in events on `latchkey:store`. */
  readonly name?: string;
  find(digest: string): Promise<StoredRecord | undefined>;
  /** Returns the record with this ID, or undefined. */
  findById(id: string): Promise<StoredRecord | undefined>;
  /** Adds a record. Returns false and changes nothing if the record is known. */
  insert(record: StoredRecord): Promise<boolean>;
  /**
   * Adds many records, whose IDs are distinct, with fewer round trips than `insert()` would need.
   * Optional: without it,
   * `import()` inserts records one by one.
   * @returns what `insert()` would have returned for each record, in the same order. If it rejects,
   * some records may have been added.
   */
  insertMany?(records: readonly StoredRecord[]): Promise<readonly boolean[]>;
  /**
   * Lists an owner's records in the order of `issuedAt`, then `id` by its bytes, after the ID
   * `after`. After an unknown ID there are none.
   */
  list(owner: Owner, page: Page): Promise<readonly StoredRecord[]>;
  /**
   * Lists the records that meet a filter, in the order of `list()`. The record `after` must be of
   * the kind and owner, and need not meet the rest of the filter.
   */
  search(filter: CredentialFilter, page: Page): Promise<readonly StoredRecord[]>;
  /**
   * Changes a record that is not revoked; it may be disabled or expired. Returns undefined for
   * any other ID.
   */
  update(id: string, changes: RecordChanges): Promise<StoredRecord | undefined>;
  /**
   * Brings the expiry of a record forward to `at`. Returns false if the record is revoked, unknown,
   * or expires earlier.
   */
  expireAt(id: string, at: number): Promise<boolean>;
  /**
   * Sets `disabledAt` of a record that is neither revoked nor disabled. Of concurrent calls, one
   * returns true.
   */
  disable(id: string, at: number): Promise<boolean>;
  /**
   * Sets `disabledAt` of a disabled record that is not revoked to null. Of concurrent calls, one
   * returns true.
   */
  enable(id: string): Promise<boolean>;
  /** Revokes a record. Of concurrent calls, one returns true. */
  revoke(id: string, at: number): Promise<boolean>;
  /**
   * Revokes every record of an owner that is not revoked yet, expired or not. Returns how many, and
   * calls `onRevoked` for each of them.
   */
  revokeAll(owner: Owner, at: number, onRevoked?: (record: ChangedRecord) => void): Promise<number>;
  /**
   * Adds uses to their records, including expired and revoked ones, and to the UTC day of
   * `lastUsedAt`. Unknown IDs are ignored, and subscribers are not notified.
   *
   * If it rejects, all of them are written again later. An error with a member `unwritten` names
   * those that were not written, so that the others are not counted twice.
   */
  recordUsage(uses: readonly RecordedUsage[]): Promise<void>;
  /**
   * Returns the uses of a record for each UTC day of a range that has any, in order. The days of
   * the last 90 days are kept.
   */
  usage(id: string, range: DayRange): Promise<readonly DailyUsage[]>;
  /**
   * Deletes the records of a kind that expired or were revoked before `before`. Returns how many,
   * and calls `onPruned` for each of them.
   */
  prune(kind: string, before: number, onPruned?: (record: ChangedRecord) => void): Promise<number>;
  /**
   * Notifies subscribers, here and on other instances, of a revocation that no record of this store
   * is about, such as that of a JWT. Nothing is stored.
   */
  publish(mark: RevocationEvent): Promise<void>;
  /**
   * Notifies a listener of every record that is revoked, disabled, enabled, changed or brought to
   * an earlier end, and of every published revocation, on this instance or another. A listener that
   * throws affects neither the caller nor other listeners. Returns a function that ends the
   * subscription.
   */
  subscribe(listener: (mark: RevocationEvent) => void): () => void | Promise<void>;
}

/**
 * Stores values by group and key until a time in milliseconds since the epoch: used proofs, revoked
 * JWTs, OAuth codes.
 */
export interface StateStore {
  /** Stores a value. Returns false and changes nothing if there is one that has not expired. */
  setIfAbsent(group: string, key: string, value: string, until: number): Promise<boolean>;
  /** Stores a value, and replaces any other. */
  set(group: string, key: string, value: string, until: number): Promise<void>;
  /** Returns a value that has not expired, or undefined. */
  get(group: string, key: string): Promise<string | undefined>;
  /** Returns and removes a value in one step. Of concurrent calls, one gets it. */
  getAndDelete(group: string, key: string): Promise<string | undefined>;
}
