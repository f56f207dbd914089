import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program that runs beside the tests, with its data in a folder of its own. */
export interface Daemon {
  readonly folder: string;
  readonly port: number;
  /** All that it printed. */
  readonly log: () => string;
  /** Ends it as a power cut would. */
  readonly kill: () => Promise<void>;
  /** Freezes it and what it started: connections stand, and nothing answers. */
  readonly stop: () => void;
  readonly resume: () => void;
  /** Starts it again on the same port and data. */
  readonly restart: () => Promise<void>;
  /** Ends it and removes its folder. */
  readonly close: () => Promise<void>;
}

interface DaemonOptions {
  readonly name: string;
  /** Makes the data, once. */
  readonly prepare: (folder: string) => readonly [command: string, ...args: string[]];
  readonly run: (folder: string, port: number) => readonly [command: string, ...args: string[]];
  /** What it prints when it takes connections. */
  readonly ready: RegExp;
}

/** Database servers refuse to run as root: then they run as `nobody`. */
const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

export async function startDaemon({ name, prepare, run, ready }: DaemonOptions): Promise<Daemon> {
  const folder = mkdtempSync(join(tmpdir(), `latchkey-${name}-`));
  if (user.uid !== undefined) {
    chownSync(folder, user.uid, user.gid);
  }
  const [prepareCommand, ...prepareArgs] = prepare(folder);
  execFileSync(prepareCommand, prepareArgs, { ...user, cwd: folder, stdio: 'pipe' });
  const port = await freePort();
  let log = '';
  let child: ChildProcess | undefined;

  const kill = async () => {
    const running = child;
    child = undefined;
    if (!running) {
      return;
    }
    const exited = new Promise((resolve) => running.once('exit', resolve));
    signal(running, 'SIGKILL');
    await exited;
  };
  const start = async () => {
    const [command, ...args] = run(folder, port);
    const started = spawn(command, args, {
      ...user,
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const from = log.length;
    const read = (chunk: Buffer) => void (log += chunk.toString());
    started.stdout.on('data', read);
    started.stderr.on('data', read);
    child = started;
    for (const deadline = Date.now() + 60_000; !ready.test(log.slice(from)); await sleep(20)) {
      if (started.exitCode !== null || Date.now() > deadline) {
        throw new Error(`${name} did not start:\n${log.slice(from)}`);
      }
    }
  };
  process.once('exit', () => child && signal(child, 'SIGKILL'));
  await start();

  return {
    folder,
    port,
    log: () => log,
    kill,
    stop: () => child && signal(child, 'SIGSTOP'),
    resume: () => child && signal(child, 'SIGCONT'),
    restart: async () => {
      await kill();
      await start();
    },
    close: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Finds a program in the PATH or in these folders; else says which of Debian's packages has it. */
export function findProgram(
  program: string,
  debianPackage: string,
  folders: readonly string[],
): string {
  const path = [...(process.env['PATH'] ?? '').split(delimiter), ...folders]
    .map((folder) => join(folder, program))
    .find(existsSync);
  if (path === undefined) {
    throw new Error(`${program} was not found: these tests need Debian's package ${debianPackage}`);
  }
  return path;
}

/** To a process and to those that it started, which are no group with it. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  for (const pid of [child.pid as number, ...childrenOf(child.pid as number)]) {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended by itself.
    }
  }
}

const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((entry) => parentOf(entry) === pid);

function parentOf(pid: number): number | undefined {
  try {
    return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
