import type { IncomingMessage } from 'node:http';

import { isObject } from '../../internal/type-guards';
import { RefusedRequest } from './refused-request';
import { JSON_TYPE, mediaType, readRawBody, toUtf8 } from './request-body';

/**
 * Reads the JSON object in the body of a registration request. If a body parser was here before,
 * uses what it left in `req.body`.
 *
 * @throws {RefusedRequest} if the body is too long, or is not a JSON object
 */
export async function readJsonObject(
  req: IncomingMessage,
  maxBytes: number,
): Promise<Readonly<Record<string, unknown>>> {
  const body = await readRawBody(req, maxBytes);
  if (mediaType(req) !== JSON_TYPE) {
    throw invalid('the media type of the request must be application/json');
  }
  const value = isObject(body) && !Buffer.isBuffer(body) ? body : parse(toUtf8(body).toString());
  if (!isObject(value)) {
    throw invalid('the request body must be a JSON object');
  }
  return value;
}

const invalid = (message: string): RefusedRequest =>
  new RefusedRequest(message, 400, {}, 'invalid_client_metadata');

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('the request body is not JSON');
  }
}
