import { randomUUID } from 'node:crypto';

import { sql } from 'kysely';

import {
  decodeRevocation,
  encodeRevocation,
  type RevocationEvent,
} from '../../credential/revocation';
import { createListeners } from '../listeners';
import type { CredentialStore } from '../store';
import { keepSubscribed, subscribeWhileNeeded } from '../subscription';
import { withoutValues } from './errors';
import { type ListenClient, listenConnection } from './listen-connection';
import type { Database } from './tables';

/** The channel of PostgreSQL's NOTIFY. */
const CHANNEL = 'latchkey_news';
/** PostgreSQL's limit on the payload of a notification. */
const MAX_BYTES = 8_000;

/**
 * Notifies subscribers of changes: those of this store at once, those of other instances through
 * PostgreSQL.
 */
export interface Notifications {
  /** Notifies the subscribers of this store that credentials were changed. */
  readonly notify: (ids: readonly string[], at: number) => void;
  readonly publish: CredentialStore['publish'];
  readonly subscribe: CredentialStore['subscribe'];
  /**
   * For RETURNING of a statement that changes credentials on PostgreSQL: sends one message a row
   * when the transaction commits.
   */
  readonly notifyExpression: (at: number) => ReturnType<typeof pgNotify>;
}

export function createNotifications(
  db: Database,
  isPostgres: boolean,
  listen: (() => ListenClient) | undefined,
): Notifications {
  const instance = randomUUID();
  const listeners = createListeners();

  const onMessage = (payload: string) => {
    const { from, ...message } = { kind: 'credential', ...parse(payload) };
    // This instance notified its own subscribers when it made the change.
    const event = from === instance ? undefined : decodeRevocation(message);
    if (event) {
      listeners.notify(event);
    }
  };

  return {
    notify(ids, at) {
      for (const id of ids) {
        listeners.notify({ type: 'credential', id, at });
      }
    },
    async publish(event: RevocationEvent) {
      listeners.notify(event);
      const payload = JSON.stringify({ from: instance, ...encodeRevocation(event) });
      // Other instances notice a longer one when their cache's `ttlMs` has passed.
      const fits = Buffer.byteLength(payload) < MAX_BYTES;
      if (isPostgres && fits) {
        await sql`select pg_notify(${CHANNEL}, ${payload})`.execute(db);
      }
    },
    notifyExpression: (at) => pgNotify(instance, at),
    subscribe: subscribeWhileNeeded(listeners, listen && subscriptionStarter(listen, onMessage)),
  };
}

function subscriptionStarter(
  listen: () => ListenClient,
  onMessage: (payload: string) => void,
): () => () => Promise<void> {
  const connect = () => listenConnection(listen(), CHANNEL, onMessage);
  const toError = (error: unknown) => withoutValues('subscribe', error);
  return () => keepSubscribed({ store: 'sql', connect, toError });
}

/** About 120 bytes. */
const pgNotify = (from: string, at: number) =>
  sql`pg_notify(${CHANNEL}, json_build_object('from', ${from}::text, 'id', id, 'at', ${at}::bigint)::text)`.as(
    'announced',
  );

/** Anything else than JSON is ignored: every user of the database may send to the channel. */
function parse(payload: string): { readonly from?: unknown } {
  try {
    return Object(JSON.parse(payload)) as object;
  } catch {
    return {};
  }
}
