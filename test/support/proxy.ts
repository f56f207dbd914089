import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A TCP proxy on 127.0.0.1 that does what networks do to those who trust them. It begins by passing
 * everything on.
 */
export interface Proxy {
  readonly port: number;
  /** Passes on what was held back, and everything from now on. */
  pass(): Promise<void>;
  /** Ends all connections and refuses new ones. */
  refuse(): Promise<void>;
  /** Takes connections and bytes, and passes on nothing. */
  blackHole(): void;
  /** The connections that are there become black holes for ever; new ones are good. */
  loseConnections(): void;
  /** Replies come so much later. */
  slow(ms: number): void;
  /** On each connection that is there, of the next reply so many bytes come, and then the end. */
  cutNextReplies(bytes: number): void;
  close(): Promise<void>;
}

export async function startProxy(target: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const lost = new WeakSet<Socket>();
  let holding = false;
  let delayMs = 0;
  const cuts = new Map<Socket, number>();

  const pair = (client: Socket) => {
    const server = connect(target, '127.0.0.1');
    let delayed = 0;
    let last: Promise<unknown> = Promise.resolve();
    for (const [socket, other] of [[client, server] as const, [server, client] as const]) {
      sockets.add(socket);
      if (holding) {
        socket.pause();
      }
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        cuts.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => {
      if (cuts.has(client)) {
        client.end(bytes.subarray(0, cuts.get(client)));
      } else if (delayMs > 0 || delayed > 0) {
        // In their order, also when what comes next is slow no more.
        delayed++;
        last = Promise.all([last, sleep(delayMs)]).then(() => {
          delayed--;
          client.write(bytes);
        });
      } else {
        client.write(bytes);
      }
    });
  };

  let server: Server | undefined;
  const listen = async (port: number) => {
    server = createServer(pair).listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const refuse = async () => {
    const closed = server && once(server, 'close');
    server?.close();
    server = undefined;
    for (const socket of sockets) {
      socket.destroy();
    }
    await closed;
  };
  const port = await listen(0);

  return {
    port,
    refuse,
    close: refuse,
    async pass() {
      holding = false;
      delayMs = 0;
      if (!server) {
        await listen(port);
      }
      for (const socket of sockets) {
        if (!lost.has(socket)) {
          socket.resume();
        }
      }
    },
    blackHole() {
      holding = true;
      for (const socket of sockets) {
        socket.pause();
      }
    },
    loseConnections() {
      for (const socket of sockets) {
        lost.add(socket.pause());
      }
    },
    slow(ms) {
      delayMs = ms;
    },
    cutNextReplies(bytes) {
      for (const socket of sockets) {
        cuts.set(socket, bytes);
      }
    },
  };
}
