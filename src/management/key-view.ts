import type { PublicRecord } from '../credentials/records';
import { toStatus } from '../stores/filter';
import type { CredentialStatus } from '../stores/store';

/** A key as its owner sees it. Times are in milliseconds since the epoch. */
export interface ManagedKey {
  readonly id: string;
  readonly name: string | null;
  /** The visible start of the key. */
  readonly hint: string;
  readonly environment: string | null;
  readonly scopes: readonly string[];
  readonly status: CredentialStatus;
  readonly issuedAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
  /** How often it was accepted. */
  readonly useCount: number;
  readonly disabledAt: number | null;
  readonly revokedAt: number | null;
  /** The ID of the key that this one replaced. */
  readonly rotatedFrom: string | null;
}

/** A new key with its secret, which is not shown again. */
export interface CreatedKey {
  readonly secret: string;
  readonly key: ManagedKey;
}

export function toManagedKey(record: PublicRecord): ManagedKey {
  const { id, name, hint, environment, scopes, issuedAt, expiresAt } = record;
  const { lastUsedAt, useCount, disabledAt, revokedAt, rotatedFrom } = record;
  return {
    id,
    name,
    hint,
    environment,
    scopes,
    status: toStatus(record, Date.now()),
    issuedAt,
    expiresAt,
    lastUsedAt,
    useCount,
    disabledAt,
    revokedAt,
    rotatedFrom,
  };
}
