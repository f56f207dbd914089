import { toDigest, isId, readDigest } from '../credential/digest';
import type { RevocationEvent } from '../credential/revocation';
import { generateSecret, secretHint } from '../credential/secret';
import { codedError } from '../internal/errors';
import {
  type CredentialReader,
  type CredentialStore,
  RETENTION_MS,
  type StoredRecord,
  toCredentialStore,
} from '../stores/store';
import { credentialSchemas } from './credential-schemas';
import { timeAfter } from './expiry';
import { importRecords } from './import-records';
import {
  type CredentialOwner,
  type ImportedRecord,
  type Issued,
  type IssueOptions,
  newRecord,
  type PublicRecord,
  toOwner,
  toPublicRecord,
  withoutAbsent,
} from './records';
import { rotate } from './rotate';

/** What `update()` can change. A member that is absent or undefined is left as it is. */
export interface CredentialChanges {
  readonly name?: string | null;
  readonly scopes?: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** A time in the future, in milliseconds since the epoch, or null for never. */
  readonly expiresAt?: number | null;
}

/** Which credentials to list, and how many. */
export type ListOptions = CredentialOwner & {
  /** The ID after which the page begins. */
  readonly after?: string;
  /** The size of a page: 1 to 1 000. @default 100 */
  readonly limit?: number;
};

/**
 * Manages the lifecycle of stored credentials. Every method rejects with a `TypeError` for a wrong
 * argument, and with the store's error if the store fails.
 */
export interface CredentialManager {
  /**
   * Issues a credential. The secret is returned here and cannot be retrieved again.
   * @throws TypeError `ERR_LATCHKEY_OPTION` for a wrong option, `ERR_LATCHKEY_EXPIRY` for an
   * `expiresAt` in the past or in seconds
   * @example
   * const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] });
   */
  issue(options: IssueOptions): Promise<Issued>;
  /**
   * Replaces a credential by a new one with the same rights and lifetime.
   * @param id the ID of the credential to replace
   * @param options `overlapMs`: how long the old credential remains valid, in milliseconds.
   * @default 0
   * @returns the new credential; undefined if the old one does not exist, has expired or is revoked
   * @example
   * const renewed = await keys.rotate(record.id, { overlapMs: 24 * 3_600_000 });
   */
  rotate(id: string, options?: { readonly overlapMs?: number }): Promise<Issued | undefined>;
  /**
   * Changes a credential that is not revoked. An expired credential can be extended.
   * @returns the changed record; undefined if there is none that can be changed
   * @throws TypeError `ERR_LATCHKEY_EXPIRY` for an `expiresAt` in the past or in seconds
   * @example
   * await keys.update(record.id, { scopes: ['domains:read'] });
   */
  update(id: string, changes: CredentialChanges): Promise<PublicRecord | undefined>;
  /**
   * Revokes a credential.
   * @returns true if this call revoked it; false if it was already revoked or does not exist
   */
  revoke(id: string): Promise<boolean>;
  /**
   * Revokes every credential of a subject, a client or a grant.
   * @returns how many credentials this call revoked
   */
  revokeAll(owner: CredentialOwner): Promise<number>;
  /** Returns the record of a credential; undefined if there is none. */
  get(id: string): Promise<PublicRecord | undefined>;
  /**
   * Lists the credentials of a subject, a client or a grant in the order in which they were issued,
   * a page at a time.
   */
  list(options: ListOptions): Promise<readonly PublicRecord[]>;
  /**
   * Imports existing credentials by their digests. Every record is validated before any is written.
   * Records that the store knows are left as they are.
   * @returns the records that were added
   * @throws TypeError `ERR_LATCHKEY_OPTION` for a wrong record, `ERR_LATCHKEY_EXPIRY` for a time in
   * seconds
   * @throws Error `ERR_LATCHKEY_IMPORT` if the store fails: `added` and `uncertain` say what was
   * written
   */
  import(records: Iterable<ImportedRecord>): Promise<readonly PublicRecord[]>;
  /**
   * Deletes credentials that expired or were revoked long ago.
   * @param options `olderThanMs`: how long ago, in milliseconds. @default 30 days
   * @returns how many were deleted
   */
  prune(options?: { readonly olderThanMs?: number }): Promise<number>;
}

/** One kind of credential, and how to reach its store. */
export interface CredentialManagerOptions {
  readonly kind: string;
  /** The verifier's name, for errors. */
  readonly name: string;
  readonly prefix: string;
  /** Must be a `CredentialStore` as soon as a method is called. */
  readonly store: CredentialReader;
  /** The environment that is issued by default. */
  readonly environment?: string | undefined;
  /** The environments that may be issued. */
  readonly environments?: readonly string[] | undefined;
  /** Lifetime of credentials that are issued without an expiry; null for no end. */
  readonly ttlMs: number | null;
  /** Writes the usage that is still counted in memory, before a record is read. */
  readonly flushUsage: () => Promise<void>;
  /** Notifies this instance of a change, without waiting for the store's own notification. */
  readonly notify: (event: RevocationEvent) => void;
}

/**
 * Creates the manager of one kind of credential. Credentials of other kinds in the same store do
 * not exist for it.
 */
export function createCredentialManager(options: CredentialManagerOptions): CredentialManager {
  const {
    kind,
    name,
    environment,
    environments = environment === undefined ? undefined : [environment],
  } = options;
  const check = credentialSchemas(name, environments);
  const store = (): CredentialStore => toCredentialStore(options.store, name);
  const context: ManagerContext = {
    ...options,
    check,
    store,
    issue: issuer(options, store),
    async find(id) {
      check.id(id);
      const opened = store();
      // Anything that is not shaped like an ID may be a secret, and never reaches the store.
      const record = isId(id) ? await opened.findById(id) : undefined;
      return record?.kind === kind ? record : undefined;
    },
    notifyChanged: (id) => options.notify({ type: 'credential', id, at: Date.now() }),
  };
  return {
    ...changes(context),
    ...revocations(context),
    ...reads(context),
    ...bulkWrites(context),
  };
}

/** What the methods of a manager share. */
interface ManagerContext extends Omit<CredentialManagerOptions, 'store'> {
  readonly check: ReturnType<typeof credentialSchemas>;
  /** Returns the store, or throws if it lacks a method. */
  readonly store: () => CredentialStore;
  readonly issue: (options: IssueOptions, rotatedFrom: string | null) => Promise<Issued>;
  /** Finds a record of this kind. */
  readonly find: (id: string) => Promise<StoredRecord | undefined>;
  readonly notifyChanged: (id: string) => void;
}

const changes = ({
  check,
  store,
  issue,
  find,
  notifyChanged,
}: ManagerContext): Pick<CredentialManager, 'issue' | 'rotate' | 'update'> => ({
  async issue(options) {
    check.issue(options);
    return issue(options, null);
  },
  async rotate(id, options = {}) {
    check.rotate(options);
    const old = await find(id);
    return old && rotate({ store: store(), issue, notifyChanged }, old, options.overlapMs ?? 0);
  },
  async update(id, changes) {
    check.update(changes);
    if (!(await find(id))) {
      return undefined;
    }
    const record = await store().update(id, withoutAbsent(changes));
    notifyChanged(id);
    return record && toPublicRecord(record);
  },
});

const revocations = ({
  kind,
  check,
  store,
  find,
  notify,
  notifyChanged,
}: ManagerContext): Pick<CredentialManager, 'revoke' | 'revokeAll'> => ({
  async revoke(id) {
    if (!(await find(id))) {
      return false;
    }
    const isRevoked = await store().revoke(id, Date.now());
    notifyChanged(id);
    return isRevoked;
  },
  async revokeAll(options) {
    check.revokeAll(options);
    const owner = toOwner(kind, options);
    const now = Date.now();
    const count = await store().revokeAll(owner, now);
    notify({ type: owner.by, id: owner.id, at: now });
    return count;
  },
});

const reads = ({
  kind,
  check,
  store,
  find,
  flushUsage,
}: ManagerContext): Pick<CredentialManager, 'get' | 'list'> => ({
  async get(id) {
    await flushUsage();
    const record = await find(id);
    return record && toPublicRecord(record);
  },
  async list(options) {
    check.list(options);
    const { after, limit = 100 } = options;
    await flushUsage();
    const opened = store();
    if (after !== undefined && !isId(after)) {
      return [];
    }
    return (await opened.list(toOwner(kind, options), { after, limit })).map(toPublicRecord);
  },
});

const bulkWrites = ({
  kind,
  name,
  check,
  store,
}: ManagerContext): Pick<CredentialManager, 'import' | 'prune'> => ({
  async import(records) {
    const opened = store();
    check.importAll(records);
    const valid = [...records].map((record, index) => {
      check.import(record, index);
      return newRecord({ ...record, digest: readDigest(record.digest) as string }, kind, null);
    });
    return importRecords(name, opened, valid);
  },
  async prune(options = {}) {
    check.prune(options);
    const { olderThanMs = RETENTION_MS } = options;
    return store().prune(kind, Date.now() - olderThanMs);
  },
});

/** Issues credentials of one kind. The options must be valid. */
function issuer(context: CredentialManagerOptions, store: () => CredentialStore) {
  const { kind, name, prefix, ttlMs } = context;
  const defaultEnvironment = context.environment ?? context.environments?.[0] ?? 'live';
  return async (options: IssueOptions, rotatedFrom: string | null): Promise<Issued> => {
    const issuedAt = Date.now();
    const environment = options.environment ?? defaultEnvironment;
    const secret = generateSecret(prefix, environment);
    const expiresAt =
      options.expiresAt === undefined && ttlMs !== null
        ? timeAfter(issuedAt, ttlMs)
        : options.expiresAt;
    const known = {
      environment,
      digest: toDigest(secret),
      hint: secretHint(secret),
      issuedAt,
      expiresAt: expiresAt ?? null,
    };
    const record = newRecord({ ...options, ...known }, kind, rotatedFrom);
    if (!(await store().insert(record))) {
      throw codedError(
        'ERR_LATCHKEY_STORE',
        `${name}: the store refused a new record as already known`,
      );
    }
    return { secret, record: toPublicRecord(record) };
  };
}
