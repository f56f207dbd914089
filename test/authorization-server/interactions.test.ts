import type { AuthorizationRequest, Login, RegisteredClient } from 'latchkey/authorization-server';

import { Browser, type Page } from '../support/browser';
import { agree, CALLBACK, type Issuing, logIn, startIssuing, WEB_CLIENT } from '../support/issuing';

let issuing: Issuing;
let web: RegisteredClient;
beforeAll(async () => {
  issuing = await startIssuing();
  web = await issuing.server.clients.register(WEB_CLIENT);
});
afterAll(() => issuing.close());

const open = (
  browser = new Browser(),
  parameters: Readonly<Record<string, string>> = { state: 'xyz' },
) => browser.open(issuing.authorizeUrl(web.client, parameters));
const publicId = ({ url }: Page) => url.pathname.split('/').at(-1) as string;
const csrfToken = ({ text }: Page) => /name="csrf_token" value="([\w-]+)"/.exec(text)?.[1] ?? '';
const COOKIES = ['latchkey_interaction', 'latchkey_resume', 'latchkey_session'];

/** Sends a request with the same value for every cookie of the server. */
const asBrowser = async (url: string, value: string, form?: Readonly<Record<string, string>>) => {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { cookie: COOKIES.map((name) => `${name}=${value}`).join('; ') },
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
  });
  return {
    status: response.status,
    location: response.headers.get('location') ?? '',
    text: await response.text(),
  };
};

describe('a login in progress belongs to one browser', () => {
  it('sets no cookie whose value is in a URL, before and after the login', async () => {
    const browser = new Browser();
    const consent = await logIn(await open(browser));
    expect(browser.cookieValues().length).toBeGreaterThanOrEqual(4);
    for (const value of browser.cookieValues()) {
      expect(value).not.toBe(publicId(consent));
    }
    expect(publicId(consent)).toMatch(/^[\w-]{43}$/);
  });

  test.each<[string, (consent: Page) => string]>([
    ['the ID in the URL', publicId],
    ['the ID in the URL and a secret', (consent) => `${publicId(consent)}.${'A'.repeat(43)}`],
    ['the ID in the URL and nothing', (consent) => `${publicId(consent)}.`],
    ['the whole URL', (consent) => encodeURIComponent(consent.url.href)],
  ])('refuses a cookie made of %s, on every page', async (_, forge) => {
    const consent = await logIn(await open());
    const forged = forge(consent);
    const resume = `${issuing.origin}/oauth/authorize/${publicId(consent)}`;
    const answers = [
      await asBrowser(consent.url.href, forged),
      await asBrowser(consent.url.href, forged, {
        decision: 'allow',
        csrf_token: csrfToken(consent),
      }),
      await asBrowser(resume, forged),
    ];
    for (const { status, text } of answers) {
      expect([status, text.includes('Ada')]).toEqual([400, false]);
    }
    expect((await agree(consent)).url.searchParams.has('code')).toBe(true);
  });

  it('gives the login to the browser that logged in, and not to one that knew the cookie before', async () => {
    const browser = new Browser();
    const login = await open(browser);
    const [planted = ''] = browser.cookieValues();
    const consent = await logIn(login);
    const seen = await asBrowser(consent.url.href, planted);
    expect([seen.status, seen.text.includes('Ada'), seen.text.includes('Log in')]).toEqual([
      200,
      false,
      true,
    ]);
    for (const token of [csrfToken(login), csrfToken(consent)]) {
      const answer = await asBrowser(consent.url.href, planted, {
        decision: 'allow',
        csrf_token: token,
      });
      expect([answer.status, answer.location]).toEqual([expect.any(Number), '']);
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
    expect((await agree(consent)).url.searchParams.has('code')).toBe(true);
  });

  it('lets nobody else continue after the user agreed, by the cookie from before the login', async () => {
    const browser = new Browser();
    const login = await open(browser);
    const [planted = ''] = browser.cookieValues();
    const consent = await logIn(login);
    const resume = `${issuing.origin}/oauth/authorize/${publicId(consent)}`;
    // The user agrees, and the thief is faster than the redirect.
    const cookie = `latchkey_interaction=${browser.cookieValues().at(-2)}`;
    const body = new URLSearchParams({ decision: 'allow', csrf_token: csrfToken(consent) });
    const agreed = await fetch(consent.url, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie },
      body,
    });
    expect([agreed.status, agreed.headers.get('location')]).toEqual([
      303,
      new URL(resume).pathname,
    ]);
    const stolen = await asBrowser(resume, planted);
    expect(stolen.location).not.toContain('code=');
    const own = await consent.browser.open(resume);
    expect(own.url.searchParams.has('code')).toBe(true);
  });

  it('holds for a login of the app, which returns the user at once', async () => {
    const login: Login = () => ({ subject: 'acct_42', name: 'Ada' });
    const own = await startIssuing({ login });
    const { client } = await own.server.clients.register(WEB_CLIENT);
    const browser = new Browser();
    const first = await fetch(own.authorizeUrl(client), { redirect: 'manual' });
    const [planted = ''] = first.headers
      .getSetCookie()
      .flatMap((line) => /^latchkey_interaction=([^;]+)/.exec(line)?.[1] ?? []);
    const consent = await browser.open(own.authorizeUrl(client));
    expect(consent.text).toContain('You are logged in as');
    expect((await asBrowser(consent.url.href, planted)).status).toBe(400);
    expect((await agree(consent)).url.searchParams.has('code')).toBe(true);
    await own.close();
  });

  it('leads a user who sends the login form twice to the consent page', async () => {
    const browser = new Browser();
    const login = await open(browser);
    await logIn(login);
    const again = await logIn(login);
    expect([again.response.status, again.text.includes('Allow <bdi>Domain Watch</bdi>?')]).toEqual([
      200,
      true,
    ]);
    expect((await agree(again)).url.searchParams.has('code')).toBe(true);
  });

  it('does not agree by a login form that is sent again with a decision', async () => {
    const login = await open();
    await logIn(login);
    const again = await login.submit({ decision: 'allow' });
    expect([
      again.url.searchParams.has('code'),
      again.text.includes('Allow <bdi>Domain Watch</bdi>?'),
    ]).toEqual([false, true]);
  });

  it('refuses a form of another site, and one with the token of another login', async () => {
    const consent = await logIn(await open());
    const other = await logIn(await open());
    const send = (headers: Readonly<Record<string, string>>, token: string) =>
      consent.browser.open(consent.url.href, {
        method: 'POST',
        headers,
        body: new URLSearchParams({ decision: 'allow', csrf_token: token }),
      });
    const refused = [
      await send({ 'sec-fetch-site': 'cross-site' }, csrfToken(consent)),
      await send({ origin: 'https://evil.example' }, csrfToken(consent)),
      await send({}, csrfToken(other)),
    ];
    for (const { response } of refused) {
      expect(response.status).toBe(400);
    }
    expect((await send({}, csrfToken(consent))).url.searchParams.has('code')).toBe(true);
  });

  it('keeps cookies from scripts and from requests of other sites', async () => {
    const response = await fetch(issuing.authorizeUrl(web.client), { redirect: 'manual' });
    expect(response.headers.getSetCookie()).toHaveLength(2);
    for (const line of response.headers.getSetCookie()) {
      expect(line).toMatch(/; path=\/oauth\/\w+\/[\w-]{43}; .*samesite=lax; httponly/i);
    }
  });

  it('sends cookies over TLS alone where the issuer has TLS, after the login too', async () => {
    const secure = await startIssuing({
      issuerOrigin: 'https://login.example',
      login: () => ({ subject: 'acct_42' }),
    });
    const { client } = await secure.server.clients.register(WEB_CLIENT);
    const started = await fetch(secure.authorizeUrl(client), { redirect: 'manual' });
    const cookie = started.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const consent = await fetch(`${secure.origin}${started.headers.get('location')}`, {
      headers: { cookie },
    });
    const lines = [...started.headers.getSetCookie(), ...consent.headers.getSetCookie()];
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      expect(line).toMatch(/; secure/i);
    }
    await secure.close();
  });

  it('expires after ten minutes', async () => {
    const login = await open();
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 601_000);
    const late = await logIn(login);
    now.mockRestore();
    expect([late.response.status, late.text]).toEqual([
      400,
      expect.stringContaining('This page has expired'),
    ]);
  });
});

describe('what the client requested', () => {
  /** The requests that a login was given, and where its user ends. */
  async function ask(
    parameters: Readonly<Record<string, string>>,
    login: Login = () => ({ subject: 'acct_42' }),
  ) {
    const requests: AuthorizationRequest[] = [];
    const own = await startIssuing({
      login: (req, res, interaction) => (
        requests.push(interaction.request),
        login(req, res, interaction)
      ),
      consent: (_req, _res, interaction) => (requests.push(interaction.request), true),
    });
    const { client, secret = '' } = await own.server.clients.register(WEB_CLIENT);
    const { url } = await new Browser().open(own.authorizeUrl(client, parameters));
    const code = url.searchParams.get('code');
    const { body } = await own.post('/oauth/token', {
      ...{ grant_type: 'authorization_code', code: code ?? '', redirect_uri: CALLBACK },
      ...{ client_id: client.clientId, client_secret: secret },
    });
    const called = code === null ? undefined : (await own.call(body.access_token)).body;
    await own.close();
    return { requests, error: url.searchParams.get('error'), called, issuer: own.issuer };
  }

  it('reaches login and consent as interaction.request', async () => {
    const parameters = {
      prompt: 'login consent',
      login_hint: 'ada@x.example',
      ui_locales: 'de-CH de',
      acr_values: 'mfa pwd',
      max_age: '300',
    };
    const { requests, issuer } = await ask({ ...parameters, state: 'xyz' }, () => ({
      subject: 'acct_42',
      acr: 'pwd',
    }));
    expect(requests).toHaveLength(2);
    for (const request of requests) {
      expect(request).toEqual({
        prompt: ['login', 'consent'],
        loginHint: 'ada@x.example',
        uiLocales: ['de-CH', 'de'],
        acrValues: ['mfa', 'pwd'],
        maxAgeMs: 300_000,
        resource: [issuer],
        state: 'xyz',
      });
    }
  });

  it('is empty if it requested nothing', async () => {
    const { requests, issuer } = await ask({});
    expect(requests[0]).toEqual({ prompt: [], acrValues: [], uiLocales: [], resource: [issuer] });
  });

  test.each(['select_account', 'login select_account', 'select_account consent'])(
    'passes prompt=%s to login and consent',
    async (prompt) => {
      const { requests, error } = await ask({ prompt });
      expect([requests.map((request) => request.prompt), error]).toEqual([
        [prompt.split(' '), prompt.split(' ')],
        null,
      ]);
    },
  );

  it('is known as the max_age 0, which requires a new login', async () => {
    const { requests, error } = await ask({ max_age: '0' });
    expect([requests[0]?.maxAgeMs, error]).toEqual([0, null]);
  });

  const HOUR_AGO = () => Date.now() - 3_600_000;
  test.each<[string, Record<string, string>, Login, string | null]>([
    [
      'acr_values that the login has',
      { acr_values: 'pwd mfa' },
      () => ({ subject: 'a', acr: 'mfa' }),
      null,
    ],
    [
      'acr_values of another login',
      { acr_values: 'mfa' },
      () => ({ subject: 'a', acr: 'pwd' }),
      'unmet_authentication_requirements',
    ],
    [
      'acr_values of a login without acr',
      { acr_values: 'mfa' },
      () => ({ subject: 'a' }),
      'unmet_authentication_requirements',
    ],
    ['max_age of a new login', { max_age: '60' }, () => ({ subject: 'a' }), null],
    [
      'max_age of an older login that is new enough',
      { max_age: '7200' },
      () => ({ subject: 'a', authTime: HOUR_AGO() }),
      null,
    ],
    [
      'max_age of a login that is too old',
      { max_age: '60' },
      () => ({ subject: 'a', authTime: HOUR_AGO() }),
      'unmet_authentication_requirements',
    ],
    [
      'max_age 0 of an old login',
      { max_age: '0' },
      () => ({ subject: 'a', authTime: HOUR_AGO() }),
      'unmet_authentication_requirements',
    ],
    [
      'prompt=login of an old login',
      { prompt: 'login' },
      () => ({ subject: 'a', authTime: HOUR_AGO() }),
      'login_required',
    ],
    [
      'prompt=login of a new login',
      { prompt: 'login' },
      () => ({ subject: 'a', authTime: Date.now() }),
      null,
    ],
    ['nothing of an old login', {}, () => ({ subject: 'a', authTime: HOUR_AGO() }), null],
  ])(
    'is met, or the client is notified that it is not: %s',
    async (_, parameters, login, expected) => {
      expect((await ask(parameters, login)).error).toBe(expected);
    },
  );

  it('is in the token, so that a guard that requires it accepts the token', async () => {
    const { called } = await ask({ acr_values: 'mfa', max_age: '60' }, () => ({
      subject: 'acct_42',
      acr: 'mfa',
    }));
    expect(called).toMatchObject({ claims: { acr: 'mfa', auth_time: expect.any(Number) } });
  });

  it('fills in the name on the login page, escaped', async () => {
    const { text } = await open(new Browser(), { login_hint: '"><b>ada' });
    expect(text).toContain('name="username" value="&quot;&gt;&lt;b&gt;ada"');
  });
});
