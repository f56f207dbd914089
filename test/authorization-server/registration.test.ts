import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as delay } from 'node:timers/promises';

import express from 'express';
import { memoryStore } from 'latchkey';
import {
  authorizationServer,
  type ClientMetadata,
  type DynamicRegistrationOptions,
  type OAuthRefusal,
} from 'latchkey/authorization-server';

import { Browser } from '../support/browser';
import { type Answer, answerOf, type Issuing, startIssuing } from '../support/issuing';

const CODE_FLOW = {
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
};
const PKCE = {
  verifier: 'a'.repeat(43),
  challenge: 'ZtNPunH49FD35FWYhT5Tv8I7vRKQJ8uxMaL0_9eHjNA',
};

let issuing: Issuing;
beforeAll(async () => {
  issuing = await startIssuing({ registration: { dynamic: true } });
});
afterAll(() => issuing.close());

async function register(
  payload: unknown,
  at: Pick<Issuing, 'origin'> = issuing,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Answer> {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  return answerOf(
    await fetch(`${at.origin}/oauth/register`, {
      method: 'POST',
      headers: { connection: 'close', ...headers },
      body,
    }),
  );
}

const withRegistration = async (
  dynamic: DynamicRegistrationOptions | true,
  test: (own: Issuing) => Promise<void>,
) => {
  const own = await startIssuing({ registration: { dynamic } });
  try {
    await test(own);
  } finally {
    await own.close();
  }
};

const authorizeStatus = async (clientId: string, redirectUri: string, at = issuing) => {
  const query = new URLSearchParams({
    ...{ response_type: 'code', client_id: clientId, redirect_uri: redirectUri },
    ...{ scope: 'domains:read', code_challenge: PKCE.challenge, code_challenge_method: 'S256' },
  });
  const url = `${at.origin}/oauth/authorize?${query.toString()}`;
  return (await fetch(url, { redirect: 'manual' })).status;
};

describe('payloads of well-known clients', () => {
  test.each<[client: string, payload: object, redirectUri: string, application: string]>([
    [
      'Claude',
      {
        ...CODE_FLOW,
        client_name: 'Claude',
        redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
        token_endpoint_auth_method: 'none',
        scope: 'claudeai',
      },
      'https://claude.ai/api/mcp/auth_callback',
      'web',
    ],
    [
      'Claude Code',
      {
        ...CODE_FLOW,
        client_name: 'Claude Code (domains)',
        redirect_uris: ['http://localhost:3118/callback'],
        token_endpoint_auth_method: 'none',
        scope: 'domains:read offline_access',
      },
      'http://localhost:3118/callback',
      'native',
    ],
    [
      'ChatGPT',
      {
        ...CODE_FLOW,
        client_name: 'ChatGPT',
        redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'],
        token_endpoint_auth_method: 'none',
      },
      'https://chatgpt.com/connector_platform_oauth_redirect',
      'web',
    ],
    [
      'VS Code',
      {
        ...CODE_FLOW,
        client_name: 'Visual Studio Code',
        client_uri: 'https://code.visualstudio.com',
        grant_types: [...CODE_FLOW.grant_types, 'urn:ietf:params:oauth:grant-type:device_code'],
        redirect_uris: [
          'https://insiders.vscode.dev/redirect',
          'https://vscode.dev/redirect',
          'http://127.0.0.1/',
          'http://127.0.0.1:33418/',
        ],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
      'http://127.0.0.1:50123/',
      'native',
    ],
    [
      'Cursor',
      {
        ...CODE_FLOW,
        client_name: 'Cursor',
        redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'],
        token_endpoint_auth_method: 'none',
      },
      'cursor://anysphere.cursor-mcp/oauth/callback',
      'native',
    ],
    [
      'mcp-remote',
      {
        ...CODE_FLOW,
        client_name: 'MCP CLI Proxy',
        client_uri: 'https://github.com/modelcontextprotocol/mcp-cli',
        redirect_uris: ['http://localhost:17392/oauth/callback'],
        token_endpoint_auth_method: 'none',
        software_id: '2e6dc280-f3c3-4e01-99a7-8181dbd1d23d',
        software_version: '0.1.29',
      },
      'http://localhost:17392/oauth/callback',
      'native',
    ],
    [
      'MCP Inspector',
      {
        ...CODE_FLOW,
        client_name: 'MCP Inspector',
        client_uri: 'https://github.com/modelcontextprotocol/inspector',
        redirect_uris: ['http://localhost:6274/oauth/callback'],
        token_endpoint_auth_method: 'none',
        scope: '',
      },
      'http://localhost:6274/oauth/callback',
      'native',
    ],
    [
      'a native app that sends redirect URIs alone',
      { redirect_uris: ['http://127.0.0.1:9/callback'] },
      'http://127.0.0.1:4711/callback',
      'native',
    ],
    [
      'a native app that claims to be a web app',
      {
        ...CODE_FLOW,
        redirect_uris: ['goose://callback'],
        token_endpoint_auth_method: 'none',
        application_type: 'web',
      },
      'goose://callback',
      'native',
    ],
    [
      'an app that sends null for members without a value',
      {
        ...CODE_FLOW,
        client_name: null,
        redirect_uris: ['http://[::1]:8765/cb'],
        jwks: null,
        scope: null,
        token_endpoint_auth_method: null,
      },
      'http://[::1]:1/cb',
      'native',
    ],
  ])('registers %s as a public client', async (_client, payload, redirectUri, application) => {
    const { status, body, headers } = await register(payload);
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({
      client_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      client_id_issued_at: expect.any(Number),
      redirect_uris: (payload as { redirect_uris: string[] }).redirect_uris,
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: application,
    });
    expect(body).not.toHaveProperty('client_secret');
    expect(body.grant_types).not.toContain('urn:ietf:params:oauth:grant-type:device_code');
    expect(body.scope ?? '').not.toMatch(/offline_access|claudeai/);
    expect(await authorizeStatus(body.client_id as string, redirectUri)).toBe(303);
  });

  it('gives a web app without an authentication method a secret, as RFC 7591 says', async () => {
    const { body } = await register({ redirect_uris: ['https://app.example/cb'] });
    expect(body).toMatchObject({
      token_endpoint_auth_method: 'client_secret_basic',
      client_secret: expect.any(String),
      client_secret_expires_at: expect.any(Number),
      grant_types: ['authorization_code'],
    });
  });
});

describe('a registered client', () => {
  async function tokensFor(client: Answer['body'], at = issuing): Promise<Answer> {
    const [redirectUri = ''] = client.redirect_uris as string[];
    const callback = await at.authorize(
      { clientId: client.client_id, redirectUris: [redirectUri] } as never,
      { code_challenge: PKCE.challenge, code_challenge_method: 'S256' },
    );
    return at.post('/oauth/token', {
      ...{ grant_type: 'authorization_code', code: callback.searchParams.get('code') ?? '' },
      ...{ redirect_uri: redirectUri, code_verifier: PKCE.verifier },
      client_id: client.client_id as string,
      ...(client.client_secret !== undefined && { client_secret: client.client_secret as string }),
    });
  }

  it.each(['none', 'client_secret_basic', 'client_secret_post'])(
    'gets tokens of a user with the method %s',
    async (method) => {
      const { body: client } = await register({
        ...CODE_FLOW,
        redirect_uris: ['https://app.example/cb'],
        token_endpoint_auth_method: method,
      });
      const { status, body } = await tokensFor(client);
      expect(status).toBe(200);
      expect(body).toHaveProperty('refresh_token');
      expect((await issuing.call(body.access_token as string)).status).toBe(200);
    },
  );

  it('may ask a user for scopes that it did not register', async () => {
    const { body: client } = await register({
      ...CODE_FLOW,
      redirect_uris: ['http://127.0.0.1/cb'],
      scope: 'domains:read',
    });
    expect(client.scope).toBe('domains:read');
    const query = new URLSearchParams({
      ...{ response_type: 'code', client_id: client.client_id as string },
      ...{ redirect_uri: 'http://127.0.0.1/cb', scope: 'domains:read billing:read' },
      ...{ code_challenge: PKCE.challenge, code_challenge_method: 'S256' },
    });
    const page = await new Browser().open(`${issuing.origin}/oauth/authorize?${query.toString()}`);
    expect(page.url.pathname).toMatch(/^\/oauth\/interaction\//);
  });

  it.each(['device_code', 'token-exchange'])(
    'drops the grant type %s, which the server does not offer',
    async (name) => {
      const { body: client } = await register({
        ...CODE_FLOW,
        grant_types: ['authorization_code', `urn:ietf:params:oauth:grant-type:${name}`],
        redirect_uris: ['https://app.example/cb'],
      });
      expect(client.grant_types).toEqual(['authorization_code']);
      expect(await authorizeStatus(client.client_id as string, 'https://app.example/cb')).toBe(303);
    },
  );

  it('gets no token without a user', async () => {
    const { body: client } = await register({
      ...CODE_FLOW,
      grant_types: ['authorization_code', 'client_credentials'],
      redirect_uris: ['https://app.example/cb'],
      token_endpoint_auth_method: 'client_secret_post',
    });
    expect(client.grant_types).toEqual(['authorization_code']);
    const answer = await issuing.post('/oauth/token', {
      grant_type: 'client_credentials',
      client_id: client.client_id as string,
      client_secret: client.client_secret as string,
    });
    expect(answer).toMatchObject({ status: 400, body: { error: 'unauthorized_client' } });
  });

  it('cannot choose its ID, secret, rights, or members of our own record', async () => {
    const { client: other } = await issuing.server.clients.register({
      name: 'Trusted',
      scopes: ['domains:read'],
      redirectUris: ['https://trusted.example/cb'],
      firstParty: true,
    });
    const { body } = await register({
      ...CODE_FLOW,
      ...{ client_id: other.clientId, client_secret: 'chosen', clientId: other.clientId },
      ...{ latchkey: other, firstParty: true, first_party: true, resourceServer: true },
      ...{ verified: true, registration_access_token: 'x', client_id_issued_at: 1 },
      redirect_uris: ['https://evil.example/cb'],
      token_endpoint_auth_method: 'client_secret_post',
    });
    expect(body.client_id).not.toBe(other.clientId);
    expect(body.client_secret).not.toBe('chosen');
    expect(await issuing.server.clients.get(body.client_id as string)).toMatchObject({
      ...{ verified: false, firstParty: false, resourceServer: false },
    });
    expect(await issuing.server.clients.get(other.clientId)).toEqual(other);
    expect(await authorizeStatus(other.clientId, 'https://evil.example/cb')).toBe(400);
  });

  it('is marked as unverified on the consent page', async () => {
    const { body: client } = await register({
      ...CODE_FLOW,
      client_name: 'Domain Watch',
      redirect_uris: ['http://127.0.0.1/cb'],
    });
    const query = new URLSearchParams({
      ...{ response_type: 'code', client_id: client.client_id as string },
      ...{ redirect_uri: 'http://127.0.0.1/cb', scope: 'domains:read' },
      ...{ code_challenge: PKCE.challenge, code_challenge_method: 'S256' },
    });
    const login = await new Browser().open(`${issuing.origin}/oauth/authorize?${query.toString()}`);
    const consent = await login.submit({ username: 'ada', password: 'lovelace' });
    expect(consent.text).toContain('Unverified app');
  });

  it('is listed, changed and removed like any other client', async () => {
    const { body } = await register({ ...CODE_FLOW, redirect_uris: ['http://127.0.0.1/cb'] });
    const id = body.client_id as string;
    const { clients } = issuing.server;
    const listed = await clients.list({ limit: 1_000 });
    expect(listed.map(({ clientId }) => clientId)).toContain(id);
    expect(await clients.update(id, { name: 'Renamed' })).toMatchObject({
      ...{ name: 'Renamed', verified: false, expiresAt: expect.any(Number) },
    });
    expect(await clients.remove(id)).toBe(true);
    expect(await authorizeStatus(id, 'http://127.0.0.1/cb')).toBe(400);
  });

  it('has a name without characters that change or break the text around it', async () => {
    const { body } = await register({
      ...CODE_FLOW,
      client_name: `\u202eEvil\u0000\n\u2066 ${'App'.repeat(200)}`,
      redirect_uris: ['http://127.0.0.1/cb'],
    });
    expect(body.client_name).toMatch(/^Evil App(App)+A?p?$/);
    expect((body.client_name as string).length).toBeLessThanOrEqual(200);
  });

  it.each<[what: string, name: string, shown: string]>([
    ['zero-width characters', '\u200b\u200d\ufeff\u2060', 'Unnamed app'],
    ['fillers and blanks', '\u3164\u115f\u2800\u00ad\ufe0f', 'Unnamed app'],
    ['tags and directions', '\u{e0041}\u202e\u2066', 'Unnamed app'],
    ['a zero-width character in a name', 'Domain\u200b Watch', 'Domain Watch'],
  ])('has no name of %s', async (_what, name, shown) => {
    const payload = { ...CODE_FLOW, redirect_uris: ['http://127.0.0.1/cb'] };
    const { body } = await register({ ...payload, client_name: name });
    expect(body.client_name).toBe(shown);
  });

  it('gets no scope by default if it names unknown ones alone', async () => {
    const payload = { ...CODE_FLOW, redirect_uris: ['https://app.example/cb'] };
    const { body } = await register({ ...payload, scope: 'admin root' });
    expect(body).not.toHaveProperty('scope');
    expect(await issuing.server.clients.get(body.client_id as string)).toMatchObject({
      scopes: [],
    });
    expect((await register(payload)).body.scope).toBe('domains:read domains:write billing:read');
  });

  it('has a secret that expires with it', async () => {
    const { body } = await register({ ...CODE_FLOW, redirect_uris: ['https://app.example/cb'] });
    const { expiresAt = 0 } = (await issuing.server.clients.get(body.client_id as string)) ?? {};
    expect(body.client_secret_expires_at).toBe(Math.floor(expiresAt / 1000));
  });

  it.each<[what: string, allow: () => Promise<boolean>]>([
    ['does not settle', () => new Promise(() => {})],
    ['fails', () => Promise.reject(new Error('down'))],
  ])('is 503 while allow() %s', async (_what, allow) => {
    const own = await startIssuing({ registration: { dynamic: { allow } }, timeoutMs: 50 });
    const payload = { ...CODE_FLOW, redirect_uris: ['http://127.0.0.1/cb'] };
    const { status, body } = await register(payload, own);
    await own.close();
    expect([status, body.error]).toEqual([503, 'temporarily_unavailable']);
  });

  it('expires if no user completes it, and stays if one does', async () => {
    await withRegistration({ ttlMs: 1_500 }, async (own) => {
      const payload = { ...CODE_FLOW, redirect_uris: ['http://127.0.0.1/cb'] };
      const { body: used } = await register(payload, own);
      const { body: unused } = await register(payload, own);
      expect((await tokensFor(used, own)).status).toBe(200);
      await delay(1_600);
      expect(await authorizeStatus(used.client_id as string, 'http://127.0.0.1/cb', own)).toBe(303);
      expect(await authorizeStatus(unused.client_id as string, 'http://127.0.0.1/cb', own)).toBe(
        400,
      );
      expect(await own.server.clients.get(unused.client_id as string)).toBeUndefined();
    });
  });
});

describe('invalid metadata', () => {
  const NATIVE = { ...CODE_FLOW, redirect_uris: ['http://127.0.0.1/cb'] };

  test.each<[what: string, redirectUris: unknown]>([
    ...[
      'javascript:alert(1)',
      'JavaScript:alert(1)',
      'data:text/html,x',
      'file:///etc/passwd',
      'vbscript:x',
      'blob:https://a.example/x',
      'about:blank',
      'http://app.example/cb',
      'http://127.0.0.1.evil.example/cb',
      'https://app.example/cb#fragment',
      'https://user:secret@app.example/cb',
      'https://app.example/c b',
      '/callback',
      '',
    ].map((uri): [string, unknown] => [uri || 'an empty string', [uri]]),
    ['one invalid URI among valid ones', ['https://app.example/cb', 'javascript:alert(1)']],
    ['no list', 'https://app.example/cb'],
    ['an empty list', []],
    ['nothing', undefined],
    ['numbers', [7]],
    ['51 URIs', Array.from({ length: 51 }, (_, index) => `https://app.example/${index}`)],
    ['a URI of 2,100 characters', [`https://app.example/${'a'.repeat(2_080)}`]],
    ['a private-use scheme next to https on a loopback host', ['app.x:/cb', 'https://localhost/']],
  ])('rejects redirect_uris with %s', async (_what, redirectUris) => {
    const { status, body } = await register({ ...CODE_FLOW, redirect_uris: redirectUris });
    expect({ status, error: body.error }).toEqual({ status: 400, error: 'invalid_redirect_uri' });
  });

  test.each<[what: string, payload: unknown]>([
    ['a machine', { ...NATIVE, grant_types: ['client_credentials'] }],
    ['the implicit grant', { ...NATIVE, grant_types: ['implicit'], response_types: ['token'] }],
    ['refresh tokens alone', { ...NATIVE, grant_types: ['refresh_token'] }],
    ['token exchange', { grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange'] }],
    ['another response type', { ...NATIVE, response_types: ['token'] }],
    ['a grant type that is no string', { ...NATIVE, grant_types: [7] }],
    ['a list of grant types in one string', { ...NATIVE, grant_types: 'authorization_code' }],
    ['a method that is not offered', { ...NATIVE, token_endpoint_auth_method: 'tls_client_auth' }],
    ['a shared-secret JWT', { ...NATIVE, token_endpoint_auth_method: 'client_secret_jwt' }],
    ['a name that is no string', { ...NATIVE, client_name: { de: 'App' } }],
    ['a scope that is no string', { ...NATIVE, scope: ['domains:read'] }],
    ['a list', [NATIVE]],
    ['null', null],
    ['a string', '"x"'],
    ['text that is not JSON', '{'],
    ['an empty body', ''],
  ])('rejects %s', async (_what, payload) => {
    const { status, body } = await register(payload);
    expect({ status, error: body.error }).toEqual({
      ...{ status: 400, error: 'invalid_client_metadata' },
    });
  });

  it('rejects a form', async () => {
    const { status } = await register('client_name=App', issuing, {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(status).toBe(400);
  });

  it('rejects a body of more than 16 KiB', async () => {
    const { status } = await register({ ...NATIVE, client_name: 'a'.repeat(17_000) });
    expect(status).toBe(400);
  });

  it('ignores a software statement', async () => {
    const { status, body } = await register({ ...NATIVE, software_statement: 'a.b.c' });
    expect(status).toBe(201);
    expect(body).not.toHaveProperty('software_statement');
  });
});

describe('limits', () => {
  const payload = { ...CODE_FLOW, redirect_uris: ['http://127.0.0.1/cb'] };

  it('admits exactly maxClients of concurrent registrations', async () => {
    await withRegistration({ maxClients: 3 }, async (own) => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => register(payload, own)));
      const refused = answers.filter(({ status }) => status !== 201);
      expect(refused).toHaveLength(5);
      expect(refused[0]).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
      const [kept] = await own.server.clients.list();
      await own.server.clients.remove(kept?.clientId as string);
      expect((await register(payload, own)).status).toBe(201);
    });
  });

  it('does not count clients that you registered', async () => {
    await withRegistration({ maxClients: 1 }, async (own) => {
      await own.server.clients.register({ name: 'Mine', scopes: [] });
      expect((await register(payload, own)).status).toBe(201);
      expect((await register(payload, own)).status).toBe(503);
      await own.server.clients.register({ name: 'Also mine', scopes: [] });
    });
  });

  it('passes the normalised metadata to allow()', async () => {
    const seen: ClientMetadata[] = [];
    const allow = (metadata: ClientMetadata) => {
      seen.push(metadata);
      return metadata.redirect_uris.every((uri) => uri.startsWith('https://allowed.example/'));
    };
    await withRegistration({ allow }, async (own) => {
      const allowed = {
        ...payload,
        redirect_uris: ['https://allowed.example/cb'],
        scope: 'x domains:read',
      };
      expect((await register(allowed, own)).status).toBe(201);
      const { status, body } = await register(payload, own);
      expect({ status, error: body.error }).toEqual({
        ...{ status: 400, error: 'invalid_client_metadata' },
      });
      expect(seen[0]).toMatchObject({
        scope: 'domains:read',
        token_endpoint_auth_method: 'client_secret_basic',
      });
    });
  });
});

describe('the endpoint', () => {
  const payload = { ...CODE_FLOW, redirect_uris: ['http://127.0.0.1/cb'] };

  it('is published only where registration is enabled', async () => {
    const metadataOf = async (at: Issuing) =>
      (await answerOf(await fetch(`${at.origin}/.well-known/oauth-authorization-server`))).body;
    expect(await metadataOf(issuing)).toMatchObject({
      registration_endpoint: `${issuing.origin}/oauth/register`,
    });
    const own = await startIssuing();
    expect(await metadataOf(own)).not.toHaveProperty('registration_endpoint');
    expect((await register(payload, own)).status).toBe(404);
    await own.close();
  });

  it('can be at another path', async () => {
    const own = await startIssuing({
      ...{ registration: { dynamic: true }, endpoints: { registration: '/register' } },
    });
    const response = await fetch(`${own.origin}/register`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify(payload),
    });
    expect(response.status).toBe(201);
    await own.close();
  });

  it('works behind express.json()', async () => {
    const own = await startIssuing({
      ...{ registration: { dynamic: true }, before: [express.json()] },
    });
    expect((await register(payload, own)).status).toBe(201);
    await own.close();
  });

  it('works from a page of another origin', async () => {
    const preflight = await fetch(`${issuing.origin}/oauth/register`, {
      method: 'OPTIONS',
      headers: { origin: 'https://inspector.example', 'access-control-request-method': 'POST' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
      204,
      '*',
    ]);
    const { headers } = await register({ ...payload, redirect_uris: [] });
    expect(headers.get('access-control-allow-origin')).toBe('*');
  });

  it('accepts POST only', async () => {
    const response = await fetch(`${issuing.origin}/oauth/register`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('responds with 503 while the store fails, and publishes the cause', async () => {
    const store = memoryStore();
    const own = await startIssuing({ store, registration: { dynamic: true } });
    const insert = jest.spyOn(store, 'insert').mockRejectedValue(new Error('store down'));
    const refusals: OAuthRefusal[] = [];
    const listener = (refusal: unknown) => void refusals.push(refusal as OAuthRefusal);
    subscribe('latchkey:oauth-refusal', listener);
    const { status, headers, body } = await register(payload, own);
    unsubscribe('latchkey:oauth-refusal', listener);
    insert.mockRestore();
    await own.close();
    expect([status, headers.get('retry-after'), body.error]).toEqual([
      ...[503, '1', 'temporarily_unavailable'],
    ]);
    expect(refusals).toMatchObject([
      { endpoint: 'registration', status: 503, cause: { message: 'store down' } },
    ]);
  });
});

test.each<[what: string, registration: unknown, message: string]>([
  ['an unknown member', { open: true }, 'unknown option "registration.open"'],
  ['a string', { dynamic: 'yes' }, 'option "registration.dynamic" must be true, or an object'],
  ['a TTL in words', { dynamic: { ttlMs: '1d' } }, 'option "registration.dynamic.ttlMs"'],
  ['no room', { dynamic: { maxClients: 0 } }, 'option "registration.dynamic.maxClients"'],
  ['a URL as a host', { metadataDocuments: { insecureHosts: ['http://a'] } }, 'insecureHosts'],
])('rejects the option registration with %s', (_what, registration, message) => {
  const create = () =>
    authorizationServer({
      ...{ issuer: 'https://api.acme.example', store: memoryStore(), scopes: ['read'] },
      ...({ tokens: { keys: ['x'] }, login: () => null, registration } as object),
    } as never);
  expect(create).toThrow(TypeError);
  expect(create).toThrow(message);
});

it('rejects registration without a login', () => {
  const create = () =>
    authorizationServer({
      ...{ issuer: 'https://api.acme.example', store: memoryStore(), scopes: ['read'] },
      ...({ tokens: { keys: ['x'] }, registration: { dynamic: true } } as object),
    } as never);
  expect(create).toThrow('option "registration" requires "login"');
});
