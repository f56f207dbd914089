import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { apiKeys, type PublicRecord } from 'latchkey';

import { openStore } from '../../src/cli/open-store';
import { issueExpired } from '../support/expired';
import { shell } from './terminal';

// @requires sqlite

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
  expired = (await issueExpired(keys, { subject, scopes: [] })).secret;
  const lost = await keys.issue({ subject, scopes: [] });
  revoked = lost.secret;
  await keys.revoke(lost.record.id);
  await opened.close();
});

const URL = 'https://api.osir.com/v1/domains';
const JWT = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from('{"sub":"a"}').toString('base64url')}.c2lnbmF0dXJl`;
const NO_BEARER = expect.stringContaining('the word Bearer, a space, and the key') as string;
const NO_JWT = 'The credential is a JWT, and no verifier accepts JWTs of its issuer.';

test.each<[string, () => string, readonly string[], object]>([
  ['no key', () => `curl ${URL}`, [], { answer: 401, row: 1, reason: 'missing' }],
  [
    'a bad key as bearer',
    () => `curl -H 'Authorization: Bearer osir_live_x' ${URL}`,
    [],
    { answer: 401, row: 2, reason: 'malformed' },
  ],
  [
    'a revoked key as bearer',
    () => `curl -H "authorization: bearer ${revoked}" ${URL}`,
    [],
    { row: 2, reason: 'revoked' },
  ],
  [
    'an expired key in its header',
    () => `curl --header 'X-API-Key: ${expired}' ${URL}`,
    [],
    { row: 3, reason: 'expired' },
  ],
  [
    'two credentials',
    () => `curl ${URL} -H 'X-API-Key: ${key}' --oauth2-bearer ${key}`,
    [],
    { answer: 400, row: 4, reason: 'multiple' },
  ],
  [
    'one header twice',
    () => `curl ${URL} -H 'X-API-Key: ${key}' -H 'X-API-Key: ${key}'`,
    [],
    { answer: 400, row: 4, reason: 'multiple' },
  ],
  [
    'a missing scope',
    () => `curl -X POST '${URL}?a=b' -H 'X-API-Key: ${key}'`,
    ['--scope', 'domains:write'],
    { answer: 403, row: 5 },
  ],
  [
    'a header that proxies drop',
    () => `curl ${URL} -H 'X_API_Key: ${key}'`,
    [],
    { reason: 'missing', fix: expect.stringContaining('x-api-key') as string },
  ],
  [
    'an encrypted token',
    () => `curl ${URL} -H 'Authorization: Bearer a.b.c.d.e'`,
    [],
    { detail: expect.stringContaining('encrypted token') as string },
  ],
  [
    'a JWT sent as a key',
    () => `curl ${URL} -H 'X-API-Key: ${JWT}'`,
    [],
    { row: 3, detail: expect.stringContaining('it is a JWT') as string },
  ],
  ['a key alone', () => revoked, [], { row: 2, reason: 'revoked' }],
  [
    'a line with its prompt',
    () => `$ curl ${URL} -H 'X-API-Key: ${revoked}'`,
    [],
    { row: 3, reason: 'revoked' },
  ],
  [
    'a line with sudo',
    () => `sudo curl ${URL} -H 'X-API-Key: ${revoked}'`,
    [],
    { row: 3, reason: 'revoked' },
  ],
  [
    'a line of Windows',
    () => `curl.exe ${URL} -H "X-API-Key: ${revoked}"`,
    [],
    { row: 3, reason: 'revoked' },
  ],
  [
    'a line with tabs',
    () => `curl\t${URL}\t-H\t'X-API-Key: ${revoked}'`,
    [],
    { row: 3, reason: 'revoked' },
  ],
  [
    'a query without quotes',
    () => `curl ${URL}?limit=10&offset=20 -H 'X-API-Key: ${revoked}'`,
    [],
    { row: 3, reason: 'revoked' },
  ],
  [
    'a host alone',
    () => `curl api.osir.com -H 'X-API-Key: ${revoked}'`,
    [],
    { row: 3, reason: 'revoked' },
  ],
  [
    'quotes within quotes',
    () => `curl ${URL} -d "it's \\"1\\"" -d $'it\\'s' -H 'X-API-Key: ${revoked}'`,
    [],
    { row: 3, reason: 'revoked' },
  ],
  ['a header line', () => `Authorization: Bearer ${revoked}`, [], { row: 2, reason: 'revoked' }],
  [
    'header lines',
    () => `Accept: */*\r\nX-API-Key: ${revoked}\r\n`,
    [],
    { row: 3, reason: 'revoked' },
  ],
  [
    'what curl -v prints',
    () => `> GET /v1/domains HTTP/1.1\n> Host: api.osir.com\n> X-API-Key: ${revoked}\n>`,
    [],
    { row: 3, reason: 'revoked' },
  ],
  [
    'one header line twice',
    () => `X-API-Key: ${key}\nX-API-Key: ${key}`,
    [],
    { row: 4, reason: 'multiple' },
  ],
  [
    'a key with no scheme',
    () => `Authorization: ${key}`,
    [],
    { row: 1, reason: 'missing', fix: NO_BEARER },
  ],
  [
    'a key with another scheme',
    () => `curl ${URL} -H "Authorization: Token ${key}"`,
    [],
    { row: 1, reason: 'missing', fix: NO_BEARER },
  ],
  [
    'a JWT',
    () => `curl ${URL} -H "Authorization: Bearer ${JWT}"`,
    [],
    { row: 2, reason: 'bad_issuer', cause: NO_JWT },
  ],
  ['a JWT alone', () => JWT, [], { row: 2, reason: 'bad_issuer', cause: NO_JWT }],
  [
    'an expired key, by the rule for all tokens',
    () => expired,
    [],
    { reason: 'expired', section: 'RFC 6750 §3.1' },
  ],
  [
    'lines that go on',
    () => `curl \\\n  -H 'X-API-Key: ${revoked}' \\\n  ${URL}`,
    [],
    { row: 3, reason: 'revoked' },
  ],
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

it('prints the cause, the section and the fix, and never the secret', async () => {
  const { out, err } = await latchkey(
    ['explain'],
    `curl ${URL} -H "Authorization: Bearer ${revoked}"\n`,
  );
  expect(out).toContain(
    '401, row 2 of the contract: {"error":"unauthorized","message":"Invalid or missing API key"}',
  );
  expect(out).toContain('error="invalid_token"');
  expect(out).toContain('Reason: revoked (RFC 6750 §3.1)');
  expect(out + err).not.toContain(revoked);
});

it('does not count a use of the key', async () => {
  await latchkey(['explain', key]);
  const { out } = await latchkey(['keys', 'list', '--subject', 'acct_42', '--json']);
  expect((JSON.parse(out) as PublicRecord[]).map(({ useCount }) => useCount)).toEqual([0, 0, 0]);
});

it('ends although the module has open handles', async () => {
  const config = join(folder, 'open.cjs');
  writeFileSync(
    config,
    `setInterval(() => {}, 1000); exports.check = async () => ({ status: 'anonymous' });`,
  );
  const bin = join(__dirname, '../../dist/cli.cjs');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [bin, 'explain', '--config', config, 'curl localhost'],
    {
      timeout: 20_000,
    },
  );
  expect(stdout).toContain('Accepted');
}, 30_000);

it('uses the guards that a module exports', async () => {
  const config = join(folder, 'auth.cjs');
  writeFileSync(
    config,
    `exports.guards = { check: async (request, { scopes }) => ({ status: 'authenticated', principal: { subject: request.url, scopes, credentialId: 'c' } }) };`,
  );
  expect(await latchkey(['explain', '--config', config, '--scope', 'a', `curl ${URL}`])).toEqual({
    code: 0,
    out: 'Accepted: /v1/domains, with a (c)',
    err: '',
  });
});

it.each([
  ['a path alone', 'curl localhost:3000/v1/domains?limit=10', '/v1/domains?limit=10'],
  ['a pattern', 'curl api.osir.com/v1/*?limit=[1] -H "X-API-Key: x"', '/v1/*?limit=[1]'],
  [
    'a host behind an option that is not known',
    'curl --connect-timeout 5 --proxy-user me api.osir.com?a=b',
    '/?a=b',
  ],
  ['a host without a dot', 'curl api', '/'],
  ['a URL behind a proxy', 'curl -x proxy:8080 https://api.osir.com/v1', '/v1'],
])('reads the URL of %s', async (_, line, url) => {
  const config = join(folder, 'url.cjs');
  writeFileSync(
    config,
    `exports.check = async ({ url }) => ({ status: 'authenticated', principal: { subject: url, scopes: [], credentialId: 'c' } });`,
  );
  expect(await latchkey(['explain', '--config', config, line])).toMatchObject({
    out: `Accepted: ${url}, with no scopes (c)`,
  });
});

it('escapes hidden characters of the subject, and reports anonymous requests', async () => {
  const config = join(folder, 'hidden.cjs');
  writeFileSync(
    config,
    `exports.check = async ({ url }) => url === '/' ? { status: 'anonymous' } : { status: 'authenticated', principal: { subject: 'a\u202eb', scopes: [] } };`,
  );
  const explained = (line: string) => latchkey(['explain', '--config', config, line]);
  expect(await explained('curl x/1')).toEqual({
    code: 0,
    out: 'Accepted: a\\u{202e}b, with no scopes (no ID)',
    err: '',
  });
  expect(await explained('curl x')).toEqual({
    code: 0,
    out: 'Accepted as anonymous: no credential is required.',
    err: '',
  });
});

it.each([
  [
    'a quote that is not closed',
    `curl ${URL} -H 'X-API-Key: osir_live_secret`,
    /has an unclosed quote/,
  ],
  [
    'another',
    `curl ${URL} -H "X-API-Key: osir_live_secret' -d '"`.slice(0, -1),
    /has an unclosed quote/,
  ],
  [
    'what no shell reads',
    `curl ${URL} -H "X-API-Key: osir_live_secret\${"`,
    /is not valid shell syntax/,
  ],
  ['a URL that is none', 'curl http://[osir_live_secret', /the URL of the curl command is invalid/],
])('reports %s without quoting it', async (_, line, message) => {
  const { code, out, err } = await latchkey(['explain'], line);
  expect([code, out, err]).toEqual([1, '', expect.stringMatching(message)]);
  expect(err).not.toContain('secret');
});

it('names every way to select guards if none is given', async () => {
  for (const env of [{}, { LATCHKEY_PREFIX: 'osir' }, { LATCHKEY_STORE: store }]) {
    expect(await shell(env)(['explain', key])).toEqual({
      code: 2,
      out: '',
      err: expect.stringMatching(/pass --config, or --store and --prefix/),
    });
  }
});

it('says what to export if a module has no check function', async () => {
  const config = join(folder, 'guards.cjs');
  writeFileSync(config, 'exports.requireScopes = () => () => {};');
  expect(await latchkey(['explain', '--config', config, key])).toEqual({
    code: 1,
    out: '',
    err: `latchkey: ${config} exports no check function: add "export const { check, requireScopes } = latchkey({ … })" to it`,
  });
});

test.each<[string, readonly string[], number, RegExp]>([
  ['nothing to explain', ['explain'], 2, /nothing to explain/],
  ['a curl line without a URL', ['explain', 'curl -H "X-API-Key: x"'], 1, /has no URL/],
  [
    'a module that is not there',
    ['explain', '--config', './nowhere.mjs', 'curl x'],
    1,
    /nowhere\.mjs could not be loaded/,
  ],
  [
    'a module without guards',
    ['explain', '--config', './package.json', 'curl x'],
    1,
    /package\.json/,
  ],
])('reports %s', async (_, args, code, message) => {
  const printed = await latchkey(args);
  expect([printed.code, printed.err]).toEqual([code, expect.stringMatching(message)]);
});
