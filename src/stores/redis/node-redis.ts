import type { SubscriberConnection } from '../subscription';
import { type ClientStatus, pickMaster, type RedisDriver, type Send } from './driver';

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

/** Replies as strings and numbers, even if the client maps them to other types. */
const PLAIN = { typeMapping: {} };

export function nodeRedisClient(client: NodeRedisClient): RedisDriver {
  const history = watchHistory(client, 'end');
  const node = () => client;
  return {
    get status() {
      return client.isReady ? 'ready' : toStatus(client.isOpen, history);
    },
    connect: () => client.connect(),
    // node-redis detects a dead connection by socket inactivity, and our own writes reset that
    // timer.
    isSerial: true,
    send: async (_key, command) => client.sendCommand(command, PLAIN),
    masters: async () => [sendTo(client)],
    subscriber: (channel, onMessage) => new NodeRedisSubscriber(node, channel, onMessage),
  };
}

export function nodeRedisCluster(cluster: NodeRedisCluster): RedisDriver {
  const history = watchHistory(cluster, 'disconnect');
  const masters = () => cluster.masters;
  const connect = async (master: NodeRedisMaster) => cluster.nodeClient(master);
  const node = async (isClosed: () => boolean) =>
    connect(await pickMaster(driver, masters, isClosed));
  const driver: RedisDriver = {
    get status() {
      const isReady = cluster.isReady ?? (cluster.isOpen && cluster.masters.length > 0);
      return isReady ? 'ready' : toStatus(cluster.isOpen, history);
    },
    connect: () => cluster.connect(),
    // One dead connection is enough reason to pause: see above.
    isSerial: true,
    send: async (key, command) => cluster.sendCommand(key, false, [...command], PLAIN),
    async masters() {
      const clients = await Promise.all(cluster.masters.map(connect));
      return clients.map(sendTo);
    },
    subscriber: (channel, onMessage) => new NodeRedisSubscriber(node, channel, onMessage),
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

function watchHistory(client: NodeRedisClient | NodeRedisCluster, closeEvent: string): History {
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

function toStatus(isOpen: boolean, { isRetrying, isClosed }: History): ClientStatus {
  if (isOpen) {
    return isRetrying ? 'retrying' : 'connecting';
  }
  return isClosed ? 'closed' : 'idle';
}

const sendTo =
  (client: NodeRedisClient): Send =>
  async (command) =>
    client.sendCommand(command, PLAIN);

type FindNode = (isClosed: () => boolean) => NodeRedisClient | Promise<NodeRedisClient>;

class NodeRedisSubscriber implements SubscriberConnection {
  readonly #findNode: FindNode;
  readonly #channel: string;
  readonly #onMessage: (message: string) => void;
  #isClosed = false;
  #subscriber: NodeRedisClient | undefined;
  #opening: Promise<void> = Promise.resolve();

  constructor(findNode: FindNode, channel: string, onMessage: (message: string) => void) {
    this.#findNode = findNode;
    this.#channel = channel;
    this.#onMessage = onMessage;
  }

  async open(onLost: (error?: unknown) => void): Promise<void> {
    this.#opening = this.#connect(onLost);
    await this.#opening;
    await this.#subscriber?.subscribe(this.#channel, this.#onMessage);
  }

  async ping(): Promise<unknown> {
    return this.#subscriber?.ping();
  }

  close(): void {
    this.#isClosed = true;
    // node-redis cannot be stopped while it connects: it would go on, and could not be closed any
    // more.
    const destroy = () => this.#destroy();
    this.#opening.then(destroy, destroy);
  }

  async #connect(onLost: (error?: unknown) => void): Promise<void> {
    const client = await this.#findNode(() => this.#isClosed);
    if (this.#isClosed) {
      return;
    }
    // It does not reconnect: the subscription opens another connection instead.
    const socket = {
      ...client.options?.socket,
      connectTimeout: 5_000,
      socketTimeout: 15_000,
      reconnectStrategy: false,
    };
    this.#subscriber = client.duplicate({ socket });
    this.#subscriber.on('error', onLost);
    await this.#subscriber.connect();
  }

  #destroy(): void {
    if (this.#subscriber?.isOpen) {
      this.#subscriber.destroy();
    }
  }
}
