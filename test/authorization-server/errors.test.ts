import type { RegisteredClient } from 'latchkey/authorization-server';

import { Browser } from '../support/browser';
import { CALLBACK, type Issuing, logIn, startIssuing, WEB_CLIENT } from '../support/issuing';

let issuing: Issuing;
let web: RegisteredClient;
let machine: RegisteredClient;
let open: RegisteredClient;
beforeAll(async () => {
  issuing = await startIssuing();
  const { clients } = issuing.server;
  web = await clients.register(WEB_CLIENT);
  machine = await clients.register({ name: 'Nightly', scopes: ['domains:read'] });
  open = await clients.register({ ...WEB_CLIENT, type: 'public' });
});
afterAll(() => issuing.close());

const credentialsOf = ({ client, secret = '' }: RegisteredClient) => ({
  client_id: client.clientId,
  client_secret: secret,
});
const forMachine = (parameters: Readonly<Record<string, string>>) => ({
  ...credentialsOf(machine),
  ...parameters,
});

describe('the token endpoint', () => {
  test.each<[what: string, error: string, parameters: () => Record<string, string>]>([
    ['no grant type', 'invalid_request', () => forMachine({})],
    [
      'a grant type of nobody',
      'unsupported_grant_type',
      () => forMachine({ grant_type: 'password', username: 'a', password: 'b' }),
    ],
    ['the implicit grant', 'unsupported_grant_type', () => forMachine({ grant_type: 'implicit' })],
    [
      'no code',
      'invalid_request',
      () => ({ ...credentialsOf(web), grant_type: 'authorization_code', redirect_uri: CALLBACK }),
    ],
    [
      'a code that is not one',
      'invalid_grant',
      () => ({
        ...credentialsOf(web),
        grant_type: 'authorization_code',
        code: 'x',
        redirect_uri: CALLBACK,
      }),
    ],
    [
      'a refresh token that is not one',
      'invalid_grant',
      () => ({ ...credentialsOf(web), grant_type: 'refresh_token', refresh_token: 'x' }),
    ],
    [
      'a grant type that is not the client’s',
      'unauthorized_client',
      () => ({ ...credentialsOf(web), grant_type: 'client_credentials' }),
    ],
    [
      'a code by a client without users',
      'unauthorized_client',
      () => forMachine({ grant_type: 'authorization_code', code: 'x' }),
    ],
    [
      'client credentials by a public client',
      'unauthorized_client',
      () => ({ client_id: open.client.clientId, grant_type: 'client_credentials' }),
    ],
    [
      'a scope that nobody declared',
      'invalid_scope',
      () => forMachine({ grant_type: 'client_credentials', scope: 'domains:wipe' }),
    ],
    [
      'a scope beside a good one',
      'invalid_scope',
      () => forMachine({ grant_type: 'client_credentials', scope: 'domains:read vps:read' }),
    ],
    [
      'a scope that the client may not have',
      'invalid_scope',
      () => forMachine({ grant_type: 'client_credentials', scope: 'billing:read' }),
    ],
    [
      'a scope with a comma',
      'invalid_scope',
      () => forMachine({ grant_type: 'client_credentials', scope: 'domains:read,domains:write' }),
    ],
    [
      'a scope in other case',
      'invalid_scope',
      () => forMachine({ grant_type: 'client_credentials', scope: 'Domains:Read' }),
    ],
    [
      'a scope of OpenID Connect',
      'invalid_scope',
      () => forMachine({ grant_type: 'client_credentials', scope: 'openid' }),
    ],
    [
      'another resource',
      'invalid_target',
      () => forMachine({ grant_type: 'client_credentials', resource: 'https://other.example' }),
    ],
  ])('%s: %s', async (_, error, parameters) => {
    const { status, headers, body } = await issuing.post('/oauth/token', parameters());
    expect({ status, body }).toEqual({
      status: 400,
      body: expect.objectContaining({ error, error_description: expect.any(String) }),
    });
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('responds to an unknown client and to a wrong, missing or foreign secret with the same bytes', async () => {
    const request = { grant_type: 'client_credentials' };
    const { clientId } = machine.client;
    const answers = [
      await issuing.post('/oauth/token', {
        ...request,
        client_id: 'nobody',
        client_secret: machine.secret as string,
      }),
      await issuing.post('/oauth/token', {
        ...request,
        client_id: clientId,
        client_secret: 'wrong',
      }),
      await issuing.post('/oauth/token', {
        ...request,
        client_id: clientId,
        client_secret: web.secret as string,
      }),
      await issuing.post('/oauth/token', { ...request, client_id: clientId }),
    ];
    for (const { status, body } of answers) {
      expect([status, JSON.stringify(body)]).toEqual([
        401,
        '{"error":"invalid_client","error_description":"client authentication failed"}',
      ]);
    }
    const asBasic = (user: string, password: string) =>
      issuing.post('/oauth/token', request, {
        authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      });
    const basics = [await asBasic('nobody', 'wrong'), await asBasic(clientId, 'wrong')];
    for (const { status, headers, body } of basics) {
      expect([status, body.error, headers.get('www-authenticate')]).toEqual([
        401,
        'invalid_client',
        `Basic realm="${issuing.issuer}", error="invalid_client", error_description="client authentication failed"`,
      ]);
    }
  });

  test.each(['grant_type', 'client_id', 'client_secret', 'scope'])(
    'refuses %s given twice',
    async (name) => {
      const body = new URLSearchParams(
        forMachine({ grant_type: 'client_credentials', scope: 'domains:read' }),
      );
      body.append(name, body.get(name) as string);
      const response = await fetch(`${issuing.origin}/oauth/token`, { method: 'POST', body });
      expect([response.status, await response.json()]).toEqual([
        400,
        expect.objectContaining({ error: 'invalid_request' }),
      ]);
    },
  );

  test.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x', ''])(
    'refuses a body of the type %p',
    async (type) => {
      const body = new URLSearchParams(forMachine({ grant_type: 'client_credentials' })).toString();
      const response = await fetch(`${issuing.origin}/oauth/token`, {
        method: 'POST',
        body,
        headers: { 'content-type': type },
      });
      expect([response.status, await response.json()]).toEqual([
        400,
        expect.objectContaining({ error: 'invalid_request' }),
      ]);
    },
  );

  test.each(['GET', 'PUT', 'DELETE', 'PATCH'])(
    'rejects %s, with parameters that are valid by POST',
    async (method) => {
      const query = new URLSearchParams(
        forMachine({ grant_type: 'client_credentials' }),
      ).toString();
      const response = await fetch(`${issuing.origin}/oauth/token?${query}`, { method });
      expect([
        response.status,
        response.headers.get('allow'),
        response.headers.get('cache-control'),
        await response.json(),
      ]).toEqual([
        405,
        'POST',
        'no-store',
        { error: 'invalid_request', error_description: 'the method must be one of POST' },
      ]);
    },
  );

  it('responds with JSON to a client that prefers HTML', async () => {
    const { status, headers, body } = await issuing.post('/oauth/token', forMachine({}), {
      accept: 'text/html',
    });
    expect([status, headers.get('content-type'), body.error]).toEqual([
      400,
      'application/json; charset=utf-8',
      'invalid_request',
    ]);
  });

  it('gives a client that names no scope all that it is registered for', async () => {
    const { body } = await issuing.post(
      '/oauth/token',
      forMachine({ grant_type: 'client_credentials' }),
    );
    expect(body).toMatchObject({ scope: 'domains:read', token_type: 'Bearer', expires_in: 3600 });
  });

  it('gives a scope that another implies', async () => {
    const { client, secret = '' } = await issuing.server.clients.register({
      name: 'Writer',
      scopes: ['domains:write'],
    });
    const answer = await issuing.post('/oauth/token', {
      ...{ grant_type: 'client_credentials', scope: 'domains:read' },
      ...{ client_id: client.clientId, client_secret: secret },
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { scope: 'domains:read', token_type: 'Bearer' },
    });
  });
});

describe('the authorization endpoint', () => {
  const ask = async (parameters: Readonly<Record<string, string>>, client = web.client) =>
    new Browser().open(issuing.authorizeUrl(client, { state: 'xyz', ...parameters }));

  test.each<[what: string, error: string, parameters: Record<string, string>]>([
    ['another response type', 'unsupported_response_type', { response_type: 'token' }],
    ['an unknown scope', 'invalid_scope', { scope: 'domains:wipe' }],
    ['an unknown scope beside a good one', 'invalid_scope', { scope: 'domains:read vps:read' }],
    ['a scope that the client may not have', 'invalid_scope', { scope: 'billing:read' }],
    ['offline access alone', 'invalid_scope', { scope: 'offline_access' }],
    [
      'offline access beside a good scope',
      'invalid_scope',
      { scope: 'domains:read offline_access' },
    ],
    [
      'offline access, with consent asked for',
      'invalid_scope',
      { scope: 'offline_access', prompt: 'consent' },
    ],
    [
      'a challenge in the clear',
      'invalid_request',
      { code_challenge: 'a'.repeat(43), code_challenge_method: 'plain' },
    ],
    ['a challenge without its method', 'invalid_request', { code_challenge: 'a'.repeat(43) }],
    ['another resource', 'invalid_target', { resource: 'https://other.example' }],
    ['a request object', 'request_not_supported', { request: 'x.y.z' }],
  ])('reports %s to the client: %s', async (_, error, parameters) => {
    const { url } = await ask(parameters);
    expect(`${url.origin}${url.pathname}`).toBe(CALLBACK);
    const answer = new URLSearchParams(url.hash === '' ? url.search : url.hash.slice(1));
    expect(Object.fromEntries(answer)).toMatchObject({ error, state: 'xyz', iss: issuing.issuer });
    expect(answer.has('code')).toBe(false);
  });

  it.each(['form_post', 'web_message', 'jwt'])(
    'does not respond by %s, which would be a page with a script, or is not supported',
    async (mode) => {
      const { url, text } = await ask({ response_mode: mode });
      expect([Object.fromEntries(url.searchParams), text]).toEqual([
        expect.objectContaining({
          error: 'unsupported_response_mode',
          state: 'xyz',
          iss: issuing.issuer,
        }),
        '',
      ]);
    },
  );

  it('responds in the fragment if the client requests that', async () => {
    const back = await issuing.authorize(web.client, { response_mode: 'fragment' });
    expect([back.search, new URLSearchParams(back.hash.slice(1)).has('code')]).toEqual(['', true]);
  });

  it('shows no consent page for a client that may have no scope', async () => {
    const { client } = await issuing.server.clients.register({ ...WEB_CLIENT, scopes: [] });
    expect(Object.fromEntries((await ask({}, client)).url.searchParams)).toMatchObject({
      error: 'invalid_scope',
      state: 'xyz',
    });
  });

  it('requires PKCE of a public client', async () => {
    const { url } = await ask({}, open.client);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringContaining('PKCE'),
    });
  });

  test.each<[what: string, parameters: Record<string, string>]>([
    ['an unknown client', { client_id: 'nobody' }],
    ['a redirect URI of nobody', { redirect_uri: 'https://evil.example/callback' }],
    ['a redirect URI with a slash more', { redirect_uri: `${CALLBACK}/` }],
    ['a redirect URI with a query more', { redirect_uri: `${CALLBACK}?a=b` }],
    ['a redirect URI in other case', { redirect_uri: 'https://app.example/Callback' }],
    ['a redirect URI with a port', { redirect_uri: 'https://app.example:443/callback' }],
    ['a redirect URI that goes up and down', { redirect_uri: 'https://app.example/x/../callback' }],
  ])('sends nobody anywhere for %s, and says so on a page', async (_, parameters) => {
    const { response, url, text } = await ask(parameters);
    expect([response.status, url.origin, response.headers.get('location')]).toEqual([
      400,
      issuing.origin,
      null,
    ]);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(text).toContain('<h1>This did not work</h1>');
  });

  test.each(['client_id', 'redirect_uri', 'scope', 'state', 'response_type'])(
    'refuses %s given twice',
    async (name) => {
      const url = new URL(
        issuing.authorizeUrl(web.client, { state: 'xyz', scope: 'domains:read' }),
      );
      url.searchParams.append(name, url.searchParams.get(name) as string);
      const page = await new Browser().open(url.href);
      const error = page.url.searchParams.get('error') ?? page.text;
      expect(error).toMatch(/invalid_request|must not be provided twice/);
      expect(page.url.searchParams.has('code')).toBe(false);
    },
  );

  it('reports to the client that its user denied consent, or did not log in', async () => {
    const denied = await (await logIn(await ask({}))).submit({ decision: 'deny' });
    const gaveUp = await (
      await ask({})
    ).submit({ cancel: 'yes', username: 'ada', password: 'lovelace' });
    for (const { url } of [denied, gaveUp]) {
      expect(`${url.origin}${url.pathname}`).toBe(CALLBACK);
      expect(Object.fromEntries(url.searchParams)).toEqual({
        error: 'access_denied',
        error_description: 'the user did not allow it',
        state: 'xyz',
        iss: issuing.issuer,
      });
    }
  });

  it.each(['evil.example', 'a b', '%%', '[', 'x:y:z'])(
    'does not depend on the host that a request says it came by: %j',
    async (host) => {
      const headers = {
        'x-forwarded-host': host,
        'x-forwarded-proto': 'gopher',
        forwarded: `host=${host}`,
      };
      const { status, headers: answered } = await fetch(issuing.authorizeUrl(web.client), {
        redirect: 'manual',
        headers,
      });
      expect([status, answered.get('location')]).toEqual([
        303,
        expect.stringMatching(/^\/oauth\/interaction\/[\w-]{43}$/),
      ]);
      expect(answered.getSetCookie().join()).toMatch(/path=\/oauth\/authorize\/[\w-]{43};/);
    },
  );

  it('rejects POST', async () => {
    const response = await fetch(issuing.authorizeUrl(web.client), { method: 'POST' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});

describe.each(['/oauth/revoke', '/oauth/introspect'])('%s', (path) => {
  const send = async (body: URLSearchParams, type = 'application/x-www-form-urlencoded') => {
    const response = await fetch(issuing.origin + path, {
      method: 'POST',
      body: body.toString(),
      headers: { 'content-type': type },
    });
    return [response.status, await response.json()];
  };
  const good = () =>
    new URLSearchParams(forMachine({ token: 'x', token_type_hint: 'access_token' }));
  const refused = [400, expect.objectContaining({ error: 'invalid_request' })];

  test.each(['token', 'token_type_hint', 'client_id', 'client_secret'])(
    'refuses %s given twice',
    async (name) => {
      const body = good();
      body.append(name, body.get(name) as string);
      expect(await send(body)).toEqual(refused);
    },
  );

  test.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x', ''])(
    'refuses a body of the type %p',
    async (type) => {
      expect(await send(good(), type)).toEqual(refused);
    },
  );

  it('responds to an unknown client and to a wrong secret with the same bytes', async () => {
    const answers = await Promise.all(
      ['client_id', 'client_secret'].map((name) =>
        issuing.post(path, { ...Object.fromEntries(good()), [name]: 'nobody' }),
      ),
    );
    for (const { status, body } of answers) {
      expect([status, JSON.stringify(body)]).toEqual([
        401,
        '{"error":"invalid_client","error_description":"client authentication failed"}',
      ]);
    }
  });
});

describe('an app in a browser', () => {
  test.each(['/oauth/token', '/oauth/revoke', '/oauth/introspect'])(
    'may send a preflight request for %s',
    async (path) => {
      const headers = {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      };
      const { status, headers: answered } = await fetch(issuing.origin + path, {
        method: 'OPTIONS',
        headers,
      });
      expect([
        status,
        answered.get('access-control-allow-origin'),
        answered.get('access-control-allow-methods'),
      ]).toEqual([204, 'https://app.example', 'POST']);
    },
  );

  it('reads the response only at the origin of its redirect URI, and only without a secret', async () => {
    const asked = async ({ client }: RegisteredClient, origin: string) => {
      const answer = await issuing.post(
        '/oauth/token',
        { grant_type: 'refresh_token', client_id: client.clientId },
        { origin },
      );
      return answer.headers.get('access-control-allow-origin');
    };
    expect([
      await asked(open, 'https://app.example'),
      await asked(open, 'https://evil.example'),
      await asked(open, 'null'),
    ]).toEqual(['https://app.example', null, null]);
    const { headers } = await issuing.post('/oauth/token', forMachine({}), {
      origin: 'https://app.example',
    });
    const asWeb = await issuing.post('/oauth/token', credentialsOf(web), {
      origin: 'https://app.example',
    });
    expect([
      headers.get('access-control-allow-origin'),
      asWeb.headers.get('access-control-allow-origin'),
    ]).toEqual([null, null]);
  });

  it('with a private-use URI scheme has no origin to read from', async () => {
    const native = await issuing.server.clients.register({
      ...WEB_CLIENT,
      ...{ type: 'public', applicationType: 'native', redirectUris: ['com.example.app:/back'] },
    });
    const request = { grant_type: 'refresh_token', client_id: native.client.clientId };
    const { headers } = await issuing.post('/oauth/token', request, { origin: 'null' });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

it('leaves every other path alone', async () => {
  const paths = [
    '/',
    '/oauth',
    '/oauth/',
    '/oauth/token/',
    '/OAUTH/token',
    '/oauth/token/x',
    '/auth',
    '/token',
    '/jwks',
    '/oauth/jwks',
    '/me',
  ];
  const openid = [
    '/.well-known/openid-configuration',
    '/oauth/interaction',
    '/oauth/interaction/',
    '/session/end',
    '/session/end/confirm',
  ];
  for (const path of [...paths, ...openid]) {
    const response = await fetch(`${issuing.origin}${path}`);
    expect([path, response.status, await response.json()]).toEqual([
      path,
      404,
      { error: 'not_found' },
    ]);
  }
});
