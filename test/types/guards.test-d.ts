import 'latchkey/augment';

import type { IncomingMessage, ServerResponse } from 'node:http';

import { expectTypeOf } from 'expect-type';
import express from 'express';
import {
  apiKeys,
  type AuthenticationResult,
  findAuth,
  getAuth,
  hasScopes,
  latchkey,
  memoryStore,
  type Middleware,
  type Principal,
  type Reason,
  type Refusal,
  toAuthInfo,
} from 'latchkey';

const { authenticate, authorize, requireScopes, requireFreshAuth, resourceMetadata, check, close } =
  latchkey({
    verifiers: [apiKeys({ prefix: 'osir', store: memoryStore() })],
  });

// Guards are middleware of Express and of plain node:http
{
  const app = express();
  const router = express.Router();
  app.use(authenticate());
  app.get('/v1/domains', requireScopes('domains:read'), (req, res) => {
    expectTypeOf(req.auth).toEqualTypeOf<Principal | undefined>();
    expectTypeOf(getAuth(req)).toEqualTypeOf<Principal>();
    expectTypeOf(findAuth(req)).toEqualTypeOf<Principal | undefined>();
    res.json(hasScopes(getAuth(req), 'domains:write'));
  });
  router.use(
    '/:account',
    authenticate({ optional: true }),
    requireFreshAuth({ maxAgeMs: 300_000 }),
    resourceMetadata(),
  );
  expectTypeOf(authenticate()).toExtend<express.RequestHandler>();
  expectTypeOf(authenticate()).toExtend<
    (req: IncomingMessage, res: ServerResponse, next: () => void) => void
  >();
  expectTypeOf(authenticate()).toEqualTypeOf<Middleware>();
}

// A policy sees the principal, and the request as its framework types it
{
  authorize((principal, req) => {
    expectTypeOf(principal).toEqualTypeOf<Principal>();
    expectTypeOf(req).toEqualTypeOf<IncomingMessage>();
    return true;
  });
  authorize(async ({ subject }) => subject === 'acct_42');
  express().get(
    '/accounts/:account',
    authorize(({ subject }, req: express.Request) => req.params.account === subject),
    (_req, res) => void res.end(),
  );

  // @ts-expect-error -- no policy
  authorize();
  // @ts-expect-error -- an answer that is neither yes nor no
  authorize(() => 'yes');
  // @ts-expect-error -- no answer
  authorize(() => {});
  // @ts-expect-error -- no request of Express comes from plain node:http
  expectTypeOf(authorize((_, req: express.Request) => req.secure)).toExtend<Middleware>();
}

// Options of guards
{
  // @ts-expect-error -- misspelt
  authenticate({ optinal: true });
  // @ts-expect-error -- no boolean
  authenticate({ optional: 'yes' });
  // @ts-expect-error -- nothing is asked for
  requireFreshAuth();
  // @ts-expect-error -- without its unit
  requireFreshAuth({ maxAge: 300 });
  // @ts-expect-error -- no number
  requireFreshAuth({ maxAgeMs: '300000' });
  // @ts-expect-error -- no list
  requireFreshAuth({ acrValues: 'urn:mfa' });
}

// A decision is one of three
{
  const decide = async (req: express.Request, message: IncomingMessage) => {
    expectTypeOf(await check(req)).toEqualTypeOf<AuthenticationResult>();
    await check(message, {});
    await check({ headers: { authorization: 'Bearer …' } });
    await check({ method: 'GET', url: '/', headers: { cookie: ['a=b', 'c=d'] }, rawHeaders: [] });
    await check(new Request('https://api.osir.com'));
    await check({ headers: new Headers() });
    // @ts-expect-error -- a Map is no headers
    await check({ headers: new Map([['x-api-key', 'k']]) });
    // @ts-expect-error -- no headers
    await check({ url: '/' });

    const decision = await check(req);
    // @ts-expect-error -- not every decision has a principal
    expectTypeOf(decision.principal).toEqualTypeOf<Principal>();
    switch (decision.status) {
      case 'anonymous':
        return undefined;
      case 'authenticated':
        return expectTypeOf(decision.principal).toEqualTypeOf<Principal>();
      case 'refused':
        expectTypeOf(decision.reason).toEqualTypeOf<Reason>();
        return expectTypeOf(decision.refusal).toEqualTypeOf<Refusal>();
      default:
        return expectTypeOf(decision).toBeNever();
    }
  };
  expectTypeOf(decide).returns.resolves.not.toBeNever();
  expectTypeOf(close).returns.resolves.toBeVoid();
}

// A principal is for reading
{
  const change = (principal: Principal) => {
    // @ts-expect-error -- read-only
    principal.subject = 'admin';
    // @ts-expect-error -- read-only
    principal.scopes.push('admin');
    // @ts-expect-error -- read-only
    principal.claims.admin = true;
  };
  expectTypeOf(change).returns.toBeVoid();
  expectTypeOf<Principal['kind']>().toBeString();
  expectTypeOf<'device'>().toExtend<Principal['kind']>();
  expectTypeOf<Principal['claims'][string]>().toBeUnknown();
  // @ts-expect-error -- a secret has no place in it
  expectTypeOf<Principal['token']>().toBeString();
}

// What the Model Context Protocol's SDK takes
{
  interface SdkAuthInfo {
    token: string;
    clientId: string;
    scopes: string[];
    expiresAt?: number;
    resource?: URL;
    extra?: Record<string, unknown>;
  }
  expectTypeOf(toAuthInfo).returns.toExtend<SdkAuthInfo>();
  expectTypeOf(toAuthInfo).returns.toHaveProperty('expiresAt').toEqualTypeOf<number>();
}
