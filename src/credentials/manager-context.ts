import { isId, toDigest } from '../credential/digest';
import type { RevocationEvent } from '../credential/revocation';
import { generateSecret, secretHint } from '../credential/secret';
import { codedError } from '../internal/errors';
import { type CredentialReader, type StoredRecord } from '../stores/store';
import { type ManagedStore, toCredentialStore } from '../stores/store-methods';
import { type CredentialAction, type MemberChange, publishCredentialEvent } from './audit';
import { credentialSchemas } from './credential-schemas';
import { timeAfter } from './expiry';
import type { ChangeContext } from './manager-types';
import { type IssueOptions, newRecord } from './records';

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

/** A new secret and its stored record. */
export interface StoredSecret {
  readonly secret: string;
  readonly record: StoredRecord;
}

/** A change to publish on `latchkey:credential`. */
export interface PublishedChange {
  readonly action: CredentialAction;
  readonly record: Pick<StoredRecord, 'id' | 'subject'>;
  readonly at: number;
  readonly changes: Readonly<Record<string, MemberChange>>;
}

/** What the methods of a manager share. */
export interface ManagerContext extends Omit<CredentialManagerOptions, 'store'> {
  readonly check: ReturnType<typeof credentialSchemas>;
  /** Returns the store, or throws if it lacks a method. */
  readonly store: () => ManagedStore;
  /** Stores a new credential. The options must be valid. */
  readonly insert: (options: IssueOptions, rotatedFrom: string | null) => Promise<StoredSecret>;
  /** Finds a record of this kind. */
  readonly find: (id: string) => Promise<StoredRecord | undefined>;
  readonly notifyChanged: (id: string) => void;
  readonly publish: (change: PublishedChange, context: ChangeContext) => void;
}

/** Prepares what the methods of one kind's manager share. */
export function createContext(options: CredentialManagerOptions): ManagerContext {
  const { kind, name, environment, notify } = options;
  const { environments = environment === undefined ? undefined : [environment] } = options;
  const check = credentialSchemas(name, environments);
  const store = () => toCredentialStore(options.store, name);
  return {
    ...options,
    check,
    store,
    insert: createInsert(options, store),
    async find(id) {
      check.id(id);
      const opened = store();
      // Anything that is not shaped like an ID may be a secret, and never reaches the store.
      const record = isId(id) ? await opened.findById(id) : undefined;
      return record?.kind === kind ? record : undefined;
    },
    notifyChanged: (id) => notify({ type: 'credential', id, at: Date.now() }),
    publish: ({ action, record, at, changes }, { actor }) =>
      publishCredentialEvent({
        action,
        kind,
        credentialId: record.id,
        subject: record.subject,
        actor,
        at,
        changes,
      }),
  };
}

function createInsert(
  { kind, name, prefix, ttlMs, environment, environments }: CredentialManagerOptions,
  store: () => ManagedStore,
): ManagerContext['insert'] {
  const defaultEnvironment = environment ?? environments?.[0] ?? 'live';
  return async (options, rotatedFrom) => {
    const issuedAt = Date.now();
    const secret = generateSecret(prefix, options.environment ?? defaultEnvironment);
    const defaultExpiry = ttlMs === null ? null : timeAfter(issuedAt, ttlMs);
    const record = newRecord(
      {
        ...options,
        environment: options.environment ?? defaultEnvironment,
        digest: toDigest(secret),
        hint: secretHint(secret),
        issuedAt,
        expiresAt: options.expiresAt === undefined ? defaultExpiry : options.expiresAt,
      },
      kind,
      rotatedFrom,
    );
    if (!(await store().insert(record))) {
      throw codedError(
        'ERR_LATCHKEY_STORE',
        `${name}: the store refused a new record as already known`,
      );
    }
    return { secret, record };
  };
}
