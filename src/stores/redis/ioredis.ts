import { anyOf, type RedisDriver, type Subscriber } from './detect-driver';

/** What is used of a client of ioredis. */
export interface IoredisClient {
  readonly status: string;
  call(command: string, args: string[]): Promise<unknown>;
  ping(): Promise<unknown>;
  on(event: string, listener: (channel: string, message: string) => void): unknown;
  duplicate(options?: object): IoredisClient;
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
}

/** What is used of a cluster of ioredis. */
export interface IoredisCluster {
  readonly status: string;
  call(command: string, args: string[]): Promise<unknown>;
  nodes(role: 'master'): readonly IoredisClient[];
}

export const ioredisClient = (client: IoredisClient): RedisDriver => ({
  get ready() {
    return client.status === 'ready';
  },
  // Answers come in the order of the questions: it would only wait as well.
  holdsBack: true,
  send: async (_key, command) => call(client, command),
  parts: async () => [async (command) => call(client, command)],
  subscriber: async () => subscriberLike(client),
});

export const ioredisCluster = (cluster: IoredisCluster): RedisDriver => ({
  get ready() {
    return cluster.status === 'ready';
  },
  // A node that is late says nothing of the others.
  holdsBack: false,
  // It finds the key in the command by itself.
  send: async (_key, command) => call(cluster, command),
  parts: async () => cluster.nodes('master').map((node) => async (command) => call(node, command)),
  subscriber: async () => subscriberLike(anyOf(cluster.nodes('master'))),
});

const call = (client: Pick<IoredisClient, 'call'>, [name = '', ...args]: readonly string[]): Promise<unknown> => client.call(name, args);

function subscriberLike(client: IoredisClient): Subscriber {
  // It gives up at the first trouble: the subscription begins again by itself.
  const subscriber = client.duplicate({ lazyConnect: true, retryStrategy: null });
  return {
    async open(channel, hear, lost) {
      for (const event of ['error', 'close']) subscriber.on(event, lost);
      subscriber.on('message', (_channel, message) => hear(message));
      await subscriber.connect();
      await subscriber.subscribe(channel);
    },
    ping: () => subscriber.ping(),
    close: () => subscriber.disconnect(),
  };
}
