import { foldCase } from './fold-case';
import {
  belongsTo,
  type CredentialFilter,
  type CredentialStatus,
  isStorable,
  type StoredRecord,
} from './store';

export type { CredentialFilter, CredentialStatus } from './store';

/** Every `CredentialStatus`. */
export const STATUSES = [
  'active',
  'disabled',
  'expired',
  'revoked',
] as const satisfies readonly CredentialStatus[];

/** Returns the status of a record at a time. */
export function toStatus(
  {
    revokedAt,
    expiresAt,
    disabledAt,
  }: Pick<StoredRecord, 'revokedAt' | 'expiresAt' | 'disabledAt'>,
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
  const hasName = name === undefined ? undefined : namePredicate(name);
  const now = Date.now();
  return (record) =>
    record.kind === kind &&
    (owner === undefined || belongsTo(record, owner)) &&
    (status === undefined || toStatus(record, now) === status) &&
    (expiresBefore === undefined || (record.expiresAt ?? Infinity) < expiresBefore) &&
    (hasName === undefined || hasName(record.name));
}

/** Returns whether a name contains a text, without regard to case. */
function namePredicate(text: string): (name: string | null) => boolean {
  const part = foldCase(text);
  // Half of a surrogate pair would be found in other characters.
  return isStorable(text) ? (name) => name !== null && foldCase(name).includes(part) : () => false;
}
