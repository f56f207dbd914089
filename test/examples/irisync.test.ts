import { Browser, type Page } from '../support/browser';
import { assertBuilt } from '../support/built';
import { bearing, commandOf, type Example, startExample } from '../support/examples';
import { type Answer, logIn } from '../support/issuing';

jest.setTimeout(60_000);

const CALLBACK = 'https://your-app.com/callback';
const SCOPES = {
  read: 'Read-only access to user data',
  write: 'Modify user data',
  'content:read': 'Access content data only',
  'content:write': 'Create and modify content',
  'analytics:read': 'Access analytics data',
};

let irisync: Example;
let ids: { readonly client_id: string; readonly client_secret: string };

beforeAll(async () => {
  assertBuilt();
  irisync = await startExample(commandOf('irisync'));
  ids = { client_id: irisync.fact('client_id'), client_secret: irisync.fact('client_secret') };
});
afterAll(() => irisync.stop());

const me = (token: string) => irisync.ask('/api/users/me', { headers: bearing(token) });
const send = (method: string, path: string, token: string, body: object) =>
  irisync.ask(path, {
    method,
    headers: { ...bearing(token), 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
const statuses = async (token: string) => ({
  'read the user': (await me(token)).status,
  'change the user': (await send('PATCH', '/api/users/me', token, { name: 'Ada' })).status,
  'read content': (await irisync.ask('/api/content', { headers: bearing(token) })).status,
  'write content': (await send('POST', '/api/content', token, { post: 'Hello again' })).status,
  'see analytics': (await irisync.ask('/api/analytics', { headers: bearing(token) })).status,
});

/** A browser whose user has logged in, and the page that it sees. */
const settings = async (): Promise<Page> =>
  logIn(await new Browser().open(`${irisync.fact('url')}/login`));
const openIn = ({ browser }: Page, path: string): Promise<Page> =>
  browser.open(`${irisync.fact('url')}${path}`);
/** Creates a key in the settings: the page that shows it. */
const createKey = async (fields: Readonly<Record<string, string>>): Promise<Page> =>
  (await openIn(await settings(), '/settings/keys/new')).submit({ lifetime: 'never', ...fields });
const secretOn = (page: Page): string =>
  /id="secret" value="([^"]+)"/.exec(page.text)?.[1] ?? `There is no secret on: ${page.text}`;
const keyWith = async (scope: string): Promise<string> =>
  secretOn(await createKey({ name: scope, environment: 'production', scopes: scope }));
/** The entry of a key in the list by its name, as words. */
const entryOf = ({ text }: Page, name: string): string | undefined =>
  text
    .split('</li>')
    .map((entry) => entry.replaceAll(/<[^>]*>/g, ' '))
    .find((entry) => entry.includes(name));

describe('obtaining an API key', () => {
  it('goes by login, settings, name and permissions to a key that is shown once and works', async () => {
    const list = await settings();
    expect(list.url.pathname).toBe('/settings/keys');
    expect(list.text).toContain('Create New API Key');
    const form = await openIn(list, '/settings/keys/new');
    for (const [scope, description] of Object.entries(SCOPES)) {
      expect(form.text).toContain(`value="${scope}"`);
      expect(form.text).toContain(description);
    }

    const shown = await form.submit({
      name: 'Reports',
      environment: 'production',
      scopes: 'read',
      lifetime: 'never',
    });
    const secret = secretOn(shown);
    expect(secret).toMatch(/^iri_production_/);
    expect(shown.response.headers.get('cache-control')).toBe('no-store');
    expect(await me(secret)).toMatchObject({ status: 200, body: { id: 'acct_42' } });
    expect((await settings()).text).not.toContain(secret);
  });

  it('shows permissions and last use of each', async () => {
    const secret = await keyWith('content:read');
    expect(entryOf(await settings(), 'content:read')).toMatch(/production.*Last used: Never/s);
    await irisync.ask('/api/content', { headers: bearing(secret) });
    await irisync.ask('/api/content', { headers: bearing(secret) });
    expect(entryOf(await settings(), 'content:read')).toMatch(/Last used:\s+\w{3} \d+, \d{4}/);
  });

  it('is for those who are logged in', async () => {
    for (const path of ['/settings/keys', '/settings/apps', '/settings/connected']) {
      expect((await new Browser().open(`${irisync.fact('url')}${path}`)).url.pathname).toBe(
        '/login',
      );
    }
    expect(await irisync.ask('/account/keys')).toMatchObject({ status: 401 });
    const wrong = await (
      await new Browser().open(`${irisync.fact('url')}/login`)
    ).submit({ username: 'ada', password: 'wrong' });
    expect([wrong.response.status, wrong.text]).toEqual([
      403,
      expect.stringContaining('Wrong name or password.'),
    ]);
  });

  it("is not for another site's page", async () => {
    const form = await openIn(await settings(), '/settings/keys/new');
    const token = /name="form_token" value="([^"]+)"/.exec(form.text)?.[1] ?? '';
    const fields = { form_token: token, name: 'Forged', environment: 'production' };
    const forged = await form.browser.open(form.url.href, {
      method: 'POST',
      body: new URLSearchParams({ ...fields, scopes: 'write', lifetime: 'never' }),
      headers: { 'Sec-Fetch-Site': 'cross-site' },
    });
    expect(forged.response.status).toBe(403);
    expect(entryOf(await settings(), 'Forged')).toBeUndefined();
  });

  it('says what is wrong with a form', async () => {
    const page = await createKey({ name: 'Odd', environment: 'staging', scopes: 'read' });
    expect([page.response.status, page.text]).toEqual([
      400,
      expect.stringContaining('Choose one of the environments.'),
    ]);
  });

  it('writes a name as text', async () => {
    await createKey({ name: '<script>x</script>', environment: 'production' });
    expect((await settings()).text).toContain('&lt;script&gt;x&lt;/script&gt;');
  });

  it('works over the management API with the session of the browser', async () => {
    const { browser } = await settings();
    const created = await browser.open(`${irisync.fact('url')}/account/keys`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: 'API', environment: 'development', scopes: ['read'] }),
    });
    expect(created.response.status).toBe(201);
    const { secret } = JSON.parse(created.text) as { readonly secret: string };
    expect((await me(secret)).status).toBe(200);
  });
});

describe('production and development', () => {
  it('are apart: a key for development changes nothing in production', async () => {
    const production = irisync.fact('api_key');
    const development = irisync.fact('development_api_key');
    expect([production, development]).toEqual([
      expect.stringMatching(/^iri_production_/),
      expect.stringMatching(/^iri_development_/),
    ]);
    const before = (await me(production)).body;
    expect(await send('PATCH', '/api/users/me', development, { name: 'Augusta' })).toMatchObject({
      status: 200,
      body: { name: 'Augusta' },
    });
    expect((await me(development)).body).toEqual({ id: 'acct_42', name: 'Augusta' });
    expect((await me(production)).body).toEqual(before);
  });
});

describe('rotation', () => {
  it('is a new key, and the end of the old one', async () => {
    const secret = await keyWith('analytics:read');
    const ask = (token: string) => irisync.ask('/api/analytics', { headers: bearing(token) });
    expect((await ask(secret)).status).toBe(200);
    const list = await settings();
    const path = /href="(\/settings\/keys\/[\w-]+)"><bdi>analytics:read</.exec(list.text)?.[1];
    const form = await openIn(list, `${path}/rotate`);
    const shown = await form.submit({ overlapMs: '0' });
    expect((await ask(secretOn(shown))).status).toBe(200);
    expect((await ask(secret)).status).toBe(401);
  });
});

describe('OAuth 2.0', () => {
  const json = async (body: object): Promise<Answer> =>
    irisync.ask('/oauth/token', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  const authorize = (scope: string, clientId = ids.client_id, callback = CALLBACK) =>
    irisync.authorize(
      `/oauth/authorize?client_id=${clientId}&redirect_uri=${callback}&response_type=code&scope=${scope}`,
    );
  const exchange = (code: string) =>
    json({ ...ids, code, grant_type: 'authorization_code', redirect_uri: CALLBACK });
  const refresh = (refreshToken: string) =>
    json({ ...ids, refresh_token: refreshToken, grant_type: 'refresh_token' });

  it('goes from scope=read,write by the code and a request as JSON to the API', async () => {
    const back = await authorize('read,write');
    expect(`${back.origin}${back.pathname}`).toBe(CALLBACK);
    const { status, headers, body } = await json({
      client_id: ids.client_id,
      client_secret: ids.client_secret,
      code: back.searchParams.get('code'),
      grant_type: 'authorization_code',
      redirect_uri: CALLBACK,
    });
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: expect.any(String),
        scope: 'read write',
      },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(Object.values(await statuses(body.access_token as string))).toEqual([
      200, 200, 200, 201, 200,
    ]);
  });

  it('refreshes by JSON, and ends the grant when a refresh token is used again', async () => {
    const { body: first } = await exchange(
      (await authorize('read')).searchParams.get('code') as string,
    );
    const { status, body: second } = await refresh(first.refresh_token as string);
    expect({ status, body: second }).toMatchObject({
      status: 200,
      body: { expires_in: 3600, scope: 'read' },
    });
    expect((await me(second.access_token as string)).status).toBe(200);
    expect(await refresh(first.refresh_token as string)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect((await me(second.access_token as string)).status).toBe(401);
  });

  it('ends with a revocation', async () => {
    const { body } = await exchange((await authorize('read')).searchParams.get('code') as string);
    expect((await me(body.access_token as string)).status).toBe(200);
    expect(
      (await irisync.post('/oauth/revoke', { token: body.refresh_token, ...ids })).status,
    ).toBe(200);
    expect((await me(body.access_token as string)).status).toBe(401);
  });

  it('shows the scopes in the words of the documentation', async () => {
    const query = `client_id=${ids.client_id}&redirect_uri=${CALLBACK}&response_type=code&scope=${Object.keys(SCOPES).join(',')}`;
    const page = await logIn(
      await new Browser().open(`${irisync.fact('url')}/oauth/authorize?${query}`),
    );
    for (const description of Object.values(SCOPES)) {
      expect(page.text).toContain(`<li>${description}</li>`);
    }
  });

  it('gives a registered app its id and secret, and compares its redirect URI exactly', async () => {
    const callback = 'https://another.example/callback';
    const form = await openIn(await settings(), '/settings/apps/new');
    const fields = { name: 'Another App', scopes: 'read', type: 'web' };
    const page = await form.submit({ ...fields, redirectUris: callback });
    const clientId = /id="client-id" value="([^"]+)"/.exec(page.text)?.[1] ?? page.text;
    const clientSecret = secretOn(page);

    const code = (await authorize('read', clientId, callback)).searchParams.get('code') as string;
    const request = {
      client_id: clientId,
      client_secret: clientSecret,
      code,
      grant_type: 'authorization_code',
      redirect_uri: callback,
    };
    const { status, body } = await json(request);
    expect([status, (await me(body.access_token as string)).status]).toEqual([200, 200]);
    expect((await openIn(page, '/settings/connected')).text).toContain('Another App');

    const elsewhere = `client_id=${clientId}&redirect_uri=${callback}/&response_type=code&scope=read`;
    expect(
      (await new Browser().open(`${irisync.fact('url')}/oauth/authorize?${elsewhere}`)).response
        .status,
    ).toBe(400);
    const again = await openIn(page, '/settings/apps/new');
    const unsafe = await again.submit({ ...fields, redirectUris: 'http://another.example/cb' });
    expect([unsafe.response.status, unsafe.text]).toEqual([
      400,
      expect.stringContaining('Enter one https URL per line'),
    ]);
  });

  it('refuses a wrong secret', async () => {
    const answer = await json({
      ...ids,
      client_secret: 'YOUR_CLIENT_SECRET',
      refresh_token: 'x',
      grant_type: 'refresh_token',
    });
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });
});

describe('scopes', () => {
  it.each<[scope: string, expected: number[]]>([
    ['read', [200, 403, 200, 403, 200]],
    ['write', [403, 200, 403, 201, 403]],
    ['content:read', [403, 403, 200, 403, 403]],
    ['content:write', [403, 403, 403, 201, 403]],
    ['analytics:read', [403, 403, 403, 403, 200]],
  ])('%s is accepted if it or a wider scope is required', async (scope, expected) => {
    expect(Object.values(await statuses(await keyWith(scope)))).toEqual(expected);
  });
});

it.each<[what: string, headers: () => Record<string, string>]>([
  ['no credential', () => ({})],
  ['the key of the document', () => bearing('YOUR_API_KEY')],
  [
    'a good key in X-API-Key, which is not documented',
    () => ({ 'X-API-Key': irisync.fact('api_key') }),
  ],
])('responds with 401 to %s', async (_, headers) => {
  expect(await irisync.ask('/api/users/me', { headers: headers() })).toMatchObject({
    status: 401,
    body: { error: 'unauthorized', message: 'Invalid or missing API key' },
  });
});
