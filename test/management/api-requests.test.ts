import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import express from 'express';
import express4 from 'express4';
import { apiKeys, cookie, getAuth, latchkey, memoryStore, sessionTokens } from 'latchkey';
import { managementApi, type ManagementOutage } from 'latchkey/management';

import { ACCOUNT, type ManagedServer, OTHER, SCOPES, startManagement } from '../support/management';
import { listen, rawRequest, sendRaw } from '../support/servers';

const NEW = { name: 'CI', scopes: ['domains:read'] };
const JSON_TYPE = { 'Content-Type': 'application/json' };

let api: ManagedServer;
beforeAll(async () => {
  api = await startManagement();
});
afterAll(() => api.close());

it('a request of nobody is 401 with the documented bytes', async () => {
  const { status, text, headers } = await api.send('GET', '/keys', undefined, {});
  expect([status, text]).toEqual([
    401,
    '{"error":"unauthorized","message":"Invalid or missing API key"}',
  ]);
  expect(headers.get('www-authenticate')).toBe('ApiKey realm="api"');
  expect(headers.get('cache-control')).toBe('no-store');
});

it.each([
  ['PUT', '/keys', 'GET, HEAD, POST, OPTIONS'],
  ['POST', '/keys/x', 'GET, HEAD, PATCH, DELETE, OPTIONS'],
  ['GET', '/keys/x/rotate', 'POST, OPTIONS'],
  ['DELETE', '/openapi.json', 'GET, HEAD, OPTIONS'],
])('%s %s is 405 with Allow', async (method, path, allow) => {
  const { status, headers, json } = await api.send(method, path);
  expect([status, headers.get('allow'), json.error]).toEqual([405, allow, 'method_not_allowed']);
});

it('OPTIONS names the methods', async () => {
  const { status, headers } = await api.send('OPTIONS', '/keys');
  expect([status, headers.get('allow')]).toEqual([204, 'GET, HEAD, POST, OPTIONS']);
});

it.each([
  '',
  '/',
  '/key',
  '/keys/x/y',
  '/keys/x/rotate/y',
  '/keys/%E0%A4%A',
  '/apps',
  '/grants',
  '//keys',
])('the path "%s" is 404', async (path) => {
  expect(await api.send('GET', path)).toMatchObject({
    status: 404,
    text: '{"error":"not_found","message":"Not found"}',
  });
});

it('HEAD is a GET without content', async () => {
  const get = await api.send('GET', '/keys/');
  const head = await api.send('HEAD', '/keys/');
  expect([head.status, head.text]).toEqual([200, '']);
  expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(get.text)));
});

it.each([
  ['a form', 'scopes=domains%3Aread', { 'Content-Type': 'application/x-www-form-urlencoded' }],
  ['plain text', JSON.stringify(NEW), { 'Content-Type': 'text/plain' }],
  ['compressed JSON', 'x', { ...JSON_TYPE, 'Content-Encoding': 'gzip' }],
])('%s is 415', async (_, body, headers) => {
  const { status, json } = await api.send('POST', '/keys', body, { ...ACCOUNT, ...headers });
  expect([status, json.error]).toEqual([415, 'unsupported_media_type']);
});

it('a form without fields is 415 where no body is needed', async () => {
  const headers = { ...ACCOUNT, 'Content-Type': 'application/x-www-form-urlencoded' };
  expect(await api.send('POST', '/keys/x/disable', '', headers)).toMatchObject({ status: 415 });
});

it.each(['{', '', '[1', '\u0000'])('the JSON %j is 400', async (body) => {
  const headers = { ...ACCOUNT, ...JSON_TYPE };
  expect(await api.send('POST', '/keys', body, headers)).toMatchObject({ status: 400 });
});

it('a body that is too large is 413, and the connection stays in order', async () => {
  const body = { ...NEW, name: 'x'.repeat(70_000) };
  const { status, json } = await api.send('POST', '/keys', body);
  expect([status, json.error]).toEqual([413, 'content_too_large']);
  expect(await api.send('GET', '/keys')).toMatchObject({ status: 200 });
});

it.each([
  ['Sec-Fetch-Site says so', { 'Sec-Fetch-Site': 'cross-site' }],
  ['Origin is another host', { Origin: 'https://evil.example' }],
  ['Origin is null', { Origin: 'null' }],
])('a change from another site is 403: %s', async (_, headers) => {
  const before = await api.keys.list();
  const { status, json } = await api.send('POST', '/keys', NEW, { ...ACCOUNT, ...headers });
  expect([status, json.message]).toEqual([403, 'The request comes from another site']);
  expect(await api.keys.list()).toEqual(before);
});

it.each([
  ['Sec-Fetch-Site', () => ({ 'Sec-Fetch-Site': 'same-origin' })],
  ['Origin', () => ({ Origin: `http://127.0.0.1:${api.port}` })],
])('a change from the same site passes by %s', async (_, headers) => {
  const all = { ...ACCOUNT, ...headers() };
  expect(await api.send('POST', '/keys', NEW, all)).toMatchObject({ status: 201 });
});

it.each([
  ['fails', () => Promise.reject(new Error('session store down')), 503],
  [
    'throws',
    () => {
      throw new Error('session store down');
    },
    503,
  ],
  ['returns no subject', () => ({ scopes: [] }) as never, 500],
  ['returns a wrong scope', () => ({ subject: 'a', scopes: ['a b'] }), 500],
  ['is not behind a guard', getAuth, 500],
])('an account function that %s is never a 401', async (_, account, status) => {
  const server = await startManagement({ account });
  const reply = await server.send('GET', '/keys');
  await server.close();
  expect(reply.status).toBe(status);
  expect(reply.text).not.toContain('session store');
});

it('an outage of the store is 503 for every route, and is published', async () => {
  const store = memoryStore();
  const server = await startManagement({ store });
  const { json } = await server.send('POST', '/keys', NEW);
  const down = () => Promise.reject(new Error('connection refused'));
  Object.assign(store, { findById: down, search: down, list: down, insert: down, update: down });
  const outages: ManagementOutage[] = [];
  const onOutage = (outage: unknown) => void outages.push(outage as ManagementOutage);
  subscribe('latchkey:management', onOutage);
  const requests = [
    ['GET', '/keys'],
    ['POST', '/keys'],
    ['GET', `/keys/${json.key.id}`],
    ['PATCH', `/keys/${json.key.id}`],
    ['DELETE', `/keys/${json.key.id}`],
    ['POST', `/keys/${json.key.id}/rotate`],
    ['POST', `/keys/${json.key.id}/disable`],
  ] as const;
  for (const [method, path] of requests) {
    const body = path === '/keys' && method === 'POST' ? NEW : undefined;
    const reply = await server.send(method, path, body);
    expect(reply.text).toBe(
      '{"error":"service_unavailable","message":"Key management is temporarily unavailable"}',
    );
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1']);
  }
  unsubscribe('latchkey:management', onOutage);
  await server.close();
  expect(outages.map(({ method, path }) => [method, path])).toEqual(requests);
  expect(outages.every(({ error }) => (error as Error).message === 'connection refused')).toBe(
    true,
  );
});

describe.each([
  ['4', express4],
  ['5', express],
])('on Express %s', (_, create) => {
  it('works behind a JSON parser of the app, and without one', async () => {
    for (const parsers of [[], [express.json()], [express.raw({ type: () => true })]]) {
      const app = create();
      parsers.forEach((parser) => app.use(parser));
      const server = await startManagement({}, app);
      const { status, json } = await server.send('POST', '/keys', NEW);
      expect([status, json.key.name]).toEqual([201, 'CI']);
      expect(await server.send('POST', `/keys/${json.key.id}/disable`)).toMatchObject({
        status: 200,
      });
      await server.close();
    }
  });

  it('works behind a guard of Latchkey, with a session in a cookie', async () => {
    const store = memoryStore();
    const keys = apiKeys({ prefix: 'acme', store });
    const sessions = sessionTokens({ prefix: 'acmesession', store });
    const { authenticate } = latchkey({ extractors: [cookie('session')], verifiers: [sessions] });
    const app = create();
    app.use('/api', authenticate(), managementApi({ keys, scopes: SCOPES, account: getAuth }));
    const { port, close } = await listen(app);
    const { secret } = await sessions.issue({ subject: 'acct_9', scopes: ['domains:read'] });
    const response = await fetch(`http://127.0.0.1:${port}/api/keys`, {
      method: 'POST',
      headers: { ...JSON_TYPE, Cookie: `session=${secret}` },
      body: JSON.stringify(NEW),
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('vary')).toBe('Cookie');
    expect((await fetch(`http://127.0.0.1:${port}/api/keys`)).status).toBe(401);
    expect(await keys.list({ subject: 'acct_9' })).toHaveLength(1);
    await close();
  });
});

it('works on plain node:http', async () => {
  const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
  const account = () => ({ subject: 'acct_1', scopes: ['domains:read'] });
  const handle = managementApi({ keys, scopes: SCOPES, account });
  const { port, close } = await listen((req, res) => handle(req, res, () => res.end('next')));
  expect(await sendRaw(port, rawRequest('GET /keys?limit=1'))).toMatchObject({
    status: 200,
    body: '{"keys":[],"next":null}',
  });
  await close();
});

describe('Idempotency-Key', () => {
  const KEY = '"8e03978e-40d5-43e8-bc93-6894a57f9324"';
  const post = (body: object, headers: object = {}, server = api) =>
    server.send('POST', '/keys', body, { ...ACCOUNT, 'Idempotency-Key': KEY, ...headers });

  it('creates one key, and returns the same response again', async () => {
    const first = await post({ name: 'Once', scopes: ['domains:read'] });
    const again = await post({ scopes: ['domains:read'], name: 'Once' });
    const bare = await post(
      { name: 'Once', scopes: ['domains:read'] },
      { 'Idempotency-Key': KEY.slice(1, -1) },
    );
    expect(first.status).toBe(201);
    for (const reply of [again, bare]) {
      expect([reply.status, reply.text]).toEqual([201, first.text]);
      expect(reply.headers.get('location')).toBe(first.headers.get('location'));
    }
    expect(await api.keys.list({ name: 'Once' })).toHaveLength(1);
  });

  it('is 422 with another body, and belongs to one account and one path', async () => {
    expect(await post({ ...NEW, name: 'Twice' })).toMatchObject({
      status: 422,
      text: '{"error":"unprocessable_content","message":"The Idempotency-Key was used for another request"}',
    });
    const other = await post({ ...NEW, name: 'Other' }, OTHER);
    expect([other.status, other.json.key.name]).toEqual([201, 'Other']);
    const rotate = `/keys/${other.json.key.id}/rotate`;
    const headers = { ...OTHER, 'Idempotency-Key': KEY };
    const rotated = await api.send('POST', rotate, undefined, headers);
    expect(rotated.status).toBe(201);
    expect((await api.send('POST', rotate, undefined, headers)).text).toBe(rotated.text);
  });

  it('lets one of many requests at once create, and is 409 for the others', async () => {
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => post(NEW, { 'Idempotency-Key': 'at-once' })),
    );
    const statuses = new Set(replies.map(({ status }) => status));
    expect([...statuses].filter((status) => status !== 201 && status !== 409)).toEqual([]);
    const created = replies.filter(({ status }) => status === 201);
    expect(new Set(created.map(({ text }) => text)).size).toBe(1);
  });

  it('can be used again after a request that created nothing', async () => {
    const headers = { 'Idempotency-Key': 'failed-first' };
    expect(await post({ scopes: ['admin'] }, headers)).toMatchObject({ status: 403 });
    expect(await post(NEW, headers)).toMatchObject({ status: 201 });
  });

  it.each([
    ['nothing', ''],
    ['a space', 'a b'],
    ['half a string', '"a'],
    ['another letter', 'é'],
    ['256 characters', 'x'.repeat(256)],
  ])('refuses %s', async (_, key) => {
    const { status, json } = await post(NEW, { 'Idempotency-Key': key });
    expect([status, json.field]).toEqual([400, 'Idempotency-Key']);
  });

  it('is known to other instances by a store, which holds no secret', async () => {
    const store = memoryStore();
    const kept: unknown[] = [];
    const idempotencyStore = {
      ...store,
      set: (...args: Parameters<typeof store.set>) => (kept.push(args), store.set(...args)),
      setIfAbsent: (...args: Parameters<typeof store.setIfAbsent>) => (
        kept.push(args),
        store.setIfAbsent(...args)
      ),
    };
    const one = await startManagement({ store, idempotencyStore });
    const two = await startManagement({ store, idempotencyStore });
    const first = await post(NEW, {}, one);
    const again = await post(NEW, {}, two);
    await one.close();
    await two.close();
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect(kept).toHaveLength(4);
    expect(JSON.stringify(kept)).not.toContain(first.json.secret);
    expect(JSON.stringify(kept)).not.toContain(KEY.slice(1, -1));
  });
});

it('a wrong option is named at start-up', () => {
  const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
  const create = (options: object) => () =>
    managementApi({ keys, scopes: SCOPES, account: () => undefined, ...options });
  for (const [options, name] of [
    [{ keys: {} }, 'keys'],
    [{ account: 7 }, 'account'],
    [{ scopes: [] }, 'scopes'],
    [{ maxKeys: 0 }, 'maxKeys'],
    [{ maxLifetimeMs: -1 }, 'maxLifetimeMs'],
    [{ environments: ['LIVE'] }, 'environments'],
    [{ clients: {} }, 'clients'],
    [{ grants: {} }, 'grants'],
    [{ idempotencyStore: {} }, 'idempotencyStore'],
    [{ maxkeys: 1 }, 'maxkeys'],
  ] as const) {
    expect(create(options)).toThrow(
      expect.objectContaining({
        code: 'ERR_LATCHKEY_OPTION',
        message: expect.stringContaining(`option "${name}"`),
      }),
    );
  }
  expect(
    create({ loginUrl: '/login', testUrl: 'https://acme.example', pages: { name: 'Acme' } }),
  ).not.toThrow();
});
