import type { KoaContextWithOIDC, Provider } from 'oidc-provider';

import { publishRefusal, toErrorCode, toRefusal } from '../refusals';
import { UNAVAILABLE } from './deadlines';

const ERROR_EVENTS = [
  'authorization.error',
  'device_authorization.error',
  'pushed_authorization_request.error',
  'grant.error',
  'revocation.error',
  'introspection.error',
  'jwks.error',
  'server_error',
];

/**
 * Completes the headers and error codes of oidc-provider's responses, and publishes every refusal.
 */
export function completeResponses(provider: Provider): void {
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.status === UNAVAILABLE) {
      ctx.set('Retry-After', '1');
    }
    // RFC 6749 §5.1, for HTTP/1.0 caches.
    if (ctx.response.get('Cache-Control') === 'no-store') {
      ctx.set('Pragma', 'no-cache');
    }
    // A revocation response is empty (RFC 7009 §2.2). A media type makes clients such as
    // simple-oauth2 reject it.
    if (ctx.body === '') {
      ctx.remove('Content-Type');
    }
    const { oidc, body } = ctx as unknown as KoaContextWithOIDC & {
      readonly body: { error?: string } | undefined;
    };
    if (body?.error !== undefined) {
      body.error = toErrorCode(body.error, oidc);
    }
  });
  const events: NodeJS.EventEmitter = provider;
  for (const event of ERROR_EVENTS) {
    events.on(event, (ctx: KoaContextWithOIDC, error: Error & { readonly error?: string }) => {
      // A device gets it until its user has decided. Nothing is refused.
      if (error.error !== 'authorization_pending') {
        publishRefusal(toRefusal(ctx, error));
      }
    });
  }
}
