import { manifest, temporaryFolder } from '../support/package';
import { install, pack } from '../support/packed';
import { run } from '../support/programs';

jest.setTimeout(120_000);

const temporary = temporaryFolder();
beforeAll(async () => install(temporary.path, await pack(temporary.path), []));
afterAll(temporary.remove);

const latchkey = (...args: readonly string[]) =>
  run(temporary.path, ['npx', '--no-install', 'latchkey', ...args]);

describe('the command line, with no other package installed', () => {
  it('starts', async () => {
    expect((await latchkey('--version')).trim()).toBe(manifest.version);
    expect(await latchkey('keys', '--help')).toContain('latchkey keys create');
  });

  test.each([
    ['sqlite:./keys.db', 'kysely better-sqlite3'],
    ['postgres://127.0.0.1/x', 'kysely pg'],
    ['mysql://127.0.0.1/x', 'kysely mysql2'],
    ['redis://127.0.0.1', 'redis'],
  ])('says what to install for %s', async (store, drivers) => {
    await expect(
      latchkey('keys', 'create', '--store', store, '--prefix', 'osir', '--subject', 'acct_42'),
    ).rejects.toThrow(`a driver is missing: npm install ${drivers}\n`);
  });
});
