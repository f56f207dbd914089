import { codedError, typeError } from '../internal/errors';
import { digestOf, idOf, isId, readDigest } from '../credential/digest';
import type { Confirmation } from '../credential/record';
import type { RevocationEvent } from '../credential/revocation';
import { generateSecret, hintOf } from '../credential/secret';
import { RETENTION_MS, type CredentialStore, type Owner, type StoredRecord } from '../stores/store';
import { credentialSchemas, MAX_TIME } from './credential-schemas';

/** A record as its owner sees it: everything but the digest. */
export type PublicRecord = Omit<StoredRecord, 'digest'>;

/** What to issue. Times are milliseconds since the epoch. */
export interface IssueOptions {
  /** Whom it speaks for. */
  readonly subject: string;
  /** Scope tokens (RFC 6749 §3.3). */
  readonly scopes: readonly string[];
  /** What its owner calls it. */
  readonly name?: string | null;
  /** The verifier's own environment, else `'live'`. */
  readonly environment?: string;
  /** Null never expires. Default: never for API keys, `ttlMs` from now for tokens. */
  readonly expiresAt?: number | null;
  readonly clientId?: string | null;
  /** Everything of one grant can be revoked at once. */
  readonly grantId?: string | null;
  readonly confirmation?: Confirmation | null;
  /** JSON. It becomes the principal's `claims`. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A new credential. The secret exists here and with its holder, nowhere else. */
export interface Issued {
  /** To be shown once: it cannot be had again. */
  readonly secret: string;
  readonly record: PublicRecord;
}

/** A credential that exists already, known by its digest. */
export interface ImportedRecord extends Omit<IssueOptions, 'environment'> {
  /** SHA-256 of the whole secret, as base64url or hex. */
  readonly digest: string;
  readonly environment?: string | null;
  readonly hint?: string;
  readonly issuedAt?: number;
  readonly revokedAt?: number | null;
}

/** CredentialOwner credentials: one of the three. */
export type CredentialOwner =
  | { readonly subject: string; readonly clientId?: never; readonly grantId?: never }
  | { readonly clientId: string; readonly subject?: never; readonly grantId?: never }
  | { readonly grantId: string; readonly subject?: never; readonly clientId?: never };

/** The life of stored credentials. Bad arguments are a TypeError; a store that fails rejects. */
export interface CredentialManager {
  /** Makes a new credential. Its secret is returned this once. */
  issue(options: IssueOptions): Promise<Issued>;
  /** Replaces a credential by a new one with the same rights; the old one lives on for `overlapMs` (default 0). Undefined where there is none that is live. */
  rotate(id: string, options?: { readonly overlapMs?: number }): Promise<Issued | undefined>;
  /** Changes a credential that is not revoked; undefined where there is none. */
  update(
    id: string,
    changes: {
      readonly name?: string | null;
      readonly scopes?: readonly string[];
      readonly metadata?: Readonly<Record<string, unknown>>;
      readonly expiresAt?: number | null;
    },
  ): Promise<PublicRecord | undefined>;
  /** True for the one call that revoked it. */
  revoke(id: string): Promise<boolean>;
  /** Revokes all that a subject, a client or a grant holds; how many. */
  revokeAll(whose: CredentialOwner): Promise<number>;
  get(id: string): Promise<PublicRecord | undefined>;
  /** What a subject, a client or a grant holds, in the order of issue: `limit` (default 100, at most 1 000) from the one after the id `after`. */
  list(options: CredentialOwner & { readonly after?: string; readonly limit?: number }): Promise<readonly PublicRecord[]>;
  /** Takes over credentials by digest; what is known already is left as it is. Returns those that were added. */
  import(records: Iterable<ImportedRecord>): Promise<readonly PublicRecord[]>;
  /** Drops what ended more than `olderThanMs` ago (default 30 days); how many. */
  prune(options?: { readonly olderThanMs?: number }): Promise<number>;
}

interface CredentialManagerOptions {
  readonly kind: string;
  readonly name: string;
  readonly prefix: string;
  readonly store: CredentialStore | undefined;
  readonly environment?: string | undefined;
  readonly environments?: readonly string[] | undefined;
  readonly ttlMs: number | null;
  readonly flushUses: () => Promise<void>;
  readonly tell: (mark: RevocationEvent) => void;
}

export function createCredentialManager(context: CredentialManagerOptions): CredentialManager {
  const { kind, name: verifier, prefix, environments, ttlMs, flushUses, tell } = context;
  const defaultEnvironment = context.environment ?? environments?.[0] ?? 'live';
  const checks = credentialSchemas(verifier, environments ?? (context.environment === undefined ? undefined : [context.environment]));

  const writable = (): CredentialStore => {
    if (context.store) return context.store;
    throw typeError(
      'ERR_LATCHKEY_ARGUMENT',
      `${verifier}: its store only has find(); to issue, list or revoke, give it a CredentialStore such as memoryStore()`,
    );
  };
  /** A record of this kind: another verifier's credentials in the same store are none of our business. */
  const own = async (id: string): Promise<StoredRecord | undefined> => {
    checks.id(id);
    const store = writable();
    const record = isId(id) ? await store.findById(id) : undefined;
    return record?.kind === kind ? record : undefined;
  };
  const changed = (id: string) => tell({ type: 'credential', id, at: Date.now() });

  const issue = async (options: IssueOptions, rotatedFrom: string | null = null): Promise<Issued> => {
    const now = Date.now();
    const environment = options.environment ?? defaultEnvironment;
    const secret = generateSecret(prefix, environment);
    const record = newRecord(
      {
        ...options,
        environment,
        digest: digestOf(secret),
        hint: hintOf(secret),
        issuedAt: now,
        expiresAt: options.expiresAt === undefined && ttlMs !== null ? now + ttlMs : (options.expiresAt ?? null),
      },
      kind,
      rotatedFrom,
    );
    if (!(await writable().insert(record)))
      throw codedError('ERR_LATCHKEY_STORE', `${verifier}: the store refused a new record as already known`);
    return { secret, record: withoutDigest(record) };
  };

  return {
    async issue(options) {
      checks.issue(options);
      return issue(options);
    },
    async rotate(id, options = {}) {
      checks.rotate(options);
      const { overlapMs = 0 } = options;
      const old = await own(id);
      const now = Date.now();
      if (!old || old.revokedAt !== null || (old.expiresAt !== null && old.expiresAt <= now)) return undefined;
      const { subject, scopes, name, clientId, grantId, confirmation, metadata } = old;
      const issued = await issue(
        {
          ...{ subject, scopes, name, clientId, grantId, confirmation, metadata },
          environment: old.environment ?? defaultEnvironment,
          // A new credential lives as long as the old one was meant to.
          expiresAt: old.expiresAt === null ? null : Math.min(MAX_TIME, now + (old.expiresAt - old.issuedAt)),
        },
        old.id,
      );
      const ended = overlapMs === 0 ? await writable().revoke(id, now) : await endBy(writable(), old, now + overlapMs);
      changed(id);
      if (ended) return issued;
      // It was revoked while we rotated it: what it handed on goes with it.
      await writable().revoke(issued.record.id, now);
      return undefined;
    },
    async update(id, changes) {
      checks.update(changes);
      if (!(await own(id))) return undefined;
      const record = await writable().update(id, withoutAbsent(changes));
      changed(id);
      return record && withoutDigest(record);
    },
    async revoke(id) {
      if (!(await own(id))) return false;
      const done = await writable().revoke(id, Date.now());
      changed(id);
      return done;
    },
    async revokeAll(options) {
      checks.revokeAll(options);
      const owner = ownerOf(kind, options);
      const now = Date.now();
      const count = await writable().revokeAll(owner, now);
      tell({ type: owner.by, id: owner.id, at: now });
      return count;
    },
    async get(id) {
      await flushUses();
      const record = await own(id);
      return record && withoutDigest(record);
    },
    async list(options) {
      checks.list(options);
      const { after, limit = 100 } = options;
      await flushUses();
      const store = writable();
      return after === undefined || isId(after) ? (await store.list(ownerOf(kind, options), { after, limit })).map(withoutDigest) : [];
    },
    async import(records) {
      const store = writable();
      checks.importAll(records);
      const checked = [...records].map((record, index) => {
        checks.import(record, index);
        return newRecord({ ...record, digest: readDigest(record.digest) as string }, kind, null);
      });
      const added: PublicRecord[] = [];
      for (const record of checked) {
        if (await store.insert(record)) added.push(withoutDigest(record));
      }
      return added;
    },
    async prune(options = {}) {
      checks.prune(options);
      const { olderThanMs = RETENTION_MS } = options;
      return writable().prune(kind, Date.now() - olderThanMs);
    },
  };
}

/** Brings a record's end forward; one that ends sooner anyway is left, and that is as good. */
async function endBy(store: CredentialStore, record: StoredRecord, at: number): Promise<boolean> {
  if (await store.expireAt(record.id, at)) return true;
  const now = await store.findById(record.id);
  return now !== undefined && now.revokedAt === null;
}

function ownerOf(kind: string, whose: CredentialOwner): Owner {
  const { subject, clientId, grantId } = whose as { subject?: string; clientId?: string; grantId: string };
  if (subject !== undefined) return { kind, by: 'subject', id: subject };
  return clientId !== undefined ? { kind, by: 'client', id: clientId } : { kind, by: 'grant', id: grantId };
}

function newRecord(from: ImportedRecord, kind: string, rotatedFrom: string | null): StoredRecord {
  return {
    id: idOf(from.digest),
    kind,
    digest: from.digest,
    subject: from.subject,
    scopes: [...from.scopes],
    expiresAt: from.expiresAt ?? null,
    revokedAt: from.revokedAt ?? null,
    hint: from.hint ?? '',
    name: from.name ?? null,
    clientId: from.clientId ?? null,
    grantId: from.grantId ?? null,
    environment: from.environment ?? null,
    issuedAt: from.issuedAt ?? Date.now(),
    lastUsedAt: null,
    useCount: 0,
    rotatedFrom,
    confirmation: from.confirmation ?? null,
    metadata: from.metadata ?? {},
  };
}

/** Without the members that are undefined, which mean what absent ones do. */
export const withoutAbsent = <T extends object>(changes: T): T =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as T;

function withoutDigest({ digest: _, ...record }: StoredRecord): PublicRecord {
  return record;
}
