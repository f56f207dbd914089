import type { AddressInfo } from 'node:net';

import express, { type RequestHandler } from 'express';

import type { Headers } from '../credentials';
import { allGuards } from '../guards/catalogue';

/**
 * Serves a route of Express 5 with one of the guards or none, and reports its CPU time to the
 * parent.
 */
export interface Started {
  readonly url: string;
  readonly headers: Headers;
}

const name = process.argv[2] as string;
const { guard, headers } = (await allGuards[name]?.()) ?? {
  guard: undefined,
  headers: (await allGuards['floor']?.())?.headers,
};
const guards: readonly RequestHandler[] = guard ? [guard] : [];

const app = express();
app.get('/v1/domains', ...guards, (_req, res) => void res.json({ domains: ['example.com'] }));
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({
    url: `http://127.0.0.1:${port}/v1/domains`,
    headers: headers ?? {},
  } satisfies Started);
});

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
process.on('disconnect', () => process.exit());
