import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import type { RequestHandler } from 'express';
import { expressjwt } from 'express-jwt';
import { auth } from 'express-oauth2-jwt-bearer';
import { createVerifier } from 'fast-jwt';
import jsonwebtoken from 'jsonwebtoken';
import { LRUCache } from 'lru-cache';
import { Passport } from 'passport';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';
import { Strategy as BearerStrategy } from 'passport-http-bearer';
import { ExtractJwt, Strategy as JwtStrategy } from 'passport-jwt';

import { AUDIENCE, ISSUER, SCOPE, SECRET } from '../credentials';

/**
 * Other libraries, configured for speed as far as their documentation allows: with a `KeyObject`,
 * and with their cache if they have one.
 */

interface Client {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly expiresAt: number;
}
export type FindClient = (key: string) => Client | undefined;
const client = (): Client => ({
  subject: 'acct_42',
  scopes: [SCOPE],
  expiresAt: Math.ceil(Date.now() / 1000) + 86_400,
});
const toDigest = (key: string) => hash('sha256', key, 'base64url');

/** Keys by their digests, as they should be stored. */
export function byDigest(key: string): FindClient {
  const clients = new Map([[toDigest(key), client()]]);
  return (presented) => clients.get(toDigest(presented));
}

/** Keys in plain text, as many examples store them. */
export function inPlain(key: string): FindClient {
  const clients = new Map([[key, client()]]);
  return (presented) => clients.get(presented);
}

/** The least that a cached credential can cost: one hash, and one look-up with expiry. */
export function floor(key: string): RequestHandler {
  const proven = new LRUCache<string, Client>({ max: 10_000, ttl: 3_600_000 });
  proven.set(toDigest(key), client());
  return (req, _res, next) => {
    if (proven.get(toDigest((req.headers.authorization as string).slice('Bearer '.length)))) {
      next();
    }
  };
}

export function passportHttpBearer(find: FindClient): RequestHandler {
  const passport = new Passport();
  passport.use(new BearerStrategy((token, done) => done(null, find(token) ?? false)));
  return passport.authenticate('bearer', { session: false }) as RequestHandler;
}

export function passportHeaderApiKey(find: FindClient): RequestHandler {
  const passport = new Passport();
  passport.use(
    new HeaderAPIKeyStrategy({ header: 'X-API-Key', prefix: '' }, false, (key, done) =>
      done(null, find(key)),
    ),
  );
  return passport.authenticate('headerapikey', { session: false }) as RequestHandler;
}

export const mcpRequireBearerAuth = (find: FindClient): RequestHandler =>
  requireBearerAuth({
    requiredScopes: [SCOPE],
    verifier: {
      async verifyAccessToken(token) {
        const { subject, scopes, expiresAt } = find(token) as Client;
        return { token, clientId: subject, scopes: [...scopes], expiresAt };
      },
    },
  });

/** A library that only verifies, in a minimal guard. */
const guardBy =
  (verify: (token: string) => unknown): RequestHandler =>
  (req, res, next) => {
    try {
      (req as { auth?: unknown }).auth = verify(
        (req.headers.authorization as string).slice('Bearer '.length),
      );
    } catch {
      res.sendStatus(401);
      return;
    }
    next();
  };

const CLAIMS = { issuer: ISSUER, audience: AUDIENCE };

export const jsonWebToken = (): RequestHandler =>
  guardBy((token) => jsonwebtoken.verify(token, SECRET, { ...CLAIMS, algorithms: ['HS256'] }));

export function fastJwt(cache: boolean): RequestHandler {
  const verify = createVerifier({
    key: SECRET.export(),
    algorithms: ['HS256'],
    allowedIss: ISSUER,
    allowedAud: AUDIENCE,
    cache,
  });
  return guardBy((token) => verify(token) as unknown);
}

export const expressJwt = (): RequestHandler =>
  expressjwt({ secret: SECRET, algorithms: ['HS256'], ...CLAIMS });

export function passportJwt(): RequestHandler {
  const passport = new Passport();
  const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken();
  // Its types accept only text; jsonwebtoken, which it calls, accepts a `KeyObject`.
  const options = {
    jwtFromRequest,
    secretOrKey: SECRET as unknown as string,
    algorithms: ['HS256' as const],
    ...CLAIMS,
  };
  passport.use(new JwtStrategy(options, (payload, done) => done(null, payload as object)));
  return passport.authenticate('jwt', { session: false }) as RequestHandler;
}

/** What the libraries read of a request that `node:http` does not have. */
const OF_EXPRESS = {
  protocol: 'https',
  is: () => false,
  get(this: IncomingMessage, name: string) {
    return this.headers[name.toLowerCase()];
  },
};

export function expressOauth2JwtBearer(): RequestHandler {
  const guard = auth({ ...CLAIMS, secret: SECRET.export().toString(), tokenSigningAlg: 'HS256' });
  return (req, res, next) => {
    if (!('is' in req)) {
      Object.assign(req, OF_EXPRESS);
    }
    return guard(req, res, next);
  };
}
