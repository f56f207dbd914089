import type { CredentialStatus } from '../stores/store';
import type { DailyUsage } from '../stores/usage-days';
import type {
  CredentialOwner,
  ImportedRecord,
  Issued,
  IssueOptions,
  PublicRecord,
} from './records';

/** What `update()` can change. A member that is absent or undefined is left as it is. */
export interface CredentialChanges {
  /** The new label, or null for none. */
  readonly name?: string | null;
  /** The new scopes, which replace all old ones. */
  readonly scopes?: readonly string[];
  /** The new metadata, which replaces the old. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** A time in the future, in milliseconds since the epoch, or null for never. */
  readonly expiresAt?: number | null;
}

/** Who makes a change, for the events on `latchkey:credential`. */
export interface ChangeContext {
  /** An ID or name of your choice: a user, an administrator, a job. @default none */
  readonly actor?: string;
}

/** Which credentials to list, and how many. Without an owner, all of the kind are listed. */
export type ListOptions = (
  | CredentialOwner
  | { readonly subject?: never; readonly clientId?: never; readonly grantId?: never }
) & {
  /**
   * Only credentials of this status. One that was revoked is `'revoked'`, even if it has expired,
   * and one that has expired is `'expired'`, even if it is disabled.
   * @default all
   */
  readonly status?: CredentialStatus;
  /**
   * Only credentials that expire before this time, in milliseconds since the epoch. Those that have
   * expired are included, unless `status` excludes them.
   * @default all
   */
  readonly expiresBefore?: number;
  /** Only credentials whose name contains this text, without regard to case. @default all */
  readonly name?: string;
  /** The ID after which the page begins. @default the first page */
  readonly after?: string;
  /** The size of a page: 1 to 1 000. @default 100 */
  readonly limit?: number;
};

/** Which days to return the usage of. The UTC days of both times are included. */
export interface UsageOptions {
  /**
   * A time in milliseconds since the epoch, or a day such as `'2026-11-30'`.
   * @default 89 days ago
   */
  readonly from?: number | string;
  /**
   * A time in milliseconds since the epoch, or a day such as `'2026-11-30'`.
   * @default today
   */
  readonly to?: number | string;
}

/**
 * Manages the lifecycle of stored credentials. Every method rejects with a `TypeError`
 * (`ERR_LATCHKEY_OPTION`) for a wrong argument, with a `TypeError` (`ERR_LATCHKEY_STORE_METHODS`)
 * if the store lacks methods, and with the store's error if the store fails.
 */
export interface CredentialManager {
  /**
   * Issues a credential. The secret is returned here and cannot be retrieved again.
   * @param options whose credential it is, and what it may do
   * @param context who issues it
   * @returns the secret and the record
   * @throws {TypeError} `ERR_LATCHKEY_EXPIRY` if `expiresAt` is in the past or in seconds
   * @example
   * const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] });
   */
  issue(options: IssueOptions, context?: ChangeContext): Promise<Issued>;
  /**
   * Replaces a credential by a new one with the same rights and lifetime.
   * @param id the ID of the credential to replace
   * @param options `overlapMs`: how long the old credential remains valid, in milliseconds, 0 by
   * default. `expiresAt`: when the new one expires, or null for never; by default, it has the
   * lifetime of the old one
   * @param context who rotates it
   * @returns the new credential; undefined if the old one does not exist, has expired, or is
   * revoked or disabled
   * @throws {TypeError} `ERR_LATCHKEY_EXPIRY` if `expiresAt` is in the past or in seconds
   * @example
   * const renewed = await keys.rotate(record.id, { overlapMs: 24 * 3_600_000 });
   */
  rotate(
    id: string,
    options?: { readonly overlapMs?: number; readonly expiresAt?: number | null },
    context?: ChangeContext,
  ): Promise<Issued | undefined>;
  /**
   * Changes a credential that is not revoked. An expired credential can be extended, and a disabled
   * one stays disabled.
   * @param id the ID of the credential
   * @param changes the members to change
   * @param context who changes it
   * @returns the changed record; undefined if there is none that can be changed
   * @throws {TypeError} `ERR_LATCHKEY_EXPIRY` if `expiresAt` is in the past or in seconds
   * @example
   * await keys.update(record.id, { scopes: ['domains:read'] });
   */
  update(
    id: string,
    changes: CredentialChanges,
    context?: ChangeContext,
  ): Promise<PublicRecord | undefined>;
  /**
   * Disables a credential until `enable()` is called. Requests with it are rejected with 401 and
   * the reason `disabled`.
   * @param id the ID of the credential
   * @param context who disables it
   * @returns true if this call disabled it; false if it was already disabled, is revoked or does
   * not exist
   * @example
   * await keys.disable(record.id, { actor: 'admin_7' });
   */
  disable(id: string, context?: ChangeContext): Promise<boolean>;
  /**
   * Enables a disabled credential. It does not extend its expiry.
   * @param id the ID of the credential
   * @param context who enables it
   * @returns true if this call enabled it; false if it was not disabled, is revoked or does not
   * exist
   * @example
   * await keys.enable(record.id, { actor: 'admin_7' });
   */
  enable(id: string, context?: ChangeContext): Promise<boolean>;
  /**
   * Revokes a credential for good.
   * @param id the ID of the credential
   * @param context who revokes it
   * @returns true if this call revoked it; false if it was already revoked or does not exist
   * @example
   * await keys.revoke(record.id);
   */
  revoke(id: string, context?: ChangeContext): Promise<boolean>;
  /**
   * Revokes every credential of a subject, a client or a grant.
   * @param owner the subject, the client or the grant
   * @param context who revokes them
   * @returns how many credentials this call revoked
   * @example
   * await keys.revokeAll({ subject: 'acct_42' });
   */
  revokeAll(owner: CredentialOwner, context?: ChangeContext): Promise<number>;
  /**
   * Returns the record of a credential.
   * @param id the ID of the credential
   * @returns the record; undefined if there is none
   * @example
   * const record = await keys.get(id);
   */
  get(id: string): Promise<PublicRecord | undefined>;
  /**
   * Lists credentials in the order in which they were issued, a page at a time. Credentials that
   * are issued meanwhile appear on later pages, and none is listed twice.
   * @param options which credentials, and how many
   * @returns a page of records; fewer than `limit` if it is the last
   * @example
   * const expiring = await keys.list({ status: 'active', expiresBefore: Date.now() + 7 * 864e5 });
   */
  list(options?: ListOptions): Promise<readonly PublicRecord[]>;
  /**
   * Returns how often a credential was accepted on each UTC day. Uses are kept for 90 days.
   * @param id the ID of the credential
   * @param options which days
   * @returns the days with uses, in order; none if the credential does not exist
   * @example
   * const days = await keys.usage(record.id, { from: Date.now() - 7 * 864e5, to: Date.now() });
   */
  usage(id: string, options?: UsageOptions): Promise<readonly DailyUsage[]>;
  /**
   * Imports existing credentials by their digests. Every record is validated before any is written.
   * Records that the store knows are left as they are.
   * @param records the credentials to import
   * @param context who imports them
   * @returns the records that were added
   * @throws {TypeError} `ERR_LATCHKEY_EXPIRY` if a time is in seconds
   * @throws {Error} `ERR_LATCHKEY_IMPORT` if the store fails: `added` and `uncertain` say what was
   * written
   * @example
   * await keys.import([{ digest, subject: 'acct_42', scopes: ['domains:read'] }]);
   */
  import(
    records: Iterable<ImportedRecord>,
    context?: ChangeContext,
  ): Promise<readonly PublicRecord[]>;
  /**
   * Deletes credentials that expired or were revoked long ago.
   * @param options `olderThanMs`: how long ago, in milliseconds. @default 30 days
   * @param context who deletes them
   * @returns how many were deleted
   * @example
   * await keys.prune();
   */
  prune(options?: { readonly olderThanMs?: number }, context?: ChangeContext): Promise<number>;
}
