import { readFileSync } from 'node:fs';
import { type IncomingMessage } from 'node:http';
import { Agent, request as httpRequest } from 'node:http';

import { apiKeys, latchkey, memoryStore } from 'latchkey';
import { forwardAuth } from 'latchkey/forward-auth';

import { startNginx } from '../support/nginx';
import { listen } from '../support/servers';

const store = memoryStore();
let isDown = false;
const keys = apiKeys({
  prefix: 'acme',
  store: {
    ...store,
    find: (digest) => (isDown ? Promise.reject(new Error('down')) : store.find(digest)),
  },
});
const guards = latchkey({ scopes: ['read', 'write'], verifiers: [keys], cache: false });

/** The configuration of the guide, with the ports of the test. */
function locations(appPort: number, authPort: number): string {
  const guide = readFileSync(new URL('../../docs/forward-auth.md', `file://${__filename}`), 'utf8');
  const block = /```nginx\n([^]*?)```/.exec(guide)?.[1] ?? '';
  return block
    .replace('127.0.0.1:3000', `127.0.0.1:${appPort}`)
    .replace('127.0.0.1:4000', `127.0.0.1:${authPort}`);
}

const opened: { close: () => unknown }[] = [];
let port: number;
let key: string;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  key = (await keys.issue({ subject: 'acct_42', scopes: ['read'] })).secret;
  const app = await listen((req, res) => {
    let size = 0;
    req.on('data', (chunk: Buffer) => (size += chunk.length));
    req.on('end', () => res.end(JSON.stringify({ size, headers: req.headers })));
  });
  const handler = forwardAuth(guards, {
    from: 'nginx',
    scopes: ({ method }) => [method === 'GET' ? 'read' : 'write'],
  });
  const auth = await listen((req, res) => handler(req, res, () => res.writeHead(500).end()));
  const nginx = await startNginx({ ports: [app.port], locations: locations(app.port, auth.port) });
  port = nginx.port;
  opened.push(nginx, app, auth);
});
afterAll(async () => {
  agent.destroy();
  for (const one of opened) {
    await one.close();
  }
});

async function send(
  method: string,
  headers: Record<string, string>,
  body?: Buffer,
): Promise<{ response: IncomingMessage; text: string }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = httpRequest({
      port,
      host: '127.0.0.1',
      path: '/domains?x=1',
      method,
      headers,
      agent,
    });
    sent.on('response', resolve).on('error', reject).end(body);
  });
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
  }
  return { response, text };
}
const bearer = () => ({ Authorization: `Bearer ${key}` });
const received = (text: string) =>
  JSON.parse(text) as { size: number; headers: Record<string, string> };

test('passes the identity on to the application', async () => {
  const { response, text } = await send('GET', bearer());
  expect(response.statusCode).toBe(200);
  expect(received(text).headers).toMatchObject({
    'x-auth-subject': 'acct_42',
    'x-auth-scopes': 'read',
  });
});

test('replaces every identity header that a client sends', async () => {
  const { text } = await send('GET', {
    ...bearer(),
    'X-Auth-Subject': 'admin',
    'X-Auth-Client': 'admin',
    'X-Auth-Credential': 'admin',
    'X-Auth-Scopes': 'admin',
    'X-Original-Method': 'OPTIONS',
    'X-Original-URI': '/other',
  });
  expect(JSON.stringify(received(text).headers)).not.toContain('admin');
  expect(received(text).headers['x-auth-subject']).toBe('acct_42');
});

test('does not let a client choose the method that is checked', async () => {
  const { response } = await send('POST', { ...bearer(), 'X-Original-Method': 'GET' });
  expect(response.statusCode).toBe(403);
});

test('passes on 401 with its challenge', async () => {
  const { response } = await send('GET', {});
  expect(response.statusCode).toBe(401);
  expect(response.headers['www-authenticate']).toBe('Bearer realm="api", scope="read"');
});

test('restores 400 for two credentials', async () => {
  const { response, text } = await send('GET', { ...bearer(), 'X-API-Key': key });
  expect([response.statusCode, JSON.parse(text)]).toEqual([
    400,
    { error: 'bad_request', message: 'Multiple credentials in one request' },
  ]);
});

test('restores 503 and Retry-After during an outage', async () => {
  isDown = true;
  try {
    const { response, text } = await send('GET', bearer());
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '1']);
    expect(text).toContain('service_unavailable');
  } finally {
    isDown = false;
  }
});

test('passes on uploads, and rejects them without breaking the connection', async () => {
  const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['write'] });
  const body = Buffer.alloc(5 * 1024 * 1024, 'x');
  const passed = await send('POST', { Authorization: `Bearer ${secret}` }, body);
  expect(received(passed.text).size).toBe(body.length);
  expect((await send('POST', {}, body)).response.statusCode).toBe(401);
  expect((await send('GET', bearer())).response.statusCode).toBe(200);
});
