import type { CredentialRecord } from '../credential/record';
import type { RevocationEvent } from '../credential/revocation';
import { typeError } from '../internal/errors';
import { missingMethods } from '../internal/options';

/** All that a verifier needs of a store: bring your own table. */
export interface CredentialReader {
  /** The record whose digest is exactly this, or undefined. A rejection is an outage, answered 503. */
  find(digest: string): Promise<CredentialRecord | undefined>;
}

/** A record with all its members, as a `CredentialStore` keeps it. */
export type StoredRecord = Required<CredentialRecord>;

/** What may be changed of a record. */
export type RecordChanges = Partial<Pick<StoredRecord, 'name' | 'scopes' | 'metadata' | 'expiresAt'>>;

/** Uses of one record since the last time they were written. */
export interface RecordedUsage {
  readonly id: string;
  readonly count: number;
  readonly lastUsedAt: number;
}

/** CredentialOwner records: of one kind, all that a subject, a client or a grant holds. */
export interface Owner {
  readonly kind: string;
  readonly by: 'subject' | 'client' | 'grant';
  readonly id: string;
}

/** The member of a record that names its owner. */
export const OWNED_BY = { subject: 'subject', client: 'clientId', grant: 'grantId' } as const satisfies Record<
  Owner['by'],
  keyof StoredRecord
>;

export const isOf = (record: StoredRecord, { kind, by, id }: Owner): boolean => record.kind === kind && record[OWNED_BY[by]] === id;

/**
 * How long a record that ended (expired or was revoked, whichever came first) is still known, so that its use can be told from
 * that of an unknown one. After that every store answers as if it had never been.
 */
export const RETENTION_MS = 30 * 24 * 3_600_000;

/** The longest name of a subject, client or grant, in characters: what every store keeps and finds again. */
export const MAX_OWNER_LENGTH = 512;

/** Neither PostgreSQL keeps a NUL nor UTF-8 the half of a surrogate pair: a text that has one is in no table. */
export const isStorable = (text: string): boolean => !/[\0\p{Surrogate}]/u.test(text);

/**
 * The life of a record. A store never sees a secret, and hands out records that do not change in the caller's hands. A record's id is
 * `idOf(digest)`, so that one key finds it by either. `latchkey/testing` holds the contract that every store keeps.
 */
export interface CredentialStore extends CredentialReader {
  /** What the store is called in events on `latchkey:store`. */
  readonly name?: string;
  find(digest: string): Promise<StoredRecord | undefined>;
  findById(id: string): Promise<StoredRecord | undefined>;
  /** Adds a record. False, and nothing changed, if it is known. */
  insert(record: StoredRecord): Promise<boolean>;
  /**
   * Adds many records, whose IDs are distinct, with fewer round trips than `insert()` would need. Optional: without it,
   * `import()` inserts records one by one.
   * @returns what `insert()` would have returned for each record, in the same order. If it rejects, some records may have been added.
   */
  insertMany?(records: readonly StoredRecord[]): Promise<readonly boolean[]>;
  /** An owner's records in the order of `issuedAt`, then `id` by its bytes, from the one after the id `after`; none after an unknown one. */
  list(owner: Owner, page: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly StoredRecord[]>;
  /** Changes a record that is not revoked, be it expired; undefined if there is none. */
  update(id: string, changes: RecordChanges): Promise<StoredRecord | undefined>;
  /** Brings the end of a record forward to `at`; false if it is revoked, unknown, or ends before that. */
  expireAt(id: string, at: number): Promise<boolean>;
  /** True for the one call that revoked it. */
  revoke(id: string, at: number): Promise<boolean>;
  /** Revokes all that an owner holds and that is not revoked yet, expired or not; how many. */
  revokeAll(owner: Owner, at: number): Promise<number>;
  /**
   * Adds uses to their records, including expired and revoked ones. Unknown IDs are ignored, and subscribers are not notified.
   *
   * If it rejects, all of them are written again later. An error with a member `unwritten` names those that were not written, so that
   * the others are not counted twice.
   */
  recordUsage(uses: readonly RecordedUsage[]): Promise<void>;
  /** Drops records of a kind that expired or were revoked before `before`; how many. */
  prune(kind: string, before: number): Promise<number>;
  /**
   * Tells those who watch, here and on other machines, of a revocation that is of no record of this store: of JWTs, for example.
   * Push only: nothing is kept of it.
   */
  publish(mark: RevocationEvent): Promise<void>;
  /**
   * Tells of every record that is revoked, ended or changed, and of what is announced, on this machine or another. A listener that throws is no harm to the
   * caller or to other listeners. Returns the end of the subscription.
   */
  subscribe(listener: (mark: RevocationEvent) => void): () => void | Promise<void>;
}

/** Short-lived state, by group and key, until a time in whole milliseconds: replay marks, revocation marks, what an OAuth engine keeps. */
export interface StateStore {
  /** Puts a value where there is none; false, and nothing changed, where one stands that has not ended. */
  setIfAbsent(group: string, key: string, value: string, until: number): Promise<boolean>;
  /** Puts a value, whatever stands there. */
  set(group: string, key: string, value: string, until: number): Promise<void>;
  get(group: string, key: string): Promise<string | undefined>;
  /** Gets and removes in one step: of many calls at once, one has the value. */
  getAndDelete(group: string, key: string): Promise<string | undefined>;
}

/** The methods that every `CredentialStore` must have. */
export const CREDENTIAL_STORE_METHODS = [
  'find',
  'findById',
  'insert',
  'list',
  'update',
  'expireAt',
  'revoke',
  'revokeAll',
  'recordUsage',
  'prune',
  'publish',
  'subscribe',
] as const satisfies readonly (keyof CredentialStore)[];

/** The methods that every `StateStore` must have. */
export const STATE_STORE_METHODS = ['setIfAbsent', 'set', 'get', 'getAndDelete'] as const satisfies readonly (keyof StateStore)[];

/** Whether a store can do more than find records: then its credentials can be managed. */
export const isCredentialStore = (store: CredentialReader): store is CredentialStore =>
  missingMethods(store, CREDENTIAL_STORE_METHODS).length === 0;

/**
 * Returns the store of a verifier whose credentials are to be managed.
 * @throws TypeError `ERR_LATCHKEY_STORE_METHODS` that names the methods that the store lacks
 */
export function toCredentialStore(store: CredentialReader, verifier: string): CredentialStore {
  if (isCredentialStore(store)) return store;
  const missing = missingMethods(store, CREDENTIAL_STORE_METHODS).map((method) => `${method}()`);
  throw typeError(
    'ERR_LATCHKEY_STORE_METHODS',
    `${verifier}: its store can only verify credentials, since it lacks ${missing.join(', ')}; to issue, list or revoke, pass a CredentialStore such as memoryStore()`,
  );
}
