import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A real Redis server on 127.0.0.1, with its data in a folder that goes when it stops. */
export interface RedisServer {
  readonly port: number;
  /** What `redis-cli` prints for a command. */
  command(...args: readonly string[]): Promise<string>;
  /** The process stands still: connections stay, and nothing answers. */
  freeze(): void;
  thaw(): void;
  kill(): Promise<void>;
  /** Starts it again after `kill()`, on the same port and with the same data. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** `options` are those of `redis.conf`, for example `'--maxclients', '4'`. */
export async function startRedis(...options: readonly string[]): Promise<RedisServer> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-redis-'));
  // Everything is on disk before it is answered, so that a killed server comes back with what it said.
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
  let process = await run([...settings, ...options]);

  const kill = async () => {
    if (process.exitCode !== null || process.signalCode !== null) return;
    const exited = once(process, 'exit');
    process.kill('SIGKILL');
    await exited;
  };
  return {
    port,
    kill,
    command: async (...args) => (await promisify(execFile)('redis-cli', ['-p', `${port}`, ...args])).stdout.trim(),
    freeze: () => void process.kill('SIGSTOP'),
    thaw: () => void process.kill('SIGCONT'),
    async start() {
      process = await run([...settings, ...options]);
    },
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a server and waits until it takes connections. */
async function run(args: readonly string[]): Promise<ChildProcess> {
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => server.kill('SIGKILL'));
  let log = '';
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error('There is no redis-server on the PATH: install the Debian package redis-server') : error),
    );
    server.on('exit', () => reject(new Error(`redis-server ended at its start: ${log}`)));
    server.stdout?.on('data', (text) => {
      log += text;
      if (log.includes('Ready to accept connections')) resolve();
    });
  });
  return server;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
