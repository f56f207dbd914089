import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { freePort } from './daemon';

// @requires redis-server

/** A real Redis server on 127.0.0.1, with its data in a folder that goes when it stops. */
export interface RedisServer {
  readonly port: number;
  /** Where it keeps its files. */
  readonly folder: string;
  /** What `redis-cli` prints for a command. */
  readonly command: (...args: readonly string[]) => Promise<string>;
  /**
   * The commands that clients sent while `act` ran, those of scripts under `lua`, and all that
   * MONITOR showed of them.
   */
  readonly commandsDuring: (
    act: () => Promise<unknown>,
  ) => Promise<{ readonly sent: string[]; readonly lua: string[]; readonly log: string }>;
  /** The process stands still: connections stay, and nothing answers. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  readonly kill: () => Promise<void>;
  /** Starts it after `kill()`, on the same port and with the same data. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** `options` are those of `redis.conf`, for example `'--maxclients', '4'`. */
export async function startRedis(...options: readonly string[]): Promise<RedisServer> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-redis-'));
  // Everything is in the file before it is answered, so that a server that was killed comes back
  // with what it said.
  const settings = [
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'no',
    '--dir',
    folder,
    '--bind',
    '127.0.0.1',
    '--port',
    `${port}`,
  ];
  let server = await run([...settings, ...options]);

  const command = async (...args: readonly string[]) =>
    (await promisify(execFile)('redis-cli', ['-p', `${port}`, ...args])).stdout.trim();
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) {
      return;
    }
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  };
  return {
    port,
    folder,
    command,
    commandsDuring: (act) => monitored(port, act, () => command('ECHO', LAST)),
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    kill,
    async start() {
      server = await run([...settings, ...options]);
    },
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Another process may take the free port of the cluster bus first. */
async function startNode(attempts = 5): Promise<{ node: RedisServer; busPort: number }> {
  const busPort = await freePort();
  try {
    const node = await startRedis('--cluster-enabled', 'yes', '--cluster-port', `${busPort}`);
    return { node, busPort };
  } catch (error) {
    if (attempts > 1 && String(error).includes('Address already in use')) {
      return startNode(attempts - 1);
    }
    throw error;
  }
}

/** Three masters that share the slots of one cluster. */
export async function startCluster(): Promise<readonly RedisServer[]> {
  const started = [await startNode(), await startNode(), await startNode()];
  const nodes = started.map(({ node }) => node);
  const slots = [
    ['0', '5460'],
    ['5461', '10922'],
    ['10923', '16383'],
  ];
  for (const [index, node] of nodes.entries()) {
    await node.command('CLUSTER', 'ADDSLOTSRANGE', ...(slots[index] ?? []));
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', `${index + 1}`);
    await nodes[0]?.command(
      'CLUSTER',
      'MEET',
      '127.0.0.1',
      `${node.port}`,
      `${started[index]?.busPort}`,
    );
  }
  for (const node of nodes) {
    while (!(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) {
      await sleep(20);
    }
  }
  return nodes;
}

/** Starts a server and waits until it takes connections. */
async function run(args: readonly string[]): Promise<ChildProcess> {
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const killed = () => void server.kill('SIGKILL');
  process.once('exit', killed);
  server.once('exit', () => process.off('exit', killed));
  let log = '';
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new Error(
              'There is no redis-server on the PATH: install the Debian package redis-server',
            )
          : error,
      ),
    );
    server.on('exit', () => reject(new Error(`redis-server did not start: ${log}`)));
    server.stdout?.on('data', (text) => {
      log += text;
      if (log.includes('Ready to accept connections')) {
        resolve();
      }
    });
  });
  return server;
}

const LAST = 'the last command';

async function monitored(
  port: number,
  act: () => Promise<unknown>,
  sendLast: () => Promise<unknown>,
) {
  const monitor = connect(port, '127.0.0.1');
  let log = '';
  monitor.on('data', (text: Buffer) => (log += text.toString()));
  const seen = async (text: string) => {
    while (!log.includes(text)) {
      await sleep(2);
    }
  };
  try {
    monitor.write('MONITOR\r\n');
    await seen('+OK');
    await act();
    await sendLast();
    await seen(LAST);
  } finally {
    monitor.destroy();
  }
  const lines = [...log.matchAll(/^\+\S+ \[\d+ (\S+)\] "(\w+)"/gm)].map(
    ([, source, name = '']) => ({ source, name: name.toUpperCase() }),
  );
  const names = (lua: boolean) =>
    lines.filter(({ source }) => (source === 'lua') === lua).map(({ name }) => name);
  return {
    sent: names(false).filter((name) => name !== 'PING' && name !== 'ECHO'),
    lua: names(true),
    log,
  };
}
