import type { Browser } from 'playwright-core';

import { assertBuilt } from '../support/built';
import { startChromium } from '../support/chromium';
import { commandOf, type Example, startExample } from '../support/examples';
import { validateOpenApi } from '../support/validate-openapi';

jest.setTimeout(60_000);

let example: Example;
let browser: Browser;

beforeAll(async () => {
  assertBuilt();
  browser = await startChromium();
  example = await startExample(commandOf('openapi'));
});
afterAll(async () => {
  await browser?.close();
  await example?.stop();
});

test('the document is valid, and has the security of the guards', async () => {
  const { body } = await example.ask('/openapi.json');
  expect(validateOpenApi(body as object)).toMatchObject({ valid: true });
  expect(body).toMatchObject({
    paths: {
      '/v1/domains': {
        get: { security: [{ bearer: ['domains:read'] }, { 'api-key-header': ['domains:read'] }] },
      },
    },
  });
});

test('swagger-ui shows the operations, and sends the key that a user enters', async () => {
  const page = await browser.newPage();
  page.setDefaultTimeout(10_000);
  const secret = /Bearer (acme_live_\w+)/.exec(example.printed)?.[1] as string;
  await page.goto(`${example.fact('url')}/docs`);
  await page.getByRole('button', { name: 'Authorize' }).first().click();
  const form = page.locator('.auth-container', { hasText: 'bearer' }).first();
  await form.getByRole('textbox').fill(secret);
  await form.getByRole('textbox').press('Enter');
  await page.locator('.btn-done').first().click();
  const operation = page.locator('.opblock-get');
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: /try it out/i }).click();
  await operation.getByRole('button', { name: /execute/i }).click();
  await operation.locator('.live-responses-table', { hasText: 'acct_42' }).first().waitFor();
  await page.close();
});
