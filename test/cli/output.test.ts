import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { version } from '../../package.json';
import { shell } from './terminal';

// @requires sqlite

const folder = mkdtempSync(join(tmpdir(), 'latchkey-output-'));
const latchkey = shell({
  LATCHKEY_STORE: `sqlite:${join(folder, 'keys.db')}`,
  LATCHKEY_PREFIX: 'acme',
});
afterAll(() => rmSync(folder, { recursive: true }));

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

it.each(['-v', '--version'])('prints the version for %s', async (option) => {
  expect(await latchkey([option])).toEqual({ code: 0, out: version, err: '' });
});

describe('with --json', () => {
  beforeAll(async () => {
    await latchkey(['keys', 'create', '--subject', 'acct_42', '--expires', '90d']);
    await latchkey(['clients', 'register', '--name', 'Watch', '--id', 'watch']);
  });

  it.each<[string, number, string, string, readonly string[]]>([
    ['a key that does not exist', 1, 'ERR_LATCHKEY_COMMAND', 'no key', ['show', 'x'.repeat(22)]],
    ['a missing option', 2, 'ERR_LATCHKEY_ARGUMENT', '--subject', ['create']],
    ['an unknown option', 2, 'ERR_LATCHKEY_ARGUMENT', '--nmae', ['list', '--nmae', 'x']],
    ['an unknown command', 2, 'ERR_LATCHKEY_ARGUMENT', 'lsit', ['lsit']],
    ['an invalid value', 2, 'ERR_LATCHKEY_ARGUMENT', '--limit', ['list', '--limit', 'many']],
    ['an owner that is missing', 2, 'ERR_LATCHKEY_ARGUMENT', '--subject', ['revoke']],
  ])('reports %s as JSON on standard error', async (_, code, errorCode, message, args) => {
    const printed = await latchkey(['keys', ...args, '--json']);
    expect([printed.code, printed.out]).toEqual([code, '']);
    expect(JSON.parse(printed.err)).toEqual({
      error: { code: errorCode, message: expect.stringContaining(message) as string },
    });
  });

  it('reports a store that cannot be opened as JSON', async () => {
    const printed = await shell()(['keys', 'list', '--store', 'sqlite:./nowhere.db', '--json']);
    expect(JSON.parse(printed.err)).toMatchObject({ error: { code: 'ERR_LATCHKEY_COMMAND' } });
  });

  it('prints the times of keys as ISO 8601', async () => {
    const { out } = await latchkey(['keys', 'list', '--subject', 'acct_42', '--json']);
    expect(JSON.parse(out)).toMatchObject([
      { issuedAt: ISO, expiresAt: ISO, lastUsedAt: null, revokedAt: null },
    ]);
  });

  it('prints the times of clients as ISO 8601', async () => {
    const { out } = await latchkey(['clients', 'show', 'watch', '--json']);
    expect(JSON.parse(out)).toMatchObject({ registeredAt: ISO });
  });

  it('does not change the metadata of a key', async () => {
    const metadata = { expiresAt: 1 };
    const args = ['--subject', 'acct_43', '--metadata', JSON.stringify(metadata), '--json'];
    const { out } = await latchkey(['keys', 'create', ...args]);
    expect(JSON.parse(out)).toMatchObject({ record: { metadata } });
  });
});

it('prints errors as text without --json', async () => {
  expect(await latchkey(['keys', 'show', 'x'.repeat(22)])).toEqual({
    code: 1,
    out: '',
    err: `latchkey: no key ${'x'.repeat(22)}`,
  });
});
