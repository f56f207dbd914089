import express from 'express';
import type { Login } from 'latchkey/authorization-server';
import type { Browser, Page } from 'playwright-core';

import { startChromium } from '../support/chromium';
import { type Device, startDevice } from '../support/devices';
import { type Issuing, startIssuing } from '../support/issuing';
import { listen } from '../support/servers';

jest.setTimeout(120_000);

let browser: Browser;
let issuing: Issuing;
beforeAll(async () => {
  browser = await startChromium();
  issuing = await startIssuing({ deviceFlow: true });
});
const open: { readonly close: () => Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ close }) => close()));
});
afterAll(async () => {
  await browser?.close();
  await issuing?.close();
});

async function visit(
  javaScriptEnabled: boolean,
  way: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    javaScriptEnabled,
    viewport: { width: 320, height: 640 },
  });
  const complaints: string[] = [];
  try {
    const page = await context.newPage();
    page.on(
      'console',
      (message) =>
        message.type() === 'error' &&
        !/40[04]/.test(message.text()) &&
        complaints.push(message.text()),
    );
    await way(page);
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

const heading = (page: Page) => page.getByRole('heading').textContent();
const press = (page: Page, name: string) => page.getByRole('button', { name }).click();
const enter = async (page: Page, code: string) => {
  await page.getByLabel('Code').fill(code);
  await press(page, 'Continue');
};
async function logIn(page: Page): Promise<void> {
  await page.getByLabel('Name').fill('ada');
  await page.getByLabel('Password').fill('lovelace');
  await press(page, 'Log in');
}
const codeOf = ({ body }: Device) => body.user_code as string;

describe.each([
  ['with', true],
  ['without', false],
])('a user of Chromium %s JavaScript', (_, javaScriptEnabled) => {
  it('connects a device after a typing error', async () => {
    const device = await startDevice(issuing);
    await visit(javaScriptEnabled, async (page) => {
      await page.goto(device.body.verification_uri as string);
      await enter(page, 'BBBB-BBBB');
      expect(await page.getByRole('alert').textContent()).toBe(
        'This code is not correct. Check it and try again.',
      );
      expect(await page.getByLabel('Code').inputValue()).toBe('BBBB-BBBB');
      await enter(page, codeOf(device).toLowerCase());
      expect(await heading(page)).toBe('Does your device show this code?');
      expect(await page.getByText(codeOf(device)).isVisible()).toBe(true);
      await press(page, 'Continue');
      await logIn(page);
      expect(await heading(page)).toBe('Allow Living Room TV?');
      await press(page, 'Allow');
      expect(await heading(page)).toBe('Your device is connected');
      await page.reload();
      expect(await heading(page)).toBe('Your device is connected');
    });
    expect((await device.poll()).status).toBe(200);
  });

  it('connects a device by the link in its QR code', async () => {
    const device = await startDevice(issuing);
    await visit(javaScriptEnabled, async (page) => {
      await page.goto(device.body.verification_uri_complete as string);
      expect(await page.getByText(codeOf(device)).isVisible()).toBe(true);
      await press(page, 'Continue');
      await logIn(page);
      await press(page, 'Allow');
      expect(await heading(page)).toBe('Your device is connected');
    });
    expect((await device.poll()).status).toBe(200);
  });

  it('cancels when their device shows another code', async () => {
    const device = await startDevice(issuing);
    await visit(javaScriptEnabled, async (page) => {
      await page.goto(device.body.verification_uri_complete as string);
      await press(page, 'Cancel');
      expect(await heading(page)).toBe('Your device was not connected');
      await page.goBack();
      await press(page, 'Continue');
      expect(await page.getByRole('alert').textContent()).toBe(
        'This code was already used. Get a new one on your device.',
      );
    });
    expect((await device.poll()).body.error).toBe('access_denied');
  });

  it('logs in on another site of the app, and comes back', async () => {
    const site = express();
    const { port, close } = await listen(site);
    open.push({ close });
    const login: Login = (req, res, { path }) => {
      if (req.headers.cookie?.includes('user=acct_42')) {
        return { subject: 'acct_42', name: 'Ada' };
      }
      const then = encodeURIComponent(`http://${req.headers.host}${path}`);
      res.writeHead(303, { Location: `http://localhost:${port}/login?then=${then}` }).end();
      return undefined;
    };
    const own = await startIssuing({ deviceFlow: true, login });
    open.push(own);
    site.get('/login', (req, res) => {
      const { then } = req.query as { readonly then: string };
      res.send(`<h1>Company login</h1><a href="${then}">Go on</a>`);
    });
    const device = await startDevice(own);
    await visit(javaScriptEnabled, async (page) => {
      await page.goto(device.body.verification_uri_complete as string);
      await press(page, 'Continue');
      expect(await heading(page)).toBe('Company login');
      await page.context().addCookies([{ name: 'user', value: 'acct_42', url: own.origin }]);
      await page.getByRole('link').click();
      await press(page, 'Allow');
      expect(await heading(page)).toBe('Your device is connected');
    });
    expect((await device.poll()).status).toBe(200);
  });
});

it('has the focus on the error, and goes on by the keyboard alone', async () => {
  const device = await startDevice(issuing);
  await visit(true, async (page) => {
    await page.goto(`${issuing.origin}/oauth/device`);
    await page.keyboard.press('Tab');
    await page.keyboard.type('BBBB-BBBB');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=alert]');
    expect(await page.locator(':focus').textContent()).toContain('This code is not correct.');
    expect(await page.title()).toBe('Error: Connect a device');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Control+A');
    await page.keyboard.type(codeOf(device));
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Continue' }).press('Enter');
    await page.waitForURL('**/oauth/interaction/**');
    expect(await heading(page)).toBe('Log in');
  });
});
