import type { PagesOptions, Texts } from 'latchkey/authorization-server';

import { german } from '../../src/authorization-server/pages/texts/de';
import { english } from '../../src/authorization-server/pages/texts/en';
import { spanish } from '../../src/authorization-server/pages/texts/es';
import { french } from '../../src/authorization-server/pages/texts/fr';
import { japanese } from '../../src/authorization-server/pages/texts/ja';
import { portuguese } from '../../src/authorization-server/pages/texts/pt';
import { placeholders } from '../../src/pages/text-table';
import { Browser } from '../support/browser';
import { logIn, startIssuing, WEB_CLIENT } from '../support/issuing';

jest.setTimeout(30_000);

type Options = PagesOptions<Texts>;

/** Opens the login page of a server with these pages. */
async function openLogin(
  pages: Options,
  { acceptLanguage, ...parameters }: Readonly<Record<string, string>> = {},
) {
  const issuing = await startIssuing({ pages });
  const { client } = await issuing.server.clients.register(WEB_CLIENT);
  const headers: Record<string, string> =
    acceptLanguage === undefined ? {} : { 'accept-language': acceptLanguage };
  const browser = new Browser();
  const first = await browser.open(issuing.authorizeUrl(client, parameters), { headers });
  const page = await browser.open(first.url.href, { headers });
  const consent = await logIn(page);
  const unknown = await browser.open(
    issuing.authorizeUrl({ ...client, clientId: 'nobody' }, parameters),
    { headers },
  );
  await issuing.close();
  return { ...page, consent, unknown };
}

const languageOf = ({ response }: { response: Response }) => [
  response.headers.get('content-language'),
  response.headers.get('vary'),
];

describe('the option "pages"', () => {
  it.each<[message: string, pages: object]>([
    ['option "pages.name" must be a non-empty string', { name: '' }],
    ['option "pages.logoUrl" must be an https URL, or a path', { logoUrl: 'logo.svg' }],
    ['option "pages.logoUrl" must be an https URL, or a path', { logoUrl: '//evil.example/x' }],
    ['option "pages.logoUrl" must be an https URL, or a path', { logoUrl: 'http://a.example/x' }],
    ['option "pages.logoUrl" must be an https URL, or a path', { logoUrl: 'data:image/png,x' }],
    [
      'option "pages.logoUrl" must be an https URL, or a path',
      { logoUrl: 'https://a.example/" x' },
    ],
    [
      'option "pages.colors.accent" must be an opaque CSS colour',
      { colors: { accent: 'blurple' } },
    ],
    ['option "pages.colors.accent" must be an opaque', { colors: { accent: 'red;}' } }],
    ['option "pages.colors.dark.text" must be an opaque', { colors: { dark: { text: '#fff8' } } }],
    ['unknown option "pages.colors.primary"; allowed are accent', { colors: { primary: 'red' } }],
    ['"pages.colors.text" must have a contrast of at least 4.5:1', { colors: { text: '#aaa' } }],
    ['option "pages.language" must be a function', { language: 'de' }],
    ['option "pages.texts" must have language tags', { texts: { 'd e': {} } }],
    [
      'unknown option "pages.texts.de.login"; allowed are logIn,',
      { texts: { de: { login: 'Los' } } },
    ],
    ['option "pages.texts.de.logIn" must be a non-empty string', { texts: { de: { logIn: '' } } }],
    [
      'option "pages.texts.nl.allowTitle" must be a non-empty',
      { texts: { nl: { allowTitle: '{name} toestaan?' } } },
    ],
    [
      'option "pages.texts.nl.permissions" must be { other: \'…\' }',
      { texts: { nl: { permissions: { one: 'x' } } } },
    ],
    ['unknown option "pages.colours"', { colours: {} }],
  ])('is rejected: %s (%j)', async (message, pages) => {
    await expect(startIssuing({ pages: pages })).rejects.toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'ERR_LATCHKEY_OPTION',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  it('shows name, logo and colours, and allows the logo in the policy', async () => {
    const { text, response, unknown } = await openLogin({
      name: 'Acme & Sons',
      logoUrl: 'https://cdn.example/logo.svg',
      colors: { accent: '#0f766e' },
    });
    expect(text).toContain('<title>Log in · Acme &amp; Sons</title>');
    expect(text).toContain('<img src="https://cdn.example/logo.svg" alt="Acme &amp; Sons">');
    expect(text).toContain('--accent: #0f766e;');
    expect(response.headers.get('content-security-policy')).toContain(
      "; img-src https://cdn.example; frame-ancestors 'none'",
    );
    expect(unknown.text).toContain('alt="Acme &amp; Sons"');
  });
});

describe('the language of the pages', () => {
  it.each([
    ['ui_locales', { ui_locales: 'nl fr-CA de', acceptLanguage: 'ja' }, ['fr', null]],
    ['language()', { acceptLanguage: 'ja' }, ['es', null]],
  ])('is chosen by %s', async (_, request, expected) => {
    const page = await openLogin({ language: () => 'es-MX' }, request);
    for (const one of [page, page.unknown]) {
      expect(languageOf(one)).toEqual(expected);
    }
  });

  it.each([
    ['ja;q=0.3, pt-BR;q=0.8', 'pt'],
    ['nl, *;q=0.1', 'en'],
    ['nl', 'en'],
    ['xx-;q=9', 'en'],
  ])('is chosen by Accept-Language: %s', async (acceptLanguage, expected) => {
    const page = await openLogin({ language: () => undefined }, { acceptLanguage });
    for (const one of [page, page.unknown]) {
      expect(languageOf(one)).toEqual([expected, 'Accept-Language']);
      expect(one.text).toContain(`<html lang="${expected}">`);
    }
  });

  it('is English for a language() without texts and a browser that names none', async () => {
    const page = await openLogin({ language: () => 'tlh' });
    expect(languageOf(page)).toEqual(['en', 'Accept-Language']);
  });

  it('has texts of your own, completed by the language without its region and by English', async () => {
    const texts = {
      'de-CH': { logIn: 'Einloggen' },
      nl: { logIn: 'Inloggen', permissions: { one: 'Eén recht:', other: '{count} rechten:' } },
      ar: { logIn: 'تسجيل الدخول' },
    };
    const swiss = await openLogin({ texts }, { ui_locales: 'de-CH' });
    expect(swiss.text).toContain('<h1>Einloggen</h1>');
    expect(swiss.text).toContain('Passwort');
    const dutch = await openLogin({ texts }, { ui_locales: 'nl' });
    expect(dutch.text).toContain('<h1>Inloggen</h1>');
    expect(dutch.text).toContain('Password');
    expect(dutch.consent.text).toContain('<p>2 rechten:</p>');
    const arabic = await openLogin({ texts }, { ui_locales: 'ar' });
    expect(arabic.text).toContain('<html lang="ar" dir="rtl">');
  });

  it('has the plural of the number of scopes', async () => {
    const { consent } = await openLogin({}, { scope: 'domains:read', ui_locales: 'de' });
    expect(consent.text).toContain('bittet um diese Berechtigung:');
  });

  it('is an error of the app where language() returns anything but a string', async () => {
    const issuing = await startIssuing({
      pages: { language: (() => Promise.resolve('de')) as never },
      after: [
        (error: { code?: string }, _req, res, _next) => void res.status(500).json(error.code),
      ],
    });
    const { client } = await issuing.server.clients.register(WEB_CLIENT);
    const { response, text } = await new Browser().open(issuing.authorizeUrl(client));
    await issuing.close();
    expect([response.status, text]).toEqual([500, '"ERR_LATCHKEY_INTERACTION"']);
  });
});

describe.each<[string, Texts]>([
  ['de', german],
  ['fr', french],
  ['es', spanish],
  ['pt', portuguese],
  ['ja', japanese],
])('the texts in %s', (language, texts) => {
  it.each(Object.keys(english) as (keyof Texts)[])('have %s with its placeholders', (key) => {
    expect([...new Set(placeholders(texts[key]))].sort()).toEqual(
      [...new Set(placeholders(english[key]))].sort(),
    );
  });

  it('have every plural category of the language for whole numbers', () => {
    const rules = new Intl.PluralRules(language);
    const needed = new Set([0, 1, 2, 5, 11, 100].map((count) => rules.select(count)));
    expect(Object.keys(texts.permissions)).toEqual(expect.arrayContaining([...needed]));
  });
});
