import type { KeyObject } from 'node:crypto';

import type { RequestHandler } from 'express';
import { type Algorithm, apiKeys, jwt, latchkey, memoryStore, type Verifier } from 'latchkey';

import { AUDIENCE, ISSUER, PREFIX, SCOPE, SECRET } from '../credentials';

type Cached = 'cached' | 'uncached';

/** Configured as in the README, with `requireScopes()` as the only guard. */
const guardOf = (verifiers: readonly Verifier[], cached: Cached): RequestHandler =>
  latchkey({
    scopes: [SCOPE],
    verifiers,
    ...(cached === 'uncached' && { cache: false }),
  }).requireScopes(SCOPE);

/** A guard, and a key that it accepts. */
export async function keyGuard(
  cached: Cached,
): Promise<{ readonly guard: RequestHandler; readonly key: string }> {
  const keys = apiKeys({ prefix: PREFIX, store: memoryStore() });
  const { secret } = await keys.issue({ subject: 'acct_42', scopes: [SCOPE] });
  return { guard: guardOf([keys], cached), key: secret };
}

export const jwtGuard = (
  cached: Cached,
  algorithm: Algorithm = 'HS256',
  key: KeyObject = SECRET,
): RequestHandler =>
  guardOf([jwt({ issuer: ISSUER, audience: AUDIENCE, algorithms: [algorithm], key })], cached);
