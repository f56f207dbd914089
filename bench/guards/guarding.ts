import type { RequestHandler } from 'express';

import type { Headers } from '../credentials';
import type { Contender } from '../harness/contender';
import { type Exchange, exchange, linesOf } from './exchanges';

/** Calls a guard with new requests whose credential is valid. */
export function guarding(guard: RequestHandler, headers: Headers, make = exchange): Contender {
  const lines = linesOf(headers);
  return async (calls) => {
    const exchanges = Array.from({ length: calls }, () => make(lines));
    return () => passAll(guard, exchanges);
  };
}

/** Resolves when each request has passed; undefined if that happened synchronously. */
function passAll(guard: RequestHandler, exchanges: readonly Exchange[]): Promise<void> | undefined {
  let passed = 0;
  let waiting: (() => void) | undefined;
  const next = (error?: unknown) => {
    if (error !== undefined) {
      throw new Error('A good credential was refused', { cause: error });
    }
    passed++;
    waiting?.();
  };
  const passFrom = (index: number): Promise<void> | undefined => {
    for (let at = index; at < exchanges.length; at++) {
      const [req, res] = exchanges[at] as Exchange;
      void guard(req, res, next);
      if (passed === at) {
        return new Promise<void>((resolve) => (waiting = resolve)).then(() => passFrom(at + 1));
      }
    }
    return undefined;
  };
  return passFrom(0);
}
