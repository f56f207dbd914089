import { createServer, type IncomingHttpHeaders } from 'node:http';

import { accessTokens, apiKeys, latchkey, memoryStore, type Verifier } from 'latchkey';
import { forwardAuth } from 'latchkey/forward-auth';
import request from 'supertest';

const store = memoryStore();
const keys = apiKeys({ prefix: 'acme', store });
const tokens = accessTokens({ prefix: 'acmeat', store });
const guards = latchkey({ scopes: ['read', 'write'], verifiers: [keys, tokens] });
const scopes = ({ method, url }: { method: string; url: string }) =>
  url.startsWith('/public') ? [] : [method === 'GET' ? ('read' as const) : ('write' as const)];

const serverFor = (from: 'nginx' | 'traefik') => {
  const handler = forwardAuth(guards, { from, scopes });
  return createServer((req, res) =>
    handler(req, res, (error) => {
      const { code, cause } = error as Error & { code: string; cause: Error };
      res.writeHead(500).end(`${code} ${cause.message}`);
    }),
  );
};
const NAMES = {
  nginx: ['X-Original-Method', 'X-Original-URI'],
  traefik: ['X-Forwarded-Method', 'X-Forwarded-Uri'],
} as const;

async function ask(
  from: 'nginx' | 'traefik',
  [method, url]: readonly [string, string],
  headers: IncomingHttpHeaders,
) {
  const [methodName, urlName] = NAMES[from];
  return request(serverFor(from))
    .get('/auth')
    .set(methodName, method)
    .set(urlName, url)
    .set(headers as Record<string, string>);
}

describe.each(['nginx', 'traefik'] as const)('forwardAuth() behind %s', (from) => {
  test('responds with 204 and the identity', async () => {
    const { secret, record } = await keys.issue({ subject: 'acct_42', scopes: ['read'] });
    const response = await ask(from, ['GET', '/domains'], { authorization: `Bearer ${secret}` });
    expect(response.status).toBe(204);
    expect(response.headers).toMatchObject({
      'x-auth-subject': 'acct_42',
      'x-auth-credential': record.id,
      'x-auth-scopes': 'read',
      'cache-control': 'no-store',
    });
    expect(response.headers).not.toHaveProperty('x-auth-client');
  });

  test('names the client of an access token', async () => {
    const { secret } = await tokens.issue({ subject: 'u', clientId: 'app', scopes: ['read'] });
    const response = await ask(from, ['GET', '/domains'], { authorization: `Bearer ${secret}` });
    expect(response.headers['x-auth-client']).toBe('app');
  });

  test('requires the scopes of the original method and URL', async () => {
    const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['read'] });
    const authorization = `Bearer ${secret}`;
    const refused = await ask(from, ['POST', '/domains'], { authorization });
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toContain('scope="write"');
    expect((await ask(from, ['POST', '/public'], { authorization })).status).toBe(204);
  });

  test('responds with 401 and the challenge without a credential', async () => {
    const response = await ask(from, ['GET', '/domains'], {});
    expect(response.status).toBe(401);
    expect(response.headers['www-authenticate']).toBe('Bearer realm="api", scope="read"');
    expect(response.body).toMatchObject({ error: 'unauthorized' });
  });

  test('does not let the client choose by the headers of the other proxy', async () => {
    const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['read'] });
    const [method, url] = NAMES[from === 'nginx' ? 'traefik' : 'nginx'];
    const response = await ask(from, ['POST', '/domains'], {
      authorization: `Bearer ${secret}`,
      [method]: 'GET',
      [url]: '/public',
    });
    expect(response.status).toBe(403);
  });

  test.each(['method', 'URL'])('passes an error to next() without the %s', async (missing) => {
    const name = NAMES[from][missing === 'method' ? 1 : 0];
    const response = await request(serverFor(from)).get('/auth').set(name, 'GET');
    expect(response.status).toBe(500);
    expect(response.text).toMatch(/^ERR_LATCHKEY_INTERNAL forwardAuth\(\): the proxy must set x-/);
  });

  test('passes an error to next() if a client adds a second line', async () => {
    const response = await request(serverFor(from))
      .get('/auth')
      .set(NAMES[from][0], 'GET')
      .set(NAMES[from][1], ['/public', '/domains'] as never);
    expect(response.status).toBe(500);
  });
});

test.each([
  ['Müller & Söhne', 'M%C3%BCller%20&%20S%C3%B6hne'],
  ['a\r\nX-Auth-Scopes: admin', 'a%0D%0AX-Auth-Scopes:%20admin'],
  ['50%', '50%25'],
])('forwardAuth() encodes the subject %j', async (subject, value) => {
  const { secret } = await keys.issue({ subject, scopes: ['read'] });
  const response = await ask('nginx', ['GET', '/'], { authorization: `Bearer ${secret}` });
  expect(response.headers['x-auth-subject']).toBe(value);
});

test('forwardAuth() replaces a lone surrogate in the subject of a token', async () => {
  const verifier: Verifier = {
    name: 'own',
    accepts: () => true,
    verify: () => ({
      ok: true,
      principal: { kind: 'own', verifier: 'own', subject: 'a\ud800b', scopes: [], claims: {} },
    }),
  };
  const handler = forwardAuth(latchkey({ verifiers: [verifier] }), { from: 'nginx' });
  const server = createServer((req, res) => handler(req, res, () => res.writeHead(500).end()));
  const response = await request(server)
    .get('/')
    .set({ 'X-Original-Method': 'GET', 'X-Original-URI': '/', 'X-API-Key': 'any' });
  expect(response.headers['x-auth-subject']).toBe('a%EF%BF%BDb');
});

test('forwardAuth() passes an error of scopes() to next()', async () => {
  const handler = forwardAuth(guards, {
    from: 'nginx',
    scopes: () => {
      throw new Error('no table of routes');
    },
  });
  const server = createServer((req, res) =>
    handler(req, res, (error) => res.writeHead(500).end((error as Error).message)),
  );
  const response = await request(server)
    .get('/')
    .set('X-Original-Method', 'GET')
    .set('X-Original-URI', '/');
  expect([response.status, response.text]).toEqual([
    500,
    'latchkey: the guard failed; see the cause',
  ]);
});

test.each([
  [{ from: 'caddy' }, 'option "from" must be "nginx" or "traefik"'],
  [{}, 'option "from" must be'],
  [{ from: 'nginx', scopes: ['read'] }, 'option "scopes" must be a function'],
  [{ from: 'nginx', scope: 'read' }, 'unknown option "scope"'],
])('forwardAuth() rejects %j', (options, message) => {
  expect(() => forwardAuth(guards, options as never)).toThrow(
    expect.objectContaining({
      code: 'ERR_LATCHKEY_OPTION',
      message: expect.stringContaining(message),
    }),
  );
});

test('forwardAuth() rejects anything but the guards', () => {
  expect(() => forwardAuth({} as never, { from: 'nginx' })).toThrow(
    /guards.*what latchkey\(\) returned/,
  );
});
