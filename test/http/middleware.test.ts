import { IncomingMessage, type RequestListener, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

import cors from 'cors';
import express from 'express';
import express4 from 'express4';
import {
  apiKeyHeader,
  apiKeys,
  bearer,
  cookie,
  findAuth,
  latchkey,
  type LatchkeyOptions,
  memoryStore,
  type Middleware,
  type Principal,
  type Reason,
  type Verification,
  type Verifier,
} from 'latchkey';

import { type Handler, MOUNTS } from '../support/servers';
import { ask, get, valuesOf } from './ask';
import { runProgram } from './child';

const principal: Principal = {
  kind: 'api_key',
  verifier: 'own',
  subject: 'acct_42',
  scopes: ['a', 'b'],
  claims: {},
};
const forged: Principal = { ...principal, subject: 'admin', scopes: ['a', 'b', 'admin'] };
const BEARER = get('Authorization: Bearer good');

/** A verifier that knows one token, and how often it was asked. */
function counted(
  answer: () => Verification | Promise<Verification> = () => ({ ok: true, principal }),
): Verifier & { calls: number } {
  return {
    name: 'own',
    calls: 0,
    accepts: () => true,
    verify({ token }) {
      this.calls++;
      return token === 'good' ? answer() : { ok: false, reason: 'unknown' };
    },
  };
}
const later = async (): Promise<Verification> => ({ ok: true, principal });
const made = (options: Partial<LatchkeyOptions> = {}) =>
  latchkey({ verifiers: [counted()], ...options });

const whoCalls: Handler = (req, res) => res.end(findAuth(req)?.subject ?? 'anonymous');
const setting =
  (name: string, value: string | string[]): Middleware =>
  (_req, res, next) => {
    res.setHeader(name, value);
    next();
  };
const posing: Middleware = (req, _res, next) => {
  (req as { auth?: Principal }).auth = forged;
  next();
};

describe.each(Object.entries(MOUNTS))('a guard on %s', (_name, mount) => {
  describe.each([
    ['at once', () => counted()],
    ['later', () => counted(later)],
  ])('whose verifier settles %s', (_when, verifierOf) => {
    it('verifies a request once, however many guards of its instance it passes', async () => {
      const verifier = verifierOf();
      const { authenticate, requireScopes, requireAnyScope, authorize } = latchkey({
        verifiers: [verifier],
        cache: false,
      });
      const guards = [
        authenticate(),
        authenticate({ optional: true }),
        requireScopes('a'),
        requireAnyScope('b'),
        authorize(() => true),
      ];
      const app = mount(guards, whoCalls);
      expect(await ask(app, BEARER)).toMatchObject({ status: 200, body: 'acct_42' });
      expect(verifier.calls).toBe(1);
      expect(await ask(app, BEARER)).toMatchObject({ status: 200, body: 'acct_42' });
      expect(verifier.calls).toBe(2);
    });

    it('does not verify again a request that an earlier guard of its instance rejected', async () => {
      const verifier = verifierOf();
      const { authenticate, requireScopes } = latchkey({ verifiers: [verifier], cache: false });
      const app = mount([authenticate({ optional: true }), requireScopes('a')], whoCalls);
      expect(await ask(app, get())).toMatchObject({ status: 401 });
      expect(await ask(app, get('Authorization: Bearer bad'))).toMatchObject({ status: 401 });
      expect(verifier.calls).toBe(1);
    });

    it('verifies per instance: of two instances on one request, each calls its own verifier', async () => {
      const [one, other] = [verifierOf(), verifierOf()];
      const guards = [one, other].map((verifier) =>
        latchkey({ verifiers: [verifier], cache: false }).authenticate(),
      );
      expect(await ask(mount(guards, whoCalls), BEARER)).toMatchObject({
        status: 200,
        body: 'acct_42',
      });
      expect([one.calls, other.calls]).toEqual([1, 1]);
    });

    it('clears what an earlier middleware left in req.auth, whatever the outcome', async () => {
      const { authenticate } = latchkey({ verifiers: [verifierOf()] });
      const app = mount([posing, authenticate({ optional: true })], whoCalls);
      expect(await ask(app, get())).toMatchObject({ status: 200, body: 'anonymous' });
      expect(await ask(app, BEARER)).toMatchObject({ status: 200, body: 'acct_42' });
    });

    it('never reads req.auth: a middleware between two guards cannot add a scope', async () => {
      const { authenticate, requireScopes, authorize } = latchkey({ verifiers: [verifierOf()] });
      const subjects: string[] = [];
      const policy = ({ subject }: Principal) => subjects.push(subject) > 0;
      const app = mount(
        [authenticate(), posing, authorize(policy), posing, requireScopes('admin')],
        whoCalls,
      );
      expect(await ask(app, BEARER)).toMatchObject({ status: 403 });
      expect(subjects).toEqual(['acct_42']);
    });

    it('sets no req.auth when it rejects a request', async () => {
      const { requireScopes } = latchkey({ verifiers: [verifierOf()] });
      let left: IncomingMessage | undefined;
      const keeping: Middleware = (req, res, next) => {
        left = req;
        posing(req, res, next);
      };
      expect(await ask(mount([keeping, requireScopes('admin')], whoCalls), BEARER)).toMatchObject({
        status: 403,
      });
      expect(findAuth(left as IncomingMessage)).toBeUndefined();
    });

    it('passes a response on that was begun before it', async () => {
      const beginning: Middleware = (_req, res, next) => {
        res.write('begun, ');
        next();
      };
      const { authenticate } = latchkey({
        extractors: [apiKeyHeader()],
        verifiers: [verifierOf()],
      });
      const answer = await ask(
        mount([beginning, authenticate({ optional: true })], whoCalls),
        get('X-API-Key: good'),
      );
      expect(answer).toMatchObject({ status: 200, headers: ['Transfer-Encoding: chunked'] });
      expect(answer.body).toContain('begun, ');
      expect(answer.body).toContain('acct_42');
    });

    it('hands a response that was begun before it could refuse to the error handler', async () => {
      const beginning: Middleware = (_req, res, next) => {
        res.write('begun, ');
        next();
      };
      let reached = false;
      const { requireScopes } = latchkey({ verifiers: [verifierOf()] });
      const answer = await ask(
        mount([beginning, requireScopes('admin')], () => (reached = true)),
        BEARER,
      );
      expect(answer.body).toContain('next: latchkey: the guard failed; see the cause');
      expect(reached).toBe(false);
    });
  });

  test.each<Reason>(['missing', 'multiple', 'unknown', 'denied', 'unavailable'])(
    'never treats an invalid credential as anonymous, even if its verifier says %s',
    async (reason) => {
      for (const verifier of [
        counted(() => ({ ok: false, reason })),
        counted(async () => ({ ok: false, reason })),
      ]) {
        const app = mount(
          [latchkey({ verifiers: [verifier] }).authenticate({ optional: true })],
          whoCalls,
        );
        const answer = await ask(app, BEARER);
        expect(answer.body).not.toBe('anonymous');
        expect(answer.status).toBeGreaterThanOrEqual(400);
      }
    },
  );

  it('does not accept the key of another instance', async () => {
    const [one, other] = ['osir', 'other'].map((prefix) =>
      apiKeys({ prefix, store: memoryStore() }),
    );
    const { secret } = await one!.issue({ subject: 'acct_42', scopes: [] });
    const [first, second] = [one!, other!].map((keys) =>
      latchkey({ verifiers: [keys] }).authenticate(),
    );
    expect(await ask(mount([first!], whoCalls), get(`X-API-Key: ${secret}`))).toMatchObject({
      status: 200,
      body: 'acct_42',
    });
    expect(
      await ask(mount([first!, second!], whoCalls), get(`X-API-Key: ${secret}`)),
    ).toMatchObject({ status: 401 });
    expect(
      await ask(mount([second!, first!], whoCalls), get(`X-API-Key: ${secret}`)),
    ).toMatchObject({ status: 401 });
  });

  test.each<[string, string, Middleware, string]>([
    [
      'Vary that cors() set',
      'Vary',
      cors({ origin: 'https://app.example.com' }) as Middleware,
      'Origin, X-API-Key',
    ],
    [
      'Vary in two lines',
      'Vary',
      setting('Vary', ['Origin', 'Accept-Encoding']),
      'Origin, Accept-Encoding, X-API-Key',
    ],
    [
      'Vary that names the header already',
      'Vary',
      setting('Vary', 'Origin , x-api-key'),
      'Origin, x-api-key',
    ],
    ['an empty Vary', 'Vary', setting('Vary', ''), 'X-API-Key'],
    ['Vary that names everything', 'Vary', setting('Vary', '*'), '*'],
    [
      'a Cache-Control',
      'Cache-Control',
      setting('Cache-Control', 'public, max-age=60'),
      'public, max-age=60',
    ],
    ['no Cache-Control', 'Cache-Control', setting('X-Other', '1'), 'private'],
  ])('keeps %s', async (_what, name, before, value) => {
    const { authenticate, requireScopes } = made();
    const answer = await ask(
      mount([before, authenticate(), requireScopes('a')], whoCalls),
      get('X-API-Key: good'),
    );
    expect(answer).toMatchObject({ status: 200, body: 'acct_42' });
    expect(valuesOf(answer, name).map((line) => line.split(/\s*,\s*/))).toEqual([
      value.split(', '),
    ]);
  });

  it('names each header once on an optional route with extractors that share one', async () => {
    const extractors = [bearer(), apiKeyHeader(), apiKeyHeader('X-Old-Key'), cookie('sid')];
    const app = mount(
      [setting('Vary', 'origin'), made({ extractors }).authenticate({ optional: true })],
      whoCalls,
    );
    expect(valuesOf(await ask(app, get()), 'Vary')).toEqual([
      'origin, Authorization, X-API-Key, X-Old-Key, Cookie',
    ]);
    expect(valuesOf(await ask(app, get('X-Old-Key: good')), 'Vary')).toEqual([
      'origin, Authorization, X-API-Key, X-Old-Key, Cookie',
    ]);
  });

  it('keeps headers that were set before a refusal, and forbids caching', async () => {
    const guards = [
      cors({ origin: 'https://app.example.com' }) as Middleware,
      setting('Cache-Control', 'public, max-age=60'),
      setting('X-Request-Id', '7'),
      made().authenticate(),
    ];
    expect(await ask(mount(guards, whoCalls), get())).toEqual({
      status: 401,
      headers: [
        'Access-Control-Allow-Origin: https://app.example.com',
        'Vary: Origin',
        'Cache-Control: no-store',
        'X-Request-Id: 7',
        'WWW-Authenticate: Bearer realm="api"',
        'Content-Type: application/json; charset=utf-8',
        'Content-Length: 63',
      ],
      body: '{"error":"unauthorized","message":"Invalid or missing API key"}',
    });
  });

  it('does not respond to a preflight request, which is for cors() before it', async () => {
    const preflight =
      'OPTIONS / HTTP/1.1\r\nHost: x\r\nOrigin: https://app.example.com\r\nConnection: close\r\n';
    const asking = `${preflight}Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n\r\n`;
    const { authenticate } = made();
    expect(
      await ask(mount([cors() as Middleware, authenticate()], whoCalls), asking),
    ).toMatchObject({ status: 204 });
    expect(
      await ask(mount([authenticate(), cors() as Middleware], whoCalls), asking),
    ).toMatchObject({ status: 401 });
  });

  test.each<[string, Partial<LatchkeyOptions>]>([
    ['a body that throws', { body: () => fail('body') }],
    [
      'a extractor that throws',
      {
        extractors: [
          {
            name: 'own',
            extract: () => fail('extract'),
          },
        ],
      },
    ],
  ])('passes %s to the error handler, without quoting it', async (_what, options) => {
    let reached = false;
    const app = mount([made(options).authenticate({ optional: true })], () => (reached = true));
    const answer = await ask(app, get('Authorization: Bearer bad'));
    expect(answer).toMatchObject({
      status: 500,
      body: 'next: latchkey: the guard failed; see the cause',
    });
    expect(reached).toBe(false);
  });
});

function fail(what: string): never {
  throw new Error(`${what} failed: postgres://user:secret@db`);
}

describe.each([
  ['Express 4', () => express4()],
  ['Express 5', () => express()],
])('on %s', (_name, create) => {
  const boom = new Error('the handler broke');
  /** What the error handler saw. */
  async function errorsOf(
    guards: readonly Middleware[],
    handler: express.Handler,
  ): Promise<unknown[]> {
    const app = create();
    const seen: unknown[] = [];
    app.get('/', ...guards, handler);
    app.use(
      (
        error: unknown,
        _req: express.Request,
        res: express.Response,
        _next: express.NextFunction,
      ) => {
        seen.push(error);
        res.status(500).end('failed');
      },
    );
    expect(await ask(app, BEARER)).toMatchObject({ status: 500, body: 'failed' });
    return seen;
  }

  test.each([
    ['at once', counted()],
    ['later', counted(later)],
  ])(
    'passes on the error of a handler that throws after a verifier that settles %s, and calls it once',
    async (_when, verifier) => {
      let calls = 0;
      const { authenticate, requireScopes, authorize } = latchkey({
        verifiers: [verifier],
        cache: false,
      });
      const guards = [authenticate(), requireScopes('a'), authorize(async () => true)];
      const errors = await errorsOf(guards, () => {
        calls++;
        throw boom;
      });
      expect(errors).toHaveLength(1);
      expect(errors[0]).toBe(boom);
      expect(calls).toBe(1);
    },
  );

  it('a handler that passes an error on is seen as itself', async () => {
    const errors = await errorsOf([made().authenticate()], (_req, _res, next) => next(boom));
    expect(errors).toEqual([boom]);
    expect(errors[0]).toBe(boom);
  });

  it('a bug of ours reveals nothing to the client, and everything to the operator', async () => {
    const broken = new Error('postgres://user:secret@db');
    const body = () => {
      throw broken;
    };
    for (const verifier of [
      counted(() => ({ ok: false, reason: 'unknown' })),
      counted(async () => ({ ok: false, reason: 'unknown' })),
    ]) {
      const errors = await errorsOf(
        [latchkey({ verifiers: [verifier], body }).authenticate()],
        (_req, res) => void res.end(),
      );
      expect(errors).toHaveLength(1);
      expect(errors[0]).toBeInstanceOf(Error);
      expect((errors[0] as Error).message).toBe('latchkey: the guard failed; see the cause');
      expect((errors[0] as Error).cause).toBe(broken);
    }
  });

  it('clears req.auth on the prototype of every request', async () => {
    const app = create();
    Object.defineProperty(app.request, 'auth', { value: forged, writable: true });
    app.use(made().authenticate({ optional: true }), (req, res) => whoCalls(req, res));
    expect(await ask(app, get())).toMatchObject({ status: 200, body: 'anonymous' });
  });

  it('proves once across routers and mounted apps', async () => {
    const verifier = counted(later);
    const { authenticate, requireScopes } = latchkey({ verifiers: [verifier], cache: false });
    const [app, inner] = [create(), create()];
    inner.get('/things', requireScopes('a'), (req, res) => whoCalls(req, res));
    app.use(authenticate());
    app.use('/v1', inner);
    expect(await ask(app, BEARER.replace('GET /', 'GET /v1/things'))).toMatchObject({
      status: 200,
      body: 'acct_42',
    });
    expect(verifier.calls).toBe(1);
  });

  test.each([
    'authenticate',
    'requireScopes',
    'requireAnyScope',
    'authorize',
    'requireFreshAuth',
  ] as const)('%s that was mounted without being called lets nobody through', async (name) => {
    const app = create();
    let reached = false;
    app.use(made()[name] as unknown as express.Handler);
    app.use((_req, res) => {
      reached = true;
      res.end();
    });
    app.use(
      (
        error: unknown,
        _req: express.Request,
        res: express.Response,
        _next: express.NextFunction,
      ) => {
        res.status(500).end(error instanceof TypeError ? error.message : 'something else');
      },
    );
    const answer = await ask(app, BEARER);
    expect(answer).toMatchObject({
      status: 500,
      body: expect.stringMatching(new RegExp(`^${name}\\(`)),
    });
    expect(answer.body).not.toContain('good');
    expect(reached).toBe(false);
  });
});

describe('a guard by itself', () => {
  const exchange = (...headers: readonly string[]) => {
    const req = new IncomingMessage(new Socket());
    req.rawHeaders = [...headers];
    for (let i = 0; i < headers.length; i += 2) {
      req.headers[headers[i]!.toLowerCase()] = headers[i + 1];
    }
    return [req, new ServerResponse(req)] as const;
  };

  it('calls next() synchronously if there is nothing to wait for', () => {
    const calls: unknown[][] = [];
    made().authenticate()(...exchange('Authorization', 'Bearer good'), (...args) =>
      calls.push(args),
    );
    expect(calls).toEqual([[]]);
  });

  it('lets what next throws come out as itself', () => {
    const boom = new Error('the handler broke');
    let calls = 0;
    const run = () =>
      made().authenticate()(...exchange('Authorization', 'Bearer good'), () => {
        calls++;
        throw boom;
      });
    expect(run).toThrow(boom);
    expect(calls).toBe(1);
  });

  it('clears req.auth before it waits for anything', () => {
    const [req, res] = exchange('Authorization', 'Bearer good');
    (req as { auth?: Principal }).auth = forged;
    latchkey({ verifiers: [counted(later)] }).authenticate()(req, res, () => {});
    expect(findAuth(req)).toBeUndefined();
  });
});

it('works as a request listener with any function as next', async () => {
  const { requireScopes } = made();
  const listener: RequestListener = (req, res) =>
    requireScopes('a')(req, res, () => whoCalls(req, res));
  expect(await ask(listener, BEARER)).toMatchObject({ status: 200, body: 'acct_42' });
  expect(await ask(listener, get())).toMatchObject({ status: 401 });
});

it('lets what a handler of plain node:http throws come out as itself, also after a wait', async () => {
  const output = await runProgram(`
    import { createServer, get } from 'node:http';
    import { latchkey } from 'latchkey';
    const principal = { kind: 'api_key', verifier: 'own', subject: 's', scopes: [], claims: {} };
    const { authenticate } = latchkey({ verifiers: [{ name: 'own', accepts: () => true, verify: async () => ({ ok: true, principal }) }] });
    const boom = new Error('the handler broke');
    process.on('uncaughtException', (error) => {
      console.log(error === boom, calls);
      process.exit();
    });
    let calls = 0;
    const server = createServer((req, res) => authenticate()(req, res, () => {
      calls++;
      throw boom;
    }));
    server.listen(0, '127.0.0.1', () => {
      get({ port: server.address().port, headers: { authorization: 'Bearer x' } }, (res) => {
        console.log('answered', res.statusCode);
        process.exit();
      });
    });
  `);
  expect(output).toBe('true 1\n');
}, 30_000);
