import type { SubscriberConnection } from '../subscription';
import { type ClientStatus, pickMaster, type RedisDriver, type Send } from './driver';

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

export function ioredisClient(client: IoredisClient): RedisDriver {
  const node = () => client;
  return {
    get status() {
      return toStatus(client.status);
    },
    connect: () => client.connect(),
    isSerial: true,
    send: async (_key, command) => call(client, command),
    masters: async () => [sendTo(client)],
    subscriber: (channel, onMessage) => new IoredisSubscriber(node, channel, onMessage),
  };
}

export function ioredisCluster(cluster: IoredisCluster): RedisDriver {
  const masters = () => cluster.nodes('master');
  const node = (isClosed: () => boolean) => pickMaster(driver, masters, isClosed);
  const driver: RedisDriver = {
    get status() {
      return toStatus(cluster.status);
    },
    connect: () => cluster.connect(),
    // One slow node does not hold up the others.
    isSerial: false,
    // ioredis finds the key in the command itself.
    send: async (_key, command) => call(cluster, command),
    masters: async () => masters().map(sendTo),
    subscriber: (channel, onMessage) => new IoredisSubscriber(node, channel, onMessage),
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

const sendTo =
  (client: IoredisClient): Send =>
  async (command) =>
    call(client, command);

type FindNode = (isClosed: () => boolean) => IoredisClient | Promise<IoredisClient>;

class IoredisSubscriber implements SubscriberConnection {
  readonly #findNode: FindNode;
  readonly #channel: string;
  readonly #onMessage: (message: string) => void;
  #isClosed = false;
  #subscriber: IoredisClient | undefined;

  constructor(findNode: FindNode, channel: string, onMessage: (message: string) => void) {
    this.#findNode = findNode;
    this.#channel = channel;
    this.#onMessage = onMessage;
  }

  async open(onLost: (error?: unknown) => void): Promise<void> {
    const client = await this.#findNode(() => this.#isClosed);
    if (this.#isClosed) {
      return;
    }
    // It does not reconnect: the subscription opens another connection instead.
    const subscriber = client.duplicate({ lazyConnect: true, retryStrategy: null });
    this.#subscriber = subscriber;
    subscriber.on('error', onLost);
    subscriber.on('close', () => onLost());
    subscriber.on('message', (_channel, message) => this.#onMessage(String(message)));
    await subscriber.connect();
    await subscriber.subscribe(this.#channel);
  }

  async ping(): Promise<unknown> {
    return this.#subscriber?.ping();
  }

  close(): void {
    this.#isClosed = true;
    this.#subscriber?.disconnect();
  }
}
