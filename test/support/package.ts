import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from './programs';

export const ROOT = join(__dirname, '../..');

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<
    Record<string, string | Readonly<Record<'import' | 'require', Readonly<Record<'types' | 'default', string>>>>>
  >;
  readonly scripts: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, unknown>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly engines: Readonly<Record<string, string>>;
}

export const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
export const readText = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

export const manifest = readJson<Manifest>(join(ROOT, 'package.json'));

export function assertBuilt(): void {
  const whole = ['js', 'cjs', 'd.ts', 'd.cts'].every((extension) => existsSync(join(ROOT, `dist/index.${extension}`)));
  if (!whole) throw new Error('dist/ is missing or incomplete: run "npm run build" first');
}

/** A folder outside the repository, so that nothing of it is found by walking up. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) };
}

export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

export interface Tarball {
  readonly path: string;
  /** What it holds, as paths in the package. */
  readonly files: readonly string[];
}

/** Packs what was built. The build does not run here: it empties `dist`, which other tests read. */
export async function pack(folder: string): Promise<Tarball> {
  assertBuilt();
  const output = await run(ROOT, ['npm', 'pack', '--ignore-scripts', '--json', '--pack-destination', folder]);
  const [packed] = JSON.parse(output) as [{ filename: string; files: { path: string }[] }];
  return { path: join(folder, packed.filename), files: packed.files.map(({ path }) => path) };
}

interface LockFile {
  packages: Record<string, { dependencies?: Record<string, string> }>;
}

/**
 * Installs the tarball in `folder`, and `packages` at the versions of our own lock file: what `npm ci` brought here
 * is in npm's cache, so this asks the network for nothing. Of `aliases`, each is the project's package of the name without the number:
 * our `express4` is its `express`.
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
      dependencies: { latchkey: `file:${tarball.path}`, ...Object.fromEntries(packages.map((name) => [name, '*'])) },
    }),
  });
  await run(folder, ['npm', 'install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']);
}

/** The lock file of a project with these in the place of those that we use ourselves. */
function withAliases(packages: LockFile['packages'], aliases: readonly string[]): LockFile['packages'] {
  const plain = (alias: string) => alias.replace(/\d+$/, '');
  const isOf = (name: string, path: string) => `${path}/`.startsWith(`node_modules/${name}/`);
  return Object.fromEntries(
    Object.entries(packages)
      .filter(([path]) => !aliases.some((alias) => isOf(plain(alias), path)))
      .map(([path, entry]) => {
        const alias = aliases.find((one) => isOf(one, path));
        return [alias === undefined ? path : path.replace(alias, plain(alias)), entry];
      }),
  );
}
