import { join } from 'node:path';

import { temporaryFolder, writeFiles } from '../support/package';
import { install, pack, type Tarball } from '../support/packed';
import { run } from '../support/programs';

jest.setTimeout(120_000);

const temporary = temporaryFolder();
let tarball: Tarball;

beforeAll(async () => {
  tarball = await pack(temporary.path);
  await install(temporary.path, tarball, [
    'kysely',
    'pg',
    '@types/pg',
    '@types/node',
    'typescript',
  ]);
});
afterAll(temporary.remove);

/** Asks a database that has no rows. */
const APP = `
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { apiKeys } from 'latchkey';
import { sqlStore, type SqlStore, type SqlTables } from 'latchkey/sql';
import { Client } from 'pg';

interface Tables extends SqlTables {
  accounts: { id: number };
}
const db = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (kysely) => new PostgresIntrospector(kysely),
  },
});
const store: SqlStore = sqlStore({ db, listen: () => new Client() });
// @ts-expect-error one client would be lost with its connection
export const careless = () => sqlStore({ db, listen: new Client() });
const keys = apiKeys({ prefix: 'acme', store });
void Promise.all([keys.get('an id'), db.selectFrom('latchkey_credentials').select('subject').execute()]).then((found) => {
  console.log(JSON.stringify(found));
});
`;

test.each(['module', 'commonjs'])(
  'latchkey/sql runs on the project’s own Kysely, and has its types, in TypeScript as %s',
  async (type) => {
    const folder = join(temporary.path, type);
    writeFiles(folder, {
      'app.ts': APP,
      'package.json': JSON.stringify({ type }),
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          lib: ['es2023'],
          types: ['node'],
          strict: true,
          esModuleInterop: true,
          outDir: 'built',
        },
      }),
    });
    await run(folder, ['npx', '--no-install', 'tsc']);
    expect(await run(folder, ['node', 'built/app.js'])).toBe('[null,[]]\n');
  },
);
