import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';

import type { ClientCompatibility } from './client-compatibility';
import { isForm, parseForm } from './form-parameters';
import { parseJsonParameters, toParameters } from './json-parameters';
import { RefusedRequest } from './refused-request';

export const FORM_TYPE = 'application/x-www-form-urlencoded';
export const JSON_TYPE = 'application/json';
const MAX_BODY_LENGTH = 64 * 1024;

/**
 * Reads the parameters of a POST request. If a body parser was here before, uses what it left in
 * `req.body`.
 *
 * @returns The parameters, or undefined if the media type is not accepted.
 * @throws RefusedRequest if the body is too long, malformed, or not of its media type
 */
export async function readParameters(
  req: IncomingMessage,
  compatibility: ClientCompatibility,
): Promise<URLSearchParams | undefined> {
  const body = await readRawBody(req, MAX_BODY_LENGTH);
  const type = mediaType(req);
  if (!isAccepted(type, compatibility)) {
    return undefined;
  }
  if (typeof body === 'object' && body !== null && !Buffer.isBuffer(body)) {
    return toParameters(body);
  }
  const bytes = toUtf8(body);
  return type === FORM_TYPE ? parseForm(bytes) : parseUnderJsonType(bytes, compatibility);
}

/**
 * Reads the body of a request, or returns what a body parser left of it.
 * @throws RefusedRequest if the body is too long
 */
export const readRawBody = async (req: IncomingMessage, maxBytes: number): Promise<unknown> =>
  req.readableEnded || !req.readable ? parsedBody(req) : readBody(req, maxBytes);

/** Returns what a body parser left, which a request of Node does not declare. */
const parsedBody = (req: IncomingMessage & { readonly body?: unknown }): unknown => req.body;

const isAccepted = (type: string | undefined, compatibility: ClientCompatibility): boolean =>
  type === FORM_TYPE ||
  (type === JSON_TYPE &&
    [compatibility.jsonTokenRequests, compatibility.formUnderJsonContentType].includes(true));

/**
 * Returns the bytes of a body that was not parsed.
 * @throws RefusedRequest if they are not UTF-8
 */
export function toUtf8(body: unknown): Buffer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : '');
  if (!isUtf8(bytes)) {
    throw new RefusedRequest('the request body is not UTF-8');
  }
  return bytes;
}

function parseUnderJsonType(
  bytes: Buffer,
  { jsonTokenRequests, formUnderJsonContentType }: ClientCompatibility,
): URLSearchParams {
  const text = bytes.toString();
  if (formUnderJsonContentType && isForm(text)) {
    return parseForm(bytes);
  }
  if (jsonTokenRequests) {
    return parseJsonParameters(text);
  }
  throw new RefusedRequest(
    'the request body must be a form: token requests as JSON are not enabled',
  );
}

export const mediaType = (req: IncomingMessage): string | undefined =>
  req.headers['content-type']?.split(';')[0]?.trim().toLowerCase();

async function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) {
      throw new RefusedRequest('the request body is too large');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
