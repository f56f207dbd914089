import { setTimeout as sleep } from 'node:timers/promises';

import { codedError } from '../../internal/errors';
import type { SubscriberConnection } from '../subscription';

/**
 * - `idle`: not connected, and nothing has begun to connect it.
 * - `connecting`: connecting, or connecting again.
 * - `retrying`: an attempt to connect has failed, and another follows.
 * - `closed`: closed by the application.
 */
export type ClientStatus = 'idle' | 'connecting' | 'retrying' | 'ready' | 'closed';

/** Sends a command to one node. */
export type Send = (command: readonly string[]) => Promise<unknown>;

/** What the store needs of a client or a cluster, whichever library it is from. */
export interface RedisDriver {
  readonly status: ClientStatus;
  /** Connects an idle client. */
  connect(): Promise<unknown>;
  /**
   * Whether a reply that is late holds up all later ones, so that nothing more may be sent until it
   * arrives.
   */
  readonly isSerial: boolean;
  /** Sends a command about `key`, which decides the node of a cluster. */
  send(key: string, command: readonly string[]): Promise<unknown>;
  /** One function for each master, since SCAN sees the keys of one node. */
  masters(): Promise<readonly Send[]>;
  /**
   * Another connection, subscribed to `channel`. In a cluster any master will do: PUBLISH reaches
   * every node.
   */
  subscriber(channel: string, onMessage: (message: string) => void): SubscriberConnection;
}

/** Waits until a cluster knows its masters, and picks one of them at random. */
export async function pickMaster<T>(
  cluster: Pick<RedisDriver, 'status'>,
  masters: () => readonly T[],
  isCancelled: () => boolean,
): Promise<T> {
  while (cluster.status !== 'ready' && !isCancelled()) {
    await sleep(20, undefined, { ref: false });
  }
  const all = masters();
  const master = all[Math.floor(Math.random() * all.length)];
  if (master === undefined) {
    throw codedError('ERR_LATCHKEY_STORE', 'The cluster has no master');
  }
  return master;
}
