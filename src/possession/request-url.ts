import { headerValue, type RequestLike, requestPath } from '../extractors/extractor';

const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * Returns a URL without query and fragment in normal form (RFC 3986 §6.2.2, §6.2.3), so that two
 * spellings of it are the same string. Returns undefined if it is not an http or https URL, or has
 * a user name.
 */
export function normalisedUrl(url: unknown): string | undefined {
  // The URL parser removes tabs and line feeds, and reads a backslash as a slash.
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
 * Returns the URL that a request was sent to: its path, after the configured `base`, or else after
 * the origin that the connection and `Host` give.
 */
export function requestUrl(request: RequestLike, base: string | undefined): string | undefined {
  const path = requestPath(request) || '/';
  const start = base ?? ownOrigin(request);
  return start !== undefined && path.startsWith('/') ? normalisedUrl(`${start}${path}`) : undefined;
}

function ownOrigin(request: RequestLike): string | undefined {
  const host = headerValue(request, 'host') ?? headerValue(request, ':authority');
  if (host === undefined || !/^[^/?#@,]+$/.test(host)) {
    return undefined;
  }
  return isEncrypted(request) ? `https://${host}` : `http://${host}`;
}

const isEncrypted = ({ socket }: RequestLike): boolean =>
  socket != null && 'encrypted' in socket && socket.encrypted === true;
