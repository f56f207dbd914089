import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { shuffled, type Effort, type Samples } from '../harness/contest';
import type { Table } from '../harness/report';
import { estimate, paired, ratio } from '../harness/statistics';

const EXPRESS = 'import express';
const EXPRESS_AGAIN = 'import express, again';
const LATCHKEY = 'import latchkey, call it, answer the first request';
const FILES = { [EXPRESS]: 'express.js', [EXPRESS_AGAIN]: 'express.js', [LATCHKEY]: 'latchkey.js' };
const NAMES = Object.keys(FILES) as (keyof typeof FILES)[];

/** What a program waits for before its first request: each time in a process that is new, and does nothing else. */
export async function start(effort: Effort): Promise<readonly Table[]> {
  const samples: Record<string, number[][]> = Object.fromEntries(NAMES.map((name) => [name, []]));
  for (let launch = 0; launch < effort.launches; launch++) {
    for (const name of NAMES) samples[name]?.push([]);
    for (let round = 0; round < Math.ceil(effort.rounds / 2); round++) {
      for (const name of shuffled(NAMES)) samples[name]?.[launch]?.push(await millisecondsOf(FILES[name]));
    }
  }
  const of = (name: string): Samples[string] => samples[name] ?? [];
  return [
    {
      title: 'The start, in a new process',
      columns: ['what', 'ms', '× importing express'],
      rows: NAMES.map((name) => [name, estimate(of(name)), paired(of(name), of(EXPRESS), ratio)]),
    },
  ];
}

async function millisecondsOf(file: string): Promise<number> {
  // Without what the bench itself runs on.
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv: [] });
  const [[milliseconds]] = await Promise.all([once(child, 'message'), once(child, 'exit')]);
  return milliseconds as number;
}
