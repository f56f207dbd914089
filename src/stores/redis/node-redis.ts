import type { SubscriberConnection } from '../subscription';
import { type ClientStatus, pickMaster, type RedisDriver } from './driver';

/** What is used of a client of node-redis. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  readonly isOpen: boolean;
  readonly options?: { readonly socket?: object } | undefined;
  sendCommand(command: readonly string[], options?: object): Promise<unknown>;
  select(database: number): Promise<unknown>;
  ping(): Promise<unknown>;
  on(event: string, listener: (error?: unknown) => void): unknown;
  duplicate(options?: object): NodeRedisClient;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  destroy(): void;
}

interface NodeRedisMaster {
  readonly address: string;
}

/** What is used of a cluster of node-redis. */
export interface NodeRedisCluster {
  readonly isOpen: boolean;
  /** Since version 5.13 or 6. */
  readonly isReady?: boolean;
  readonly masters: readonly NodeRedisMaster[];
  on(event: string, listener: (error?: unknown) => void): unknown;
  connect(): Promise<unknown>;
  sendCommand(
    key: string | undefined,
    isReadonly: boolean | undefined,
    command: string[],
    options?: object,
  ): Promise<unknown>;
  nodeClient(master: NodeRedisMaster): Promise<NodeRedisClient> | NodeRedisClient;
}

/** Replies as strings and numbers, whatever the client maps them to for others. */
const PLAIN = { typeMapping: {} };

export function nodeRedisClient(client: NodeRedisClient): RedisDriver {
  const history = historyOf(client, 'end');
  return {
    get status() {
      return client.isReady ? 'ready' : statusOf(client.isOpen, history);
    },
    connect: () => client.connect(),
    // node-redis detects a dead connection by socket inactivity, and our own writes reset that
    // timer.
    isSerial: true,
    send: async (_key, command) => client.sendCommand(command, PLAIN),
    masters: async () => [async (command) => client.sendCommand(command, PLAIN)],
    subscriber: (channel, onMessage) => subscriberOf(() => client, channel, onMessage),
  };
}

export function nodeRedisCluster(cluster: NodeRedisCluster): RedisDriver {
  const history = historyOf(cluster, 'disconnect');
  const driver: RedisDriver = {
    get status() {
      const isReady = cluster.isReady ?? (cluster.isOpen && cluster.masters.length > 0);
      return isReady ? 'ready' : statusOf(cluster.isOpen, history);
    },
    connect: () => cluster.connect(),
    // One dead connection is enough reason to pause: see above.
    isSerial: true,
    send: async (key, command) => cluster.sendCommand(key, false, [...command], PLAIN),
    async masters() {
      const clients = await Promise.all(
        cluster.masters.map(async (master) => cluster.nodeClient(master)),
      );
      return clients.map((client) => async (command) => client.sendCommand(command, PLAIN));
    },
    subscriber: (channel, onMessage) => {
      const node = async (isClosed: () => boolean) =>
        cluster.nodeClient(await pickMaster(driver, () => cluster.masters, isClosed));
      return subscriberOf(node, channel, onMessage);
    },
  };
  return driver;
}

/** What node-redis says in events alone. */
interface History {
  isRetrying: boolean;
  isClosed: boolean;
}

/** One for each client, so that many stores on one client do not add many listeners. */
const histories = new WeakMap<object, History>();

function historyOf(client: NodeRedisClient | NodeRedisCluster, closeEvent: string): History {
  const known = histories.get(client);
  if (known) {
    return known;
  }
  const history: History = { isRetrying: false, isClosed: false };
  client.on('reconnecting', () => (history.isRetrying = true));
  client.on('ready', () => (history.isRetrying = false));
  client.on(closeEvent, () => (history.isClosed = true));
  client.on('connect', () => (history.isClosed = false));
  histories.set(client, history);
  return history;
}

function statusOf(isOpen: boolean, { isRetrying, isClosed }: History): ClientStatus {
  if (isOpen) {
    return isRetrying ? 'retrying' : 'connecting';
  }
  return isClosed ? 'closed' : 'idle';
}

function subscriberOf(
  node: (isClosed: () => boolean) => NodeRedisClient | Promise<NodeRedisClient>,
  channel: string,
  onMessage: (message: string) => void,
): SubscriberConnection {
  let isClosed = false;
  let subscriber: NodeRedisClient | undefined;
  let opening: Promise<unknown> = Promise.resolve();
  const connect = async (onLost: (error?: unknown) => void) => {
    const client = await node(() => isClosed);
    if (isClosed) {
      return;
    }
    // It does not reconnect: the subscription opens another connection instead.
    const socket = {
      ...client.options?.socket,
      connectTimeout: 5_000,
      socketTimeout: 15_000,
      reconnectStrategy: false,
    };
    subscriber = client.duplicate({ socket });
    subscriber.on('error', onLost);
    await subscriber.connect();
  };
  return {
    async open(onLost) {
      opening = connect(onLost);
      await opening;
      await subscriber?.subscribe(channel, onMessage);
    },
    ping: async () => subscriber?.ping(),
    close() {
      isClosed = true;
      // node-redis cannot be stopped while it connects: it would go on, and could not be closed any
      // more.
      const destroy = () => {
        if (subscriber?.isOpen) {
          subscriber.destroy();
        }
      };
      opening.then(destroy, destroy);
    },
  };
}
