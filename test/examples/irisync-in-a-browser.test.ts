import type { Browser } from 'playwright-core';

import { assertBuilt } from '../support/built';
import { startChromium } from '../support/chromium';
import { bearing, commandOf, type Example, startExample } from '../support/examples';

jest.setTimeout(120_000);

let irisync: Example;
let browser: Browser;
beforeAll(async () => {
  assertBuilt();
  browser = await startChromium();
  irisync = await startExample(commandOf('irisync'));
});
afterAll(async () => {
  await browser?.close();
  await irisync?.stop();
});

it('a user logs in, creates a key, and the API accepts it', async () => {
  const page = await browser.newPage();
  await page.goto(`${irisync.fact('url')}/settings/keys`);
  await page.getByLabel('Name').fill(irisync.fact('user'));
  await page.getByLabel('Password').fill(irisync.fact('password'));
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('link', { name: 'Create New API Key' }).click();
  await page.getByLabel('Name').fill('Laptop');
  await page.getByLabel('Environment').selectOption('development');
  await page.getByLabel('Read-only access to user data').check();
  await page.getByRole('button', { name: 'Create New API Key' }).click();
  const secret = await page.getByLabel('Key', { exact: true }).inputValue();
  expect(secret).toMatch(/^iri_development_/);
  const me = await irisync.ask('/api/users/me', { headers: bearing(secret) });
  expect(me).toMatchObject({ status: 200, body: { id: 'acct_42' } });
  await page.goto(`${irisync.fact('url')}/settings/keys`);
  const keys = await page.getByRole('main').innerText();
  expect(keys).toContain('Laptop');
  expect(keys).not.toContain(secret);
});
