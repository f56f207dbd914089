import { hash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Html, markup } from './markup';

export interface Page {
  readonly title: string;
  /** The title by default. */
  readonly heading?: Html;
  readonly content: Html;
  readonly status?: number;
  /** Where the page's form leads in the end: a browser asks again on every redirect. */
  readonly leadsTo?: string;
}

const STYLE = `
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: #1b1b1b; background: #f4f4f4; }
main { box-sizing: border-box; max-width: 26rem; margin: 10vh auto 2rem; padding: 2rem; background: #fff; border: 1px solid #c6c6c6; border-radius: .5rem; }
h1 { margin-top: 0; font-size: 1.4rem; }
label { display: block; margin-top: 1rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit; border: 1px solid #6b6b6b; border-radius: .25rem; }
button { margin: 1.5rem .5rem 0 0; padding: .5rem 1.25rem; font: inherit; border: 1px solid #1a4fa3; border-radius: .25rem; color: #1a4fa3; background: #fff; cursor: pointer; }
button.main { color: #fff; background: #1a4fa3; }
:focus-visible { outline: 3px solid #e08a00; outline-offset: 2px; }
[role=alert] { padding: .5rem .75rem; border-left: 4px solid #b00020; background: #fdecef; }
`;
const STYLE_SOURCE = `'sha256-${hash('sha256', STYLE, 'base64')}'`;

/** Sends a page that runs no script, loads nothing, stands in no frame, and is kept nowhere. */
export function sendPage(res: ServerResponse, { status = 200, ...page }: Page): void {
  const { headers, body } = pageOf(page);
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  res.end(body);
}

export function pageOf({ title, heading, content, leadsTo }: Page): {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} {
  const policy = [
    "default-src 'none'",
    `style-src ${STYLE_SOURCE}`,
    `form-action 'self'${leadsTo === undefined ? '' : ` ${sourceOf(leadsTo)}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  const { text } = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
<h1>${heading ?? title}</h1>
${content}
</main>
</body>
</html>
`;
  return {
    body: text,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(text)),
      'Cache-Control': 'no-store',
      'Content-Security-Policy': policy.join('; '),
      'X-Frame-Options': 'DENY',
      'X-Content-Type-Options': 'nosniff',
      // Not `no-referrer`, with which a browser says `Origin: null` of a form's own page.
      'Referrer-Policy': 'same-origin',
    },
  };
}

/** A source for a policy: the origin, or the scheme where CSP has no word for the host. */
function sourceOf(uri: string): string {
  const { protocol, host } = new URL(uri);
  return /^https?:$/.test(protocol) && /^[A-Za-z0-9.:-]+$/.test(host) ? `${protocol}//${host}` : protocol;
}
