import { channel } from 'node:diagnostics_channel';
import { debuglog } from 'node:util';

/**
 * What a store could not do, as `node:diagnostics_channel` `latchkey:store` publishes it. It never
 * contains a secret.
 */
export interface StoreEvent {
  /**
   * The name of the store: `'redis'`, `'sql'`, `'memory'`, or the `name` of a store of your own.
   */
  readonly store: string;
  /**
   * - `subscribe_failed`: the channel of revocations could not be subscribed to, or the
   *   subscription was lost. Latchkey tries again.
   * - `subscribed`: the store is notified of revocations again.
   * - `usage_lost`: uses of credentials were not written. Each use is reported once, even if it is
   *   written later.
   */
  readonly event: 'subscribe_failed' | 'subscribed' | 'usage_lost';
  /** Why. Absent from `subscribed`. */
  readonly error?: Error;
  /** The number of uses. Only in `usage_lost`. */
  readonly count?: number;
}

const events = channel('latchkey:store');
const debug = debuglog('latchkey');

/** Publishes an event. `NODE_DEBUG=latchkey` prints it as one line. */
export function publishStoreEvent(storeEvent: StoreEvent): void {
  const { store, event, error, count } = storeEvent;
  if (events.hasSubscribers) {
    events.publish(storeEvent);
  }
  if (!debug.enabled) {
    return;
  }
  const uses = count === undefined ? '' : ` count=${count}`;
  const cause = error === undefined ? '' : ` error=${JSON.stringify(error.message)}`;
  debug('%s', `store=${store} ${event}${uses}${cause}`.replace(/\p{Cc}/gu, encodeURIComponent));
}
