import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { median } from './statistics';

/** How much to measure. */
export interface Effort {
  /** How often all contenders are restarted. */
  readonly launches: number;
  /** Turns of each contender between two restarts. */
  readonly rounds: number;
  /** Batches of calls in a turn. */
  readonly batches: number;
  /** CPU time before the first turn, in milliseconds. */
  readonly warmUpMs: number;
  /** Whether a rough result is enough. Some measurements then skip a part. */
  readonly quick: boolean;
}

/** A message to the process of a contender. */
export interface Turn {
  readonly count: number;
  readonly profiled: boolean;
}

/** Contender → for each launch and round, the median of its batches. */
export type Samples<N extends string = string> = Readonly<
  Record<N, readonly (readonly number[])[]>
>;

/**
 * Measures the contenders of a file against each other. Each has a separate process, so that the
 * compiler's optimizations for one do not affect another. They alternate in a new order every
 * round, so that disturbances affect all of them equally.
 */
export async function contest<N extends string>(
  file: string,
  names: readonly N[],
  effort: Effort,
): Promise<Samples<N>> {
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[][]])) as Record<
    N,
    number[][]
  >;
  for (let launch = 0; launch < effort.launches; launch++) {
    const processes = await Promise.all(
      names.map(async (name) => ({ name, child: await startContender(file, name, effort) })),
    );
    for (const { name } of processes) {
      samples[name].push([]);
    }
    for (let round = 0; round < effort.rounds; round++) {
      for (const { name, child } of shuffled(processes)) {
        const batches = (await turn(child, { count: effort.batches, profiled: false })) as number[];
        samples[name][launch]?.push(median(batches));
      }
    }
    await Promise.all(processes.map(({ child }) => endOf(child)));
  }
  return samples;
}

export async function startContender(
  file: string,
  name: string,
  { warmUpMs }: Effort,
): Promise<ChildProcess> {
  const child = fork(
    fileURLToPath(new URL('contender-process.ts', import.meta.url)),
    [file, name, `${warmUpMs}`],
    {
      execArgv: ['--import', import.meta.resolve('tsx')],
    },
  );
  await answer(child);
  return child;
}

/** Returns the microseconds of a call in each batch, or a profile in the inspector's format. */
export async function turn(child: ChildProcess, asked: Turn): Promise<unknown> {
  child.send(asked);
  return answer(child);
}

export async function endOf(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
}

export async function answer(child: ChildProcess): Promise<unknown> {
  const listening = new AbortController();
  try {
    const message = once(child, 'message', listening).then(([said]: unknown[]) => said);
    const exit = once(child, 'exit', listening).then(() =>
      Promise.reject(new Error(`A process ended: ${child.spawnargs.join(' ')}`)),
    );
    return await Promise.race([message, exit]);
  } finally {
    listening.abort();
  }
}

export function shuffled<T>(all: readonly T[]): T[] {
  return all
    .map((one) => ({ one, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one);
}
