import { memoryStore } from 'latchkey';
import { accessTokens } from 'latchkey';
import { authorizationServer, type ClientOptions } from 'latchkey/authorization-server';

import { CALLBACK, type Issuing, type Scope, startIssuing, WEB_CLIENT } from '../support/issuing';

let issuing: Issuing;
beforeAll(async () => {
  issuing = await startIssuing();
});
afterAll(() => issuing.close());

const registry = () => {
  const store = memoryStore();
  const tokens = accessTokens({ store, prefix: 'osirat' });
  return authorizationServer({
    issuer: 'https://api.osir.com',
    store,
    tokens,
    scopes: ['domains:read', 'domains:write'],
  }).clients;
};
const token = (clientId: string, secret: string | undefined) =>
  issuing.post('/oauth/token', {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: secret ?? '',
  });

it('a client is registered with what follows from its options, and its secret is shown once', async () => {
  const clients = registry();
  const { client, secret } = await clients.register({
    name: 'Watch',
    scopes: ['domains:read'],
    redirectUris: [CALLBACK],
  });
  expect(client).toEqual({
    name: 'Watch',
    scopes: ['domains:read'],
    redirectUris: [CALLBACK],
    grantTypes: ['authorization_code', 'refresh_token'],
    type: 'confidential',
    authMethod: 'client_secret_basic',
    applicationType: 'web',
    resourceServer: false,
    firstParty: false,
    verified: true,
    clientId: expect.stringMatching(/^[0-9a-f]{32}$/),
    registeredAt: expect.any(Number),
  });
  expect(secret).toMatch(/^client_secret_[0-9A-Za-z]{49}$/);
  expect(await clients.get(client.clientId)).toEqual(client);
  expect(JSON.stringify(await clients.list())).not.toContain(secret);
  const machine = await clients.register({ name: 'Nightly', scopes: [] });
  expect(machine.client.grantTypes).toEqual(['client_credentials']);
  const api = await clients.register({ name: 'API', scopes: [], resourceServer: true });
  expect(api.client.grantTypes).toEqual([]);
  const app = await clients.register({
    name: 'App',
    scopes: [],
    redirectUris: [CALLBACK],
    type: 'public',
  });
  expect(app.secret).toBeUndefined();
});

it('clients are listed page by page, in the order of registration', async () => {
  const clients = registry();
  for (const clientId of ['first', 'second', 'third']) {
    await clients.register({ clientId, name: clientId, scopes: [] });
  }
  const names = async (page?: { after?: string; limit?: number }) =>
    (await clients.list(page)).map(({ clientId }) => clientId).sort();
  expect(await names()).toEqual(['first', 'second', 'third']);
  const [first] = await clients.list({ limit: 1 });
  expect(await names({ after: first?.clientId as string })).toHaveLength(2);
  expect(await clients.list({ after: 'nobody' })).toEqual([]);
});

it('a page of the list is full while there are more, though clients were removed', async () => {
  const clients = registry();
  jest.useFakeTimers({ now: 0, doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  for (const clientId of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i']) {
    await clients.register({ clientId, name: clientId, scopes: [] });
    jest.advanceTimersByTime(1);
  }
  jest.useRealTimers();
  for (const clientId of ['b', 'c', 'e', 'g']) {
    await clients.remove(clientId);
  }
  const ids = async (page: { after?: string; limit?: number }) =>
    (await clients.list(page)).map(({ clientId }) => clientId);
  expect(
    await Promise.all([{}, { limit: 1 }, { limit: 2 }, { limit: 3 }, { limit: 4 }].map(ids)),
  ).toEqual([['a', 'd', 'f', 'h', 'i'], ['a'], ['a', 'd'], ['a', 'd', 'f'], ['a', 'd', 'f', 'h']]);
  const after = [
    { after: 'a', limit: 1 },
    { after: 'a', limit: 2 },
    { after: 'b', limit: 1 },
    { after: 'e', limit: 2 },
    { after: 'i', limit: 1 },
  ];
  expect(await Promise.all(after.map(ids))).toEqual([['d'], ['d', 'f'], ['d'], ['f', 'h'], []]);
});

it('an id that is taken is refused', async () => {
  const clients = registry();
  await clients.register({ clientId: 'watch', name: 'Watch', scopes: [] });
  await expect(clients.register({ clientId: 'watch', name: 'Other', scopes: [] })).rejects.toThrow(
    new TypeError('clients.register(): option "clientId" is taken'),
  );
});

test.each<[what: string, options: Partial<Record<keyof ClientOptions, unknown>>, fault: string]>([
  [
    'a name with a control character',
    { name: 'Domain\u0000Watch' },
    'option "name" must be a non-empty string without control characters',
  ],
  [
    'a name of two lines',
    { name: 'Domain\nWatch' },
    'option "name" must be a non-empty string without control characters',
  ],
  [
    'a time of registration',
    { registeredAt: 0 } as never,
    'unknown option "registeredAt"; allowed are name, scopes, redirectUris, grantTypes, resourceServer, type, applicationType, clientId',
  ],
  [
    'a redirect URI that is a number',
    { redirectUris: [7] },
    'option "redirectUris" must be a list of absolute URIs',
  ],
  [
    'a redirect URI alone',
    { redirectUris: CALLBACK },
    'option "redirectUris" must be a list of absolute URIs',
  ],
  ['no name', { name: '' }, 'option "name" must be a non-empty string'],
  ['a misspelt option', { redirectUri: CALLBACK } as never, 'unknown option "redirectUri"'],
  ['a scope with a space', { scopes: ['a b'] }, 'option "scopes" must be a list of scopes'],
  ['no list of scopes', { scopes: 'domains:read' }, 'option "scopes" must be a list of scopes'],
  [
    'plain http',
    { redirectUris: ['http://app.example/callback'] },
    'option "redirectUris" must be https, or http on a loopback host',
  ],
  [
    'plain http, of a native client',
    { redirectUris: ['http://app.example/callback'], applicationType: 'native' },
    'option "redirectUris" must be https, http on a loopback host, or of a private-use scheme',
  ],
  ['a fragment', { redirectUris: [`${CALLBACK}#x`] }, 'option "redirectUris" must be'],
  ['a relative URI', { redirectUris: ['/callback'] }, 'option "redirectUris" must be'],
  [
    'a user in the URI',
    { redirectUris: ['https://a:b@app.example/'] },
    'option "redirectUris" must be',
  ],
  [
    'a script',
    { redirectUris: ['javascript:alert(1)'], applicationType: 'native' },
    'option "redirectUris" must be',
  ],
  [
    'data',
    { redirectUris: ['data:text/html,x'], applicationType: 'native' },
    'option "redirectUris" must be',
  ],
  [
    'a scheme of its own, for the web',
    { redirectUris: ['com.example.app:/back'] },
    'option "redirectUris" must be https',
  ],
  ...[
    'about:blank',
    'blob:https://a.example/x',
    'BLOB:x',
    'chrome://settings',
    'file:///etc/passwd',
    'filesystem:https://a.example/x',
  ]
    .concat([
      'ftp://a.example/',
      'intent://x#y',
      'JavaScript:alert(1)',
      'mailto:a@b.example',
      'vbscript:x',
      'view-source:https://a.example',
    ])
    .concat(['ws://a.example/', 'wss://a.example/'])
    .map((uri): [string, object, string] => [
      `the foreign scheme of ${uri}`,
      { redirectUris: [uri], applicationType: 'native' },
      'option "redirectUris" must be',
    ]),
  [
    'codes without a redirect URI',
    { grantTypes: ['authorization_code'] },
    'option "redirectUris" must be there',
  ],
  [
    'redirect URIs without codes',
    { redirectUris: [CALLBACK], grantTypes: ['client_credentials'] },
    'option "redirectUris" must be there',
  ],
  [
    'refresh without codes',
    { grantTypes: ['refresh_token'] },
    'option "grantTypes" must not have refresh_token',
  ],
  ['an unknown grant type', { grantTypes: ['password'] }, 'option "grantTypes" must be a list of'],
  [
    'client credentials without a secret',
    { type: 'public', grantTypes: ['client_credentials'] },
    'option "grantTypes" must not have client',
  ],
  ['an unknown type', { type: 'secret' }, 'option "type" must be'],
  ['an id with a space', { clientId: 'a b' }, 'option "clientId" must be'],
])('%s is a TypeError', async (_, options, fault) => {
  const registering = registry().register({ name: 'Watch', scopes: [], ...options } as never);
  await expect(registering).rejects.toBeInstanceOf(TypeError);
  await expect(registering).rejects.toThrow(fault);
});

test.each([undefined, null, 'Watch', 7])(
  '%j in the place of options is a TypeError of ours',
  async (options) => {
    const registering = registry().register(options as never);
    await expect(registering).rejects.toBeInstanceOf(TypeError);
    await expect(registering).rejects.toThrow(/^clients\.register\(\): /);
  },
);

it('what a store has in the place of a client is an outage', async () => {
  const own = await startIssuing();
  const { client, secret = '' } = await own.server.clients.register({
    name: 'Nightly',
    scopes: ['domains:read'],
  });
  const [record] = await own.store.list(
    { kind: 'oauth_client', by: 'client', id: client.clientId },
    { limit: 1 },
  );
  await own.store.update(record?.id as string, { metadata: {} });
  const credentials = {
    grant_type: 'client_credentials',
    client_id: client.clientId,
    client_secret: secret,
  };
  const { status } = await own.post('/oauth/token', credentials);
  await own.close();
  expect(status).toBe(503);
  await expect(own.server.clients.get(client.clientId)).rejects.toThrow(
    'The credential store returned something that is not a client',
  );
});

describe('a change', () => {
  it('is there at the next request: scopes, redirect URIs, name', async () => {
    const { client, credentials, tokens } = await issuing.grant();
    const { clients } = issuing.server;
    await clients.update(client.clientId, {
      scopes: ['domains:read'],
      redirectUris: ['https://app.example/other'],
      name: 'Renamed',
    });
    expect(await clients.get(client.clientId)).toEqual({
      ...client,
      ...{ scopes: ['domains:read'], redirectUris: ['https://app.example/other'], name: 'Renamed' },
    });
    const refreshed = await issuing.post('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
      ...credentials,
    });
    expect(refreshed.body).toMatchObject({ scope: 'domains:read' });
    const response = await fetch(issuing.authorizeUrl(client), { redirect: 'manual' });
    expect(response.status).toBe(400);
  });

  it('that is wrong is a TypeError, and changes nothing', async () => {
    const { client } = await issuing.server.clients.register(WEB_CLIENT);
    const { clients } = issuing.server;
    for (const changes of [
      { redirectUris: ['http://evil.example'] },
      { redirectUris: [] },
      { type: 'public' },
      { clientId: 'x' },
    ]) {
      await expect(clients.update(client.clientId, changes as never)).rejects.toBeInstanceOf(
        TypeError,
      );
    }
    expect(await clients.get(client.clientId)).toEqual(client);
    expect(await clients.update('nobody', { name: 'x' })).toBeUndefined();
  });
});

it('a scope that is declared no more is granted no more, though a client be registered for it', async () => {
  const earlier = authorizationServer({
    ...{ issuer: issuing.issuer, store: issuing.store, tokens: issuing.tokens },
    scopes: ['domains:read', 'vps:read'],
  });
  const { client, secret = '' } = await earlier.clients.register({
    name: 'Old',
    scopes: ['domains:read', 'vps:read'],
  });
  const credentials = {
    grant_type: 'client_credentials',
    client_id: client.clientId,
    client_secret: secret,
  };
  expect((await issuing.post('/oauth/token', credentials)).body).toMatchObject({
    scope: 'domains:read',
  });
  expect(
    (await issuing.post('/oauth/token', { ...credentials, scope: 'vps:read' })).body,
  ).toMatchObject({ error: 'invalid_scope' });
});

describe('a secret', () => {
  const newClient = () =>
    issuing.server.clients.register({
      name: 'Nightly',
      scopes: ['domains:read'],
    } satisfies ClientOptions<Scope>);

  it('that is rotated without overlap is invalid at once', async () => {
    const { client, secret } = await newClient();
    const rotated = await issuing.server.clients.rotateSecret(client.clientId);
    expect(rotated?.secret).not.toBe(secret);
    expect([
      (await token(client.clientId, secret)).status,
      (await token(client.clientId, rotated?.secret)).status,
    ]).toEqual([401, 200]);
  });

  it('that is rotated with overlap is valid, like the new one, until the overlap ends', async () => {
    const { client, secret } = await newClient();
    const rotated = await issuing.server.clients.rotateSecret(client.clientId, { overlapMs: 400 });
    expect([
      (await token(client.clientId, secret)).status,
      (await token(client.clientId, rotated?.secret)).status,
    ]).toEqual([200, 200]);
    await new Promise((resolve) => setTimeout(resolve, 450));
    expect([
      (await token(client.clientId, secret)).status,
      (await token(client.clientId, rotated?.secret)).status,
    ]).toEqual([401, 200]);
  });

  it('that still overlaps ends with a later rotation that has no overlap', async () => {
    const { client, secret } = await newClient();
    const second = await issuing.server.clients.rotateSecret(client.clientId, {
      overlapMs: 60_000,
    });
    const third = await issuing.server.clients.rotateSecret(client.clientId);
    const statuses = await Promise.all(
      [secret, second?.secret, third?.secret].map((one) => token(client.clientId, one)),
    );
    expect(statuses.map(({ status }) => status)).toEqual([401, 401, 200]);
  });

  it('is no access token, and its digest is no secret', async () => {
    const { client, secret = '' } = await newClient();
    expect((await issuing.call(secret)).status).toBe(401);
    const [{ digest } = { digest: '' }] = await issuing.store.list(
      { kind: 'client_secret', by: 'client', id: client.clientId },
      { limit: 1 },
    );
    expect((await token(client.clientId, digest)).status).toBe(401);
  });

  it('is no access token that the client was given', async () => {
    const { client, secret } = await newClient();
    const { body } = await token(client.clientId, secret);
    expect((await token(client.clientId, body.access_token as string)).status).toBe(401);
  });

  it('ends with its client', async () => {
    const { client } = await newClient();
    await issuing.server.clients.rotateSecret(client.clientId, { overlapMs: 60_000 });
    await issuing.server.clients.remove(client.clientId);
    const kept = await issuing.store.list(
      { kind: 'client_secret', by: 'client', id: client.clientId },
      { limit: 10 },
    );
    expect(kept.map(({ revokedAt }) => revokedAt)).toEqual([
      expect.any(Number),
      expect.any(Number),
    ]);
  });

  it('of a public client, or of none, cannot be rotated', async () => {
    const { client } = await issuing.server.clients.register({ ...WEB_CLIENT, type: 'public' });
    expect(await issuing.server.clients.rotateSecret(client.clientId)).toBeUndefined();
    expect(await issuing.server.clients.rotateSecret('nobody')).toBeUndefined();
  });
});

it('a client that is removed is unknown, with all that it held', async () => {
  const { client, credentials, tokens } = await issuing.grant();
  const { clients } = issuing.server;
  expect([await clients.remove(client.clientId), await clients.remove(client.clientId)]).toEqual([
    true,
    false,
  ]);
  expect(await clients.get(client.clientId)).toBeUndefined();
  expect(
    (await clients.list({ limit: 1_000 })).some(({ clientId }) => clientId === client.clientId),
  ).toBe(false);
  expect((await issuing.call(tokens.access_token)).status).toBe(401);
  const refreshed = await issuing.post('/oauth/token', {
    ...{ grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
    ...credentials,
  });
  expect(refreshed).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
});

describe('a native client', () => {
  it('may use any port of a loopback host, and nothing else that it did not register', async () => {
    const { client } = await issuing.server.clients.register({
      ...WEB_CLIENT,
      ...{ type: 'public', applicationType: 'native', redirectUris: ['http://127.0.0.1/back'] },
    });
    const pkce = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' };
    const ask = async (redirectUri: string) =>
      (
        await fetch(issuing.authorizeUrl(client, { redirect_uri: redirectUri, ...pkce }), {
          redirect: 'manual',
        })
      ).status;
    expect(await ask('http://127.0.0.1:51004/back')).toBe(303);
    expect(await ask('http://127.0.0.1:51004/other')).toBe(400);
    expect(await ask('http://localhost:51004/back')).toBe(400);
    expect(await ask('https://127.0.0.1:51004/back')).toBe(400);
  });

  it('of the web may not', async () => {
    const { client } = await issuing.server.clients.register({
      ...WEB_CLIENT,
      redirectUris: ['http://127.0.0.1/back'],
    });
    const response = await fetch(
      issuing.authorizeUrl(client, { redirect_uri: 'http://127.0.0.1:51004/back' }),
      { redirect: 'manual' },
    );
    expect(response.status).toBe(400);
  });
});

it('the clients of an account are listed apart from all others, page by page', async () => {
  const clients = registry();
  const ids: string[] = [];
  for (const owner of ['acct_1', 'acct_2', 'acct_1', undefined, 'acct_1']) {
    const { client } = await clients.register({
      name: 'App',
      scopes: [],
      ...(owner !== undefined && { owner }),
    });
    expect(client.owner).toBe(owner);
    if (owner === 'acct_1') {
      ids.push(client.clientId);
    }
  }
  const [first, second, third] = ids;
  await clients.remove(second ?? '');
  const page = await clients.list({ owner: 'acct_1', limit: 1 });
  expect(page.map(({ clientId }) => clientId)).toEqual([first]);
  const rest = await clients.list({ owner: 'acct_1', after: first ?? '' });
  expect(rest.map(({ clientId }) => clientId)).toEqual([third]);
  expect(await clients.list({ owner: 'acct_3' })).toEqual([]);
  expect(await clients.list()).toHaveLength(4);
  await expect(clients.register({ name: 'App', scopes: [], owner: '' })).rejects.toMatchObject({
    code: 'ERR_LATCHKEY_OPTION',
  });
});

describe('clients.register() and clients.update()', () => {
  const METHODS = 'option "authMethod": private_key_jwt is not in "clientAuthentication"';
  it.each<[code: string, message: string, options: object]>([
    [
      'ERR_LATCHKEY_OPTION',
      METHODS,
      { authMethod: 'private_key_jwt', jwksUri: 'https://a.example' },
    ],
    [
      'ERR_LATCHKEY_OPTION',
      'urn:ietf:params:oauth:grant-type:device_code is not enabled',
      { grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'] },
    ],
    [
      'ERR_LATCHKEY_SCOPE',
      'option "scopes": domains:wrte is not a scope',
      { scopes: ['domains:wrte'] },
    ],
    [
      'ERR_LATCHKEY_OPTION',
      'option "name" must be a non-empty string without control characters',
      { name: '\u200b\u2060' },
    ],
  ])('reject with %s: %s (case %#)', async (code, message, options) => {
    const { clients } = issuing.server;
    const registration = clients.register({ name: 'Watch', scopes: [], ...options });
    await expect(registration).rejects.toMatchObject({
      ...{ name: 'TypeError', code, message: expect.stringContaining(message) },
    });
    if ('authMethod' in options) {
      return;
    }
    const { client } = await clients.register({ name: 'Watch', scopes: [] });
    await expect(clients.update(client.clientId, options)).rejects.toMatchObject({ code });
  });
});
