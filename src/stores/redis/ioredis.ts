import type { Library, Subscriber } from './library';

interface IoredisSubscriber {
  on(event: string, listener: (channel: string, message: string) => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
}

interface Callable {
  call(command: string, args: string[]): Promise<unknown>;
}

/** What is used of a client of ioredis. */
export interface IoredisClient extends Callable {
  readonly isCluster: boolean;
  readonly status: string;
  duplicate(options?: object): IoredisSubscriber;
}

/** What is used of a cluster of ioredis. */
export interface IoredisCluster extends Callable {
  readonly isCluster: boolean;
  readonly status: string;
  nodes(role: 'master'): readonly Callable[];
  duplicate(nodes?: never[], options?: object): IoredisSubscriber;
}

export const ioredisClient = (client: IoredisClient): Library => ({
  get ready() {
    return client.status === 'ready';
  },
  send: async (_key, command) => call(client, command),
  parts: async () => [async (command) => call(client, command)],
  subscriber: () => subscriber(client.duplicate({ lazyConnect: true })),
});

export const ioredisCluster = (cluster: IoredisCluster): Library => ({
  get ready() {
    return cluster.status === 'ready';
  },
  // It finds the key in the command by itself.
  send: async (_key, command) => call(cluster, command),
  parts: async () => cluster.nodes('master').map((node) => async (command) => call(node, command)),
  subscriber: () => subscriber(cluster.duplicate([], { lazyConnect: true })),
});

const call = (client: Callable, [name = '', ...args]: readonly string[]): Promise<unknown> => client.call(name, args);

const subscriber = (client: IoredisSubscriber): Subscriber => ({
  async open(channel, hear, lost) {
    for (const event of ['error', 'close', 'end']) client.on(event, lost);
    client.on('message', (_channel, message) => hear(message));
    await client.connect();
    await client.subscribe(channel);
  },
  close: () => client.disconnect(),
});
