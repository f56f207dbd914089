import { hash } from 'node:crypto';
import type { ServerResponse } from 'node:http';

import { Html, markup } from './markup';

export interface Page {
  readonly title: string;
  /** @default the title */
  readonly heading?: Html;
  readonly content: Html;
  readonly status?: number;
  /**
   * Whether the page's form ends at a client. Browsers apply `form-action` to every redirect after
   * a submission, and a client may redirect anywhere, so such a page goes without the directive.
   */
  readonly endsAtClient?: boolean;
}

const STYLE = `
:root { color-scheme: light dark; --text: #1b1b1b; --back: #f4f4f4; --box: #fff; --line: #c6c6c6; --field: #6b6b6b; --main: #1a4fa3; --on-main: #fff; --fault: #b00020; --fault-back: #fdecef; }
@media (prefers-color-scheme: dark) {
:root { --text: #ececec; --back: #161616; --box: #222; --line: #4a4a4a; --field: #9a9a9a; --main: #8db4f5; --on-main: #10213f; --fault: #ff8a9b; --fault-back: #3a1a20; }
}
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); }
main { box-sizing: border-box; max-width: 26rem; margin: 10vh auto 2rem; padding: 2rem; background: var(--box); border: 1px solid var(--line); border-radius: .5rem; overflow-wrap: anywhere; }
h1 { margin-top: 0; font-size: 1.4rem; }
label { display: block; margin-top: 1rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit; color: inherit; background: var(--box); border: 1px solid var(--field); border-radius: .25rem; }
button { margin: 1.5rem .5rem 0 0; padding: .5rem 1.25rem; font: inherit; border: 1px solid var(--main); border-radius: .25rem; color: var(--main); background: var(--box); cursor: pointer; }
button.main { color: var(--on-main); background: var(--main); }
:focus-visible { outline: 3px solid #e08a00; outline-offset: 2px; }
[role=alert] { padding: .5rem .75rem; border-left: 4px solid var(--fault); background: var(--fault-back); }
.detail { font-size: .875rem; opacity: .85; }
`;
const STYLE_SOURCE = `'sha256-${hash('sha256', STYLE, 'base64')}'`;

/** Sends a page that runs no script, loads nothing, cannot be framed and is not cached. */
export function sendPage(res: ServerResponse, { status = 200, ...page }: Page): void {
  const { headers, body } = renderPage(page);
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) {
    res.setHeader(name, value);
  }
  res.end(body);
}

export function renderPage({ title, heading, content, endsAtClient = false }: Page): {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} {
  const policy = [
    "default-src 'none'",
    `style-src ${STYLE_SOURCE}`,
    ...(endsAtClient ? [] : ["form-action 'self'"]),
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
      // With `no-referrer` browsers would send `Origin: null` for the page's own form.
      'Referrer-Policy': 'same-origin',
    },
  };
}

/** Shows a name. Its writing direction does not affect the text around it. */
export const isolated = (name: string): Html => markup`<bdi><strong>${name}</strong></bdi>`;

export const csrfField = ({ csrfToken }: { readonly csrfToken: string }): Html =>
  markup`<input type="hidden" name="csrf_token" value="${csrfToken}">`;
