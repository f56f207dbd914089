import { headerValue, type RequestLike } from './extractor';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const OWN_SITE = new Set(['same-origin', 'same-site', 'none']);

/**
 * Whether another site may have made a browser send this request (CSRF). Only unsafe methods and
 * upgrades count. `Sec-Fetch-Site` decides, or `Origin` for browsers without it. A client that
 * sends neither is not a browser.
 * @see https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 */
export function isCrossSiteRequest(request: RequestLike, origins: readonly string[] = []): boolean {
  if (SAFE_METHODS.has(request.method ?? '') && request.headers.upgrade === undefined) {
    return false;
  }
  const origin = headerValue(request, 'origin');
  if (origin !== undefined && origins.includes(origin)) {
    return false;
  }
  const site = headerValue(request, 'sec-fetch-site');
  if (site !== undefined) {
    return !OWN_SITE.has(site);
  }
  return (
    origin !== undefined &&
    !isOwnOrigin(origin, headerValue(request, 'host') ?? headerValue(request, ':authority'))
  );
}

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  if (!URL.canParse(origin)) {
    return false;
  }
  const { protocol, host: originHost } = new URL(origin);
  // The URL parser removes a default port from both.
  return (
    host !== undefined &&
    URL.canParse(`${protocol}//${host}`) &&
    new URL(`${protocol}//${host}`).host === originHost
  );
}
