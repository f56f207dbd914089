import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

import { growth, growthContenders } from './growth/index';
import { guardContenders, guards, guardsOnExpress } from './guards/index';
import type { Effort } from './harness/contest';
import { profile } from './harness/profile';
import { printed, type Table } from './harness/report';
import { http } from './http/index';
import { junk, junkContenders } from './junk/index';
import { jwtContenders, jwts } from './jwt/index';
import { lists } from './lists/index';
import { start } from './start/index';
import { stores } from './stores/index';
import { revocations } from './stores/revocations';

interface Measurement {
  readonly measure: (effort: Effort) => Promise<readonly Table[]>;
  /** The file of its contenders, if it has one. */
  readonly contenders?: string;
  /**
   * Skipped in a quick run that does not name it: it needs databases, or repeats another one in
   * more detail.
   */
  readonly extra?: true;
}

/** By the names on the command line. */
const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  guards: { measure: guards, contenders: guardContenders },
  express: { measure: guardsOnExpress, contenders: guardContenders, extra: true },
  jwts: { measure: jwts, contenders: jwtContenders },
  junk: { measure: junk, contenders: junkContenders },
  growth: { measure: growth, contenders: growthContenders },
  start: { measure: start },
  http: { measure: http },
  stores: { measure: stores, extra: true },
  lists: { measure: lists, extra: true },
  revocations: { measure: revocations, extra: true },
};
const FULL: Effort = { launches: 6, rounds: 20, batches: 30, warmUpMs: 800, quick: false };
const QUICK: Effort = { launches: 1, rounds: 6, batches: 20, warmUpMs: 300, quick: true };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    launches: { type: 'string' },
    profile: { type: 'string' },
  },
});
const names =
  positionals.length > 0
    ? positionals
    : Object.keys(MEASUREMENTS).filter((name) => !values.quick || !MEASUREMENTS[name]?.extra);
const usual = values.quick ? QUICK : FULL;
const effort = { ...usual, launches: Number(values.launches ?? usual.launches) };
const machine = {
  node: process.versions.node,
  v8: process.versions.v8,
  cpu: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
};
const results = new URL('results/', import.meta.url);
// The results of a quick run are not documented.
const fileOf = (name: string) => `${values.quick ? 'quick-' : ''}${name}-node-${machine.node}.json`;
mkdirSync(results, { recursive: true });

console.log(`Node ${machine.node}, V8 ${machine.v8}, ${machine.cpu}\n`);
for (const name of names) {
  const measurement = MEASUREMENTS[name];
  if (!measurement) {
    throw new Error(
      `There is no measurement "${name}", only ${Object.keys(MEASUREMENTS).join(', ')}`,
    );
  }
  const tables = await tablesOf(measurement);
  for (const table of tables) {
    console.log(printed(table));
  }
  if (values.profile !== undefined) {
    continue;
  }
  writeFileSync(
    new URL(fileOf(name), results),
    `${JSON.stringify({ ...machine, effort, tables }, undefined, 2)}\n`,
  );
}

async function tablesOf({ measure, contenders }: Measurement): Promise<readonly Table[]> {
  if (values.profile === undefined) {
    return measure(effort);
  }
  if (contenders === undefined) {
    throw new Error('This measurement has no contenders to profile');
  }
  return [await profile(contenders, values.profile, effort)];
}
