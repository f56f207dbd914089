import { channel } from 'node:diagnostics_channel';
import { isDeepStrictEqual } from 'node:util';

import { deepFreeze } from '../credential/freeze';
import type { StoredRecord } from '../stores/store';

/** How a credential was changed. */
export type CredentialAction =
  'issued' | 'updated' | 'rotated' | 'revoked' | 'disabled' | 'enabled' | 'imported' | 'pruned';

/** The value of a member before and after a change. Null stands for none. */
export interface MemberChange {
  /** The value before the change. */
  readonly before: unknown;
  /** The value after the change. */
  readonly after: unknown;
}

/**
 * A change of one credential, as `node:diagnostics_channel` `latchkey:credential` publishes it:
 * once, after the change is durable. It never contains a secret or a digest, and is frozen.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 * subscribe('latchkey:credential', (event) => console.log(JSON.stringify(event)));
 */
export interface CredentialEvent {
  /** How it was changed. */
  readonly action: CredentialAction;
  /** `'api_key'`, `'access_token'`, `'session_token'` or `'client_secret'`. */
  readonly kind: string;
  /** The ID of the credential. For `rotated`, that of the one that was replaced. */
  readonly credentialId: string;
  /** The subject of the credential. */
  readonly subject: string;
  /** Who made the change, as passed in `{ actor }`. */
  readonly actor: string | undefined;
  /** When it was made, in milliseconds since the epoch. */
  readonly at: number;
  /**
   * The changed members of the record. `rotated` also has `replacement`, whose `after` describes
   * the new credential. Empty for `pruned`.
   */
  readonly changes: Readonly<Record<string, MemberChange>>;
}

/** The members of a record that events show. */
const MEMBERS = [
  'name',
  'scopes',
  'environment',
  'clientId',
  'grantId',
  'issuedAt',
  'expiresAt',
  'disabledAt',
  'revokedAt',
  'rotatedFrom',
  'confirmation',
  'metadata',
] as const satisfies readonly (keyof StoredRecord)[];

type Audited = Partial<Pick<StoredRecord, (typeof MEMBERS)[number]>>;

/** Returns the members that differ between two states of a record. */
export function changesBetween(before: Audited, after: Audited): Record<string, MemberChange> {
  const changes: Record<string, MemberChange> = {};
  for (const member of MEMBERS) {
    const change = { before: before[member] ?? null, after: after[member] ?? null };
    if (!isSameJson(change.before, change.after)) {
      changes[member] = change;
    }
  }
  return changes;
}

/** Compares clones, because the prototypes of equal values may be of two realms. */
const isSameJson = (a: unknown, b: unknown): boolean =>
  isDeepStrictEqual(structuredClone(a), structuredClone(b));

/** Returns what an event shows of a new record. */
export const describeRecord = (record: Audited & { readonly id: string }): object => ({
  id: record.id,
  ...Object.fromEntries(MEMBERS.map((member) => [member, record[member] ?? null])),
});

const events = channel('latchkey:credential');

/** Whether anything receives events. If not, a change need not collect what they would say. */
export const isAudited = (): boolean => events.hasSubscribers;

/** Publishes an event. Subscribers get a copy, so that they cannot change a record. */
export function publishCredentialEvent(event: CredentialEvent): void {
  if (events.hasSubscribers) {
    events.publish(deepFreeze(structuredClone(event)));
  }
}
