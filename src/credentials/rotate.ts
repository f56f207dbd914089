import { type StoredRecord } from '../stores/store';
import { isComplete, type ManagedStore } from '../stores/store-methods';
import { changesBetween, describeRecord, type MemberChange } from './audit';
import { timeAfter } from './expiry';
import type { PublishedChange, StoredSecret } from './manager-context';
import type { IssueOptions } from './records';

/** What `rotate()` needs of the credential manager. */
export interface Rotation {
  readonly store: ManagedStore;
  /** Stores the replacement of a credential. */
  readonly insert: (options: IssueOptions, rotatedFrom: string) => Promise<StoredSecret>;
  /** Notifies this instance that a credential changed. */
  readonly notifyChanged: (id: string) => void;
  /** Publishes a change that was made. */
  readonly publish: (change: PublishedChange) => void;
}

export interface RotateOptions {
  /** How long the old credential remains valid, in milliseconds. @default 0 */
  readonly overlapMs?: number;
  /** When the new credential expires. @default after the lifetime of the old one */
  readonly expiresAt?: number | null;
}

type Changes = Readonly<Record<string, MemberChange>>;

/**
 * Replaces a credential by a new one with the same rights. The old one remains valid for
 * `overlapMs`.
 *
 * The new credential is stored before the old one ends, so that a failure in between leaves the
 * holder a credential that works. Of several rotations without overlap at the same time one wins;
 * the others revoke what they issued. If the old credential is disabled in the meantime, so is its
 * replacement.
 *
 * @returns the new credential; undefined if the old one is expired, revoked or disabled, or was
 * revoked in the meantime
 */
export async function rotate(
  rotation: Rotation,
  old: StoredRecord,
  { overlapMs = 0, expiresAt }: RotateOptions,
): Promise<StoredSecret | undefined> {
  const { store, insert, notifyChanged, publish } = rotation;
  const now = Date.now();
  if (!isActive(old, now)) {
    return undefined;
  }
  const issued = await insert(toReplacement(old, now, expiresAt), old.id);
  let ended: Changes | undefined;
  try {
    ended = await end(store, old, now, overlapMs);
  } catch (error) {
    // The new credential is stored, although nobody has its secret.
    await withdraw(rotation, issued.record).catch(() => undefined);
    throw error;
  }
  notifyChanged(old.id);
  if (!ended) {
    await withdraw(rotation, issued.record);
    return undefined;
  }
  const replacement = { before: null, after: describeRecord(issued.record) };
  publish({ action: 'rotated', record: old, at: now, changes: { ...ended, replacement } });
  return disableLikeOld(rotation, old.id, issued);
}

const isActive = ({ revokedAt, disabledAt, expiresAt }: StoredRecord, now: number): boolean =>
  revokedAt === null && !disabledAt && (expiresAt === null || expiresAt > now);

/** The same rights, for as long as the old credential was issued for. */
function toReplacement(
  old: StoredRecord,
  now: number,
  expiresAt = renewedExpiry(old, now),
): IssueOptions {
  const { subject, scopes, name, clientId, grantId, confirmation, metadata, environment } = old;
  return {
    subject,
    scopes,
    name,
    clientId,
    grantId,
    confirmation,
    metadata,
    ...(environment === null ? {} : { environment }),
    expiresAt,
  };
}

/**
 * An imported record may have been "issued" after it expires: then the rest of its lifetime counts.
 */
const renewedExpiry = ({ expiresAt, issuedAt }: StoredRecord, now: number): number | null =>
  expiresAt === null ? null : timeAfter(now, expiresAt - Math.min(issuedAt, now));

/** Ends the old credential. Returns what that changed; undefined if it is revoked. */
async function end(
  store: ManagedStore,
  old: StoredRecord,
  now: number,
  overlapMs: number,
): Promise<Changes | undefined> {
  if (overlapMs === 0) {
    return (await store.revoke(old.id, now))
      ? { revokedAt: { before: null, after: now } }
      : undefined;
  }
  const expiresAt = timeAfter(now, overlapMs);
  if (await store.expireAt(old.id, expiresAt)) {
    return changesBetween({ expiresAt: old.expiresAt }, { expiresAt });
  }
  // One that ends earlier anyway is left as it is, and counts as ended.
  const record = await store.findById(old.id);
  return record?.revokedAt === null ? {} : undefined;
}

const issuedChange = (record: StoredRecord): PublishedChange => ({
  action: 'issued',
  record,
  at: record.issuedAt,
  changes: changesBetween({}, record),
});

/** Revokes a replacement whose secret nobody has. */
async function withdraw({ store, publish }: Rotation, record: StoredRecord): Promise<void> {
  publish(issuedChange(record));
  const at = Date.now();
  if (await store.revoke(record.id, at)) {
    publish({ action: 'revoked', record, at, changes: { revokedAt: { before: null, after: at } } });
  }
}

/**
 * Disables a replacement that the caller who disabled the old credential has not seen. If the store
 * fails now, the rotation remains valid: an error would lose the secret, and the old credential may
 * have ended.
 */
async function disableLikeOld(
  { store, publish }: Rotation,
  oldId: string,
  { secret, record }: StoredSecret,
): Promise<StoredSecret> {
  const at = Date.now();
  const isDisabled = await disableIfOldIs(store, oldId, { id: record.id, at }).catch(() => false);
  if (!isDisabled) {
    return { secret, record };
  }
  const changes = { disabledAt: { before: null, after: at } };
  publish({ action: 'disabled', record, at, changes });
  return { secret, record: { ...record, disabledAt: at } };
}

async function disableIfOldIs(
  store: ManagedStore,
  oldId: string,
  { id, at }: { readonly id: string; readonly at: number },
): Promise<boolean> {
  const old = isComplete(store) ? await store.findById(oldId) : undefined;
  return !!old?.disabledAt && isComplete(store) && store.disable(id, at);
}
