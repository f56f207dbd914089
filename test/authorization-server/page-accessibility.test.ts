import { source as axe } from 'axe-core';
import type { Browser, Page } from 'playwright-core';

import { startChromium } from '../support/chromium';
import { type ServedPages, servePages, SERVER_PAGES } from '../support/server-pages';

jest.setTimeout(180_000);

const LANGUAGES = ['en', 'de', 'fr', 'es', 'pt', 'ja'];
const PAGES = Object.keys(SERVER_PAGES);
const LONG_NAME = 'Unbreakable'.repeat(19).slice(0, 200);

let browser: Browser;
let plain: ServedPages;
let branded: ServedPages;
beforeAll(async () => {
  browser = await startChromium();
  plain = await servePages();
  branded = await servePages({
    name: 'Acme',
    logoUrl: '/logo.svg',
    colors: { accent: 'gold', background: '#fdf6e3', dark: { background: '#002b36' } },
  });
});
afterAll(async () => {
  await browser?.close();
  await plain?.close();
  await branded?.close();
});

async function visit(width: number, use: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ viewport: { width, height: 800 } });
  try {
    await use(await context.newPage());
  } finally {
    await context.close();
  }
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Violations of all rules in light colours, and of those about colours in dark ones. */
async function violations(page: Page): Promise<readonly string[]> {
  const run = async (options: string) => {
    const found = await page.evaluate<readonly Violation[]>(
      `axe.run(document, ${options}).then(({ violations }) => violations)`,
    );
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  };
  await page.emulateMedia({ colorScheme: 'light' });
  await page.evaluate(axe);
  const light = await run('{ resultTypes: ["violations"] }');
  await page.emulateMedia({ colorScheme: 'dark' });
  return [...light, ...(await run('{ runOnly: ["color-contrast"] }'))];
}

it.each(LANGUAGES)('axe-core finds no violation on any page in %s', async (language) => {
  await visit(800, async (page) => {
    for (const name of PAGES) {
      await page.goto(plain.url(name, language));
      expect([name, await violations(page)]).toEqual([name, []]);
      expect(await page.locator('html').getAttribute('lang')).toBe(language);
    }
  });
});

it('axe-core finds no violation with a logo and an accent of low contrast', async () => {
  await visit(800, async (page) => {
    for (const name of PAGES) {
      await page.goto(branded.url(name));
      expect([name, await violations(page)]).toEqual([name, []]);
    }
  });
});

it.each(LANGUAGES)('fits 320 pixels with a name of 200 characters in %s', async (language) => {
  await visit(320, async (page) => {
    for (const name of PAGES) {
      await page.goto(branded.url(name, language, LONG_NAME));
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect([name, width]).toEqual([name, 320]);
    }
  });
});

it('loads the logo of the site and nothing else, and its policy blocks nothing of the page', async () => {
  await visit(800, async (page) => {
    const requested: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requested.push(new URL(request.url()).pathname));
    page.on('console', (line) => complaints.push(line.text()));
    await page.goto(branded.url('login'));
    expect(requested.filter((path) => path !== '/favicon.ico')).toEqual(['/', '/logo.svg']);
    expect(complaints).toEqual([]);
    expect(await page.getByRole('img', { name: 'Acme' }).isVisible()).toBe(true);
    expect(await page.evaluate('document.images[0].naturalWidth')).toBe(40);
    expect(await page.title()).toBe('Log in · Acme');
  });
});

it.each([
  ['login after a wrong password', 'Wrong name or password.'],
  ['a wrong code of a device', 'This code is not correct. Check it and try again.'],
])('has the focus on the error after %s', async (name, text) => {
  await visit(800, async (page) => {
    await page.goto(plain.url(name));
    expect(await page.locator(':focus').textContent()).toBe(text);
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').getAttribute('aria-invalid')).toBe('true');
  });
});

it('shows a focus ring of at least two pixels on every control', async () => {
  await visit(800, async (page) => {
    for (const [name, controls] of [
      ['login', 4],
      ['consent', 2],
      ['an invalid request', 1],
    ] as const) {
      await page.goto(plain.url(name));
      for (let control = 0; control < controls; control++) {
        await page.keyboard.press('Tab');
        const width = await page.evaluate('getComputedStyle(document.activeElement).outlineWidth');
        expect(Number.parseFloat(width as string)).toBeGreaterThanOrEqual(2);
      }
    }
  });
});
