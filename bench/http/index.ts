import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import autocannon from 'autocannon';

import { bearerKeys, FLOOR, headerKeys, jwts } from '../guards/catalogue';
import { answer, type Effort, endOf, shuffled } from '../harness/contest';
import type { Table } from '../harness/report';
import { difference, estimate, paired } from '../harness/statistics';
import type { Started } from './server';

const BARE = 'the bare route';
const BARE_AGAIN = 'the bare route, again';
const QUICK = ['Latchkey, cached', 'passport-http-bearer, keys by digest'];
const CONNECTIONS = 8;
const WARM_UP_REQUESTS = 10_000;

interface Server extends Started {
  readonly name: string;
  readonly child: ChildProcess;
}

/**
 * Measures what a guard adds to a request over HTTP: the CPU time of the server process, including
 * garbage collection. The client runs in this process and is not counted.
 */
export async function http(effort: Effort): Promise<readonly Table[]> {
  const guards = effort.quick
    ? QUICK
    : Object.keys({ [FLOOR]: 0, ...bearerKeys, ...headerKeys, ...jwts });
  const names = [BARE, BARE_AGAIN, ...guards];
  const requests = effort.quick ? 1_000 : 2_000;
  const samples: Record<string, number[][]> = Object.fromEntries(names.map((name) => [name, []]));

  for (let launch = 0; launch < effort.launches; launch++) {
    const servers = await Promise.all(names.map(startServer));
    for (const server of servers) {
      await microsecondsOf(server, effort.quick ? requests : WARM_UP_REQUESTS);
      samples[server.name]?.push([]);
    }
    for (let round = 0; round < Math.ceil(effort.rounds / (effort.quick ? 3 : 2)); round++) {
      for (const server of shuffled(servers)) {
        samples[server.name]?.[launch]?.push(await microsecondsOf(server, requests));
      }
    }
    await Promise.all(servers.map(({ child }) => endOf(child)));
  }
  const of = (name: string) => samples[name] ?? [];
  return [
    {
      title: 'Over HTTP on Express 5: the server’s CPU, µs a request',
      columns: ['guard', 'in all', 'above the bare route'],
      rows: names.map((name) => [name, estimate(of(name)), paired(of(name), of(BARE), difference)]),
    },
  ];
}

async function startServer(name: string): Promise<Server> {
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), [name], {
    execArgv: ['--import', import.meta.resolve('tsx')],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  return { name, child, ...((await answer(child)) as Started) };
}

async function microsecondsOf(
  { name, child, url, headers }: Server,
  amount: number,
): Promise<number> {
  const before = await cpuOf(child);
  const { non2xx, errors, requests } = await autocannon({
    url,
    headers: { ...headers },
    amount,
    connections: CONNECTIONS,
  });
  if (non2xx + errors > 0) {
    throw new Error(`${name} did not let all requests in`);
  }
  return ((await cpuOf(child)) - before) / requests.total;
}

/** In microseconds, since the process started. */
async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu');
  return (await answer(child)) as number;
}
