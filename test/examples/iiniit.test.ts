import { createPublicKey, type JsonWebKey } from 'node:crypto';

import jsonwebtoken from 'jsonwebtoken';

import { Browser } from '../support/browser';
import { assertBuilt } from '../support/built';
import { bearing, commandOf, type Example, startExample } from '../support/examples';
import { agree, logIn } from '../support/issuing';
import { run } from '../support/programs';

// @requires curl

jest.setTimeout(60_000);

const CALLBACK = 'https://your-app.com/callback';

let iiniit: Example;
let ids: { readonly client_id: string; readonly client_secret: string };

beforeAll(async () => {
  assertBuilt();
  iiniit = await startExample(commandOf('iiniit'));
  ids = { client_id: iiniit.fact('client_id'), client_secret: iiniit.fact('client_secret') };
});
afterAll(() => iiniit.stop());

const requestPath = (path: string, scope: string) =>
  `${path}?response_type=code&client_id=${ids.client_id}&redirect_uri=${CALLBACK}&scope=${encodeURIComponent(scope)}&state=RANDOM_STATE_VALUE`;
const codeFor = async (scope: string, path = '/auth/login') =>
  (await iiniit.authorize(requestPath(path, scope))).searchParams.get('code') as string;
const exchange = (code: string, path = '/oauth2/token') =>
  iiniit.post(path, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...ids });
const user = (token: string) => iiniit.ask('/user', { headers: bearing(token) });
const projects = (token: string) => iiniit.ask('/projects', { headers: bearing(token) });

describe('the authorization code flow', () => {
  it.each(['/auth/login', '/oauth2/authorize'])(
    'sends the user back with code and state, from %s',
    async (path) => {
      const back = await iiniit.authorize(requestPath(path, 'read:user'));
      expect(`${back.origin}${back.pathname}`).toBe(CALLBACK);
      expect(Object.fromEntries(back.searchParams)).toEqual({
        code: expect.any(String),
        state: 'RANDOM_STATE_VALUE',
        iss: iiniit.fact('url'),
      });
    },
  );

  it('returns the five members of the table to the JavaScript of the document', async () => {
    const { status, headers, body } = await exchange(
      await codeFor('read:user read:projects', '/oauth2/authorize'),
    );
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: expect.any(String),
        scope: 'read:user read:projects',
      },
    });
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('cache-control')).toBe('no-store');
    expect([await user(body.access_token), await projects(body.access_token)]).toMatchObject([
      { status: 200, body: { user: 'acct_42' } },
      { status: 200, body: { projects: ['apollo'] } },
    ]);
  });

  it('accepts the curl command of the document', async () => {
    const code = await codeFor('read:user');
    const line = `curl --silent --location --request POST '${iiniit.fact('url')}/oauth2/authorize' \\
--header 'Content-Type: application/json' \\
--data-urlencode 'grant_type=authorization_code' \\
--data-urlencode 'code=${code}' \\
--data-urlencode 'redirect_uri=${CALLBACK}' \\
--data-urlencode 'client_id=${ids.client_id}' \\
--data-urlencode 'client_secret=${ids.client_secret}'`;
    const body = JSON.parse(await run('/', ['sh', '-c', line]));
    expect(Object.keys(body as object).sort()).toEqual([
      'access_token',
      'expires_in',
      'refresh_token',
      'scope',
      'token_type',
    ]);
    expect([
      (await user(body.access_token)).status,
      (await projects(body.access_token)).status,
    ]).toEqual([200, 403]);
  });

  it('gives JWTs that any API can prove by the published keys', async () => {
    const { body } = await exchange(await codeFor('read:user'));
    const { body: metadata } = await iiniit.ask('/.well-known/oauth-authorization-server');
    const response = await fetch(metadata.jwks_uri as string);
    const { keys } = (await response.json()) as {
      readonly keys: readonly (JsonWebKey & { readonly kid: string })[];
    };
    const [key] = keys;
    const { header, payload } = jsonwebtoken.verify(
      body.access_token,
      createPublicKey({ key: key as JsonWebKey, format: 'jwk' }),
      {
        algorithms: ['RS256'],
        issuer: iiniit.fact('url'),
        audience: 'https://api.iiniit.com',
        complete: true,
      },
    );
    expect(header).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: key?.kid });
    expect(payload).toMatchObject({ sub: 'acct_42', client_id: ids.client_id, scope: 'read:user' });
    expect(keys).toHaveLength(1);
    expect(key).not.toHaveProperty('d');
  });

  it('obtains a new access token by the refresh token, once', async () => {
    const { body: first } = await exchange(await codeFor('read:user'));
    const refresh = (token: string) =>
      iiniit.post('/oauth2/token', { grant_type: 'refresh_token', refresh_token: token, ...ids });
    const { status, body: second } = await refresh(first.refresh_token as string);
    expect([status, (await user(second.access_token as string)).status]).toEqual([200, 200]);
    expect(await refresh(first.refresh_token as string)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect(await refresh(second.refresh_token as string)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it.each(['refresh_token', 'access_token'])(
    'refuses the JWT, and refreshes no more, after a revocation of the %s',
    async (member) => {
      const { body } = await exchange(await codeFor('read:user'));
      expect((await user(body.access_token as string)).status).toBe(200);
      expect((await iiniit.post('/oauth2/revoke', { token: body[member], ...ids })).status).toBe(
        200,
      );
      expect((await user(body.access_token as string)).status).toBe(401);
      expect(
        await iiniit.post('/oauth2/token', {
          grant_type: 'refresh_token',
          refresh_token: body.refresh_token,
          ...ids,
        }),
      ).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' },
      });
    },
  );
});

describe('error handling', () => {
  it.each<[error: string, parameters: Record<string, string>]>([
    ['invalid_request', {}],
    ['invalid_request', { grant_type: 'refresh_token' }],
    ['unauthorized_client', { grant_type: 'client_credentials' }],
  ])('responds with %s to %j', async (error, parameters) => {
    const { status, body } = await iiniit.post('/oauth2/token', { ...parameters, ...ids });
    expect({ status, body }).toEqual({
      status: 400,
      body: { error, error_description: expect.any(String) },
    });
  });

  it.each(['read:secrets', 'read:user read:secrets', 'user', 'read:user,read:projects'])(
    'sends invalid_scope back for %j',
    async (scope) => {
      const back = await iiniit.authorize(requestPath('/auth/login', scope));
      expect(Object.fromEntries(back.searchParams)).toMatchObject({
        error: 'invalid_scope',
        state: 'RANDOM_STATE_VALUE',
      });
    },
  );

  it('sends access_denied back when the user denies the request', async () => {
    const page = await logIn(
      await new Browser().open(`${iiniit.fact('url')}${requestPath('/auth/login', 'read:user')}`),
    );
    const { url } = await page.submit({ decision: 'deny' });
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      error: 'access_denied',
      state: 'RANDOM_STATE_VALUE',
    });
  });

  it('shows the login form again after a wrong password, and accepts the right one', async () => {
    const page = await new Browser().open(
      `${iiniit.fact('url')}${requestPath('/auth/login', 'read:user')}`,
    );
    const again = await page.submit({ username: 'ada', password: 'wrong' });
    expect([again.response.status, again.text]).toEqual([
      403,
      expect.stringContaining('Wrong name or password.'),
    ]);
    expect((await agree(await logIn(again))).url.searchParams.has('code')).toBe(true);
  });

  it.each(['{', '[]', '"x=y"', 'null', '7', 'hello', 'hello world', '<a b="c"/>', '', '{"a":"b="'])(
    'responds with invalid_request to the body %j, which is neither JSON nor a form',
    async (body) => {
      for (const path of ['/oauth2/authorize', '/oauth2/token']) {
        const answer = await iiniit.ask(path, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body,
        });
        expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
      }
    },
  );

  it.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x'])(
    'responds with invalid_request to a body of %s',
    async (type) => {
      const body = new URLSearchParams({ grant_type: 'authorization_code', ...ids }).toString();
      const answer = await iiniit.ask('/oauth2/authorize', {
        method: 'POST',
        headers: { 'Content-Type': type },
        body,
      });
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    },
  );
});

it.each(['/oauth2/authorize', '/oauth2/token'])(
  'accepts a token request as JSON at %s, which the curl line suggests',
  async (path) => {
    const send = (parameters: object) =>
      iiniit.ask(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...parameters, ...ids }),
      });
    const first = await send({
      grant_type: 'authorization_code',
      code: await codeFor('read:user'),
      redirect_uri: CALLBACK,
    });
    const second = await send({
      grant_type: 'refresh_token',
      refresh_token: first.body.refresh_token,
    });
    expect([first.status, second.status, (await user(second.body.access_token)).status]).toEqual([
      200, 200, 200,
    ]);
  },
);

it('accepts API keys too', async () => {
  const headers = { 'X-API-Key': iiniit.fact('api_key') };
  expect([
    (await iiniit.ask('/projects', { headers })).status,
    (await iiniit.ask('/user', { headers })).status,
  ]).toEqual([200, 403]);
});

it('shows users the connected apps, and ends their access', async () => {
  const headers = { Authorization: `Basic ${Buffer.from('ada:lovelace').toString('base64')}` };
  const { body } = await exchange(await codeFor('read:user'));
  const token = body.access_token as string;
  expect((await user(token)).status).toBe(200);
  const listed = await iiniit.ask('/account/grants', { headers });
  const grants = listed.body.grants as unknown as readonly {
    readonly id: string;
    readonly name: string;
  }[];
  expect(grants.map(({ name }) => name)).toContain('Project Board');
  for (const { id } of grants) {
    const ended = await fetch(`${iiniit.fact('url')}/account/grants/${id}`, {
      method: 'DELETE',
      headers,
    });
    expect(ended.status).toBe(204);
  }
  expect((await user(token)).status).toBe(401);
  const again = await iiniit.ask('/account/grants', { headers });
  expect(again.body.grants).toEqual([]);
  expect((await iiniit.ask('/account/grants')).status).toBe(401);
});
