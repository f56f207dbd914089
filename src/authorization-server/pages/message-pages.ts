import type { ServerResponse } from 'node:http';

import type { KoaContextWithOIDC } from 'oidc-provider';

import type { RefusedRequest } from '../request/refused-request';
import { type Html, markup } from './markup';
import { renderPage, sendPage } from './page';

const TITLE = 'This did not work';

/** Sends the page for a user whose request cannot be decided at the moment. */
export function sendOutagePage(res: ServerResponse): void {
  res.setHeader('Retry-After', '1');
  sendPage(res, {
    title: 'Please try again',
    status: 503,
    content: markup`<p>We cannot answer at the moment. Load this page again in a while.</p>`,
  });
}

/** Sends the page for a user whose request is refused. */
export const sendRefusedPage = (res: ServerResponse, { message, status }: RefusedRequest): void =>
  sendPage(res, { title: TITLE, status, content: withAdvice(markup`<p>${message}</p>`) });

/** Renders the page for an error that cannot be sent to the client by a redirect. */
export function renderErrorPage(ctx: KoaContextWithOIDC, out: OAuthError): void {
  const { headers, body } = renderPage({ title: TITLE, content: withAdvice(explain(out)) });
  ctx.set(headers);
  ctx.body = body;
}

interface OAuthError {
  readonly error: string;
  readonly error_description?: string | undefined;
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  invalid_client: 'The app that sent you here is not known to this site.',
  invalid_redirect_uri:
    'The app that sent you here wants you sent to an address that is not registered for it.',
  server_error: 'Something went wrong on our side.',
  temporarily_unavailable: 'We cannot answer at the moment. Try again in a while.',
};

/** Users read a sentence. For other errors the app's developers need the code as well. */
function explain({ error, error_description: description = error }: OAuthError): Html {
  const explanation = EXPLANATIONS[error];
  if (explanation !== undefined) {
    return markup`<p>${explanation}</p>`;
  }
  return markup`<p>The app that sent you here made a request that this site cannot accept.</p>
<p class="detail">For its developers: ${error} (${description})</p>`;
}

const withAdvice = (content: Html): Html => markup`${content}
<p>Go back to the app that sent you here, and begin again.</p>`;
