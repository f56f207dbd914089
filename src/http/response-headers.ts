import type { ServerResponse } from 'node:http';

import type { Extractor } from '../extractors/extractor';
import { trimOws } from '../internal/text';

/** Headers that a response must carry because of how its request was authenticated. */
export type ResponseHeaders = Record<string, string>;

/** The part of an authentication that the response headers depend on. */
interface Presented {
  readonly extractor: Extractor;
  /** A new DPoP nonce for the client. */
  readonly nonce?: string | undefined;
}

/** Returns the headers for a response. `presented` is undefined for an anonymous request. */
export type HeadersFor = (
  optional: boolean,
  presented: Presented | undefined,
) => Readonly<ResponseHeaders>;

const NONE: Readonly<ResponseHeaders> = Object.freeze({});

/**
 * Prepares the response headers for every extractor, so that a request only selects them.
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-3.5
 */
export function responseHeaders(extractors: readonly Extractor[]): HeadersFor {
  const everyHeader = [
    ...new Set(extractors.flatMap((extractor) => varyHeader(extractor) ?? [])),
  ].join(', ');
  const anonymous = frozenHeaders(everyHeader, undefined);
  const optional = new Map(extractors.map((one) => [one, frozenHeaders(everyHeader, one)]));
  const required = new Map(
    extractors.map((one) => [one, frozenHeaders(one.scheme ? '' : (one.header ?? ''), one)]),
  );

  return (isOptional, presented) => {
    if (!presented) {
      return isOptional ? anonymous : NONE;
    }
    const { extractor, nonce } = presented;
    const headers = (isOptional ? optional : required).get(extractor) ?? NONE;
    // A cache must not store a nonce: it expires (RFC 9449 §8.2).
    return nonce === undefined
      ? headers
      : Object.freeze({ ...headers, 'Cache-Control': 'no-store', 'DPoP-Nonce': nonce });
  };
}

const varyHeader = ({ header, scheme }: Extractor): string | undefined =>
  header ?? (scheme && 'Authorization');

function frozenHeaders(vary: string, presented: Extractor | undefined): Readonly<ResponseHeaders> {
  const headers: ResponseHeaders = {};
  if (vary !== '') {
    headers['Vary'] = vary;
  }
  // Shared caches do not store responses to requests with `Authorization` (RFC 9111 §3.5). Other
  // credentials need `private`.
  if (presented && !presented.scheme) {
    headers['Cache-Control'] = 'private';
  }
  return Object.freeze(headers);
}

/**
 * Adds the headers to a response. Extends an existing `Vary`, and keeps an existing
 * `Cache-Control`.
 */
export function addHeaders(
  res: Pick<ServerResponse, 'getHeader' | 'setHeader'>,
  headers: Readonly<ResponseHeaders>,
): void {
  if (headers === NONE) {
    return;
  }
  const { Vary: vary, 'Cache-Control': cacheControl, 'DPoP-Nonce': nonce } = headers;
  if (nonce !== undefined) {
    res.setHeader('DPoP-Nonce', nonce);
  }
  // Not `hasHeader()`: Socket.IO's response object for upgrades lacks it.
  if (cacheControl !== undefined && res.getHeader('Cache-Control') === undefined) {
    res.setHeader('Cache-Control', cacheControl);
  }
  if (vary !== undefined) {
    addVary(res, vary);
  }
}

function addVary(res: Pick<ServerResponse, 'getHeader' | 'setHeader'>, fields: string): void {
  const before = res.getHeader('Vary');
  if (before === undefined || before === '') {
    res.setHeader('Vary', fields);
    return;
  }
  const known = String(before).toLowerCase().split(',').map(trimOws);
  const added = known.includes('*')
    ? []
    : fields.split(', ').filter((field) => !known.includes(field.toLowerCase()));
  if (added.length > 0) {
    res.setHeader('Vary', [String(before), ...added].join(', '));
  }
}
