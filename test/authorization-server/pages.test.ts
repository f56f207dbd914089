import type { ErrorRequestHandler } from 'express';
import {
  type Consent,
  consentPage,
  type Login,
  type RegisteredClient,
} from 'latchkey/authorization-server';

import { Browser, type Page } from '../support/browser';
import { agree, CALLBACK, type Issuing, logIn, startIssuing, WEB_CLIENT } from '../support/issuing';

let issuing: Issuing;
let web: RegisteredClient;
beforeAll(async () => {
  issuing = await startIssuing();
  web = await issuing.server.clients.register(WEB_CLIENT);
});
afterAll(() => issuing.close());

const open = (browser = new Browser()) =>
  browser.open(issuing.authorizeUrl(web.client, { state: 'xyz' }));
const csrfTokenIn = ({ text }: Page) =>
  /name="csrf_token" value="([\w-]+)"/.exec(text)?.[1] as string;
const send = (
  page: Page,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
) =>
  page.browser.open(page.url.href, { method: 'POST', headers, body: new URLSearchParams(fields) });

it.each<[string, (page: Page) => Promise<Page>]>([
  ['login', async (page) => page],
  ['consent', logIn],
  ['fault', async (page) => new Browser().open(page.url.href)],
])(
  'the %s page cannot be framed, runs no script, loads nothing and is not cached',
  async (_, way) => {
    const { response, text } = await way(await open());
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      expect.stringMatching(/^style-src 'sha256-[\w+/=]+'$/),
      ...(_ === 'fault' ? ["form-action 'self'"] : []),
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'content-type': 'text/html; charset=utf-8',
    });
    expect(text).not.toMatch(/<script|\son\w+=|https?:\/\/(?!127)/i);
    expect(text).toMatch(/<html lang="en">/);
  },
);

it('lets a client redirect its user anywhere: browsers apply form-action to redirects too', async () => {
  const policy = ({ response }: Page) => response.headers.get('content-security-policy');
  const login = await open();
  for (const page of [
    login,
    await login.submit({ username: 'ada', password: 'wrong' }),
    await logIn(login),
  ]) {
    expect(policy(page)).not.toContain('form-action');
  }
  expect(policy(await new Browser().open(login.url.href))).toContain("form-action 'self'");
});

it('keeps its cookies from scripts, from other sites and from other paths, and has none for a session', async () => {
  const response = await fetch(issuing.authorizeUrl(web.client), { redirect: 'manual' });
  const cookies = response.headers.getSetCookie();
  expect(cookies.map((line) => line.split('=')[0])).toEqual([
    'latchkey_interaction',
    'latchkey_resume',
  ]);
  for (const cookie of cookies) {
    expect(cookie).toMatch(
      /; path=\/oauth\/(interaction|authorize)\/[\w-]{43};.*samesite=lax; httponly/i,
    );
  }
});

it('leaves no cookie behind when the user goes back to the client', async () => {
  const back = await agree(await logIn(await open()));
  expect(back.url.searchParams.has('code')).toBe(true);
  const left = back.response.headers.getSetCookie().filter((line) => !/^[^=]+=;/.test(line));
  expect(left).toEqual([]);
});

it('does not accept the cookie of another login', async () => {
  const [mine, theirs] = [await open(), await open()];
  const [cookie] = mine.browser.cookieValues();
  const response = await fetch(theirs.url, {
    headers: { cookie: `latchkey_interaction=${cookie}` },
  });
  expect([response.status, await response.text()]).toEqual([
    400,
    expect.stringContaining('belongs to another browser'),
  ]);
});

it('says so where the client was removed meanwhile', async () => {
  const { client } = await issuing.server.clients.register(WEB_CLIENT);
  const page = await new Browser().open(issuing.authorizeUrl(client));
  await issuing.server.clients.remove(client.clientId);
  const { response, text } = await logIn(page);
  expect([response.status, text]).toEqual([
    400,
    expect.stringContaining('The app that sent you here is not known any more.'),
  ]);
});

it('marks cookies as secure where the issuer is on https', async () => {
  const secure = await startIssuing({ issuerOrigin: 'https://api.osir.com' });
  const { client } = await secure.server.clients.register(WEB_CLIENT);
  const cookies = (
    await fetch(secure.authorizeUrl(client), { redirect: 'manual' })
  ).headers.getSetCookie();
  await secure.close();
  expect(cookies.map((line) => /; secure/i.test(line))).toEqual([true, true]);
});

describe('a form', () => {
  test.each<
    [what: string, fields: (page: Page) => Record<string, string>, headers: Record<string, string>]
  >([
    ['without the token', () => ({ username: 'ada', password: 'lovelace' }), {}],
    ['with an empty token', () => ({ csrf_token: '', username: 'ada', password: 'lovelace' }), {}],
    [
      'with a token of its own',
      () => ({ csrf_token: 'a'.repeat(43), username: 'ada', password: 'lovelace' }),
      {},
    ],
    [
      'from another site, by Sec-Fetch-Site',
      (page) => ({ csrf_token: csrfTokenIn(page), username: 'ada', password: 'lovelace' }),
      { 'sec-fetch-site': 'cross-site' },
    ],
    [
      'from another site, by Origin',
      (page) => ({ csrf_token: csrfTokenIn(page), username: 'ada', password: 'lovelace' }),
      { origin: 'https://evil.example' },
    ],
  ])('%s is refused, and logs nobody in', async (_, fields, headers) => {
    const page = await open();
    const refused = await send(page, fields(page), headers);
    expect([refused.response.status, refused.text]).toEqual([
      400,
      expect.stringContaining('This form was not sent from our page.'),
    ]);
    expect((await page.browser.open(page.url.href)).text).toContain('<h1>Log in</h1>');
  });

  it('with the token of another login is refused', async () => {
    const [mine, theirs] = [await open(), await open()];
    const refused = await send(mine, {
      csrf_token: csrfTokenIn(theirs),
      username: 'ada',
      password: 'lovelace',
    });
    expect(refused.response.status).toBe(400);
  });

  it('that agrees is refused without the token', async () => {
    const consent = await logIn(await open());
    const refused = await send(consent, { decision: 'allow' });
    expect([refused.response.status, refused.url.origin]).toEqual([400, issuing.origin]);
  });

  it('from another browser is refused, whatever it knows', async () => {
    const page = await open();
    const thief = await new Browser().open(page.url.href, {
      method: 'POST',
      body: new URLSearchParams({
        csrf_token: csrfTokenIn(page),
        username: 'ada',
        password: 'lovelace',
      }),
    });
    expect([thief.response.status, thief.text]).toEqual([
      400,
      expect.stringContaining('belongs to another browser'),
    ]);
  });

  it('may have gone through a parser', async () => {
    const { urlencoded } = await import('express').then((express) => express.default);
    const parsed = await startIssuing({ before: [urlencoded({ extended: true })] });
    const { client } = await parsed.server.clients.register(WEB_CLIENT);
    const back = await parsed.authorize(client);
    await parsed.close();
    expect(back.searchParams.has('code')).toBe(true);
  });
});

describe('the login page', () => {
  it('says that name or password are wrong, keeps the name, and lets nobody on', async () => {
    const failed = await (await open()).submit({ username: '"><b>ada', password: 'wrong' });
    expect(failed.response.status).toBe(403);
    expect(failed.text).toContain(
      'role="alert" id="fault" tabindex="-1" autofocus>Wrong name or password.</p>',
    );
    expect(failed.text).toContain('value="&quot;&gt;&lt;b&gt;ada"');
    expect(failed.text).not.toContain('wrong"');
    expect((await logIn(failed)).text).toContain('<h1>Allow <bdi>Domain Watch</bdi>?</h1>');
  });

  it('escapes what a client calls itself', async () => {
    const { client } = await issuing.server.clients.register({
      ...WEB_CLIENT,
      name: `<img src=x onerror="alert('1')">&`,
    });
    const page = await new Browser().open(issuing.authorizeUrl(client));
    expect(page.text).toContain(
      '<strong>&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;</strong>',
    );
  });

  it.each(['\u202Eelgoog', '\u2066x', 'شركة (1)'])(
    'keeps %j from turning the words around it, as the consent page does',
    async (name) => {
      const { client } = await issuing.server.clients.register({ ...WEB_CLIENT, name });
      const page = await new Browser().open(issuing.authorizeUrl(client));
      const consent = await logIn(page);
      for (const { text } of [page, consent]) {
        expect(text).toContain(`<bdi><strong>${name}</strong></bdi>`);
      }
      expect(consent.text).toContain(`<h1>Allow <bdi>${name}</bdi>?</h1>`);
    },
  );

  it('is separate from the consent page, whatever its form says', async () => {
    const consent = await (
      await open()
    ).submit({ username: 'ada', password: 'lovelace', decision: 'allow' });
    expect(consent.text).toContain('<h1>Allow <bdi>Domain Watch</bdi>?</h1>');
  });

  it('does not give a code to who only logged in', async () => {
    const consent = await logIn(await open());
    const uid = consent.url.pathname.split('/').at(-1);
    const resumed = await consent.browser.open(`${issuing.origin}/oauth/authorize/${uid}`);
    expect([resumed.url.origin, resumed.response.status, resumed.text]).toEqual([
      issuing.origin,
      400,
      expect.stringContaining('This page has expired'),
    ]);
  });

  it('is shown again the next time: only the app knows whether a user is logged in', async () => {
    const browser = new Browser();
    await agree(await logIn(await open(browser)));
    expect((await open(browser)).text).toContain('<h1>Log in</h1>');
  });
});

test.each(['login', 'consent', 'login consent'])(
  'prompt=%s shows the pages as always, and completes',
  async (prompt) => {
    expect((await issuing.authorize(web.client, { prompt })).searchParams.has('code')).toBe(true);
  },
);

it('prompt=none shows no page', async () => {
  const { url } = await new Browser().open(
    issuing.authorizeUrl(web.client, { prompt: 'none', state: 'xyz' }),
  );
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    error: 'login_required',
    state: 'xyz',
    iss: issuing.issuer,
  });
});

it('the consent page shows the client and the scopes that it requests, as declared', async () => {
  const { text } = await logIn(await open());
  expect(text).toContain('You are logged in as <bdi><strong>Ada</strong></bdi>.');
  expect(text).toContain('<bdi><strong>Domain Watch</strong></bdi> requests these permissions:');
  expect(text).toContain('<li>View domains</li>\n<li>Manage domains</li>');
  expect(text).toContain('Then you go back to <strong>app.example</strong>.');
});

describe('functions of one’s own', () => {
  const withFunctions = async (
    options: { readonly login?: Login; readonly consent?: Consent },
    scope?: string,
  ) => {
    const told: unknown[] = [];
    const after: ErrorRequestHandler = (error, _req, res, _next) => {
      told.push(error);
      res.status(500).end();
    };
    const own = await startIssuing({ ...options, after: [after] });
    const { client, secret = '' } = await own.server.clients.register(WEB_CLIENT);
    const page = await new Browser().open(
      own.authorizeUrl(client, scope === undefined ? {} : { scope }),
    );
    const code = page.url.searchParams.get('code') ?? '';
    const { body } = await own.post('/oauth/token', {
      ...{ grant_type: 'authorization_code', code, redirect_uri: CALLBACK },
      ...{ client_id: client.clientId, client_secret: secret },
    });
    const called = body.access_token === undefined ? undefined : await own.call(body.access_token);
    await own.close();
    return { page, body, called, told };
  };

  it('identify the user by a session of the app, and agree for a first-party client', async () => {
    const login: Login = (req) => ({
      subject: `user of ${req.headers['user-agent']}`,
      authTime: 1_000_000,
      acr: 'mfa',
    });
    const { called } = await withFunctions({ login, consent: () => true });
    expect(called?.body).toMatchObject({
      subject: expect.stringMatching(/^user of /),
      claims: { auth_time: 1_000, acr: 'mfa' },
    });
  });

  it('may grant less than was requested, and never more', async () => {
    const consent: Consent = () => ['domains:read', 'billing:read'];
    const { body } = await withFunctions({ login: () => ({ subject: 'acct_42' }), consent });
    expect(body).toMatchObject({ scope: 'domains:read' });
  });

  test.each([[[]], [false], [['billing:read']]])('agree to nothing by %j', async (agreed) => {
    const { page } = await withFunctions({
      login: () => ({ subject: 'acct_42' }),
      consent: () => agreed,
    });
    expect(page.url.searchParams.get('error')).toBe('access_denied');
  });

  it('may send a response, and are called again at the same address', async () => {
    let path = '';
    const login: Login = (req, res, interaction) => {
      if (req.headers.cookie?.includes('session=ada')) {
        return { subject: 'acct_42' };
      }
      path = interaction.path;
      res.writeHead(302, { Location: 'https://login.example/' }).end();
      return undefined;
    };
    const { page } = await withFunctions({ login });
    expect(page.url.href).toBe('https://login.example/');
    expect(path).toMatch(/^\/oauth\/interaction\/[\w-]{43}$/);
  });

  it('that throw are no login', async () => {
    const { page } = await withFunctions({
      login: () => {
        throw new Error('a bug');
      },
    });
    expect([page.response.status, page.url.searchParams.has('code')]).toEqual([500, false]);
  });

  test.each([{}, { subject: '' }, { subject: 7 }, 'acct_42'])(
    'that give %j as a user are no login',
    async (user) => {
      const { page } = await withFunctions({ login: () => user as never, consent: consentPage() });
      expect([page.response.status, page.url.searchParams.has('code')]).toEqual([500, false]);
    },
  );

  test.each(['domains:read domains:write', { a: 1 }, [7], ['domains:read', { a: 1 }], null, 1])(
    'that return %j as the granted scopes grant nothing, and the error is reported',
    async (agreed) => {
      const { page, told } = await withFunctions({
        login: () => ({ subject: 'acct_42' }),
        consent: () => agreed as never,
      });
      expect([page.response.status, page.url.searchParams.has('code')]).toEqual([500, false]);
      expect(told).toEqual([
        new TypeError('authorizationServer(): consent must return true, false or a list of scopes'),
      ]);
    },
  );
});

describe('the fault page', () => {
  test.each([
    [
      'an unknown client',
      { client_id: 'nobody' },
      'The app that sent you here is not known to this site.',
    ],
    [
      'a redirect URI of nobody',
      { redirect_uri: 'https://evil.example/' },
      'named a return address that is not registered for it.',
    ],
  ])('says in a sentence what is wrong: %s', async (_, parameters, sentence) => {
    const { text } = await new Browser().open(issuing.authorizeUrl(web.client, parameters));
    expect(text).toContain(sentence);
    expect(text).not.toMatch(/client is invalid|invalid_client|redirect_uri/);
  });
});
