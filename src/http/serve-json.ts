import type { IncomingMessage, ServerResponse } from 'node:http';

import { requestPath } from '../extractors/extractor';
import { endResponse } from './drain';
import { internalError } from './internal-error';
import type { Middleware } from './middleware';

/**
 * Serves a JSON document at its paths, to any origin and without authentication. Calls
 * `next()` for every other request.
 */
export function serveJson(paths: readonly string[], document: object): Middleware {
  const body = JSON.stringify(document);

  return (req, res, next) => {
    let passes: boolean;
    try {
      passes = !paths.includes(requestPath(req));
      if (!passes) {
        respond(req, res, body);
      }
    } catch (error) {
      next(internalError(error));
      return;
    }
    if (passes) {
      next();
    }
  };
}

function respond(req: IncomingMessage, res: ServerResponse, body: string): void {
  res.setHeader('Access-Control-Allow-Origin', '*');
  if (req.method === 'OPTIONS') {
    res.setHeader('Access-Control-Allow-Methods', 'GET');
    res.setHeader('Access-Control-Allow-Headers', '*');
    res.statusCode = 204;
    endResponse(req, res, undefined);
  } else if (req.method === 'GET' || req.method === 'HEAD') {
    res.setHeader('Content-Type', 'application/json; charset=utf-8');
    res.setHeader('Content-Length', Buffer.byteLength(body));
    res.setHeader('Cache-Control', 'public, max-age=3600');
    endResponse(req, res, req.method === 'HEAD' ? undefined : body);
  } else {
    res.setHeader('Allow', 'GET, HEAD, OPTIONS');
    res.setHeader('Content-Length', 0);
    res.statusCode = 405;
    endResponse(req, res, undefined);
  }
}
