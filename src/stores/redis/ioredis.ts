import type { SubscriberConnection } from '../subscription';
import { type ClientStatus, pickMaster, type RedisDriver } from './driver';

/** What is used of a client of ioredis. */
export interface IoredisClient {
  readonly status: string;
  call(command: string, args: string[]): Promise<unknown>;
  ping(): Promise<unknown>;
  on(event: string, listener: (first?: unknown, second?: unknown) => void): unknown;
  duplicate(options?: object): IoredisClient;
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
}

/** What is used of a cluster of ioredis. */
export interface IoredisCluster {
  readonly status: string;
  connect(): Promise<unknown>;
  call(command: string, args: string[]): Promise<unknown>;
  nodes(role: 'master'): readonly IoredisClient[];
}

export const ioredisClient = (client: IoredisClient): RedisDriver => ({
  get status() {
    return toStatus(client.status);
  },
  connect: () => client.connect(),
  isSerial: true,
  send: async (_key, command) => call(client, command),
  masters: async () => [async (command) => call(client, command)],
  subscriber: (channel, onMessage) => subscriberOf(() => client, channel, onMessage),
});

export function ioredisCluster(cluster: IoredisCluster): RedisDriver {
  const driver: RedisDriver = {
    get status() {
      return toStatus(cluster.status);
    },
    connect: () => cluster.connect(),
    // One slow node does not hold up the others.
    isSerial: false,
    // ioredis finds the key in the command itself.
    send: async (_key, command) => call(cluster, command),
    masters: async () =>
      cluster.nodes('master').map((node) => async (command) => call(node, command)),
    subscriber: (channel, onMessage) =>
      subscriberOf(
        (isClosed) => pickMaster(driver, () => cluster.nodes('master'), isClosed),
        channel,
        onMessage,
      ),
  };
  return driver;
}

const STATUSES: Readonly<Record<string, ClientStatus>> = {
  wait: 'idle',
  connecting: 'connecting',
  connect: 'connecting',
  ready: 'ready',
  end: 'closed',
};

const toStatus = (status: string): ClientStatus => STATUSES[status] ?? 'retrying';

const call = (
  client: Pick<IoredisClient, 'call'>,
  [name = '', ...args]: readonly string[],
): Promise<unknown> => client.call(name, args);

function subscriberOf(
  node: (isClosed: () => boolean) => IoredisClient | Promise<IoredisClient>,
  channel: string,
  onMessage: (message: string) => void,
): SubscriberConnection {
  let isClosed = false;
  let subscriber: IoredisClient | undefined;
  return {
    async open(onLost) {
      const client = await node(() => isClosed);
      if (isClosed) {
        return;
      }
      // It does not reconnect: the subscription opens another connection instead.
      subscriber = client.duplicate({ lazyConnect: true, retryStrategy: null });
      subscriber.on('error', onLost);
      subscriber.on('close', () => onLost());
      subscriber.on('message', (_channel, message) => onMessage(String(message)));
      await subscriber.connect();
      await subscriber.subscribe(channel);
    },
    ping: async () => subscriber?.ping(),
    close() {
      isClosed = true;
      subscriber?.disconnect();
    },
  };
}
