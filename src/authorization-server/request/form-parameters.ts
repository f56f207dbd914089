import { isUtf8 } from 'node:buffer';

import { RefusedRequest } from './refused-request';

/** `name=value` or `name`, without characters that no form has in a name. */
const PAIR = /^[^\s"'<>{}=]+(?:=|$)/;

/**
 * Whether a text is a form, rather than JSON, XML or a word. Servers usually parse anything as one.
 */
export const isForm = (text: string): boolean =>
  text.includes('=') &&
  text.split('&').every((pair) => pair === '' || pair.startsWith('=') || PAIR.test(pair));

/**
 * Parses a form. An empty body is an empty form.
 * @throws RefusedRequest if it is not a form, or its percent-encoded bytes are not UTF-8
 */
export function parseForm(bytes: Buffer): URLSearchParams {
  const text = bytes.toString();
  if (text !== '' && !isForm(text)) {
    throw new RefusedRequest('the request body is not a form');
  }
  if (!isUtf8(percentDecode(bytes))) {
    throw new RefusedRequest('the request body is not UTF-8');
  }
  return new URLSearchParams(text);
}

/**
 * URLSearchParams replaces invalid bytes by U+FFFD, which turns different values into the same one.
 */
const percentDecode = (bytes: Buffer): Buffer =>
  Buffer.from(
    bytes
      .toString('latin1')
      .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );
