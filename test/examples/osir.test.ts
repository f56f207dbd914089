import { Browser } from '../support/browser';
import { assertBuilt } from '../support/built';
import { bearing, commandOf, type Example, startExample } from '../support/examples';
import { type Answer, logIn } from '../support/issuing';

jest.setTimeout(60_000);

const CALLBACK = 'https://yourapp.com/callback';
const UNAUTHORIZED = '{"error":"unauthorized","message":"Invalid or missing API key"}';
const FORBIDDEN = '{"error":"forbidden","message":"Insufficient permissions for this action"}';

let osir: Example;
let ids: { readonly client_id: string; readonly client_secret: string };

beforeAll(async () => {
  assertBuilt();
  osir = await startExample(commandOf('osir'));
  ids = { client_id: osir.fact('client_id'), client_secret: osir.fact('client_secret') };
});
afterAll(() => osir.stop());

const domains = (token: string, method = 'GET') =>
  osir.ask('/v1/domains', { method, headers: bearing(token) });

/** Step 1. */
const authorize = (scope = 'domains:read domains:write') =>
  osir.authorize(
    `/oauth/authorize?client_id=${ids.client_id}&redirect_uri=${CALLBACK}&response_type=code&scope=${encodeURIComponent(scope)}`,
  );

/** Steps 1 and 2. */
async function tokensFor(scope?: string): Promise<Answer['body']> {
  const code = (await authorize(scope)).searchParams.get('code') as string;
  return (
    await osir.post('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      ...ids,
      redirect_uri: CALLBACK,
    })
  ).body;
}

const refresh = (refreshToken: string) =>
  osir.post('/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken, ...ids });

describe('API key authentication', () => {
  it('accepts a key that begins with osir_live_ as bearer token and in X-API-Key', async () => {
    const key = osir.fact('api_key');
    expect(key).toMatch(/^osir_live_/);
    for (const headers of [bearing(key), { 'X-API-Key': key }]) {
      expect(await osir.ask('/v1/domains', { headers })).toMatchObject({
        status: 200,
        body: { domains: ['example.com'], account: 'acct_42' },
      });
    }
  });
});

describe('OAuth 2.0 authentication', () => {
  it('goes from the redirect by the code and the token to the API', async () => {
    const back = await authorize();
    expect(`${back.origin}${back.pathname}`).toBe(CALLBACK);
    const code = back.searchParams.get('code') as string;

    const { status, headers, body } = await osir.post('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      client_id: ids.client_id,
      client_secret: ids.client_secret,
      redirect_uri: CALLBACK,
    });
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: expect.any(String),
        scope: 'domains:read domains:write',
      },
    });
    expect(headers.get('cache-control')).toBe('no-store');

    expect(await domains(body.access_token)).toMatchObject({
      status: 200,
      body: { account: 'acct_42' },
    });
    expect(await domains(body.access_token, 'POST')).toMatchObject({ status: 201 });
  });

  it('refreshes, and ends all of the grant when a refresh token is used again', async () => {
    const first = await tokensFor();
    const { status, body: second } = await refresh(first.refresh_token);
    expect([status, second.expires_in, second.scope]).toEqual([
      200,
      3600,
      'domains:read domains:write',
    ]);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await domains(second.access_token)).toMatchObject({ status: 200 });

    expect(await refresh(first.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect(await refresh(second.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect(await domains(second.access_token)).toMatchObject({ status: 401 });
  });

  it('revokes a token that an app revokes', async () => {
    const tokens = await tokensFor();
    expect(await domains(tokens.access_token)).toMatchObject({ status: 200 });
    expect(await osir.post('/oauth/revoke', { token: tokens.refresh_token, ...ids })).toMatchObject(
      { status: 200 },
    );
    expect(await refresh(tokens.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect(await domains(tokens.access_token)).toMatchObject({ status: 401 });
  });

  it('gives no token for a wrong secret, a wrong redirect URI, or a code that was used', async () => {
    const code = (await authorize()).searchParams.get('code') as string;
    const request = { grant_type: 'authorization_code', code, ...ids, redirect_uri: CALLBACK };
    expect(
      await osir.post('/oauth/token', { ...request, client_secret: 'your_client_secret' }),
    ).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect(
      await osir.post('/oauth/token', { ...request, redirect_uri: 'https://yourapp.com/' }),
    ).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    const used = (await authorize()).searchParams.get('code') as string;
    expect(await osir.post('/oauth/token', { ...request, code: used })).toMatchObject({
      status: 200,
    });
    expect(await osir.post('/oauth/token', { ...request, code: used })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });
});

describe('scopes', () => {
  const SCOPES = {
    'domains:read': 'View domains',
    'domains:write': 'Manage domains',
    'vps:read': 'View servers',
    'vps:write': 'Manage servers',
    'email:read': 'View email settings',
    'email:write': 'Manage email',
    'billing:read': 'View billing info',
    'billing:write': 'Manage billing',
  };

  it('are the eight of the table', async () => {
    const { body } = await osir.ask('/.well-known/oauth-authorization-server');
    expect(body.scopes_supported).toEqual(Object.keys(SCOPES));
  });

  it('are described to the user on the consent page', async () => {
    const query = new URLSearchParams({
      client_id: ids.client_id,
      redirect_uri: CALLBACK,
      response_type: 'code',
      scope: 'domains:write',
    });
    const page = await logIn(
      await new Browser().open(`${osir.fact('url')}/oauth/authorize?${query.toString()}`),
    );
    expect(page.text).toContain(`<li>${SCOPES['domains:write']}</li>`);
    expect(page.text).not.toContain(SCOPES['domains:read']);
  });

  it.each(['domains', 'vps', 'email', 'billing'])(
    'guard %s, apart for reading and writing',
    async (area) => {
      const challenges = await Promise.all(
        ['GET', 'POST'].map(async (method) =>
          (await osir.ask(`/v1/${area}`, { method })).headers.get('www-authenticate'),
        ),
      );
      expect(challenges).toEqual([
        `Bearer realm="api", scope="${area}:read"`,
        `Bearer realm="api", scope="${area}:write"`,
      ]);
    },
  );

  it('grant an app no more than it requested', async () => {
    const { access_token: token, scope } = await tokensFor('domains:read');
    expect(scope).toBe('domains:read');
    expect([(await domains(token)).status, (await domains(token, 'POST')).status]).toEqual([
      200, 403,
    ]);
  });

  it('that do not exist are invalid_scope', async () => {
    expect((await authorize('domains:read secrets:read')).searchParams.get('error')).toBe(
      'invalid_scope',
    );
  });

  it('are granted to the app, all eight of them', async () => {
    const { access_token: token, scope } = await tokensFor(Object.keys(SCOPES).join(' '));
    expect(scope).toBe(Object.keys(SCOPES).join(' '));
    for (const area of ['domains', 'vps', 'email', 'billing']) {
      const headers = bearing(token as string);
      const asked = ['GET', 'POST'].map((method) => osir.ask(`/v1/${area}`, { method, headers }));
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 201]);
    }
  });
});

describe('session tokens', () => {
  const open = (credentials: object) =>
    osir.ask('/v1/sessions', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(credentials),
    });
  const logOut = (token: string) =>
    osir.ask('/v1/sessions/current', { method: 'DELETE', headers: bearing(token) });

  it('respond with JSON to a body that is not JSON', async () => {
    const headers = { 'Content-Type': 'application/json' };
    expect(
      await osir.ask('/v1/sessions', { method: 'POST', headers, body: '{"username":' }),
    ).toMatchObject({
      status: 400,
      body: { error: 'bad_request', message: 'The request body cannot be read' },
    });
  });

  it('give temporary access to all that the user may do, until they log out', async () => {
    const { status, headers, body } = await open({
      username: osir.fact('user'),
      password: osir.fact('password'),
    });
    expect({ status, body }).toEqual({
      status: 201,
      body: { session_token: expect.any(String), expires_in: 1800 },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    const token = body.session_token as string;
    for (const area of ['domains', 'vps', 'email', 'billing']) {
      const answers = ['GET', 'POST'].map((method) =>
        osir.ask(`/v1/${area}`, { method, headers: bearing(token) }),
      );
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 201]);
    }
    expect((await logOut(token)).status).toBe(204);
    expect((await domains(token)).status).toBe(401);
  });

  it('are what a logout ends, and nothing else', async () => {
    const key = osir.fact('api_key');
    expect((await logOut(key)).status).toBe(403);
    expect((await domains(key)).status).toBe(200);
  });

  it.each([{ username: 'ada', password: 'wrong' }, { username: 'ada' }, {}])(
    'are not to be had for %j',
    async (credentials) => {
      expect(await open(credentials)).toMatchObject({
        status: 401,
        body: { error: 'unauthorized', message: 'Wrong name or password' },
      });
    },
  );
});

describe('the account', () => {
  /** Sends a request to the account, with a session. */
  async function account(method: string, path: string, body?: object) {
    const { body: session } = await osir.ask('/v1/sessions', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: osir.fact('user'), password: osir.fact('password') }),
    });
    return osir.ask(`/v1/account${path}`, {
      method,
      headers: {
        ...bearing(session.session_token as string),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  }

  it('creates keys that work, and rotates them', async () => {
    const created = await account('POST', '/keys', { name: 'Laptop', scopes: ['domains:read'] });
    expect(created.status).toBe(201);
    const { secret, key } = created.body as unknown as {
      readonly secret: string;
      readonly key: { readonly id: string };
    };
    expect(secret).toMatch(/^osir_live_/);
    expect((await domains(secret)).status).toBe(200);
    const rotated = await account('POST', `/keys/${key.id}/rotate`);
    expect(rotated.status).toBe(201);
    expect((await domains(secret)).status).toBe(401);
    expect((await domains(rotated.body.secret as string)).status).toBe(200);
  });

  it('registers an app, and rotates its secret', async () => {
    const callback = 'https://yourapp.com/callback';
    const created = await account('POST', '/apps', {
      ...{ name: 'Reports', scopes: ['billing:read'], redirectUris: [callback] },
    });
    expect(created.status).toBe(201);
    const { id } = created.body.app as unknown as { readonly id: string };
    const request = async (secret: string) => {
      const query = new URLSearchParams({
        ...{ client_id: id, redirect_uri: callback },
        ...{ response_type: 'code', scope: 'billing:read' },
      });
      const back = await osir.authorize(`/oauth/authorize?${query.toString()}`);
      return osir.post('/oauth/token', {
        ...{ grant_type: 'authorization_code', redirect_uri: callback },
        ...{ code: back.searchParams.get('code') as string },
        ...{ client_id: id, client_secret: secret },
      });
    };
    const old = created.body.secret as string;
    expect((await request(old)).status).toBe(200);
    const rotated = await account('POST', `/apps/${id}/rotate`);
    expect(rotated.status).toBe(201);
    expect((await request(old)).status).toBe(401);
    expect((await request(rotated.body.secret as string)).status).toBe(200);
    const wider = await osir.authorize(
      `/oauth/authorize?client_id=${id}&redirect_uri=${callback}&response_type=code&scope=domains:read`,
    );
    expect(wider.searchParams.get('error')).toBe('invalid_scope');
  });

  it('is for sessions: an API key is 403, and nothing is 401', async () => {
    const headers = bearing(osir.fact('api_key'));
    expect((await osir.ask('/v1/account/keys', { headers })).status).toBe(403);
    expect((await osir.ask('/v1/account/keys')).status).toBe(401);
  });
});

describe('error responses', () => {
  const answerTo = async (init: RequestInit) => {
    const response = await fetch(`${osir.fact('url')}/v1/domains`, init);
    return [response.status, response.headers.get('content-type'), await response.text()];
  };

  it.each<[what: string, headers: Record<string, string>]>([
    ['no key', {}],
    ['the key of the document', { Authorization: 'Bearer osir_live_your_api_key' }],
    ['the same in X-API-Key', { 'X-API-Key': 'osir_live_your_api_key' }],
    ['the token of the document', { Authorization: 'Bearer access_token_here' }],
  ])('are the documented bytes with 401, for %s', async (_, headers) => {
    expect(await answerTo({ headers })).toEqual([
      401,
      'application/json; charset=utf-8',
      UNAUTHORIZED,
    ]);
  });

  it('are the documented bytes with 403, for a scope that is not there', async () => {
    const key = osir.fact('api_key');
    for (const headers of [bearing(key), { 'X-API-Key': key }]) {
      expect(await answerTo({ method: 'POST', headers })).toEqual([
        403,
        'application/json; charset=utf-8',
        FORBIDDEN,
      ]);
    }
  });
});
