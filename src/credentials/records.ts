import { toRecordId } from '../credential/digest';
import type { Confirmation } from '../credential/record';
import type { Owner, StoredRecord } from '../stores/store';

/** A record as its owner may see it: everything except the digest. */
export type PublicRecord = Omit<StoredRecord, 'digest'>;

/** What to issue. Times are in milliseconds since the epoch. */
export interface IssueOptions {
  /** Who the credential acts for: 1 to 512 characters. */
  readonly subject: string;
  /** Scope tokens (RFC 6749 §3.3). May be empty. */
  readonly scopes: readonly string[];
  /** A label for the owner. @default null */
  readonly name?: string | null;
  /** The second word of the secret. @default the verifier's environment, else `'live'` */
  readonly environment?: string;
  /**
   * When the credential expires: a time in the future, or null for never.
   * @default null for API keys, `ttlMs` from now for tokens
   */
  readonly expiresAt?: number | null;
  /** The OAuth client that the credential was issued to. @default null */
  readonly clientId?: string | null;
  /**
   * The grant that the credential belongs to: all credentials of a grant can be revoked together.
   * @default null
   */
  readonly grantId?: string | null;
  /** The key or certificate that the holder must prove possession of (RFC 7800). @default null */
  readonly confirmation?: Confirmation | null;
  /** A JSON object. It becomes the `claims` of the principal. @default {} */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A new credential. The secret exists here and with its holder, and nowhere else. */
export interface Issued {
  /** Show it once: it cannot be retrieved again. */
  readonly secret: string;
  /** The record, without the digest. */
  readonly record: PublicRecord;
}

/** An existing credential, identified by its digest. */
export interface ImportedRecord extends Omit<IssueOptions, 'environment'> {
  /** SHA-256 of the whole secret, as base64url or hex. */
  readonly digest: string;
  /** @default null */
  readonly environment?: string | null;
  /** The visible start of the secret. @default '' */
  readonly hint?: string;
  /** When the credential was first issued. @default now */
  readonly issuedAt?: number;
  /** When it was revoked, or null. @default null */
  readonly revokedAt?: number | null;
}

/** The subject, the client or the grant that holds credentials: exactly one of the three. */
export type CredentialOwner =
  | { readonly subject: string; readonly clientId?: never; readonly grantId?: never }
  | { readonly clientId: string; readonly subject?: never; readonly grantId?: never }
  | { readonly grantId: string; readonly subject?: never; readonly clientId?: never };

/** Whether options name an owner. */
export const hasOwner = (options: object): options is CredentialOwner =>
  ['subject', 'clientId', 'grantId'].some(
    (member) => (options as Record<string, unknown>)[member] !== undefined,
  );

/** Names an owner to a store. */
export function toOwner(kind: string, { subject, clientId, grantId }: CredentialOwner): Owner {
  if (subject !== undefined) {
    return { kind, by: 'subject', id: subject };
  }
  if (clientId !== undefined) {
    return { kind, by: 'client', id: clientId };
  }
  return { kind, by: 'grant', id: grantId };
}

/** Completes what the caller described to a record that a store can keep. */
export function newRecord(
  from: ImportedRecord,
  kind: string,
  rotatedFrom: string | null,
): StoredRecord {
  return {
    id: toRecordId(from.digest),
    kind,
    digest: from.digest,
    subject: from.subject,
    scopes: [...from.scopes],
    expiresAt: from.expiresAt ?? null,
    revokedAt: from.revokedAt ?? null,
    disabledAt: null,
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

/** The record without its digest. A store for Latchkey 0.1 returns none with `disabledAt`. */
export function toPublicRecord({ digest: _, ...record }: StoredRecord): PublicRecord {
  return { ...record, disabledAt: record.disabledAt ?? null };
}
