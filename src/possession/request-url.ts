import { headerValue, requestPath, type RequestLike } from '../extractors/extractor';

const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * A URL without query and fragment, so that two spellings of one are the same text (RFC 3986
 * §6.2.2, §6.2.3). Undefined for what is not an http or https URL, or has a user.
 */
export function normalisedUrl(url: unknown): string | undefined {
  // URL drops tabs and line feeds, and takes a backslash for a slash.
  if (typeof url !== 'string' || !/^https?:\/\/[!-[\]-~]+$/i.test(url) || !URL.canParse(url)) {
    return undefined;
  }
  const { protocol, host, pathname, username, password } = new URL(url);
  return `${username}${password}` === ''
    ? `${protocol}//${host}${pathname.replace(/%[0-9a-f]{2}/gi, normalisedOctet)}`
    : undefined;
}

function normalisedOctet(encoded: string): string {
  const character = String.fromCharCode(parseInt(encoded.slice(1), 16));
  return UNRESERVED.test(character) ? character : encoded.toUpperCase();
}

/**
 * The URL that a request was sent to: its path after `base`, the configured one, or else what the
 * connection and `Host` say.
 */
export function requestUrl(request: RequestLike, base: string | undefined): string | undefined {
  const path = requestPath(request) || '/';
  const before = base ?? ownOrigin(request);
  return before !== undefined && path.startsWith('/')
    ? normalisedUrl(`${before}${path}`)
    : undefined;
}

function ownOrigin(request: RequestLike): string | undefined {
  const host = headerValue(request, 'host') ?? headerValue(request, ':authority');
  const isEncrypted =
    (request.socket as { encrypted?: unknown } | null | undefined)?.encrypted === true;
  return host !== undefined && /^[^/?#@,]+$/.test(host)
    ? `${isEncrypted ? 'https' : 'http'}://${host}`
    : undefined;
}
