import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import type { CredentialManager } from 'latchkey';

export interface MachineOptions {
  /** The URL of Redis or PostgreSQL. */
  readonly store: string;
  /** Where it hears of changes, on PostgreSQL. */
  readonly listen?: string;
  /** How long its proofs are kept. */
  readonly ttlMs: number;
}

export interface Call {
  readonly number: number;
  readonly method: keyof CredentialManager;
  readonly args: readonly unknown[];
}

/** Its clock is set to so much before or behind the computer's. */
export interface ClockStep {
  readonly clockMs: number;
}

interface Outcome<T> {
  readonly value?: T;
  readonly error?: string;
  /** When it was there, by the clock of the computer that all machines share. */
  readonly at: number;
}

type Resolved<M extends keyof CredentialManager> = Awaited<ReturnType<CredentialManager[M]>>;

/** Another process with a guarded API, and `apiKeys()` over a store that it shares with others. */
export interface Machine {
  readonly port: number;
  readonly call: <M extends keyof CredentialManager>(
    method: M,
    ...args: Parameters<CredentialManager[M]>
  ) => Promise<Outcome<Resolved<M>>>;
  /** Sets its clock so many milliseconds before or behind the computer's. */
  readonly setClock: (ms: number) => void;
  /** Ends it as a crash would. What was called and not answered yet is an error. */
  readonly kill: () => Promise<void>;
}

export async function startMachine(options: MachineOptions): Promise<Machine> {
  const child = fork(join(__dirname, 'api-machine.ts'), [JSON.stringify(options)], {
    execArgv: ['--import', 'tsx'],
  });
  const exited = once(child, 'exit');
  const waiting = new Map<number, (outcome: Outcome<never>) => void>();
  let calls = 0;

  const started = new Promise<number>((resolve) =>
    child.once('message', ({ port }: { port: number }) => resolve(port)),
  );
  const port = await Promise.race([
    started,
    exited.then(() => {
      throw new Error('The machine did not start');
    }),
  ]);
  child.on('message', ({ number, ...outcome }: Outcome<never> & Call) => {
    waiting.get(number)?.(outcome);
    waiting.delete(number);
  });
  child.once('exit', () =>
    waiting.forEach((resolve) => resolve({ error: 'The machine ended', at: Date.now() })),
  );

  return {
    port,
    call: (method, ...args) =>
      new Promise((resolve) => {
        const number = calls++;
        waiting.set(number, resolve);
        child.send({ number, method, args } satisfies Call);
      }),
    setClock: (clockMs) => void child.send({ clockMs } satisfies ClockStep),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
