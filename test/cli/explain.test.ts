import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { apiKeys, type PublicRecord } from 'latchkey';
import { openStore } from '../../src/cli/open-store';
import { shell } from './terminal';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-explain-'));
const store = `sqlite:${join(folder, 'keys.db')}`;
const latchkey = shell({ LATCHKEY_STORE: store, LATCHKEY_PREFIX: 'osir' });
afterAll(() => rmSync(folder, { recursive: true }));

let key: string;
let revoked: string;
let expired: string;
beforeAll(async () => {
  const opened = await openStore(store, true);
  const keys = apiKeys({ prefix: 'osir', store: opened.store });
  const subject = 'acct_42';
  key = (await keys.issue({ subject, scopes: ['domains:read'] })).secret;
  expired = (await keys.issue({ subject, scopes: [], expiresAt: Date.now() })).secret;
  const lost = await keys.issue({ subject, scopes: [] });
  revoked = lost.secret;
  await keys.revoke(lost.record.id);
  await opened.close();
});

const URL = 'https://api.osir.com/v1/domains';

test.each<[string, () => string, readonly string[], object]>([
  ['no key', () => `curl ${URL}`, [], { answer: 401, row: 1, reason: 'missing' }],
  ['a bad key as bearer', () => `curl -H 'Authorization: Bearer osir_live_x' ${URL}`, [], { answer: 401, row: 2, reason: 'malformed' }],
  ['a revoked key as bearer', () => `curl -H "authorization: bearer ${revoked}" ${URL}`, [], { row: 2, reason: 'revoked' }],
  ['an expired key in its header', () => `curl --header 'X-API-Key: ${expired}' ${URL}`, [], { row: 3, reason: 'expired' }],
  ['two credentials', () => `curl ${URL} -H 'X-API-Key: ${key}' --oauth2-bearer ${key}`, [], { answer: 400, row: 4, reason: 'multiple' }],
  ['one header twice', () => `curl ${URL} -H 'X-API-Key: ${key}' -H 'X-API-Key: ${key}'`, [], { answer: 400, row: 4, reason: 'multiple' }],
  ['a missing scope', () => `curl -X POST '${URL}?a=b' -H 'X-API-Key: ${key}'`, ['--scope', 'domains:write'], { answer: 403, row: 5 }],
  ['a key alone', () => revoked, [], { row: 2, reason: 'revoked' }],
  ['lines that go on', () => `curl \\\n  -H 'X-API-Key: ${revoked}' \\\n  ${URL}`, [], { row: 3, reason: 'revoked' }],
  [
    'a good key',
    () => `curl -s -i -H 'X-API-Key: ${key}' ${URL}`,
    ['--scope', 'domains:read'],
    { status: 'authenticated', subject: 'acct_42' },
  ],
])('explains %s', async (_, asked, options, expected) => {
  const { code, out, err } = await latchkey(['explain', asked(), '--json', ...options]);
  expect([code, err]).toEqual([0, '']);
  expect(JSON.parse(out)).toMatchObject(expected);
});

it('says in words what happened, by which rule, and how to mend it, and never the secret', async () => {
  const { out, err } = await latchkey(['explain'], `curl ${URL} -H "Authorization: Bearer ${revoked}"\n`);
  expect(out).toContain('401, row 2 of the contract: {"error":"unauthorized","message":"Invalid or missing API key"}');
  expect(out).toContain('error="invalid_token"');
  expect(out).toContain('Reason: revoked (RFC 6750 §3.1)');
  expect(out + err).not.toContain(revoked);
});

it('is no use of the key', async () => {
  await latchkey(['explain', key]);
  const { out } = await latchkey(['keys', 'list', '--subject', 'acct_42', '--json']);
  expect((JSON.parse(out) as PublicRecord[]).map(({ useCount }) => useCount)).toEqual([0, 0, 0]);
});

it('ends though the module holds something open', async () => {
  const config = join(folder, 'open.cjs');
  writeFileSync(config, `setInterval(() => {}, 1000); exports.check = async () => ({ status: 'anonymous' });`);
  const bin = join(__dirname, '../../dist/cli.cjs');
  const { stdout } = await promisify(execFile)(process.execPath, [bin, 'explain', '--config', config, 'curl localhost'], {
    timeout: 20_000,
  });
  expect(stdout).toContain('It passes');
}, 30_000);

it('asks the guards that a module exports', async () => {
  const config = join(folder, 'auth.cjs');
  writeFileSync(
    config,
    `exports.guards = { check: async (request, { scopes }) => ({ status: 'authenticated', principal: { subject: request.url, scopes, credentialId: 'c' } }) };`,
  );
  expect(await latchkey(['explain', '--config', config, '--scope', 'a', `curl ${URL}`])).toEqual({
    code: 0,
    out: 'It passes: /v1/domains, with a (c)',
    err: '',
  });
});

test.each<[string, readonly string[], number, RegExp]>([
  ['nothing to explain', ['explain'], 2, /nothing to explain/],
  ['a curl line without a URL', ['explain', 'curl -H "X-API-Key: x"'], 1, /names no URL/],
  ['a module that is not there', ['explain', '--config', './nowhere.mjs', 'curl x'], 1, /nowhere\.mjs could not be loaded/],
  ['a module without guards', ['explain', '--config', './package.json', 'curl x'], 1, /package\.json/],
])('tells of %s', async (_, args, code, message) => {
  const printed = await latchkey(args);
  expect([printed.code, printed.err]).toEqual([code, expect.stringMatching(message)]);
});
