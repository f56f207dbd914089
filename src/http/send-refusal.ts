import type { IncomingMessage, ServerResponse } from 'node:http';

import { endResponse } from './drain';
import type { Refusal } from './refusals';

/** Sends a refusal. Headers that were set earlier, by `cors()` for example, stay. */
export function sendRefusal(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, body }: Refusal,
): void {
  res.statusCode = status;
  for (const name of Object.keys(headers)) {
    res.setHeader(name, headers[name] as string | string[]);
  }
  endResponse(req, res, req.method === 'HEAD' ? undefined : body);
}
