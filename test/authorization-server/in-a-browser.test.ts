import express from 'express';
import type { RegisteredClient } from 'latchkey/authorization-server';
import type { Browser, Page } from 'playwright-core';

import { startChromium } from '../support/chromium';
import { type Issuing, startIssuing, WEB_CLIENT } from '../support/issuing';
import { listen } from '../support/servers';

jest.setTimeout(120_000);

let browser: Browser;
let issuing: Issuing;
let app: WebApp;

beforeAll(async () => {
  browser = await startChromium();
  issuing = await startIssuing();
  app = await startWebApp();
});
afterAll(async () => {
  await browser?.close();
  await app?.close();
  await issuing?.close();
});

const anyClient = async () => (await issuing.server.clients.register(WEB_CLIENT)).client;

interface WebApp {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/**
 * A client on a host of its own: it sends its user to the server, and shows what the API answered.
 */
async function startWebApp(): Promise<WebApp> {
  const site = express();
  const { port, close } = await listen(site);
  const url = `http://127.0.0.1:${port}`;
  const redirectUri = `${url}/callback`;
  const { client, secret = '' }: RegisteredClient = await issuing.server.clients.register({
    ...WEB_CLIENT,
    redirectUris: [redirectUri],
  });
  site.get('/', (_req, res) => res.redirect(issuing.authorizeUrl(client, { state: 'xyz' })));
  site.get('/callback', async ({ query }, res) => {
    const { code, error, state } = query as Readonly<Record<string, string>>;
    if (code === undefined) {
      return void res.send(`<h1>${error}</h1><p>${state}</p>`);
    }
    const { body } = await issuing.post('/oauth/token', {
      ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri },
      ...{ client_id: client.clientId, client_secret: secret },
    });
    const answer = await issuing.call(body.access_token as string);
    res.send(`<h1>${answer.body.subject}</h1><p>${state}</p>`);
  });
  return { url, close };
}

async function visit(
  javaScriptEnabled: boolean,
  way: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ javaScriptEnabled });
  const complaints: string[] = [];
  try {
    const page = await context.newPage();
    // A policy that is in the way of the page itself shows here.
    page.on(
      'console',
      (message) =>
        message.type() === 'error' &&
        !/40[34]/.test(message.text()) &&
        complaints.push(message.text()),
    );
    await page.goto(app.url);
    await way(page);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

async function logIn(page: Page, password = 'lovelace'): Promise<void> {
  await page.getByLabel('Name').fill('ada');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

describe.each([
  ['with', true],
  ['without', false],
])('a user of Chromium %s JavaScript', (_, javaScriptEnabled) => {
  it('logs in, agrees, and is sent back to a client that can call the API', async () => {
    await visit(javaScriptEnabled, async (page) => {
      expect(new URL(page.url()).origin).toBe(issuing.origin);
      await logIn(page);
      expect(await page.getByRole('heading').textContent()).toBe('Allow Domain Watch?');
      expect(await page.getByRole('listitem').allTextContents()).toEqual([
        'View domains',
        'Manage domains',
      ]);
      await page.getByRole('button', { name: 'Allow' }).click();
      expect(new URL(page.url()).origin).toBe(app.url);
      expect([
        await page.getByRole('heading').textContent(),
        await page.getByRole('paragraph').textContent(),
      ]).toEqual(['acct_42', 'xyz']);
    });
  });

  it('tries again after a wrong password, and is sent back when they deny', async () => {
    await visit(javaScriptEnabled, async (page) => {
      await logIn(page, 'wrong');
      expect(await page.getByRole('alert').textContent()).toBe('Wrong name or password.');
      expect(await page.getByLabel('Name').inputValue()).toBe('ada');
      await logIn(page);
      await page.getByRole('button', { name: 'Deny' }).click();
      expect([
        await page.getByRole('heading').textContent(),
        await page.getByRole('paragraph').textContent(),
      ]).toEqual(['access_denied', 'xyz']);
    });
  });

  it('arrives where the client redirects them, though it is another site', async () => {
    const dashboard = await listen(
      express().use((_req, res) => void res.send('<h1>Dashboard</h1>')),
    );
    const site = express();
    const { port, close } = await listen(site);
    const redirectUri = `http://127.0.0.1:${port}/callback`;
    const { client } = await issuing.server.clients.register({
      ...WEB_CLIENT,
      redirectUris: [redirectUri],
    });
    site.get('/callback', (_req, res) =>
      res.redirect(`http://localhost:${dashboard.port}/dashboard`),
    );
    for (const end of ['Allow', 'Deny', 'Cancel']) {
      await visit(javaScriptEnabled, async (page) => {
        await page.goto(issuing.authorizeUrl(client));
        if (end !== 'Cancel') {
          await logIn(page);
        }
        await page.getByRole('button', { name: end }).click();
        await page.waitForURL('**/dashboard');
      });
    }
    await close();
    await dashboard.close();
  });

  it.each(['Allow', 'Deny', 'Cancel'])(
    'reaches a client that redirects them over another site to an app, after %s',
    async (end) => {
      const reached: string[] = [];
      const hop = await listen(
        express().use((req, res) => {
          reached.push(req.path);
          res.redirect('cursor://acme.app/done');
        }),
      );
      const site = express();
      const { port, close } = await listen(site);
      site.get('/callback', (req, res) => {
        reached.push(req.path);
        res.redirect(`http://localhost:${hop.port}/hop`);
      });
      const { client } = await issuing.server.clients.register({
        ...WEB_CLIENT,
        redirectUris: [`http://127.0.0.1:${port}/callback`],
      });
      await visit(javaScriptEnabled, async (page) => {
        await page.goto(issuing.authorizeUrl(client));
        if (end !== 'Cancel') {
          await logIn(page);
        }
        const arrived = page.waitForRequest(/\/hop$/);
        await page.getByRole('button', { name: end }).click();
        await arrived;
      });
      expect(reached).toEqual(['/callback', '/hop']);
      await close();
      await hop.close();
    },
  );

  it('is sent back without a page by prompt=none', async () => {
    await visit(javaScriptEnabled, async (page) => {
      const { client } = await issuing.server.clients.register({
        ...WEB_CLIENT,
        redirectUris: [`${app.url}/callback`],
      });
      await page.goto(issuing.authorizeUrl(client, { prompt: 'none', state: 'xyz' }));
      expect(await page.getByRole('heading').textContent()).toBe('login_required');
    });
  });

  it('learns from the title that the password is wrong', async () => {
    await visit(javaScriptEnabled, async (page) => {
      expect(await page.title()).toBe('Log in');
      await logIn(page, 'wrong');
      expect(await page.title()).toBe('Wrong name or password: Log in');
    });
  });

  it('gives up without a name and a password', async () => {
    await visit(javaScriptEnabled, async (page) => {
      await page.getByRole('button', { name: 'Cancel' }).click();
      expect(await page.getByRole('heading').textContent()).toBe('access_denied');
    });
  });
});

it('fits a screen of 320 pixels with a name that has no space, on each page', async () => {
  const { client } = await issuing.server.clients.register({
    ...WEB_CLIENT,
    name: 'Unbreakable'.repeat(18),
  });
  await visit(true, async (page) => {
    await page.setViewportSize({ width: 320, height: 640 });
    const width = () => page.evaluate('document.documentElement.scrollWidth');
    await page.goto(issuing.authorizeUrl(client));
    expect(await width()).toBe(320);
    await logIn(page);
    expect(await width()).toBe(320);
  });
});

it('has dark colours where the user prefers them', async () => {
  const context = await browser.newContext({ colorScheme: 'dark' });
  const page = await context.newPage();
  await page.goto(issuing.authorizeUrl(await anyClient()));
  const [text, back] = await page.evaluate<[number, number]>(
    "['color', 'backgroundColor'].map((name) => getComputedStyle(document.body)[name].match(/\\d+/g).reduce((sum, one) => sum + Number(one), 0))",
  );
  expect(text).toBeGreaterThan(back);
  await context.close();
});

it('is shown with its own style, by the keyboard alone too', async () => {
  await visit(true, async (page) => {
    expect(
      await page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth"),
    ).not.toBe('none');
    await page.keyboard.press('Tab');
    await page.keyboard.type('ada');
    await page.keyboard.press('Tab');
    await page.keyboard.type('lovelace');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Allow' }).press('Enter');
    await page.waitForURL(`${app.url}/callback?**`);
    expect(await page.getByRole('heading').textContent()).toBe('acct_42');
  });
});
