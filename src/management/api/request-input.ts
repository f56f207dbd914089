import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';

import { fail, type Fault, invalidField, invalidRequest, type Outcome, succeed } from '../faults';

const MAX_BODY_BYTES = 64 * 1024;

const UNSUPPORTED: Fault = {
  status: 415,
  error: 'unsupported_media_type',
  message: 'The request body must be application/json',
};
const TOO_LARGE: Fault = {
  status: 413,
  error: 'content_too_large',
  message: `The request body must have at most ${MAX_BODY_BYTES} bytes`,
};

/** Returns the parameters of the query. */
export function readQuery(search: string): Outcome<unknown> {
  const parameters = new URLSearchParams(search);
  const names = [...parameters.keys()];
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  return repeated === undefined
    ? succeed(Object.fromEntries(parameters))
    : fail(invalidField(repeated.slice(0, 64), 'must be given once'));
}

/**
 * Reads the JSON of a request, or uses what a body parser left in `req.body`. A request without
 * content is undefined.
 */
export async function readJson(req: IncomingMessage): Promise<Outcome<unknown>> {
  const type = mediaType(req);
  const isEmpty = !hasContent(req);
  if (type === undefined ? !isEmpty : type !== 'application/json') {
    return fail(UNSUPPORTED);
  }
  if (isEmpty) {
    return succeed(undefined);
  }
  const { body } = req as { readonly body?: unknown };
  if ((req.readableEnded || !req.readable) && !isRaw(body)) {
    return succeed(body);
  }
  const isCoded = (req.headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity';
  if (isCoded && !req.readableEnded) {
    return fail(UNSUPPORTED);
  }
  const bytes = isRaw(body) ? Buffer.from(body) : await readBytes(req);
  return bytes === undefined ? fail(TOO_LARGE) : parse(bytes);
}

/** Whether a body parser left the body as it was sent. */
const isRaw = (body: unknown): body is string | Buffer =>
  typeof body === 'string' || Buffer.isBuffer(body);

const mediaType = (req: IncomingMessage): string | undefined =>
  req.headers['content-type']?.split(';')[0]?.trim().toLowerCase();

const hasContent = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;

/** Reads the body, unless it is too large. */
async function readBytes(req: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) {
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer): Outcome<unknown> {
  const invalid = fail(invalidRequest('The request body is not JSON'));
  if (!isUtf8(bytes)) {
    return invalid;
  }
  try {
    return succeed(JSON.parse(bytes.toString()));
  } catch {
    return invalid;
  }
}
