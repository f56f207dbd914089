import type { Library, Subscriber } from './library';

interface NodeRedisSubscriber {
  readonly isOpen: boolean;
  on(event: string, listener: () => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  destroy(): void;
}

/** What is used of a client of node-redis. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  sendCommand(command: readonly string[], options?: object): Promise<unknown>;
  select(database: number): Promise<unknown>;
  duplicate(): NodeRedisSubscriber;
}

interface NodeRedisClusterNode {
  readonly address: string;
}

/** What is used of a cluster of node-redis. */
export interface NodeRedisCluster {
  readonly isOpen: boolean;
  readonly masters: readonly NodeRedisClusterNode[];
  sendCommand(key: string | undefined, isReadonly: boolean | undefined, command: string[], options?: object): Promise<unknown>;
  nodeClient(node: NodeRedisClusterNode): Promise<Pick<NodeRedisClient, 'sendCommand'>> | Pick<NodeRedisClient, 'sendCommand'> | undefined;
  duplicate(options?: object): NodeRedisSubscriber;
}

/** Replies are texts and numbers, whatever the client maps them to for others. */
const OPTIONS = { typeMapping: {} };

export const nodeRedisClient = (client: NodeRedisClient): Library => ({
  get ready() {
    return client.isReady;
  },
  send: async (_key, command) => client.sendCommand(command, OPTIONS),
  parts: async () => [async (command) => client.sendCommand(command, OPTIONS)],
  subscriber: () => subscriber(client.duplicate()),
});

export const nodeRedisCluster = (cluster: NodeRedisCluster): Library => ({
  get ready() {
    return cluster.isOpen;
  },
  send: async (key, command) => cluster.sendCommand(key, false, [...command], OPTIONS),
  async parts() {
    const clients = await Promise.all(cluster.masters.map((master) => cluster.nodeClient(master)));
    return clients.flatMap((client) => (client ? [async (command: readonly string[]) => client.sendCommand(command, OPTIONS)] : []));
  },
  subscriber: () => subscriber(cluster.duplicate({ minimizeConnections: true })),
});

const subscriber = (client: NodeRedisSubscriber): Subscriber => ({
  async open(channel, hear, lost) {
    client.on('error', lost);
    client.on('node-error', lost);
    await client.connect();
    await client.subscribe(channel, hear);
  },
  close() {
    if (client.isOpen) client.destroy();
  },
});
