import type { IncomingMessage } from 'node:http';

const MAX_BODY_BYTES = 64 * 1024;

/**
 * Reads a form, or what a body parser left in `req.body`.
 * @returns The fields, or undefined if the body is something else or too large.
 */
export async function readForm(req: IncomingMessage): Promise<URLSearchParams | undefined> {
  const type = req.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== undefined && type !== 'application/x-www-form-urlencoded') {
    return undefined;
  }
  if (req.readableEnded || !req.readable) {
    return fromParsed((req as { readonly body?: unknown }).body);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) {
      return undefined;
    }
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

function fromParsed(body: unknown): URLSearchParams {
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    return new URLSearchParams(body.toString());
  }
  const fields = Object.entries(Object(body) as Record<string, unknown>);
  const form = new URLSearchParams();
  for (const [name, value] of fields.flatMap(([key, all]) =>
    [all].flat().map((one) => [key, one]),
  )) {
    form.append(String(name), String(value));
  }
  return form;
}
