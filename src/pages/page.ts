import type { ServerResponse } from 'node:http';

import { omitUndefined } from '../internal/objects';
import { Html, markup } from './markup';

/** What a page says. */
export interface Page {
  readonly title: string;
  /** @default the title */
  readonly heading?: Html;
  readonly content: Html;
  /** @default 200 */
  readonly status?: number;
  /**
   * Whether the page's form ends at a client, or at a login of the app. Browsers apply
   * `form-action` to every redirect after a submission, and these may redirect anywhere, so such a
   * page goes without the directive.
   * @default false
   */
  readonly endsAtClient?: boolean;
  /** Between the name of the site and the content, such as a navigation. @default none */
  readonly navigation?: Html;
  /** A script that the content security policy allows by its hash. @default none */
  readonly script?: PageScript;
  /** Further headers of the response. @default none */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A script, and the form of it that the content security policy allows. */
export interface PageScript {
  readonly text: string;
  readonly source: string;
}

/** What all pages of a site look like. */
export interface Look {
  readonly name: string | undefined;
  readonly logoUrl: string | undefined;
  readonly style: string;
  /** The style in the form that the content security policy allows. */
  readonly styleSource: string;
}

/** The language of a page. */
export interface PageLanguage {
  readonly tag: string;
  readonly isRightToLeft: boolean;
  /** Whether `Accept-Language` chose it. */
  readonly isNegotiated: boolean;
}

/** A page in the form that is sent. */
export interface RenderedPage {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Renders a page that runs no script but its own, loads only the logo and is not cached. */
export function renderPage(page: Page, look: Look, language: PageLanguage): RenderedPage {
  const { title, heading = markup`${title}`, content, status = 200 } = page;
  const { navigation, script } = page;
  const { text: body } = markup`<!doctype html>
<html lang="${language.tag}"${language.isRightToLeft ? markup` dir="rtl"` : undefined}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${documentTitle(title, look.name)}</title>
<style>${new Html(look.style)}</style>
</head>
<body>
${brand(look)}${navigation}<main>
${headline(title, heading)}
${content}
</main>
${script && markup`<script>${new Html(script.text)}</script>\n`}</body>
</html>
`;
  const standard = headers(body, policy(page, look), language);
  return { status, body, headers: { ...standard, ...page.headers } };
}

const documentTitle = (title: string, name: string | undefined): string =>
  name === undefined ? title : `${title} · ${name}`;

/** The smallest length of a long title, such as one with the long name of an app. */
const LONG_TITLE = 60;

const headline = (title: string, heading: Html): Html =>
  title.length < LONG_TITLE
    ? markup`<h1>${heading}</h1>`
    : markup`<h1 class="long">${heading}</h1>`;

function brand({ name, logoUrl }: Look): Html | undefined {
  if (logoUrl !== undefined) {
    return markup`<header><img src="${logoUrl}" alt="${name ?? ''}"></header>\n`;
  }
  return name === undefined ? undefined : markup`<header>${name}</header>\n`;
}

function policy({ endsAtClient = false, script }: Page, { styleSource, logoUrl }: Look): string {
  return [
    "default-src 'none'",
    `style-src ${styleSource}`,
    ...(script === undefined ? [] : [`script-src ${script.source}`]),
    ...(logoUrl === undefined ? [] : [`img-src ${imageSource(logoUrl)}`]),
    ...(endsAtClient ? [] : ["form-action 'self'"]),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}

function imageSource(logoUrl: string): string {
  return logoUrl.startsWith('/') ? "'self'" : new URL(logoUrl).origin;
}

const headers = (
  body: string,
  contentSecurityPolicy: string,
  { tag, isNegotiated }: PageLanguage,
): Readonly<Record<string, string>> => ({
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Length': String(Buffer.byteLength(body)),
  'Content-Language': tag,
  ...omitUndefined({ Vary: isNegotiated ? 'Accept-Language' : undefined }),
  'Cache-Control': 'no-store',
  'Content-Security-Policy': contentSecurityPolicy,
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  // With `no-referrer` browsers would send `Origin: null` for the page's own form.
  'Referrer-Policy': 'same-origin',
});

/** Sends a page. */
export function sendPage(res: ServerResponse, { status, headers, body }: RenderedPage): void {
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) {
    res.setHeader(name, value);
  }
  res.end(body);
}

/** A message that has the focus, so that nobody misses it. Fields are described by `fault`. */
export const alert = (text: Html): Html =>
  markup`<p class="note alarm" role="alert" id="fault" tabindex="-1" autofocus>${text}</p>\n`;

/** The hidden field that proves that a form is from our own page. */
export const csrfField = ({ csrfToken }: { readonly csrfToken: string }): Html =>
  markup`<input type="hidden" name="csrf_token" value="${csrfToken}">`;
