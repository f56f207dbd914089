import type { IncomingMessage, ServerResponse } from 'node:http';

import { endResponse } from './drain';
import type { Refusal } from './refusals';

/** Sends a refusal. Keeps headers that were set earlier, by `cors()` for example. */
export function sendRefusal(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, body }: Refusal,
): void {
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) {
    res.setHeader(name, value);
  }
  endResponse(req, res, req.method === 'HEAD' ? undefined : body);
}
