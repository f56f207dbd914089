import { randomBytes } from 'node:crypto';

import type { RequestHandler } from 'express';

import {
  type Headers,
  inApiKeyHeader,
  inAuthorization,
  PREFIX,
  SECRET,
  signedToken,
} from '../credentials';
import { jwtGuard, keyGuard } from './latchkey';
import * as peers from './peers';

/** A guard, and the headers of a client that it accepts. */
export interface Guarded {
  readonly guard: RequestHandler;
  readonly headers: Headers;
}
export type Guards = Readonly<Record<string, () => Guarded | Promise<Guarded>>>;

/** For libraries that only look up keys: a key as long as one of ours. */
const KEY = `${PREFIX}_live_${randomBytes(25).toString('hex').slice(1)}`;
const bearing = (guard: RequestHandler, token = KEY): Guarded => ({
  guard,
  headers: inAuthorization(token),
});
const inHeader = (guard: RequestHandler, key = KEY): Guarded => ({
  guard,
  headers: inApiKeyHeader(key),
});
const withJwt = async (guard: RequestHandler): Promise<Guarded> =>
  bearing(guard, await signedToken(SECRET, 'HS256'));
const latchkeyBearing = async (cached: 'cached' | 'uncached') => {
  const { guard, key } = await keyGuard(cached);
  return bearing(guard, key);
};
const latchkeyInHeader = async (cached: 'cached' | 'uncached') => {
  const { guard, key } = await keyGuard(cached);
  return inHeader(guard, key);
};

export const FLOOR = 'floor';
export const FLOOR_AGAIN = 'floor, again';
export const floors: Guards = {
  [FLOOR]: () => bearing(peers.floor(KEY)),
  [FLOOR_AGAIN]: () => bearing(peers.floor(KEY)),
};

/** An opaque key in `Authorization`. */
export const bearerKeys: Guards = {
  'Latchkey, cached': () => latchkeyBearing('cached'),
  'Latchkey, uncached': () => latchkeyBearing('uncached'),
  'passport-http-bearer, keys by digest': () =>
    bearing(peers.passportHttpBearer(peers.byDigest(KEY))),
  'passport-http-bearer, keys in plain': () =>
    bearing(peers.passportHttpBearer(peers.inPlain(KEY))),
  'MCP requireBearerAuth, keys by digest': () =>
    bearing(peers.mcpRequireBearerAuth(peers.byDigest(KEY))),
  'MCP requireBearerAuth, keys in plain': () =>
    bearing(peers.mcpRequireBearerAuth(peers.inPlain(KEY))),
};

/** The same in `X-API-Key`. */
export const headerKeys: Guards = {
  'Latchkey, X-API-Key, cached': () => latchkeyInHeader('cached'),
  'Latchkey, X-API-Key, uncached': () => latchkeyInHeader('uncached'),
  'passport-headerapikey, keys by digest': () =>
    inHeader(peers.passportHeaderApiKey(peers.byDigest(KEY))),
  'passport-headerapikey, keys in plain': () =>
    inHeader(peers.passportHeaderApiKey(peers.inPlain(KEY))),
};

/** A JWT with HS256, the cheapest algorithm, so that the library's own cost dominates. */
export const jwts: Guards = {
  'Latchkey, JWT, cached': () => withJwt(jwtGuard('cached')),
  'Latchkey, JWT, uncached': () => withJwt(jwtGuard('uncached')),
  'fast-jwt, cached': () => withJwt(peers.fastJwt(true)),
  'fast-jwt, uncached': () => withJwt(peers.fastJwt(false)),
  jsonwebtoken: () => withJwt(peers.jsonWebToken()),
  'express-jwt': () => withJwt(peers.expressJwt()),
  'passport-jwt': () => withJwt(peers.passportJwt()),
  'express-oauth2-jwt-bearer': () => withJwt(peers.expressOauth2JwtBearer()),
};

export const allGuards: Guards = { ...floors, ...bearerKeys, ...headerKeys, ...jwts };
