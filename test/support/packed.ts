import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { readJson, ROOT, writeFiles } from './package';
import { run } from './programs';

// @requires types: the build with its declarations, and npm to install the package in other projects.

function assertTypesBuilt(): void {
  const whole = ['js', 'cjs', 'd.ts', 'd.cts'].every((extension) =>
    existsSync(join(ROOT, `dist/index.${extension}`)),
  );
  if (!whole) {
    throw new Error('dist/ is missing or incomplete: run "npm run build" first');
  }
}

export interface Tarball {
  readonly path: string;
  /** What it holds, as paths in the package. */
  readonly files: readonly string[];
}

/** Packs what was built. The build does not run here: it empties `dist`, which other tests read. */
export async function pack(folder: string): Promise<Tarball> {
  assertTypesBuilt();
  const output = await run(ROOT, [
    'npm',
    'pack',
    '--ignore-scripts',
    '--json',
    '--pack-destination',
    folder,
  ]);
  const [packed] = JSON.parse(output) as [{ filename: string; files: { path: string }[] }];
  return { path: join(folder, packed.filename), files: packed.files.map(({ path }) => path) };
}

interface LockFile {
  packages: Record<string, { dependencies?: Record<string, string> }>;
}

/**
 * Installs the tarball in `folder`, and `packages` at the versions of our own lock file: what `npm
 * ci` brought here is in npm's cache, so this asks the network for nothing. Of `aliases`, each is
 * the project's package of the name without the number: our `express4` is its `express`.
 */
export async function install(
  folder: string,
  tarball: Tarball,
  packages: readonly string[],
  aliases: readonly string[] = [],
): Promise<void> {
  const lock = readJson<LockFile>(join(ROOT, 'package-lock.json'));
  lock.packages = { ...withAliases(lock.packages, aliases), '': {} };
  writeFiles(folder, {
    'package-lock.json': JSON.stringify(lock),
    'package.json': JSON.stringify({
      private: true,
      dependencies: {
        latchkey: `file:${tarball.path}`,
        ...Object.fromEntries(packages.map((name) => [name, '*'])),
      },
    }),
  });
  await run(folder, [
    'npm',
    'install',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
}

/** The lock file of a project with these in the place of those that we use ourselves. */
function withAliases(
  packages: LockFile['packages'],
  aliases: readonly string[],
): LockFile['packages'] {
  const plain = (alias: string) => alias.replace(/\d+$/, '');
  const isOf = (name: string, path: string) => `${path}/`.startsWith(`node_modules/${name}/`);
  return Object.fromEntries(
    Object.entries(packages)
      .filter(([path]) => !/(^test\/|\/latchkey-test-)native$/.test(path))
      .filter(([path]) => !aliases.some((alias) => isOf(plain(alias), path)))
      .map(([path, entry]) => {
        const alias = aliases.find((one) => isOf(one, path));
        return [alias === undefined ? path : path.replace(alias, plain(alias)), entry];
      }),
  );
}
