import { channel } from 'node:diagnostics_channel';
import { isDeepStrictEqual } from 'node:util';

import { deepFreeze } from '../credential/freeze';
import type { MemberChange } from '../credentials/audit';
import type { Client } from './clients/client';
import type { Grant } from './grant-records';

/** What happened to a client. */
export type ClientAction = 'registered' | 'updated' | 'rotated' | 'extended' | 'removed' | 'pruned';

/**
 * A change of one client, as `node:diagnostics_channel` `latchkey:client` publishes it: once, after
 * the change is stored. It never contains a secret or a digest, and is frozen.
 */
export interface ClientEvent {
  /**
   * What happened. `rotated`: the client got a new secret. `extended`: a client that registered
   * itself was used and expires later. `pruned`: its expired registration was deleted.
   */
  readonly action: ClientAction;
  /** The client that changed. */
  readonly clientId: string;
  /** The account that registered the client, if it has an `owner`. */
  readonly subject: string | undefined;
  /** Who made the change, as passed in `{ actor }`. */
  readonly actor: string | undefined;
  /** When it was made, in milliseconds since the epoch. */
  readonly at: number;
  /** The changed members of the client. */
  readonly changes: Readonly<Record<string, MemberChange>>;
}

/** What happened to a grant. */
export type GrantAction = 'issued' | 'revoked' | 'pruned';

/**
 * A change of one grant, as `node:diagnostics_channel` `latchkey:grant` publishes it: once, after
 * the change is stored. It is frozen.
 */
export interface GrantEvent {
  /** What happened. `pruned`: the grant had expired, and its record was deleted. */
  readonly action: GrantAction;
  /** The grant that was issued or has ended. */
  readonly grantId: string;
  /** The client that the grant is for. */
  readonly clientId: string;
  /** The user who agreed. */
  readonly subject: string;
  /** Who made the change, as passed in `{ actor }`. */
  readonly actor: string | undefined;
  /** When it was made, in milliseconds since the epoch. */
  readonly at: number;
  /** The changed members of the grant. */
  readonly changes: Readonly<Record<string, MemberChange>>;
}

const clientEvents = channel('latchkey:client');
const grantEvents = channel('latchkey:grant');

/** Whether anything receives events of grants. If not, a change need not collect them. */
export const areGrantsAudited = (): boolean => grantEvents.hasSubscribers;
export const areClientsAudited = (): boolean => clientEvents.hasSubscribers;

/** Publishes a change of a client. Subscribers get a copy. */
export function publishClientEvent(
  action: ClientAction,
  { clientId, owner: subject }: Client,
  rest: Partial<Pick<ClientEvent, 'actor' | 'at' | 'changes'>> = {},
): void {
  if (clientEvents.hasSubscribers) {
    const { actor, at = Date.now(), changes = {} } = rest;
    const event: ClientEvent = { action, clientId, subject, actor, at, changes };
    clientEvents.publish(deepFreeze(structuredClone(event)));
  }
}

/** Publishes a change of a grant. Subscribers get a copy. */
export function publishGrantEvent(
  action: GrantAction,
  { id: grantId, clientId, subject }: Grant,
  rest: Partial<Pick<GrantEvent, 'actor' | 'at' | 'changes'>> = {},
): void {
  if (grantEvents.hasSubscribers) {
    const { actor, at = Date.now(), changes = {} } = rest;
    const event: GrantEvent = { action, grantId, clientId, subject, actor, at, changes };
    grantEvents.publish(deepFreeze(structuredClone(event)));
  }
}

/** Returns the members that differ between two states of a client or a grant. */
export function memberChanges(before: object, after: object): Record<string, MemberChange> {
  const [old, current] = [before, after].map((one) => new Map(Object.entries(one)));
  const names = new Set([...(old?.keys() ?? []), ...(current?.keys() ?? [])]);
  const changes = [...names].map((name): [string, MemberChange] => [
    name,
    { before: old?.get(name) ?? null, after: current?.get(name) ?? null },
  ]);
  return Object.fromEntries(changes.filter(([, change]) => isChanged(change)));
}

/** Compares clones, because the prototypes of equal values may be of two realms. */
const isChanged = ({ before, after }: MemberChange): boolean =>
  !isDeepStrictEqual(structuredClone(before), structuredClone(after));
