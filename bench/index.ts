import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { guardContenders, guards } from './guards/index';
import type { Effort } from './harness/contest';
import { profile } from './harness/profile';
import { printed, type Table } from './harness/report';

/** Each by its name on the command line, with the file of its contenders where it has one. */
const MEASUREMENTS: Readonly<
  Record<string, { readonly measure: (effort: Effort) => Promise<readonly Table[]>; readonly contenders?: string }>
> = {
  guards: { measure: guards, contenders: guardContenders },
};
const FULL: Effort = { launches: 6, rounds: 30, batches: 30, warmUpMs: 1_500 };
const QUICK: Effort = { launches: 2, rounds: 8, batches: 20, warmUpMs: 400 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, profile: { type: 'string' } },
});
const chosen = positionals.length > 0 ? positionals : Object.keys(MEASUREMENTS);
const effort = values.quick ? QUICK : FULL;

const results: Record<string, readonly Table[]> = {};
console.log(`Node ${process.versions.node}, V8 ${process.versions.v8}, ${cpus().length} × ${cpus()[0]?.model}\n`);
for (const name of chosen) {
  const measurement = MEASUREMENTS[name];
  if (!measurement) throw new Error(`There is no measurement "${name}", only ${Object.keys(MEASUREMENTS).join(', ')}`);
  const { measure, contenders } = measurement;
  const profiled = contenders === undefined ? undefined : values.profile;
  results[name] =
    profiled !== undefined && contenders !== undefined ? [await profile(contenders, profiled, effort)] : await measure(effort);
  for (const table of results[name]) console.log(printed(table));
}
const folder = new URL('results/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL(`node-${process.versions.node}.json`, folder), `${JSON.stringify(results, undefined, 2)}\n`);
