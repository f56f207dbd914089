import { codedError } from '../../internal/errors';
/** What the store asks of a client or a cluster, whichever library it is of. */
export interface RedisDriver {
  readonly ready: boolean;
  /** Whether nothing more is to be asked while an answer is owed for long. */
  readonly holdsBack: boolean;
  /** Sends a command about `key`, which says where in a cluster it goes. */
  send(key: string, command: readonly string[]): Promise<unknown>;
  /** One way to send for each part of the data: of a cluster, for each of its masters. */
  parts(): Promise<readonly ((command: readonly string[]) => Promise<unknown>)[]>;
  /** Another connection like this one, not yet made; of a cluster, to any of its masters: what is published at one of them is heard at all. */
  subscriber(): Promise<Subscriber>;
}

export interface Subscriber {
  /** Connects and listens. `lost` is called when the connection is in trouble. */
  open(channel: string, hear: (message: string) => void, lost: () => void): Promise<unknown>;
  ping(): Promise<unknown>;
  close(): void;
}

export const anyOf = <T>(nodes: readonly T[]): T => {
  const node = nodes[Math.floor(Math.random() * nodes.length)];
  if (node === undefined) throw codedError('ERR_LATCHKEY_STORE', 'The cluster has no master');
  return node;
};
