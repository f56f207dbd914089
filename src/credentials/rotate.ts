import type { CredentialStore, StoredRecord } from '../stores/store';
import { timeAfter } from './expiry';
import type { Issued, IssueOptions } from './records';

/** What `rotate()` needs of the credential manager. */
export interface Rotation {
  readonly store: CredentialStore;
  /** Issues the replacement of a credential. */
  readonly issue: (options: IssueOptions, rotatedFrom: string) => Promise<Issued>;
  /** Notifies this instance that a credential changed. */
  readonly notifyChanged: (id: string) => void;
}

/**
 * Replaces a credential by a new one with the same rights. The old one remains valid for
 * `overlapMs`.
 *
 * The new credential is stored before the old one ends, so that a failure in between leaves the
 * holder a credential that works. Of several rotations without overlap at the same time one wins;
 * the others revoke what they issued.
 *
 * @returns the new credential; undefined if the old one is expired or revoked, or was revoked in
 * the meantime
 */
export async function rotate(
  { store, issue, notifyChanged }: Rotation,
  old: StoredRecord,
  overlapMs: number,
): Promise<Issued | undefined> {
  const now = Date.now();
  if (old.revokedAt !== null || (old.expiresAt !== null && old.expiresAt <= now)) {
    return undefined;
  }
  const issued = await issue(replacementOf(old, now), old.id);
  const ended =
    overlapMs === 0
      ? await store.revoke(old.id, now)
      : await endBy(store, old.id, timeAfter(now, overlapMs));
  notifyChanged(old.id);
  if (ended) {
    return issued;
  }
  // Whoever revoked the old credential has not seen its replacement.
  await store.revoke(issued.record.id, now);
  return undefined;
}

/** The same rights, for as long as the old credential was issued for. */
function replacementOf(old: StoredRecord, now: number): IssueOptions {
  const {
    subject,
    scopes,
    name,
    clientId,
    grantId,
    confirmation,
    metadata,
    environment,
    expiresAt,
    issuedAt,
  } = old;
  return {
    ...{ subject, scopes, name, clientId, grantId, confirmation, metadata },
    ...(environment !== null && { environment }),
    // An imported record may have been "issued" after it expires: then the rest of its lifetime
    // counts.
    expiresAt: expiresAt === null ? null : timeAfter(now, expiresAt - Math.min(issuedAt, now)),
  };
}

/**
 * Brings the end of a credential forward. One that ends earlier anyway is left as it is, and counts
 * as ended.
 */
async function endBy(store: CredentialStore, id: string, at: number): Promise<boolean> {
  if (await store.expireAt(id, at)) {
    return true;
  }
  const record = await store.findById(id);
  return record !== undefined && record.revokedAt === null;
}
