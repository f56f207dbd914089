import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { type Effort, shuffled } from '../harness/contest';
import type { Table } from '../harness/report';
import { estimate, paired, ratio } from '../harness/statistics';

const EXPRESS = 'import express';
const EXPRESS_AGAIN = 'import express, again';
const LATCHKEY = 'import latchkey, call it, serve the first request';
const FILES = { [EXPRESS]: 'express.js', [EXPRESS_AGAIN]: 'express.js', [LATCHKEY]: 'latchkey.js' };
const NAMES = Object.keys(FILES) as (keyof typeof FILES)[];

interface Start {
  /** Wall-clock time in milliseconds. */
  readonly waited: number;
  /** CPU time in milliseconds, which other programs do not affect. */
  readonly worked: number;
}

/** Measures what a program does before its first request, each time in a new process. */
export async function start(effort: Effort): Promise<readonly Table[]> {
  const starts = new Map<string, Start[][]>(NAMES.map((name) => [name, []]));
  for (let launch = 0; launch < effort.launches; launch++) {
    for (const name of NAMES) {
      starts.get(name)?.push([]);
    }
    for (let round = 0; round < Math.ceil(effort.rounds / 2); round++) {
      for (const name of shuffled(NAMES)) {
        starts.get(name)?.[launch]?.push(await startOf(FILES[name]));
      }
    }
  }
  const of = (name: string, what: keyof Start) =>
    (starts.get(name) ?? []).map((launch) => launch.map((one) => one[what]));
  return [
    {
      title: 'The start, in a new process',
      columns: ['what', 'ms', 'ms of CPU', '× importing express, CPU'],
      rows: NAMES.map((name) => [
        name,
        estimate(of(name, 'waited')),
        estimate(of(name, 'worked')),
        paired(of(name, 'worked'), of(EXPRESS, 'worked'), ratio),
      ]),
    },
  ];
}

async function startOf(file: string): Promise<Start> {
  // Without the loaders of the benchmark itself.
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv: [] });
  const [[start]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  return start as Start;
}
