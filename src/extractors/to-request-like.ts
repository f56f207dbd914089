import { typeError } from '../internal/errors';
import type { RequestLike } from './extractor';

/** The headers of a web `Request`: one string per name, names in lower case. */
interface WebHeaders {
  get(name: string): string | null;
  forEach(callback: (value: string, name: string) => void): void;
}

/**
 * What `check()` accepts: a Node request, a plain object with `headers`, a web `Request`, or an
 * object whose `headers` are web `Headers`. Header names are matched without regard to case.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.1
 */
export type RequestInput =
  RequestLike | (Omit<RequestLike, 'headers' | 'socket'> & { readonly headers: WebHeaders });

type HeaderValues = Record<string, string | string[] | undefined>;

/** Requests that were converted, with what they were converted from. */
const originals = new WeakMap<RequestLike, object>();

/**
 * Returns the object that the caller passed to `check()`: two conversions of one request are the
 * same request.
 */
export const originalRequest = (request: RequestLike): object => originals.get(request) ?? request;

/**
 * Converts a request to the form that extractors read. A request that has this form already is
 * returned as it is.
 * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` for anything else, so that a credential that cannot
 * be read is never "anonymous"
 */
export function toRequestLike(request: unknown): RequestLike {
  if (typeof request !== 'object' || request === null) {
    throw invalid('must be a request');
  }
  const { headers, method, url } = request as {
    headers?: unknown;
    method?: unknown;
    url?: unknown;
  };
  // Node's `IncomingMessage` has null here until a parser has set them.
  if (method !== null && !isOptionalString(method)) {
    throw invalid('"method" must be a string');
  }
  if (url !== null && !isOptionalString(url)) {
    throw invalid('"url" must be a string');
  }
  const values = isWebHeaders(headers) ? fromWebHeaders(headers) : fromRecord(headers);
  const converted =
    values === headers
      ? (request as RequestLike)
      : { ...request, ...sharedMembers(request as RequestLike), headers: values };
  const complete = hasOwnOrigin(converted) ? withOriginOfUrl(converted) : converted;
  if (complete !== request) {
    originals.set(complete, request);
  }
  return complete;
}

/**
 * Members that a web `Request` or a Node request keeps on its prototype, so that a spread misses
 * them.
 */
const sharedMembers = ({ method, url, rawHeaders, originalUrl, socket }: RequestLike) => ({
  method,
  url,
  rawHeaders,
  originalUrl,
  socket,
});

const invalid = (problem: string): TypeError =>
  typeError(
    'ERR_LATCHKEY_ARGUMENT',
    `check(request): request: ${problem}; pass a Node request, a web Request, or { headers } with web Headers or a plain object`,
  );

const isOptionalString = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === 'string';

const toTag = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/**
 * Checks the shape, so that `Headers` of another realm or a polyfill is recognised. `FormData` and
 * `Map` have no `getSetCookie()`.
 */
function isWebHeaders(headers: unknown): headers is WebHeaders {
  if (typeof headers !== 'object' || headers === null) {
    return false;
  }
  const { forEach, get, getSetCookie } = headers as Record<string, unknown>;
  return (
    typeof forEach === 'function' &&
    typeof get === 'function' &&
    (toTag(headers) === 'Headers' || typeof getSetCookie === 'function')
  );
}

function fromWebHeaders(headers: WebHeaders): HeaderValues {
  const values = Object.create(null) as HeaderValues;
  headers.forEach((value, name) => add(values, name, value));
  return values;
}

/** Returns the headers with names in lower case: the same object if they are already. */
function fromRecord(headers: unknown): HeaderValues {
  if (!isRecord(headers)) {
    throw invalid('"headers" must be web Headers or a plain object');
  }
  const values = Object.create(null) as HeaderValues;
  let isUnchanged = true;
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === 'number') {
      add(values, name, String(value));
    } else if (isHeaderValue(value)) {
      add(values, name, value);
    } else {
      throw invalid('"headers" must have strings, or lists of strings, as values');
    }
    isUnchanged &&= typeof value !== 'number' && name === name.toLowerCase();
  }
  return isUnchanged ? (headers as HeaderValues) : values;
}

/** A `Map`, a list or a promise would look like an object without headers. */
const isRecord = (value: unknown): value is Record<string, unknown> =>
  toTag(value) === 'Object' &&
  !(Symbol.iterator in (value as object)) &&
  typeof (value as { then?: unknown }).then !== 'function';

const isHeaderValue = (value: unknown): value is string | string[] | undefined =>
  isOptionalString(value) ||
  (Array.isArray(value) && value.every((line) => typeof line === 'string'));

/** Header names that differ only in case are separate header lines. */
function add(values: HeaderValues, name: string, value: string | string[] | undefined): void {
  const key = name.toLowerCase();
  const before = values[key];
  if (value === undefined) {
    return;
  }
  values[key] = before === undefined ? value : [before, value].flat();
}

/**
 * Whether the URL is absolute and no connection says where the request came in, as in a web
 * `Request`.
 */
const hasOwnOrigin = ({ socket, url }: RequestLike): boolean =>
  !socket && typeof url === 'string' && /^https?:\/\//i.test(url) && URL.canParse(url);

/**
 * Reads scheme and host from the URL. A request that no server received has no `Host` header.
 */
function withOriginOfUrl(request: RequestLike): RequestLike {
  const { protocol, host, href, hash } = new URL(request.url as string);
  const headers = Object.assign(Object.create(null) as object, { host }, request.headers);
  return {
    ...request,
    ...sharedMembers(request),
    url: href.slice(0, href.length - hash.length),
    headers,
    socket: { encrypted: protocol === 'https:' },
  };
}
