import { anyOf, type RedisDriver, type Subscriber } from './detect-driver';

/** What is used of a client of node-redis. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  readonly isOpen: boolean;
  readonly options?: { readonly socket?: object } | undefined;
  sendCommand(command: readonly string[], options?: object): Promise<unknown>;
  select(database: number): Promise<unknown>;
  ping(): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
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
  readonly masters: readonly NodeRedisMaster[];
  sendCommand(key: string | undefined, isReadonly: boolean | undefined, command: string[], options?: object): Promise<unknown>;
  nodeClient(master: NodeRedisMaster): Promise<NodeRedisClient> | NodeRedisClient;
}

/** Replies are texts and numbers, whatever the client maps them to for others. */
const PLAIN = { typeMapping: {} };

export const nodeRedisClient = (client: NodeRedisClient): RedisDriver => ({
  get ready() {
    return client.isReady;
  },
  // It notices that a connection is dead only by the silence on it, and what it writes breaks the silence.
  holdsBack: true,
  send: async (_key, command) => client.sendCommand(command, PLAIN),
  parts: async () => [async (command) => client.sendCommand(command, PLAIN)],
  subscriber: async () => subscriberLike(client),
});

export const nodeRedisCluster = (cluster: NodeRedisCluster): RedisDriver => ({
  get ready() {
    return cluster.isOpen;
  },
  // For the sake of one such connection, the others fall silent for a moment.
  holdsBack: true,
  send: async (key, command) => cluster.sendCommand(key, false, [...command], PLAIN),
  async parts() {
    const clients = await Promise.all(cluster.masters.map(async (master) => cluster.nodeClient(master)));
    return clients.map((client) => async (command) => client.sendCommand(command, PLAIN));
  },
  subscriber: async () => subscriberLike(await cluster.nodeClient(anyOf(cluster.masters))),
});

function subscriberLike(client: NodeRedisClient): Subscriber {
  // It gives up at the first trouble: the subscription begins again by itself.
  const socket = { ...client.options?.socket, connectTimeout: 5_000, socketTimeout: 15_000, reconnectStrategy: false };
  const subscriber = client.duplicate({ socket });
  let connecting: Promise<unknown> = Promise.resolve();
  return {
    async open(channel, hear, lost) {
      subscriber.on('error', lost);
      connecting = subscriber.connect();
      await connecting;
      await subscriber.subscribe(channel, hear);
    },
    ping: () => subscriber.ping(),
    close() {
      // While node-redis connects it cannot be stopped: it would go on, and be closed to all that could end it.
      const end = () => subscriber.isOpen && subscriber.destroy();
      connecting.then(end, end);
    },
  };
}
