import { pathOf } from '../extractors/extractor';
import type { Middleware } from './middleware';

/** Serves a document at its paths, to any origin and without authentication; everything else goes on. */
export function serveJson(paths: readonly string[], document: object): Middleware {
  const body = JSON.stringify(document);

  return (req, res, next) => {
    if (!paths.includes(pathOf(req))) return next();
    res.setHeader('Access-Control-Allow-Origin', '*');
    if (req.method === 'OPTIONS') {
      res.setHeader('Access-Control-Allow-Methods', 'GET');
      res.setHeader('Access-Control-Allow-Headers', '*');
      res.statusCode = 204;
      res.end();
    } else if (req.method === 'GET' || req.method === 'HEAD') {
      res.setHeader('Content-Type', 'application/json; charset=utf-8');
      res.setHeader('Content-Length', Buffer.byteLength(body));
      res.setHeader('Cache-Control', 'public, max-age=3600');
      res.end(req.method === 'HEAD' ? undefined : body);
    } else {
      res.setHeader('Allow', 'GET, HEAD, OPTIONS');
      res.statusCode = 405;
      res.end();
    }
  };
}
