import { type IncomingMessage, type ServerResponse } from 'node:http';

import express from 'express';
import {
  apiKeys,
  findAuth,
  latchkey,
  memoryStore,
  type Middleware,
  type Verification,
  type Verifier,
} from 'latchkey';

import { listen } from '../support/servers';
import { ask, get } from './ask';
import { runProgram } from './child';

const principal = { kind: 'api_key', verifier: 'own', subject: 's', scopes: ['a'], claims: {} };
const verifier = (isAsync: boolean): Verifier => ({
  name: 'own',
  accepts: () => true,
  verify({ token }) {
    const result: Verification =
      token === 'good' ? { ok: true, principal } : { ok: false, reason: 'unknown' };
    return isAsync ? Promise.resolve(result) : result;
  },
});
const guardsOf = (isAsync: boolean): Readonly<Record<string, Middleware>> => {
  const { authenticate, requireScopes, requireAnyScope, authorize, requireFreshAuth } = latchkey({
    verifiers: [verifier(isAsync)],
    cache: false,
  });
  return {
    'authenticate()': authenticate(),
    'authenticate({ optional })': authenticate({ optional: true }),
    'requireScopes()': requireScopes('a'),
    'requireAnyScope()': requireAnyScope('a'),
    'authorize()': authorize(async () => true),
    'requireFreshAuth()': requireFreshAuth({ maxAgeMs: 1_000 }),
  };
};

const fault = new Error('the response is broken');
const breaks = () => {
  throw fault;
};
/** A response object of somebody else, some of which is missing or throws. */
const responseWith = (members: object) =>
  Object.defineProperties(
    {
      statusCode: 200,
      headersSent: false,
      setHeader: () => undefined,
      getHeader: () => undefined,
      end: () => undefined,
    },
    Object.getOwnPropertyDescriptors(members),
  ) as unknown as ServerResponse;

/** What `next` was called with, after everything has settled. */
async function callsOf(
  guard: Middleware,
  res: ServerResponse,
  token: string,
  req: object = {},
): Promise<unknown[][]> {
  const calls: unknown[][] = [];
  const request = {
    method: 'GET',
    url: '/',
    headers: { 'x-api-key': token },
    ...req,
  } as unknown as IncomingMessage;
  guard(request, res, (...args) => calls.push(args));
  await new Promise((resolve) => setTimeout(resolve, 5));
  return calls;
}

const FAULTS: Readonly<Record<string, object>> = {
  'a setHeader() that throws': { setHeader: breaks },
  'no setHeader()': { setHeader: undefined },
  'a headersSent that throws': {
    get headersSent() {
      return breaks();
    },
  },
};
const FAULTS_OF_A_PASS = {
  ...FAULTS,
  'a getHeader() that throws': { getHeader: breaks },
  'no getHeader()': { getHeader: undefined },
};
const FAULTS_OF_A_REFUSAL = {
  ...FAULTS,
  'an end() that throws': { end: breaks },
  'no end()': { end: undefined },
  'headers that were sent': { headersSent: true },
  'a status that cannot be set': Object.freeze({
    get statusCode() {
      return 200;
    },
  }),
};
const internal = {
  code: 'ERR_LATCHKEY_INTERNAL',
  message: 'latchkey: the guard failed; see the cause',
  cause: expect.any(Error),
};

describe.each([
  ['at once', false],
  ['later', true],
])('a guard whose verifier settles %s', (_when, isAsync) => {
  const guards = Object.entries(guardsOf(isAsync));

  describe.each(guards.filter(([name]) => name !== 'requireFreshAuth()'))('%s', (_name, guard) => {
    test.each(Object.entries(FAULTS_OF_A_PASS))(
      'passes the fault of %s to next(), once',
      async (_what, members) => {
        expect(await callsOf(guard, responseWith(members), 'good')).toEqual([
          [expect.objectContaining(internal)],
        ]);
      },
    );

    it('does without hasHeader()', async () => {
      const headers: Record<string, unknown> = {};
      const res = responseWith({
        setHeader: (name: string, value: unknown) => void (headers[name] = value),
      });
      expect(await callsOf(guard, res, 'good')).toEqual([[]]);
      expect(headers).toMatchObject({
        'Cache-Control': 'private',
        Vary: expect.stringContaining('X-API-Key'),
      });
    });

    it('passes a request that cannot be changed to next() as an error', async () => {
      const res = responseWith({});
      const calls: unknown[][] = [];
      const req = Object.freeze({
        method: 'GET',
        url: '/',
        headers: { 'x-api-key': 'good' },
      }) as unknown as IncomingMessage;
      guard(req, res, (...args) => calls.push(args));
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(calls).toEqual([[expect.objectContaining(internal)]]);
    });
  });

  describe.each(guards)('%s', (_name, guard) => {
    test.each(Object.entries(FAULTS_OF_A_REFUSAL))(
      'passes the fault of %s in a refusal to next(), once',
      async (_what, members) => {
        expect(await callsOf(guard, responseWith(members), 'bad')).toEqual([
          [expect.objectContaining(internal)],
        ]);
      },
    );

    test.each(['headers', 'auth'])(
      'passes a request whose %s throws to next(), once',
      async (name) => {
        const req = { url: '/' };
        Object.defineProperty(req, name, { get: breaks, enumerable: true });
        const calls: unknown[][] = [];
        guard(req as IncomingMessage, responseWith({}), (...args) => calls.push(args));
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect(calls).toEqual([[expect.objectContaining(internal)]]);
      },
    );
  });

  it('sets no req.auth if the response is broken', async () => {
    const { authenticate } = latchkey({ verifiers: [verifier(isAsync)] });
    const req = {
      headers: { 'x-api-key': 'good' },
      auth: { subject: 'forged' },
    } as unknown as IncomingMessage;
    authenticate()(req, responseWith({ setHeader: breaks }), () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(findAuth(req)).toBeUndefined();
  });
});

it('passes the error of a response to next() when it serves metadata', async () => {
  const { resourceMetadata } = latchkey({
    verifiers: [verifier(false)],
    resource: { url: 'https://api.example.com' },
  });
  const req = {
    method: 'GET',
    url: '/.well-known/oauth-protected-resource',
    headers: {},
  } as IncomingMessage;
  for (const members of [
    { setHeader: breaks },
    { setHeader: undefined },
    { end: breaks },
    { end: undefined },
  ]) {
    const next = jest.fn();
    resourceMetadata()(req, responseWith(members), next);
    expect(next.mock.calls).toEqual([[expect.objectContaining(internal)]]);
  }
  const other = jest.fn();
  resourceMetadata()(
    { url: '/other', headers: {} } as IncomingMessage,
    responseWith({ setHeader: breaks }),
    other,
  );
  expect(other.mock.calls).toEqual([[]]);
});

it('reaches the error handler of Express, and the server keeps running', async () => {
  const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
  const { secret } = await keys.issue({ subject: 's', scopes: [] });
  const app = express();
  app.use((req, res, next) => {
    if (req.url === '/broken') {
      res.setHeader = breaks;
    }
    next();
  });
  app.use(latchkey({ verifiers: [keys] }).authenticate(), (_req, res) => void res.end('passed'));
  app.use(
    (error: Error, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
      res.statusCode = 500;
      res.end(error.message);
    },
  );
  for (const path of ['/broken', '/']) {
    const answer = await ask(app, get(`X-API-Key: ${secret}`).replace('GET /', `GET ${path}`));
    expect(answer.status).toBe(path === '/' ? 200 : 500);
  }
});

it('calls next() once if next() throws, and does not catch its error', async () => {
  const { authenticate } = latchkey({ verifiers: [verifier(false)] });
  let calls = 0;
  const boom = new Error('a handler threw');
  const next = () => {
    calls++;
    throw boom;
  };
  expect(() =>
    authenticate()(
      { headers: { 'x-api-key': 'good' } } as unknown as IncomingMessage,
      responseWith({}),
      next,
    ),
  ).toThrow(boom);
  expect(calls).toBe(1);
});

it('accepts a valid key over Socket.IO, whose response has no hasHeader(), without ending the process', async () => {
  const output = await runProgram(`
    import { createServer } from 'node:http';
    import { connect } from 'node:net';
    import { EventEmitter } from 'node:events';
    import { apiKeys, latchkey, memoryStore } from 'latchkey';
    const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
    const { requireScopes } = latchkey({ verifiers: [keys] });
    const { secret } = await keys.issue({ subject: 's', scopes: ['a'] });
    // The response object of engine.io for upgrades.
    class WebSocketResponse extends EventEmitter {
      headers = {};
      constructor(socket) { super(); this.socket = socket; }
      setHeader(name, value) { this.headers[name] = value; }
      getHeader(name) { return this.headers[name]; }
      removeHeader(name) { delete this.headers[name]; }
      write() {}
      writeHead() {}
      end() { this.emit('finish'); this.socket.destroy(); }
    }
    const server = createServer().on('upgrade', (req, socket) => {
      socket.on('error', () => {});
      requireScopes('a')(req, new WebSocketResponse(socket), (error) => socket.end(error ? 'error' : 'HTTP/1.1 101 OK\\r\\n\\r\\n'));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const upgrade = (key, ...more) => new Promise((resolve) => {
      const socket = connect(server.address().port, '127.0.0.1');
      let text = '';
      socket.on('data', (data) => (text += data)).on('close', () => resolve(text.split('\\r\\n')[0])).on('error', () => {});
      socket.write(['GET / HTTP/1.1', 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket', 'X-API-Key: ' + key, ...more, '', ''].join('\\r\\n'));
    });
    console.log([await upgrade(secret), await upgrade('bad'), await upgrade('bad', 'Content-Length: 5'), await upgrade(secret)].join());
    process.exit();
  `);
  expect(output).toBe('HTTP/1.1 101 OK,,,HTTP/1.1 101 OK\n');
}, 30_000);

describe('a request that is derived from another', () => {
  const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
  const { authenticate, requireScopes } = latchkey({ verifiers: [keys] });
  let admin: string;
  let user: string;
  beforeAll(async () => {
    admin = (await keys.issue({ subject: 'admin', scopes: ['admin'] })).secret;
    user = (await keys.issue({ subject: 'user', scopes: [] })).secret;
  });

  const DERIVED: Readonly<Record<string, (req: express.Request) => object>> = {
    'a spread': (req) => ({ ...req }),
    'Object.assign()': (req) => Object.assign({}, req),
    'Object.create()': (req) => Object.create(req) as object,
    'all own properties': (req) =>
      Object.defineProperties({}, Object.getOwnPropertyDescriptors(req)),
    'a proxy': (req) =>
      new Proxy(req, {
        get: (target, name) =>
          name === 'headers'
            ? { authorization: `Bearer ${user}` }
            : (Reflect.get(target, name) as unknown),
      }),
  };
  test.each(Object.entries(DERIVED))('by %s is judged by its own headers', async (_how, derive) => {
    const app = express();
    let seen: unknown;
    app.use(authenticate(), (req, res, next) => {
      const derived = derive(req) as express.Request;
      if ((derived as Partial<express.Request>).headers?.authorization !== `Bearer ${user}`) {
        Object.defineProperty(derived, 'headers', {
          value: { authorization: `Bearer ${user}` },
          configurable: true,
        });
      }
      seen = findAuth(req)?.subject;
      requireScopes('admin')(derived, res, next);
    });
    app.use((_req, res) => void res.end('reached'));
    expect(await ask(app, get(`Authorization: Bearer ${admin}`))).toMatchObject({ status: 403 });
    expect(seen).toBe('admin');
  });

  it('loses the inherited principal if it has no credential', async () => {
    const req = {
      method: 'GET',
      url: '/',
      headers: { authorization: `Bearer ${admin}` },
    } as unknown as IncomingMessage;
    await new Promise((resolve) => authenticate()(req, responseWith({}), resolve));
    expect(findAuth(req)?.subject).toBe('admin');
    for (const derived of [
      { ...req, headers: {} },
      Object.create(req, { headers: { value: {} } }) as IncomingMessage,
    ]) {
      await new Promise((resolve) =>
        authenticate({ optional: true })(derived as IncomingMessage, responseWith({}), resolve),
      );
      expect(findAuth(derived)).toBeUndefined();
    }
    expect(findAuth(req)?.subject).toBe('admin');
  });

  it('is the same request if only its prototype changes, as Express changes it for mounted apps', async () => {
    const store = memoryStore();
    const find = jest.spyOn(store, 'find');
    const own = apiKeys({ prefix: 'acme', store });
    const { secret } = await own.issue({ subject: 's', scopes: ['a'] });
    const guards = latchkey({ verifiers: [own], cache: false });
    const server = await listen(
      createServerListener(guards.authenticate(), guards.requireScopes('a')),
    );
    await fetch(`http://127.0.0.1:${server.port}/v1/x`, { headers: { 'x-api-key': secret } });
    await server.close();
    expect(find).toHaveBeenCalledTimes(1);
  });

  it('leaves nothing on the request but auth', async () => {
    const req = {
      method: 'GET',
      url: '/',
      headers: { authorization: `Bearer ${admin}` },
    } as unknown as IncomingMessage;
    await new Promise((resolve) => authenticate()(req, responseWith({}), resolve));
    expect(Reflect.ownKeys(req)).toEqual(['method', 'url', 'headers', 'auth']);
  });
});

function createServerListener(outer: Middleware, inner: Middleware) {
  const app = express();
  const mounted = express().get('/x', inner, (_req, res) => void res.end());
  return app.use(outer).use('/v1', mounted);
}
