import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

import express, { type Request, type Response } from 'express';

import type { Headers } from '../credentials';

/** Their types require Express, but they only read what Node provides. */
export type Exchange = readonly [Request, Response];

const PATH = '/v1/domains';
const socket = new Socket();

/** Creates a request and its response as Node's server does, from what its parser read. */
export function exchange(lines: readonly Buffer[]): Exchange {
  const req = new IncomingMessage(socket);
  req.httpVersionMajor = 1;
  req.httpVersionMinor = 1;
  req.httpVersion = '1.1';
  req.method = 'GET';
  req.url = PATH;
  // The parser creates new strings for each request, and the server reads the headers first.
  const raw = lines.map((line) => line.toString('latin1'));
  (req as unknown as { _addHeaderLines: (raw: string[], count: number) => void })._addHeaderLines(
    raw,
    raw.length,
  );
  const res = new ServerResponse(req);
  if (req.headers.host === undefined) {
    throw new Error('A request without a host');
  }
  return [req as Request, res as Response];
}

const app = express();
let arrived: Exchange;
app.get(PATH, (req, res) => void (arrived = [req, res]));

/** The same, as Express passes them to the first guard of a route. */
export function exchangeOnExpress(lines: readonly Buffer[]): Exchange {
  app(...exchange(lines));
  return arrived;
}

/** Names and values, as they arrive over the network. */
export const linesOf = (headers: Headers): readonly Buffer[] =>
  Object.entries({ Host: 'api.osir.com', ...headers }).flatMap((line) =>
    line.map((text) => Buffer.from(text, 'latin1')),
  );
