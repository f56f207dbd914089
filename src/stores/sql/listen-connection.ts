import type { SubscriberConnection } from '../subscription';

/** What is used of a `pg.Client`. */
export interface ListenClient {
  /** Connects to the server. */
  connect(): Promise<unknown>;
  /** Sends a statement. */
  query(text: string): Promise<unknown>;
  /** Closes the connection. */
  end(): Promise<unknown>;
  /** Adds a listener. */
  on(
    event: 'notification',
    listener: (message: { readonly payload?: string | undefined }) => void,
  ): unknown;
  /** Adds a listener for the loss of the connection. */
  on(event: 'error' | 'end', listener: (error?: unknown) => void): unknown;
}

/** A connection that receives what is sent to a channel of PostgreSQL (LISTEN). */
export function listenConnection(
  client: ListenClient,
  channel: string,
  onMessage: (payload: string) => void,
): SubscriberConnection {
  return {
    async open(onLost) {
      client.on('error', onLost);
      client.on('end', () => onLost());
      client.on('notification', ({ payload = '' }) => onMessage(payload));
      await client.connect();
      await client.query(`LISTEN ${channel}`);
    },
    ping: () => client.query('SELECT 1'),
    close: () => client.end(),
  };
}
