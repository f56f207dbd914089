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

const settings = async (): Promise<Page> =>
  logIn(await new Browser().open(`${irisync.fact('url')}/login`));
/** Creates a key in the settings: the page that shows it. */
const createKey = async (fields: Readonly<Record<string, string>>): Promise<Page> =>
  (await settings()).submit(fields);
const secretOn = (page: Page): string =>
  /<code>(iri_[^<]+)<\/code>/.exec(page.text)?.[1] ?? `There is no key on: ${page.text}`;
const keyWith = async (permission: string): Promise<string> =>
  secretOn(
    await createKey({ name: permission, environment: 'production', permissions: permission }),
  );
/** The row of a key by its name, as words. */
const rowOf = ({ text }: Page, name: string): string | undefined =>
  text
    .split('</tr>')
    .map((row) => row.replaceAll(/<[^>]*>/g, ' '))
    .find((row) => row.includes(name));

describe('obtaining an API key', () => {
  it('goes by login, settings, name and permissions to a key that is shown once and works as bearer token', async () => {
    const page = await settings();
    expect(page.url.pathname).toBe('/settings/api-keys');
    expect(page.text).toContain('Create New API Key');
    for (const scope of Object.keys(SCOPES)) {
      expect(page.text).toContain(`value="${scope}"`);
    }

    const shown = await page.submit({
      name: 'Reports',
      environment: 'production',
      permissions: 'read',
    });
    const secret = secretOn(shown);
    expect(secret).toMatch(/^iri_production_/);
    expect(shown.response.headers.get('cache-control')).toBe('no-store');
    expect(await me(secret)).toMatchObject({ status: 200, body: { id: 'acct_42' } });
    expect((await settings()).text).not.toContain(secret);
  });

  it('shows permissions and last use of each', async () => {
    const secret = await keyWith('content:read');
    expect(rowOf(await settings(), 'content:read')).toMatch(/production\s+content:read\s+never/);
    await irisync.ask('/api/content', { headers: bearing(secret) });
    await irisync.ask('/api/content', { headers: bearing(secret) });
    expect(rowOf(await settings(), 'content:read')).toMatch(
      /content:read\s+\d{4}-\d\d-\d\dT[\d:.]+Z, 2 times/,
    );
  });

  it('is for those who are logged in', async () => {
    for (const path of ['/settings/api-keys', '/developers/apps']) {
      expect((await new Browser().open(`${irisync.fact('url')}${path}`)).url.pathname).toBe(
        '/login',
      );
    }
    const wrong = await (
      await new Browser().open(`${irisync.fact('url')}/login`)
    ).submit({ username: 'ada', password: 'wrong' });
    expect([wrong.response.status, wrong.text]).toEqual([
      403,
      expect.stringContaining('Wrong name or password.'),
    ]);
  });

  it("is not for another site's page", async () => {
    const { browser, url } = await settings();
    const body = new URLSearchParams({
      name: 'Forged',
      environment: 'production',
      permissions: 'write',
    });
    const forged = await browser.open(url.href, {
      method: 'POST',
      body,
      headers: { 'Sec-Fetch-Site': 'cross-site' },
    });
    expect(forged.url.pathname).toBe('/login');
    expect(rowOf(await settings(), 'Forged')).toBeUndefined();
  });

  it('says what is wrong with a form', async () => {
    const page = await createKey({ name: 'Odd', environment: 'staging', permissions: 'read' });
    expect([page.response.status, page.text]).toEqual([
      400,
      expect.stringContaining('environment'),
    ]);
  });

  it('writes a name as text', async () => {
    await createKey({ name: '<script>x</script>', environment: 'production' });
    expect((await settings()).text).toContain('&lt;script&gt;x&lt;/script&gt;');
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
    const ask = () => irisync.ask('/api/analytics', { headers: bearing(secret) });
    expect((await ask()).status).toBe(200);
    const page = await settings();
    const path = /analytics:read<\/td>[^]*?action="([^"]+)"/.exec(page.text)?.[1] as string;
    const after = await page.browser.open(`${irisync.fact('url')}${path}`, { method: 'POST' });
    expect(rowOf(after, 'analytics:read')).toContain('revoked');
    expect((await ask()).status).toBe(401);
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

  it('gives an app that is registered in the portal its id and secret, and compares its redirect URI exactly', async () => {
    const { browser } = await settings();
    const callback = 'https://another.example/callback';
    const form = await browser.open(`${irisync.fact('url')}/developers/apps`);
    const page = await form.submit({
      name: 'Another App',
      redirect_uri: callback,
      permissions: 'read',
    });
    const [clientId = '', clientSecret = ''] = [
      ...page.text.matchAll(/<code>([^<]+)<\/code>/g),
    ].map(([, code]) => code as string);

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

    const elsewhere = `client_id=${clientId}&redirect_uri=${callback}/&response_type=code&scope=read`;
    expect(
      (await new Browser().open(`${irisync.fact('url')}/oauth/authorize?${elsewhere}`)).response
        .status,
    ).toBe(400);
    const unsafe = await form.submit({
      name: 'Unsafe',
      redirect_uri: 'http://another.example/callback',
      permissions: 'read',
    });
    expect([unsafe.response.status, unsafe.text]).toEqual([
      400,
      expect.stringContaining('redirectUris'),
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
