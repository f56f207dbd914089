import { source as axe } from 'axe-core';
import type { Browser, Page } from 'playwright-core';

import { insertGrant } from '../../src/authorization-server/grant-records';
import { startChromium } from '../support/chromium';
import { type ManagedPages, startPages } from '../support/managed-pages';

jest.setTimeout(300_000);

const LONG_NAME = 'Unbreakable'.repeat(19).slice(0, 200);
const SCREENSHOTS = process.env.LATCHKEY_SCREENSHOTS;
const REDIRECT_URIS = ['https://app.example/callback'];

let site: ManagedPages;
let browser: Browser;
let paths: Readonly<Record<string, string>>;
beforeAll(async () => {
  browser = await startChromium();
  site = await startPages({ pages: { name: 'Acme' } });
  paths = await fill();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

/** Creates 200 keys, one of them with a name of 200 characters, and an app. */
async function fill(): Promise<Readonly<Record<string, string>>> {
  const { keys, oauth } = site;
  const owner = { subject: 'acct_1', scopes: ['domains:read', 'billing:read'] };
  const long = await keys.issue({ ...owner, name: LONG_NAME });
  const soon = { ...owner, name: 'Nightly backup', expiresAt: Date.now() + 5 * 86_400_000 };
  const { record, secret } = await keys.issue(soon);
  const paused = await keys.issue({ ...owner, name: 'Staging' });
  await keys.disable(paused.record.id);
  await Promise.all(
    Array.from({ length: 197 }, (_, index) => keys.issue({ ...owner, name: `Server ${index}` })),
  );
  for (let count = 0; count < 5; count++) {
    await fetch(`${site.origin}/v1/me`, { headers: { Authorization: `Bearer ${secret}` } });
  }
  await keys.flush?.();
  const app = { name: LONG_NAME, scopes: ['domains:read'], redirectUris: REDIRECT_URIS };
  const { client } = await oauth.clients.register({ ...app, owner: 'acct_1' });
  for (const [id, clientId] of Object.entries({ named: client.clientId, unknown: 'removed' })) {
    const resources = { 'https://acme.example': 'domains:read billing:read' };
    const grant = { accountId: 'acct_1', clientId, resources };
    await insertGrant(site.store, `grant_${id}`, grant, Date.now() + 86_400_000);
  }
  const key = `/keys/${record.id}`;
  return {
    list: '/keys',
    search: '/keys?name=nothing',
    'new key': '/keys/new',
    key,
    'long key': `/keys/${long.record.id}`,
    rotate: `${key}/rotate`,
    revoke: `/keys/${long.record.id}/revoke`,
    disabled: `/keys/${paused.record.id}`,
    apps: '/apps',
    'new app': '/apps/new',
    app: `/apps/${client.clientId}`,
    'rotate app': `/apps/${client.clientId}/rotate`,
    delete: `/apps/${client.clientId}/delete`,
    connected: '/connected',
    disconnect: '/connected/grant_named/revoke',
    'not found': '/keys/unknown',
  };
}

interface Visitor {
  readonly width?: number;
  readonly colorScheme?: 'dark' | 'light';
  readonly javaScriptEnabled?: boolean;
  readonly locale?: string;
}

async function visit(
  { width = 900, locale = 'en', ...options }: Visitor,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const viewport = { width, height: 900 };
  const context = await browser.newContext({ ...options, locale, viewport });
  try {
    await use(await context.newPage());
  } finally {
    await context.close();
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS !== undefined) {
    await page.screenshot({ path: `${SCREENSHOTS}/${name.replaceAll(' ', '-')}.png` });
  }
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate<readonly Violation[]>(
    'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)',
  );
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

const createKey = async (page: Page, name: string): Promise<void> => {
  await page.goto(`${site.url}/keys/new`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('View domains').check();
  await page.getByRole('button', { name: 'Create a key' }).click();
};

describe.each([
  { width: 900, colorScheme: 'light' },
  { width: 900, colorScheme: 'dark' },
  { width: 320, colorScheme: 'light' },
] as const)('at $width pixels in $colorScheme colours', (visitor) => {
  it('axe-core finds no violation, and every page fits the width', async () => {
    await visit(visitor, async (page) => {
      const check = async (name: string) => {
        await shoot(page, `${name}-${visitor.width}-${visitor.colorScheme}`);
        expect([name, await violations(page)]).toEqual([name, []]);
        const width = await page.evaluate('document.documentElement.scrollWidth');
        expect([name, width]).toEqual([name, visitor.width]);
      };
      for (const [name, path] of Object.entries(paths)) {
        await page.goto(`${site.url}${path}`);
        await check(name);
      }
      await createKey(page, `Created at ${visitor.width} in ${visitor.colorScheme}`);
      await check('secret');
      await createKey(page, ' ');
      await check('invalid');
      site.outage.isOn = true;
      await page.goto(`${site.url}/keys`);
      site.outage.isOn = false;
      await check('outage');
    });
  });
});

// axe-core is a script itself, so the pages' own scripts are removed instead.
it('axe-core finds no violation in pages without their scripts', async () => {
  await visit({}, async (page) => {
    await page.route('**', async (route) => {
      const response = await route.fetch({ maxRedirects: 0 });
      const body = (await response.text()).replace(/<script>.*?<\/script>/s, '');
      await route.fulfill({ response, body });
    });
    for (const [name, path] of Object.entries(paths)) {
      await page.goto(`${site.url}${path}`);
      expect([name, await violations(page)]).toEqual([name, []]);
    }
    await createKey(page, 'Checked alone');
    expect(await page.locator('script').count()).toBe(0);
    expect(await violations(page)).toEqual([]);
  });
});

it.each(['de', 'fr', 'es', 'pt', 'ja'])('fits 320 pixels in %s', async (locale) => {
  await visit({ width: 320, locale }, async (page) => {
    for (const [name, path] of Object.entries(paths)) {
      await page.goto(`${site.url}${path}`);
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect([name, width]).toEqual([name, 320]);
      expect(await page.locator('html').getAttribute('lang')).toBe(locale);
    }
    await shoot(page, `${locale}-320`);
  });
});

it('keeps the button next to a long name on one line', async () => {
  await visit({ width: 320 }, async (page) => {
    await page.goto(`${site.url}/connected`);
    const buttons = await page.getByText('Disconnect', { exact: true }).all();
    const heights = await Promise.all(
      buttons.map(async (one) => (await one.boundingBox())?.height),
    );
    expect(heights).toEqual([heights[0], heights[0]]);
    await shoot(page, 'connected-320-light');
  });
});

it('copies the secret with JavaScript, and its policy blocks nothing of the page', async () => {
  await visit({}, async (page) => {
    const complaints: string[] = [];
    page.on('console', (line) => complaints.push(line.text()));
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await createKey(page, 'Copied');
    const secret = await page.getByLabel('Key', { exact: true }).inputValue();
    await page.getByRole('button', { name: 'Copy: Key' }).click();
    await page.getByText('Copied', { exact: true }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(secret);
    expect(complaints).toEqual([]);
  });
});

it('creates a key without JavaScript, with a field to select and no dead button', async () => {
  await visit({ javaScriptEnabled: false }, async (page) => {
    await createKey(page, 'Without script');
    expect(await page.getByLabel('Key', { exact: true }).inputValue()).toMatch(/^acme_live_/);
    expect(await page.getByRole('button', { name: 'Copy: Key' }).isVisible()).toBe(false);
    await page.reload();
    expect(await page.textContent('main')).toContain('This form was already sent');
    const named = await site.keys.list({ subject: 'acct_1', name: 'Without script' });
    expect(named).toHaveLength(1);
  });
});

/** Presses Tab until an element with this text or label has the focus. */
async function tabTo(page: Page, label: string): Promise<void> {
  const read =
    '(({ textContent, labels, innerText }) => `${innerText || textContent} ${[...(labels ?? [])].map((l) => l.textContent)}`)(document.activeElement)';
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    if (
      String(await page.evaluate(read))
        .trim()
        .startsWith(label)
    ) {
      return;
    }
  }
  throw new Error(`No Tab reached ${label}`);
}

it('creates and revokes a key with the keyboard alone', async () => {
  await visit({ javaScriptEnabled: true }, async (page) => {
    await page.goto(`${site.url}/keys`);
    await tabTo(page, 'Create a key');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/keys/new');
    await tabTo(page, 'Name');
    await page.keyboard.type('By keyboard');
    await tabTo(page, 'View domains');
    await page.keyboard.press('Space');
    await tabTo(page, 'Create a key');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Your new key' }).waitFor();
    await tabTo(page, 'I have saved it');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'By keyboard' }).waitFor();
    await tabTo(page, 'Revoke');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/revoke');
    await tabTo(page, 'Revoke');
    await page.keyboard.press('Enter');
    await page.waitForURL('**?done');
    const [key] = await site.keys.list({ subject: 'acct_1', name: 'By keyboard' });
    expect(key?.revokedAt).not.toBeNull();
  });
});
