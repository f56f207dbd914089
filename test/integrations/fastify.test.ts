import fastify from 'fastify';
import { apiKeys, findAuth, getAuth, latchkey, memoryStore } from 'latchkey';
import { latchkeyPlugin } from 'latchkey/fastify';

const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
const guards = latchkey({ scopes: ['read', 'write'], verifiers: [keys] });
let authorization: string;

beforeAll(async () => {
  const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['read'] });
  authorization = `Bearer ${secret}`;
});

const create = () => {
  const app = fastify();
  void app.register(latchkeyPlugin, { guards });
  return app;
};

test('sets request.auth for the handler', async () => {
  const app = create();
  app.after(() => {
    app.get('/', { onRequest: app.requireScopes('read') }, (request) => [
      request.auth?.subject,
      getAuth(request).subject,
    ]);
    app.get('/open', (request) => ({ auth: findAuth(request) ?? null }));
  });
  const guarded = await app.inject({ url: '/', headers: { authorization } });
  expect(guarded.json()).toEqual(['acct_42', 'acct_42']);
  const open = await app.inject({ url: '/open', headers: { authorization } });
  expect(open.json()).toEqual({ auth: null });
});

test.each([
  ['requireScopes', 403],
  ['requireAnyScope', 200],
] as const)('%s() decides by the scopes', async (name, status) => {
  const app = create();
  app.after(() => app.get('/', { onRequest: app[name]('read', 'write') }, () => 'ok'));
  const response = await app.inject({ url: '/', headers: { authorization } });
  expect(response.statusCode).toBe(status);
});

test('authorize() passes the request of Fastify to the policy', async () => {
  const app = create();
  app.after(() => {
    const isOwner = app.authorize(
      ({ subject }, request) => (request.params as { id: string }).id === subject,
    );
    app.get('/accounts/:id', { onRequest: isOwner }, () => 'ok');
  });
  const ask = (url: string) => app.inject({ url, headers: { authorization } });
  expect((await ask('/accounts/acct_42')).statusCode).toBe(200);
  expect((await ask('/accounts/acct_43')).statusCode).toBe(403);
});

test('requireFreshAuth() rejects a key', async () => {
  const app = create();
  app.after(() => app.get('/', { onRequest: app.requireFreshAuth({ maxAgeMs: 1 }) }, () => 'ok'));
  const response = await app.inject({ url: '/', headers: { authorization } });
  expect(response.statusCode).toBe(403);
});

test('guards the routes of plugins inside the one that registered it', async () => {
  const app = create();
  void app.register((inner, _options, done) => {
    inner.addHook('onRequest', inner.authenticate());
    inner.get('/inner', () => 'ok');
    done();
  });
  app.get('/outer', () => 'ok');
  expect((await app.inject('/inner')).statusCode).toBe(401);
  expect((await app.inject('/outer')).statusCode).toBe(200);
});

test('keeps the headers of earlier hooks, and extends Vary', async () => {
  const app = create();
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('Access-Control-Allow-Origin', '*').header('Vary', 'Origin');
  });
  app.after(() => app.get('/', { onRequest: app.authenticate({ optional: true }) }, () => 'ok'));
  const { headers } = await app.inject('/');
  expect(headers).toMatchObject({
    'access-control-allow-origin': '*',
    vary: 'Origin, Authorization, X-API-Key',
  });
});

test('passes an error of the guard to the error handler', async () => {
  const broken = latchkey({
    verifiers: [keys],
    body: () => {
      throw new Error('broken');
    },
  });
  const app = create();
  app.setErrorHandler((error, _request, reply) => reply.code(500).send((error as Error).message));
  app.after(() => app.get('/', { onRequest: app.guard(broken.authenticate()) }, () => 'ok'));
  const response = await app.inject('/');
  expect([response.statusCode, response.body]).toEqual([
    500,
    'latchkey: the guard failed; see the cause',
  ]);
});

test('a scope that is not declared is an error at start-up', async () => {
  const app = create();
  await app.ready();
  expect(() => app.requireScopes('raed')).toThrow(
    expect.objectContaining({ code: 'ERR_LATCHKEY_SCOPE' }),
  );
});

test('guard() rejects anything but a guard', async () => {
  const app = create();
  await app.ready();
  expect(() => app.guard(() => undefined)).toThrow(
    expect.objectContaining({ code: 'ERR_LATCHKEY_ARGUMENT' }),
  );
});

test('the plugin rejects options without the guards', async () => {
  const app = fastify();
  await expect(app.register(latchkeyPlugin, {} as never)).rejects.toMatchObject({
    code: 'ERR_LATCHKEY_OPTION',
    message: expect.stringContaining('guards') as string,
  });
});
