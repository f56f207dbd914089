/**
 * Writes the API reference into `docs/reference`. With `--check`, compares it with what is there
 * instead; with `--coverage`, only lists the docstrings that are missing.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type Coverage, measure } from './coverage';
import { errorPage } from './error-codes';
import { readReference, type Reference } from './reference';

const TARGET = fileURLToPath(new URL('../../docs/reference', import.meta.url));
const LEAST = { names: 0.98, members: 0.95 };

const reference = await readReference();
const coverage = measure(reference.project);
printMissing(coverage);
const problems = [
  ...reference.warnings,
  ...(coverage.names < LEAST.names ? ['too few exported names have a docstring'] : []),
  ...(coverage.members < LEAST.members ? ['too few members have a docstring'] : []),
];
if (process.argv.includes('--check')) {
  problems.push(...(await differences(reference)));
} else if (!process.argv.includes('--coverage')) {
  rmSync(TARGET, { recursive: true, force: true });
  await write(reference, TARGET);
}
for (const problem of problems) {
  console.error(problem);
}
process.exitCode = problems.length > 0 ? 1 : 0;

async function write({ render }: Reference, folder: string): Promise<void> {
  await render(folder);
  const index = join(folder, 'README.md');
  const errors = '\nSee also the [error codes](errors.md).\n';
  writeFileSync(index, readFileSync(index, 'utf8') + errors);
  writeFileSync(join(folder, 'errors.md'), errorPage());
}

/** Files of the reference that are not what would be written now. */
async function differences(current: Reference): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-reference-'));
  try {
    await write(current, folder);
    const [before, now] = [filesIn(TARGET), filesIn(folder)];
    const names = new Set([...before.keys(), ...now.keys()]);
    return [...names]
      .filter((name) => before.get(name) !== now.get(name))
      .map((name) => `docs/reference/${name} is not current: run "npm run docs"`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function filesIn(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return new Map(
    names
      .filter((name) => name.endsWith('.md'))
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

function printMissing({ names, members, missing }: Coverage): void {
  for (const [room, entries] of [...missing].sort()) {
    console.log(`\n${room}\n${entries.map((entry) => `  ${entry}`).join('\n')}`);
  }
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  console.log(`\nDocstrings: ${percent(names)} of names, ${percent(members)} of their members`);
}
