import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Client, RegisteredClient } from 'latchkey/authorization-server';

import { openStore } from '../../src/cli/open-store';
import { startIssuing, WEB_CLIENT } from '../support/issuing';
import { shell } from './terminal';

// @requires sqlite

const folder = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
const url = `sqlite:${join(folder, 'keys.db')}`;
afterAll(() => rmSync(folder, { recursive: true }));
const latchkey = shell({ LATCHKEY_STORE: url });
const REGISTER = [
  'clients',
  'register',
  '--name',
  'Domain Watch',
  '--scope',
  'domains:read,domains:write',
];
const register = async (...more: string[]) =>
  JSON.parse((await latchkey([...REGISTER, ...more, '--json'])).out) as RegisteredClient;

it('register prints only the secret on standard output', async () => {
  const { code, out, err } = await latchkey([...REGISTER, '--id', 'watch']);
  expect([code, out]).toEqual([0, expect.stringMatching(/^client_secret_[0-9A-Za-z]{49}$/)]);
  expect(err).toMatch(/client id +watch\n/);
  expect(err).not.toContain(out);
});

it('register accepts every setting of a client', async () => {
  const uris = [
    '--redirect-uri',
    'com.example.app:/back',
    '--redirect-uri',
    'https://app.example/a,b',
  ];
  const { client, secret } = await register(
    '--type',
    'public',
    '--application-type',
    'native',
    '--resource-server',
    ...uris,
  );
  expect(client).toMatchObject({
    ...{
      name: 'Domain Watch',
      scopes: ['domains:read', 'domains:write'],
      type: 'public',
      applicationType: 'native',
    },
    ...{
      redirectUris: ['com.example.app:/back', 'https://app.example/a,b'],
      grantTypes: ['authorization_code', 'refresh_token'],
    },
    resourceServer: true,
  });
  expect(secret).toBeUndefined();
});

it('list, show and update work with the registered client', async () => {
  const { client } = await register('--redirect-uri', 'https://app.example/callback');
  const shown = async () =>
    JSON.parse((await latchkey(['clients', 'show', client.clientId, '--json'])).out) as Client;
  expect(await shown()).toEqual(client);
  const { out } = await latchkey(['clients', 'list']);
  expect(
    out
      .split('\n')[0]
      ?.trim()
      .split(/\s{2,}/),
  ).toEqual(['CLIENT ID', 'NAME', 'TYPE', 'GRANT TYPES', 'SCOPES', 'REGISTERED']);
  expect(out).toContain(client.clientId);
  const updated = await latchkey([
    'clients',
    'update',
    client.clientId,
    '--name',
    'Other',
    '--scope',
    'domains:read',
  ]);
  expect(updated.code).toBe(0);
  expect(await shown()).toEqual({ ...client, name: 'Other', scopes: ['domains:read'] });
});

it('rotate and remove apply to a running server', async () => {
  const { store, close } = await openStore(url, true);
  const issuing = await startIssuing({ store });
  const { client, credentials, tokens } = await issuing.grant({
    grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
  });
  const ask = async (secret: string) =>
    (
      await issuing.post('/oauth/token', {
        grant_type: 'client_credentials',
        client_id: client.clientId,
        client_secret: secret,
      })
    ).status;
  const overlapping = await latchkey(['clients', 'rotate', client.clientId, '--overlap', '1h']);
  expect([await ask(credentials.client_secret as string), await ask(overlapping.out)]).toEqual([
    200, 200,
  ]);
  const rotated = await latchkey(['clients', 'rotate', client.clientId]);
  expect([
    await ask(credentials.client_secret as string),
    await ask(overlapping.out),
    await ask(rotated.out),
  ]).toEqual([401, 401, 200]);

  expect(await latchkey(['clients', 'remove', client.clientId])).toMatchObject({
    code: 0,
    out: `Removed: ${client.clientId}`,
  });
  expect([
    await ask(rotated.out),
    (await issuing.tokens.list({ clientId: client.clientId })).every(
      ({ revokedAt }) => revokedAt !== null,
    ),
  ]).toEqual([401, true]);
  // Another id with the old grant's refresh token proves nothing either.
  const again = await issuing.server.clients.register(WEB_CLIENT);
  const stolen = {
    client_id: again.client.clientId,
    client_secret: again.secret as string,
    refresh_token: tokens.refresh_token as string,
  };
  expect(
    (await issuing.post('/oauth/token', { grant_type: 'refresh_token', ...stolen })).status,
  ).toBe(400);
  await issuing.close();
  await close();
});

it('remove revokes JWTs of the issuer that is passed', async () => {
  const { store, close } = await openStore(url, true);
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  // This process asks the store each time: the other one has no way to tell it.
  const issuing = await startIssuing({ store, tokens: { keys: [key] }, cache: false });
  const statusAfter = async (...args: string[]) => {
    const { client, tokens } = await issuing.grant();
    const before = (await issuing.call(tokens.access_token)).status;
    await latchkey(['clients', 'remove', client.clientId, ...args]);
    return [before, (await issuing.call(tokens.access_token)).status];
  };
  expect([await statusAfter(), await statusAfter('--issuer', issuing.issuer)]).toEqual([
    [200, 200],
    [200, 401],
  ]);
  await issuing.close();
  await close();
});

it.each(['not a url', 'api.osir.com', 'http://api.osir.com', 'https://api.osir.com/?a=b'])(
  'remove rejects the issuer %j, and removes nothing',
  async (issuer) => {
    const { client } = await register();
    const { code, err } = await latchkey([
      'clients',
      'remove',
      client.clientId,
      '--issuer',
      issuer,
    ]);
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('It must be an https URL without query and fragment'),
    ]);
    expect((await latchkey(['clients', 'show', client.clientId])).code).toBe(0);
  },
);

it('explains --no-resource-server, and rejects plain http', async () => {
  expect((await latchkey(['clients', 'update', '--help'])).out).toMatch(
    /--no-resource-server +a client that may introspect only its own tokens/,
  );
  const { code, err } = await latchkey([...REGISTER, '--redirect-uri', 'http://evil.example/cb']);
  expect([code, err]).toEqual([
    2,
    expect.stringContaining('must be https, or http on a loopback host'),
  ]);
});

it('list reports further clients, and continues after one', async () => {
  const page = (...args: string[]) =>
    latchkey(['clients', 'list', '--json', '--limit', '1', ...args]);
  await register();
  const first = await page();
  const [client] = JSON.parse(first.out) as Client[];
  expect(first.err).toBe(`There are more: continue with --after ${client?.clientId}`);
  const [second] = JSON.parse((await page('--after', client?.clientId as string)).out) as Client[];
  expect(second?.clientId).not.toBe(client?.clientId);
});

it('escapes hidden characters of names in tables and JSON', async () => {
  const name = 'b\u202ec';
  const { client } = await register('--name', name);
  expect(client.name).toBe(name);
  expect((await latchkey(['clients', 'show', client.clientId, '--json'])).out).toContain(
    'b\\u202ec',
  );
  expect((await latchkey(['clients', 'show', client.clientId])).out).toMatch(
    /name +b\\u\{202e\}c\n/,
  );
});

it('rejects a name with control characters', async () => {
  const { code, err } = await latchkey(['clients', 'register', '--name', 'a\u001b[2Jb']);
  expect([code, err]).toEqual([
    2,
    'latchkey: clients.register(): option "name" must be a non-empty string without control characters',
  ]);
});

it('remove of an unknown client succeeds with --if-exists', async () => {
  const remove = (...args: string[]) =>
    latchkey(['clients', 'remove', 'nobody', '--if-exists', ...args]);
  expect(await remove()).toEqual({ code: 0, out: 'Removed: none', err: '' });
  expect((await remove('--json')).out).toBe('{"removed":null}');
});

test.each<[what: string, code: number, message: RegExp, args: string[]]>([
  ['a client that is not there', 1, /^latchkey: no client nobody$/, ['show', 'nobody']],
  [
    'the update of one that is not there',
    1,
    /^latchkey: no client nobody$/,
    ['update', 'nobody', '--name', 'x'],
  ],
  ['the removal of one that is not there', 1, /^latchkey: no client nobody$/, ['remove', 'nobody']],
  ['a rotation for one that is not there', 1, /^latchkey: no client nobody$/, ['rotate', 'nobody']],
  [
    'a list after one that is not there',
    1,
    /^latchkey: no client nobody$/,
    ['list', '--after', 'nobody'],
  ],
  ['an update without a change', 2, /nothing to change/, ['update', 'nobody']],
  [
    'a wrong redirect URI',
    2,
    /redirectUris/,
    ['register', '--name', 'x', '--redirect-uri', 'http://app.example'],
  ],
  ['empty scopes', 2, /--scope.*must not be empty/, ['update', 'nobody', '--scope', '']],
  [
    'empty grant types',
    2,
    /--grant-type.*must not be empty/,
    ['update', 'nobody', '--grant-type', ' '],
  ],
  ['a wrong type', 2, /--type/, ['register', '--name', 'x', '--type', 'secret']],
  ['no name', 2, /--name/, ['register', '--scope', 'domains:read']],
  [
    'an overlap without a unit',
    2,
    /It must be a number with a unit/,
    ['rotate', 'nobody', '--overlap', '7'],
  ],
])('%s has the exit code %i', async (_, code, message, args) => {
  const printed = await latchkey(['clients', ...args]);
  expect([printed.code, printed.out]).toEqual([code, '']);
  expect(printed.err).toMatch(message);
});

it('rotate rejects a public client, which has no secret', async () => {
  const { client } = await register(
    '--type',
    'public',
    '--redirect-uri',
    'https://app.example/callback',
  );
  expect(await latchkey(['clients', 'rotate', client.clientId])).toEqual({
    code: 1,
    out: '',
    err: `latchkey: client ${client.clientId} is public: it has no secret`,
  });
});
