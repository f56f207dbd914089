import type { ServerResponse } from 'node:http';

import type { KoaContextWithOIDC } from 'oidc-provider';

import { type Html, markup } from '../../pages/markup';
import { type RenderedPage, sendPage } from '../../pages/page';
import type { RefusedRequest } from '../request/refused-request';
import { type ServerPageView, viewOf } from './server-pages';
import type { MessageKey } from './texts/texts';

/** Sends the page for a user whose request cannot be decided at the moment. */
export function sendOutagePage(res: ServerResponse): void {
  const view = viewOf(res);
  res.setHeader('Retry-After', '1');
  sendPage(
    res,
    view.render({
      title: view.plain('tryAgainTitle'),
      status: 503,
      content: markup`<p>${view.html('unavailable')}</p>`,
    }),
  );
}

/** Sends the page for a user whose request is refused. */
export function sendRefusedPage(
  res: ServerResponse,
  { text, status, headers }: RefusedRequest,
): void {
  for (const [name, value] of Object.entries(headers)) {
    res.setHeader(name, value);
  }
  sendPage(res, renderMessage(viewOf(res), text, { status }));
}

/** Renders the page for an error that cannot be sent to the client by a redirect. */
export function renderErrorPage(ctx: KoaContextWithOIDC, out: OAuthError): void {
  const key = MESSAGES[out.error] ?? 'badRequest';
  const details = key === 'badRequest' ? out : undefined;
  const { headers, body } = renderMessage(viewOf(ctx.res), key, { status: ctx.status, details });
  ctx.set(headers);
  ctx.body = body;
}

interface OAuthError {
  readonly error: string;
  readonly error_description?: string | undefined;
}

const MESSAGES: Readonly<Record<string, MessageKey>> = {
  invalid_client: 'unknownApp',
  invalid_redirect_uri: 'unknownDestination',
  server_error: 'serverError',
  temporarily_unavailable: 'unavailable',
};

interface Message {
  readonly status: number;
  /** For developers of the client, who get no other response. */
  readonly details?: OAuthError | undefined;
}

function renderMessage(
  view: ServerPageView,
  key: MessageKey,
  { status, details }: Message,
): RenderedPage {
  const isOutage = key === 'unavailable';
  const advice = isOutage ? undefined : markup`\n<p>${view.html('beginAgain')}</p>`;
  return view.render({
    title: view.plain(isOutage ? 'tryAgainTitle' : 'failedTitle'),
    status,
    content: markup`<p>${view.html(key)}</p>${advice}${details && technicalDetails(view, details)}`,
  });
}

/** Closed, because users do not understand the words of the protocol. */
const technicalDetails = (
  view: ServerPageView,
  { error, error_description: description }: OAuthError,
): Html => markup`
<details>
<summary>${view.html('technicalDetails')}</summary>
<p lang="en">${description === undefined ? error : `${error}: ${description}`}</p>
</details>`;
