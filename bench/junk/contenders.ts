import type { ServerResponse } from 'node:http';

import type { RequestHandler, Response } from 'express';

import { inAuthorization, PREFIX } from '../credentials';
import { allGuards, FLOOR, FLOOR_AGAIN } from '../guards/catalogue';
import { exchange, linesOf } from '../guards/exchanges';
import { guarding } from '../guards/guarding';
import { keyGuard } from '../guards/latchkey';
import type { Contender, Contenders } from '../harness/contender';
import { secretOf } from '../records';

const good = secretOf(1);

/** Invalid keys, each as long as a valid one: with a wrong prefix, form or checksum. */
export const JUNK = {
  'wrong prefix': good.replace(PREFIX, 'acme'),
  'wrong form': `${good.slice(0, -1)}~`,
  'wrong checksum': good.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
};

/** A response that discards what is written, so that only the decision is measured. */
const deaf = {
  headersSent: false,
  statusCode: 200,
  setHeader() {},
  hasHeader: () => false,
  getHeader() {},
  end() {},
} as unknown as Response;

function refusing(
  guard: RequestHandler,
  token: string,
  responseOf: (made: Response) => Response,
): Contender {
  const lines = linesOf(inAuthorization(token));
  const next = () => {
    throw new Error('Junk was let in');
  };
  return async (calls) => {
    const exchanges = Array.from({ length: calls }, () => exchange(lines)).map(
      ([req, res]) => [req, responseOf(res)] as const,
    );
    return () => {
      for (const [req, res] of exchanges) {
        void guard(req, res, next);
      }
    };
  };
}

/** The same response, written by hand. */
const byHand: RequestHandler = (_req, res: ServerResponse) => {
  res.statusCode = 401;
  res.setHeader(
    'WWW-Authenticate',
    'Bearer realm="api", error="invalid_token", error_description="The access token is invalid or expired"',
  );
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', '63');
  res.setHeader('Cache-Control', 'no-store');
  res.end('{"error":"unauthorized","message":"Invalid or missing API key"}');
};

export const decisionOn = (what: string) => `${what}: the decision`;
export const answerTo = (what: string) => `${what}: the whole 401`;
export const BY_HAND = 'a 401 written by hand';

export const contenders: Contenders = {
  ...Object.fromEntries(
    [FLOOR, FLOOR_AGAIN].map((name) => [
      name,
      async () => {
        const { guard, headers } = (await allGuards[name]?.()) as {
          guard: RequestHandler;
          headers: Record<string, string>;
        };
        return guarding(guard, headers);
      },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(JUNK).flatMap(([what, token]) => [
      [decisionOn(what), async () => refusing((await keyGuard('cached')).guard, token, () => deaf)],
      [answerTo(what), async () => refusing((await keyGuard('cached')).guard, token, (res) => res)],
    ]),
  ),
  [BY_HAND]: () => refusing(byHand, good, (res) => res),
};
