import { join } from 'node:path';

import { type manifest, readJson, ROOT } from '../support/package';

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly funding?: unknown;
  readonly deprecated?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly engines?: Readonly<Record<string, string>>;
}
type LockedPackages = Readonly<Record<string, LockEntry>>;

const lockedIn = (folder: string) =>
  readJson<{ packages: LockedPackages }>(join(ROOT, folder, 'package-lock.json')).packages;
const packages = lockedIn('.');
/** This package, and the folder of its optional native packages. */
const OWN = ['', 'test/native', 'node_modules/latchkey-test-native'];
const installed = (all: LockedPackages) =>
  Object.entries(all).filter(([path]) => !OWN.includes(path));

/** Is `name` found from `path`, as Node looks for it: folder by folder upward? */
function isLocked(all: LockedPackages, path: string, name: string): boolean {
  if (`${path}/node_modules/${name}`.replace(/^\//, '') in all) {
    return true;
  }
  return (
    path !== '' &&
    isLocked(all, path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/'))), name)
  );
}

const missingPackages = (all: LockedPackages) =>
  Object.entries(all).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies }).filter(
      (name) => !isLocked(all, path, name),
    ),
  );

/** What npm would contact; whom to fund and why to upgrade are words for people. */
const hosts = (all: LockedPackages) =>
  installed(all).filter(
    ([, { funding: _, deprecated: __, ...entry }]) =>
      'resolved' in entry || JSON.stringify(entry).includes('://'),
  );

describe.each([
  ['this package', '.', 300],
  ['the bench', 'bench', 80],
])('the lock file of %s', (_, folder, atLeast) => {
  const locked = lockedIn(folder);

  it('names no host, so that any registry will do', () => {
    expect(installed(locked).length).toBeGreaterThan(atLeast);
    expect(hosts(locked)).toEqual([]);
  });

  it('proves each package by its digest', () => {
    expect(
      installed(locked).filter(([, { integrity }]) => !integrity?.startsWith('sha512-')),
    ).toEqual([]);
  });

  it('holds the optional packages of every platform, so that it installs on all', () => {
    expect(missingPackages(locked)).toEqual([]);
  });

  it('is that of its package.json', () => {
    const { name, version, dependencies, devDependencies, engines } = readJson<typeof manifest>(
      join(ROOT, folder, 'package.json'),
    );
    expect(locked['']).toMatchObject(
      JSON.parse(JSON.stringify({ name, version, dependencies, devDependencies, engines })),
    );
  });
});

describe('a lock file', () => {
  it('contains the packages of other platforms', () => {
    expect(packages).toHaveProperty(['node_modules/@esbuild/darwin-arm64']);
  });

  test.each([
    ['the package of one platform', '@esbuild/win32-x64'],
    ['a package that we ask for', 'zod'],
  ])('would be found to lack %s', (_, name) => {
    const { [`node_modules/${name}`]: entry, ...rest } = packages;
    expect(entry).toBeDefined();
    expect(new Set(missingPackages(rest))).toEqual(new Set([name]));
  });

  test.each([
    ['a registry', { resolved: 'https://registry.example/zod/-/zod-4.0.0.tgz' }],
    ['a folder', { resolved: '../zod', link: true }],
    ['a repository', { dependencies: { zod: 'git+ssh://git@example.com/zod.git' } }],
  ])('would be found to name %s', (_, entry) => {
    expect(hosts({ ...packages, 'node_modules/zod': entry })).toHaveLength(1);
  });
});
