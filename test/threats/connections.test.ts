import type { IncomingMessage, ServerResponse } from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';

import { apiKeys, type CredentialReader, findAuth, latchkey, type LatchkeyOptions } from 'latchkey';

import { toDigest } from '../../src/credential/digest';
import { keptAlive, pipeline } from '../http/pipeline';
import { rowOf } from '../support/guarded-table';
import { MOUNTS, type RawResponse, sendRaw } from '../support/servers';
import {
  authenticate,
  BAD_BEARER,
  BARE,
  BY_BEARER,
  BY_COOKIE,
  BY_HEADER,
  BY_QUERY,
  get,
  key,
  passed,
  running,
  session,
  SEVERAL,
  sorted,
} from './guarded';

const CALLERS = ['ada', 'grace', 'joan', 'karen'];

/**
 * A guard whose look-ups take the less time the later they begin, so that they end out of order.
 */
function hurrying(cache: NonNullable<LatchkeyOptions['cache']>) {
  const rows = new Map(
    CALLERS.map((subject) => [toDigest(`osir-${subject}`), rowOf(`osir-${subject}`, { subject })]),
  );
  let delayMs = 40;
  const store: CredentialReader = {
    async find(digest) {
      delayMs = Math.max(0, delayMs - 2);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      return rows.get(digest);
    },
  };
  return latchkey({
    cache,
    verifiers: [apiKeys({ prefix: 'osir', legacy: /^osir-[a-z]+$/, store })],
  }).authenticate();
}

const withoutLength = (answer: RawResponse) =>
  sorted({ ...answer, headers: answer.headers.filter((line) => !/^content-length/i.test(line)) });

describe.each(Object.entries(MOUNTS))('on %s', (_name, mount) => {
  test.each([
    ['with a cache', {}],
    ['without a cache', false],
  ] as const)(
    'each of many requests on one connection gets its own response, %s',
    async (_how, cache) => {
      const run = await running(mount, { guard: hurrying(cache) });
      const turns = CALLERS.flatMap(
        (subject): [request: [string, ...string[]], answer: RawResponse][] => {
          const byHeader = passed(subject, 'Vary: X-API-Key', 'Cache-Control: private');
          return [
            [['GET /', `Authorization: Bearer osir-${subject}`], passed(subject)],
            [['GET /', `Authorization: Bearer osir-x${subject}`], BAD_BEARER],
            [['GET /'], BARE],
            [['GET /', `X-API-Key: osir-${subject}`], byHeader],
            [
              ['GET /', `X-API-Key: osir-${subject}`, `Authorization: Bearer osir-${subject}`],
              SEVERAL,
            ],
            // Of a handler's answer to HEAD Node does not say how long it would be.
            [['HEAD /', `X-API-Key: osir-${subject}`], withoutLength({ ...byHeader, body: '' })],
            [['GET /', 'X-API-Key:'], BARE],
            [['HEAD /', 'Authorization: Bearer bad'], { ...BAD_BEARER, body: '' }],
          ];
        },
      );
      const rounds = [...turns, ...turns, ...turns];
      try {
        const answers = await pipeline(run.port, keptAlive(rounds.map(([request]) => request)));
        expect(answers.map(sorted)).toEqual(rounds.map(([, answer]) => answer));
        expect(run.reached).toBe(rounds.filter(([, { status }]) => status === 200).length);
      } finally {
        await run.close();
      }
    },
  );

  it('each of many concurrent connections gets its own response', async () => {
    const run = await running(mount, { guard: hurrying({}) });
    const turns = Array.from(
      { length: 100 },
      (_, n) => [CALLERS[n % CALLERS.length] as string, n % 3 > 0] as const,
    );
    try {
      const answers = await Promise.all(
        turns.map(([subject, good]) =>
          sendRaw(run.port, get(`Authorization: Bearer osir-${good ? '' : 'x'}${subject}`)),
        ),
      );
      expect(answers.map(sorted)).toEqual(
        turns.map(([subject, good]) => (good ? passed(subject) : BAD_BEARER)),
      );
    } finally {
      await run.close();
    }
  });

  it('a body that nobody reads does not become the next request', async () => {
    const run = await running(mount);
    const smuggled = `GET / HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\n\r\n`;
    const posted = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`;
    try {
      const answers = await pipeline(run.port, [
        posted,
        ...keptAlive([['GET /', `X-API-Key: ${key}`]]),
      ]);
      expect(answers.map(sorted)).toEqual([BARE, BY_HEADER]);
      expect(run.reached).toBe(1);
    } finally {
      await run.close();
    }
  });
});

describe('over HTTP/2', () => {
  const guard = authenticate();
  const server = http2.createServer((req, res) => {
    // Node types the requests of its two modules apart, but gives both the members that a guard
    // reads.
    guard(req as unknown as IncomingMessage, res as unknown as ServerResponse, () =>
      res.end(findAuth(req)?.subject ?? ''),
    );
  });
  let client: http2.ClientHttp2Session;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  afterAll(() => {
    client.close();
    server.close();
  });

  const asked = (headers: http2.OutgoingHttpHeaders) =>
    new Promise<RawResponse>((resolve, reject) => {
      const stream = client.request({ ':path': '/', ':authority': 'api.example.com', ...headers });
      let received: Record<string, unknown> = {};
      let body = '';
      stream.setEncoding('utf8');
      stream.on('response', (head) => (received = head));
      stream.on('data', (chunk: string) => (body += chunk));
      stream.on('error', reject);
      stream.on('end', () => {
        const { ':status': status, date: _, ...fields } = received;
        resolve({
          status: Number(status),
          headers: Object.entries(fields).map(([name, value]) => `${name}: ${String(value)}`),
          body,
        });
      });
      stream.end();
    });
  /** As HTTP/2 names headers, which says elsewhere how long a body is. */
  const named = (answer: RawResponse) =>
    withoutLength({
      ...answer,
      headers: answer.headers.map((line) => line.replace(/^[\w-]+/, (name) => name.toLowerCase())),
    });

  const POST = { ':method': 'POST', cookie: `sid=${session}` };
  test.each<[string, http2.OutgoingHttpHeaders, RawResponse]>([
    ['no credential', {}, BARE],
    ['a bearer', { authorization: `Bearer ${key}` }, BY_BEARER],
    ['a bad bearer', { authorization: 'Bearer bad' }, BAD_BEARER],
    ['an empty bearer', { authorization: 'Bearer' }, BAD_BEARER],
    ['a key', { 'x-api-key': key }, BY_HEADER],
    ['an empty key', { 'x-api-key': '' }, BARE],
    ['two keys', { 'x-api-key': [key, key] }, SEVERAL],
    ['bearer and key', { authorization: `Bearer ${key}`, 'x-api-key': key }, SEVERAL],
    ['a key in the query', { ':path': `/?api_key=${key}` }, BY_QUERY],
    ['HEAD', { ':method': 'HEAD' }, { ...BARE, body: '' }],
    ['OPTIONS', { ':method': 'OPTIONS' }, BARE],
    ['a cookie in crumbs', { cookie: ['a=b', `sid=${session}`] }, BY_COOKIE],
    ['two cookies of one name', { cookie: [`sid=${session}`, `sid=${session}`] }, BARE],
    ['a cookie from its own origin', { ...POST, origin: 'https://api.example.com' }, BY_COOKIE],
    ['a cookie from another origin', { ...POST, origin: 'https://evil.example' }, BARE],
  ])('%s gets the response of the contract', async (_what, headers, expected) => {
    expect(named(await asked(headers))).toEqual(named(expected));
  });
});
