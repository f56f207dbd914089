/** What the store asks of a client or a cluster, whichever library it is of. */
export interface Library {
  readonly ready: boolean;
  /** Sends a command about `key`, which says where in a cluster it goes. */
  send(key: string, command: readonly string[]): Promise<unknown>;
  /** One way to send for each part of the data: of a cluster, for each of its masters. */
  parts(): Promise<readonly ((command: readonly string[]) => Promise<unknown>)[]>;
  /** A connection like this one, not yet made, to listen on. */
  subscriber(): Subscriber;
}

export interface Subscriber {
  /** Connects and listens. `lost` is called when the connection is in trouble; what then becomes of it is of no interest. */
  open(channel: string, hear: (message: string) => void, lost: () => void): Promise<unknown>;
  close(): void;
}
