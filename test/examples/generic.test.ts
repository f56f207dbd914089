import { assertBuilt } from '../support/built';
import { bearing, commandOf, type Example, startExample } from '../support/examples';

jest.setTimeout(60_000);

const CALLBACK = 'https://your-app.com/callback';
const UNAUTHORIZED = {
  status: 401,
  body: { error: 'unauthorized', message: 'Invalid or missing API key' },
};

let generic: Example;
let key: string;

beforeAll(async () => {
  assertBuilt();
  generic = await startExample(commandOf('generic'));
  key = generic.fact('api_key');
});
afterAll(() => generic.stop());

const users = (token: string) => generic.ask('/v1/users', { headers: bearing(token) });
const data = (headers: Readonly<Record<string, string>>, query = '') =>
  generic.ask(`/v1/data${query}`, { headers });
const requestToken = (clientId: string, secret: string) =>
  generic.post('/oauth2/token', {
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: secret,
  });

describe('token-based authentication', () => {
  it('gives an application an access token on its own behalf, for an hour and without a refresh token', async () => {
    const { status, headers, body } = await requestToken(
      generic.fact('client_id'),
      generic.fact('client_secret'),
    );
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
        scope: 'users:read data:read',
      },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(await users(body.access_token)).toMatchObject({
      status: 200,
      body: { users: ['ada', 'grace'], askedBy: generic.fact('client_id') },
    });
  });

  it('lets a user grant a web application access, which it can refresh and let go of', async () => {
    const ids = {
      client_id: generic.fact('web_client_id'),
      client_secret: generic.fact('web_client_secret'),
    };
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: ids.client_id,
      redirect_uri: CALLBACK,
      state: 'xyz',
    });
    const back = await generic.authorize(`/oauth2/authorize?${query.toString()}`);
    expect([back.searchParams.get('state'), back.searchParams.get('iss')]).toEqual([
      'xyz',
      generic.fact('url'),
    ]);

    const code = back.searchParams.get('code') as string;
    const { body: first } = await generic.post('/oauth2/token', {
      ...{ grant_type: 'authorization_code', code, redirect_uri: CALLBACK },
      ...ids,
    });
    expect([
      (await users(first.access_token)).status,
      (await data(bearing(first.access_token))).status,
    ]).toEqual([200, 403]);

    const refresh = {
      grant_type: 'refresh_token',
      refresh_token: first.refresh_token as string,
      ...ids,
    };
    const { body: second } = await generic.post('/oauth2/token', refresh);
    expect((await users(second.access_token)).status).toBe(200);
    expect(
      (await generic.post('/oauth2/revoke', { token: second.refresh_token, ...ids })).status,
    ).toBe(200);
    expect(await users(second.access_token)).toMatchObject(UNAUTHORIZED);
  });
});

describe('API keys', () => {
  it('come in X-API-Key, in a custom header, or as a query parameter', async () => {
    const answers = [
      await data({ 'X-API-Key': key }),
      await data({ 'X-Acme-Key': key }),
      await data({}, `?api_key=${key}`),
    ];
    for (const { status, headers, body } of answers) {
      expect({ status, body }).toEqual({
        status: 200,
        body: { data: [1, 2, 3], askedBy: 'customer_3' },
      });
      expect(headers.get('cache-control')).toBe('private');
    }
  });

  it('are only for older services', async () => {
    expect(await generic.ask('/v1/users', { headers: { 'X-API-Key': key } })).toMatchObject({
      status: 403,
      body: { error: 'forbidden' },
    });
  });

  it.each<[what: string, headers: () => Record<string, string>, query: () => string]>([
    ['both headers', () => ({ 'X-API-Key': key, 'X-Acme-Key': key }), () => ''],
    ['a header and the URL', () => ({ 'X-API-Key': key }), () => `?api_key=${key}`],
    ['the URL twice', () => ({}), () => `?api_key=${key}&api_key=${key}`],
    ['a header beside a bearer token', () => ({ 'X-API-Key': key, ...bearing('x') }), () => ''],
  ])('are refused in %s', async (_, headers, query) => {
    expect(await data(headers(), query())).toMatchObject({
      status: 400,
      body: { error: 'bad_request' },
    });
  });
});

describe('troubleshooting', () => {
  it.each<[what: string, ids: () => [string, string]]>([
    ['a client_id', () => ['YOUR_CLIENT_ID', generic.fact('client_secret')]],
    ['a client_secret', () => [generic.fact('client_id'), 'YOUR_CLIENT_SECRET']],
  ])('%s that is not correct is invalid_client', async (_, ids) => {
    const { status, body } = await requestToken(...ids());
    expect({ status, body }).toEqual({
      status: 401,
      body: { error: 'invalid_client', error_description: expect.any(String) },
    });
  });

  it('rejects a fake or expired token with 401 and its code', async () => {
    const expired = /An access token that has expired: 401\n.*Bearer (\w+)"/.exec(
      generic.printed,
    )?.[1] as string;
    for (const token of ['YOUR_ACCESS_TOKEN', expired]) {
      const answer = await users(token);
      expect(answer).toMatchObject(UNAUTHORIZED);
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
    }
  });

  it.each(['', 'Bearer', 'Basic eDp5', 'YOUR_ACCESS_TOKEN'])(
    'an Authorization header of %j is 401',
    async (Authorization) => {
      expect(await generic.ask('/v1/users', { headers: { Authorization } })).toMatchObject(
        UNAUTHORIZED,
      );
    },
  );

  it('the token endpoint is where it is documented', async () => {
    expect((await generic.post('/oauth/token', { grant_type: 'client_credentials' })).status).toBe(
      404,
    );
    expect((await generic.ask('/.well-known/oauth-authorization-server')).body.token_endpoint).toBe(
      `${generic.fact('url')}/oauth2/token`,
    );
  });
});

describe('the developer portal', () => {
  const portal = (method: string, path: string, body?: object) =>
    generic.ask(`/portal${path}`, {
      method,
      headers: {
        Authorization: `Basic ${Buffer.from('ada:lovelace').toString('base64')}`,
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });

  it('gives an app the client ID and the secret of the document', async () => {
    const { status, body } = await portal('POST', '/apps', {
      ...{ name: 'Nightly', scopes: ['users:read'] },
    });
    expect(status).toBe(201);
    const { id } = body.app as unknown as { readonly id: string };
    const token = await requestToken(id, body.secret as string);
    expect(token.status).toBe(200);
    expect((await users(token.body.access_token as string)).status).toBe(200);
    const rotated = await portal('POST', `/apps/${id}/rotate`);
    expect((await requestToken(id, body.secret as string)).status).toBe(401);
    expect((await requestToken(id, rotated.body.secret as string)).status).toBe(200);
  });

  it('rotates keys', async () => {
    const { body } = await portal('POST', '/keys', { name: 'Importer', scopes: ['data:read'] });
    const { id } = body.key as unknown as { readonly id: string };
    const old = { 'X-API-Key': body.secret as string };
    expect((await data(old)).status).toBe(200);
    const rotated = await portal('POST', `/keys/${id}/rotate`);
    expect((await data(old)).status).toBe(401);
    expect((await data({ 'X-API-Key': rotated.body.secret as string })).status).toBe(200);
  });

  it('is for those who are logged in', async () => {
    expect((await generic.ask('/portal/keys')).status).toBe(401);
  });
});
