import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { decodeRevocation, encodeRevocation, type RevocationEvent } from '../../credential/revocation';
import { keepListening, type ListenClient } from './listen-connection';
import type { Database } from './tables';

/** The channel of PostgreSQL's NOTIFY. */
const CHANNEL = 'latchkey_news';
/** Of a message of PostgreSQL. */
const MAX_BYTES = 8_000;

/** News of credentials that were revoked, ended or changed: told here at once, and to other machines where PostgreSQL carries it. */
export interface News {
  /** Tells those who watch this store. */
  readonly tell: (ids: readonly string[], at: number) => void;
  /** Tells them of any mark, and other machines where PostgreSQL carries it. */
  readonly publish: (mark: RevocationEvent) => Promise<void>;
  /** For the RETURNING of a statement that changes credentials on PostgreSQL: one message a row, sent when the change is there to be read. */
  readonly announcement: (at: number) => ReturnType<typeof announce>;
  readonly subscribe: (listener: (mark: RevocationEvent) => void) => () => Promise<void>;
}

export function newsOf(db: Database, carries: boolean, listen: (() => ListenClient) | undefined): News {
  const me = randomUUID();
  // A subscription each, so that a listener that watches twice is told twice.
  const subscriptions = new Set<{ readonly listener: (mark: RevocationEvent) => void }>();
  let stopListening: (() => Promise<void>) | undefined;

  const tell = (mark: RevocationEvent) => {
    for (const { listener } of subscriptions) {
      try {
        listener(mark);
      } catch {
        // What is told of has been done: a listener that fails does not undo it, nor keep it from the others.
      }
    }
  };
  const hear = (payload: string) => {
    const { from, ...message } = { kind: 'credential', ...read(payload) };
    const event = from === me ? undefined : decodeRevocation(message);
    if (event) tell(event);
  };

  return {
    tell: (ids, at) => ids.forEach((id) => tell({ type: 'credential', id, at })),
    async publish(mark) {
      tell(mark);
      const payload = JSON.stringify({ from: me, ...encodeRevocation(mark) });
      // What is too long for a message is seen when `ttlMs` is over.
      if (carries && Buffer.byteLength(payload) < MAX_BYTES) await sql`select pg_notify(${CHANNEL}, ${payload})`.execute(db);
    },
    announcement: (at) => announce(me, at),
    subscribe(listener) {
      const subscription = { listener };
      subscriptions.add(subscription);
      if (listen) stopListening ??= keepListening(listen, CHANNEL, hear);
      return async () => {
        subscriptions.delete(subscription);
        if (subscriptions.size > 0) return;
        const stop = stopListening;
        stopListening = undefined;
        await stop?.();
      };
    },
  };
}

/** About 120 bytes. */
const announce = (from: string, at: number) =>
  sql`pg_notify(${CHANNEL}, json_build_object('from', ${from}::text, 'id', id, 'at', ${at}::bigint)::text)`.as('announced');

/** Anybody in the database can write to the channel: what is not ours is passed over. */
function read(payload: string): { readonly from?: unknown } {
  try {
    return Object(JSON.parse(payload)) as object;
  } catch {
    return {};
  }
}
