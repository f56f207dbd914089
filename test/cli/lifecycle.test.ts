import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { apiKeys, type PublicRecord } from 'latchkey';

import { openStore } from '../../src/cli/open-store';
import { shell } from './terminal';

// @requires sqlite

const folder = mkdtempSync(join(tmpdir(), 'latchkey-lifecycle-'));
const url = `sqlite:${join(folder, 'keys.db')}`;
const latchkey = shell({ LATCHKEY_STORE: url, LATCHKEY_PREFIX: 'acme' });
afterAll(() => rmSync(folder, { recursive: true }));

async function create(name: string, ...more: string[]): Promise<string> {
  const args = ['--subject', 'acct_42', '--name', name, '--json', ...more];
  const { out } = await latchkey(['keys', 'create', ...args]);
  return (JSON.parse(out) as { record: PublicRecord }).record.id;
}

async function names(...options: string[]): Promise<readonly (string | null)[]> {
  const { out } = await latchkey(['keys', 'list', '--json', ...options]);
  return (JSON.parse(out) as PublicRecord[]).map(({ name }) => name);
}

let ids: Readonly<Record<'build' | 'deploy' | 'old', string>>;
beforeAll(async () => {
  ids = {
    build: await create('Build'),
    deploy: await create('Deploy', '--expires', '7d'),
    old: await create('Old'),
  };
  await latchkey(['keys', 'revoke', ids.old]);
});

it('lists all keys without an owner', async () => {
  expect(await names()).toEqual(['Build', 'Deploy', 'Old']);
});

it.each<[string, readonly string[], readonly string[]]>([
  ['status', ['--status', 'revoked'], ['Old']],
  ['expiry', ['--expires-before', '30d'], ['Deploy']],
  ['name', ['--name', 'BUI'], ['Build']],
  ['owner and status', ['--subject', 'acct_42', '--status', 'active'], ['Build', 'Deploy']],
])('lists keys by %s', async (_, options, expected) => {
  expect(await names(...options)).toEqual(expected);
});

it.each<[string, readonly string[], RegExp]>([
  ['an unknown status', ['--status', 'live'], /active, disabled, expired, revoked/],
  ['a malformed expiry', ['--expires-before', 'soon'], /must be a date such as/],
  ['an empty name', ['--name', ''], /must not be empty/],
])('rejects %s', async (_, options, message) => {
  const { code, err } = await latchkey(['keys', 'list', ...options]);
  expect([code, err]).toEqual([2, expect.stringMatching(message)]);
});

it('disables and enables a key', async () => {
  const disabled = await latchkey(['keys', 'disable', ids.build]);
  expect([disabled.code, disabled.out]).toEqual([
    0,
    expect.stringMatching(/state +disabled \d{4}/),
  ]);
  expect(await latchkey(['keys', 'disable', ids.build])).toMatchObject({
    code: 1,
    err: `latchkey: key ${ids.build} is already disabled`,
  });
  const enabled = await latchkey(['keys', 'enable', ids.build, '--json']);
  expect(JSON.parse(enabled.out)).toMatchObject({ id: ids.build, disabledAt: null });
  expect(await latchkey(['keys', 'enable', ids.build])).toMatchObject({
    code: 1,
    err: `latchkey: key ${ids.build} is not disabled`,
  });
});

it('says that a revoked key cannot be disabled', async () => {
  const { code, err } = await latchkey(['keys', 'disable', ids.old]);
  expect([code, err]).toEqual([1, expect.stringContaining('is no longer valid: revoked')]);
});

it('shows the usage of a key by day', async () => {
  const { store, close } = await openStore(url);
  const keys = apiKeys({ prefix: 'acme', store });
  const record = await keys.get(ids.deploy);
  const principal = {
    kind: 'api_key',
    verifier: 'api_keys',
    subject: 'acct_42',
    scopes: [],
    claims: {},
  };
  for (let use = 0; use < 3; use++) {
    keys.onUsed?.({ ...principal, credentialId: record?.id ?? '' });
  }
  await keys.close?.();
  await close();
  const today = new Date().toISOString().slice(0, 10);
  const { out } = await latchkey(['keys', 'usage', ids.deploy, '--json']);
  expect(JSON.parse(out)).toEqual([{ day: today, count: 3 }]);
  expect((await latchkey(['keys', 'usage', ids.deploy, '--from', '7d'])).out).toBe(
    `DAY         USES\n${today}  3`,
  );
});

it('publishes the changes of a command with its actor', async () => {
  const events: unknown[] = [];
  const onEvent = (event: unknown) => void events.push(event);
  subscribe('latchkey:credential', onEvent);
  try {
    await latchkey(['keys', 'disable', ids.deploy, '--actor', 'admin_7']);
    await latchkey(['keys', 'enable', ids.deploy]);
  } finally {
    unsubscribe('latchkey:credential', onEvent);
  }
  expect(events).toMatchObject([
    { action: 'disabled', credentialId: ids.deploy, actor: 'admin_7' },
    { action: 'enabled', credentialId: ids.deploy, actor: undefined },
  ]);
});

it('imports hashes other than SHA-256 with --legacy only', async () => {
  const line = 'ab'.repeat(64);
  const args = ['keys', 'import', '--subject', 'acct_43'];
  expect(await latchkey(args, line)).toMatchObject({ code: 2, out: '' });
  expect(await latchkey([...args, '--legacy'], line)).toEqual({
    code: 0,
    out: 'Imported: 1 of 1',
    err: '',
  });
  expect(await latchkey([...args, '--legacy'], '$2b$10$salted')).toMatchObject({
    code: 2,
    err: expect.stringContaining('line 1 has no hash without a salt') as string,
  });
});

it('imports a line with a time in ISO 8601', async () => {
  const line = JSON.stringify({
    digest: 'cd'.repeat(32),
    subject: 'acct_44',
    expiresAt: '2099-01-31T09:00:00Z',
  });
  expect((await latchkey(['keys', 'import'], line)).out).toBe('Imported: 1 of 1');
  const { out } = await latchkey(['keys', 'list', '--subject', 'acct_44', '--json']);
  expect(JSON.parse(out)).toMatchObject([{ expiresAt: '2099-01-31T09:00:00.000Z' }]);
});
