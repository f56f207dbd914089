import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';

type Command = readonly [program: string, ...args: string[]];
type Variables = Readonly<Record<string, string>>;

export interface Program {
  /** What it has written to its standard output until now. */
  printed: () => string;
  /** The same with its complaints. */
  output: () => string;
  /** Resolves to its exit code. */
  readonly ended: Promise<number | null>;
  running: () => boolean;
  /** Ends it, and whatever it started. */
  stop: () => Promise<void>;
}

/** Starts a program in a group of its own, with no trace of the test runner in its environment. */
export function start(
  cwd: string,
  [program, ...args]: Command,
  variables: Variables = {},
): Program {
  const { NODE_ENV: _, JEST_WORKER_ID: __, ...environment } = process.env;
  const child = spawn(program, args, {
    cwd,
    env: { ...environment, ...variables },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      output += error.message;
      resolve(null);
    });
    child.on('close', resolve);
  });
  const running = () =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    printed: () => printed,
    output: () => output,
    ended,
    running,
    async stop() {
      if (running()) {
        process.kill(-(child.pid as number), 'SIGKILL');
      }
      await ended;
    },
  };
}

/**
 * Runs a program to its end and returns what it printed. Any exit code but 0 is an error that shows
 * it.
 */
export async function run(
  cwd: string,
  command: Command,
  variables: Variables = {},
): Promise<string> {
  const program = start(cwd, command, variables);
  const code = await program.ended;
  if (code !== 0) {
    throw new Error(`"${command.join(' ')}" in ${cwd} ended with ${code}:\n${program.output()}`);
  }
  return program.printed();
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Resolves when somebody listens on `port`, or the program has ended by itself and well. */
export async function ready(program: Program, port: number): Promise<void> {
  while (program.running()) {
    if (await isListening(port)) {
      return;
    }
    await setTimeout(20);
  }
  const code = await program.ended;
  if (code !== 0) {
    throw new Error(`The program ended with ${code}:\n${program.output()}`);
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

export interface Answer {
  readonly status: number;
  /** The lines of its head, the status line first. */
  readonly head: readonly string[];
  readonly body: string;
}

/** Runs a `curl -i` line in a shell, as a reader would. */
export async function ask(line: string, variables: Variables = {}): Promise<Answer> {
  const program = start('/', ['sh', '-c', line], variables);
  // curl takes the end of a connection after a 101 for a failure.
  await program.ended;
  const answer = answerIn(program.printed());
  if (!answer) {
    throw new Error(`No answer to: ${line}\n${program.output()}`);
  }
  return answer;
}

/** The answer that curl printed. */
export function answerIn(text: string): Answer | undefined {
  const answer = /^HTTP\/(?:1\.1|2) (\d{3})[^]*?\r\n\r\n/m.exec(text);
  if (!answer) {
    return undefined;
  }
  return {
    status: Number(answer[1]),
    head: answer[0].trimEnd().split('\r\n'),
    body: text.slice(answer.index + answer[0].length),
  };
}

/** The values of a header, a list because challenges may be several. */
export const headerValues = ({ head }: Answer, name: string): string[] =>
  head.flatMap((line) =>
    line.toLowerCase().startsWith(`${name.toLowerCase()}: `) ? [line.slice(name.length + 2)] : [],
  );
