import { isOf, type Owner, type StoredRecord } from './store';

/**
 * The status of a credential. The first that applies counts:
 * - `revoked`: it was revoked, for good.
 * - `expired`: its `expiresAt` has passed.
 * - `disabled`: it is rejected until it is enabled.
 * - `active`: it is accepted.
 */
export type CredentialStatus = 'active' | 'disabled' | 'expired' | 'revoked';

/** Every `CredentialStatus`. */
export const STATUSES = [
  'active',
  'disabled',
  'expired',
  'revoked',
] as const satisfies readonly CredentialStatus[];

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

/** Returns the status of a record at a time. */
export function toStatus(
  { revokedAt, expiresAt, disabledAt }: StoredRecord,
  now: number,
): CredentialStatus {
  if (revokedAt !== null) {
    return 'revoked';
  }
  if (expiresAt !== null && expiresAt <= now) {
    return 'expired';
  }
  // A store for Latchkey 0.1 returns records without it.
  return (disabledAt ?? null) === null ? 'active' : 'disabled';
}

/** Returns the condition that a filter states. */
export function toPredicate(filter: CredentialFilter): (record: StoredRecord) => boolean {
  const { kind, owner, status, expiresBefore, name } = filter;
  const part = name?.toLowerCase();
  const now = Date.now();
  return (record) =>
    record.kind === kind &&
    (owner === undefined || isOf(record, owner)) &&
    (status === undefined || toStatus(record, now) === status) &&
    (expiresBefore === undefined || (record.expiresAt ?? Infinity) < expiresBefore) &&
    (part === undefined || (record.name?.toLowerCase().includes(part) ?? false));
}
