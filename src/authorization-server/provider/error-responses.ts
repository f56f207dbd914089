import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { markup } from '../markup';
import { pageOf } from '../page';
import { codeFor, publishRefusal, refusalOf } from '../refusals';
import { UNAVAILABLE } from './deadlines';

const ERROR_EVENTS = ['authorization.error', 'grant.error', 'revocation.error', 'introspection.error', 'jwks.error', 'server_error'];

/** Completes the headers and error codes of oidc-provider's responses, and publishes every refusal. */
export function completeResponses(provider: Provider): void {
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.status === UNAVAILABLE) ctx.set('Retry-After', '1');
    // RFC 6749 §5.1, for HTTP/1.0 caches.
    if (ctx.response.get('Cache-Control') === 'no-store') ctx.set('Pragma', 'no-cache');
    const { oidc, body } = ctx as unknown as KoaContextWithOIDC & { readonly body: { error?: string } | undefined };
    if (body?.error !== undefined) body.error = codeFor(body.error, oidc);
  });
  const events: NodeJS.EventEmitter = provider;
  for (const event of ERROR_EVENTS) {
    events.on(event, (ctx: KoaContextWithOIDC, error: Error) => publishRefusal(refusalOf(ctx, error)));
  }
}

/** Renders the page for an error that cannot be sent to the client by a redirect. */
export function renderErrorPage(ctx: KoaContextWithOIDC, { error, error_description: description }: ErrorOut): void {
  const { headers, body } = pageOf({
    title: 'This did not work',
    content: markup`<p>${description ?? error}</p>
<p>Go back to the app that sent you here, and begin again.</p>`,
  });
  ctx.set(headers);
  ctx.body = body;
}

interface ErrorOut {
  readonly error: string;
  readonly error_description?: string | undefined;
}
