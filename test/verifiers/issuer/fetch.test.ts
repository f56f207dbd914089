import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';

import { fetchJson, type FetchLimits, ResponseError } from '../../../src/verifiers/issuer/fetch';
import { type Handler, listen } from '../../support/servers';

const LIMITS = { timeoutMs: 300, maxBytes: 1_000 };

/** What comes of asking a server that answers so, without its port. */
async function asked(handler: Handler, limits: FetchLimits = LIMITS): Promise<unknown> {
  const server = await listen(handler);
  try {
    return await fetchJson(`http://127.0.0.1:${server.port}/metadata?secret=s3cret`, limits).catch(
      (error: Error) => ({
        error: error.message.replace(`:${server.port}`, ''),
        answered: error instanceof ResponseError,
        cause: error.cause,
      }),
    );
  } finally {
    await server.close();
  }
}

const answering =
  (status: number, headers: Record<string, string>, body: string | Buffer): Handler =>
  (_, res) =>
    void res.writeHead(status, headers).end(body);
const json = (body: string | Buffer, type = 'application/json'): Handler =>
  answering(200, { 'Content-Type': type }, body);
const failure = (why: string, answered = true) => ({
  error: `http://127.0.0.1/metadata ${why}`,
  answered,
  cause: undefined,
});

test.each([
  ['application/json', '{"a":1}'],
  ['Application/JSON; charset=UTF-8', ' {"a":1}\n'],
  ['application/jwk-set+json', '{"a":1}'],
])('accepts a JSON object as %s', async (type, body) => {
  expect(await asked(json(body, type))).toEqual({ a: 1 });
});

it('requests JSON by GET', async () => {
  const answer = await asked((req, res) => {
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify({ method: req.method, accept: req.headers.accept, url: req.url }));
  });
  expect(answer).toEqual({
    method: 'GET',
    accept: 'application/json',
    url: '/metadata?secret=s3cret',
  });
});

it('accepts as many bytes as configured, and not one more, compressed or not', async () => {
  const sized = (bytes: number) => JSON.stringify({ a: 'x'.repeat(bytes - 8) });
  const zipped = (bytes: number) =>
    answering(
      200,
      { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
      gzipSync(sized(bytes)),
    );
  expect(await asked(json(sized(1_000)))).toEqual({ a: 'x'.repeat(992) });
  expect(await asked(zipped(1_000))).toEqual({ a: 'x'.repeat(992) });
  expect(await asked(json(sized(1_001)))).toEqual(failure('responded with more than 1000 bytes'));
  expect(await asked(zipped(1_001))).toEqual(failure('responded with more than 1000 bytes'));
});

it('stops reading if it has read enough', async () => {
  let sent = 0;
  const answer = await asked((_, res) => {
    res.setHeader('Content-Type', 'application/json');
    const write = (): void => {
      while (!res.destroyed) {
        sent += 16_384;
        if (!res.write('x'.repeat(16_384))) {
          return void res.once('drain', write);
        }
      }
    };
    write();
  });
  expect(answer).toEqual(failure('responded with more than 1000 bytes'));
  expect(sent).toBeLessThan(16 * 2 ** 20);
});

test.each<[string, Handler, string]>([
  [
    'HTML',
    answering(200, { 'Content-Type': 'text/html' }, '<p>{"a":1}</p>'),
    'responded with something that is not JSON',
  ],
  [
    'JSON that calls itself HTML',
    json('{"a":1}', 'text/html'),
    'responded with something that is not JSON',
  ],
  [
    'JSON of another kind of name',
    json('{"a":1}', 'application/jsonp'),
    'responded with something that is not JSON',
  ],
  ['no content type', answering(200, {}, '{"a":1}'), 'responded with something that is not JSON'],
  ['half an object', json('{"a":'), 'responded with something that is not a JSON object'],
  ['nothing', json(''), 'responded with something that is not a JSON object'],
  ['a list', json('[{"a":1}]'), 'responded with something that is not a JSON object'],
  ['null', json('null'), 'responded with something that is not a JSON object'],
  ['a text', json('"s3cret"'), 'responded with something that is not a JSON object'],
  [
    '201',
    answering(201, { 'Content-Type': 'application/json' }, '{"a":1}'),
    'responded with status 201',
  ],
  [
    'an error',
    answering(401, { 'Content-Type': 'application/json' }, '{"error":"invalid_client"}'),
    'responded with status 401 invalid_client',
  ],
  [
    'an error that tells too much',
    answering(
      400,
      { 'Content-Type': 'application/json' },
      '{"error":"no s3cret","error_description":"s3cret"}',
    ),
    'responded with status 400',
  ],
  [
    'a failure',
    answering(500, { 'Content-Type': 'text/html' }, '<h1>s3cret</h1>'),
    'responded with status 500',
  ],
  [
    'a failure of null',
    answering(503, { 'Content-Type': 'application/json' }, 'null'),
    'responded with status 503',
  ],
])(
  'rejects %s, with an error that says where and why but does not quote the response',
  async (_, handler, why) => {
    expect(await asked(handler)).toEqual(failure(why));
  },
);

test.each([301, 302, 303, 307, 308])('does not follow a redirect by %s', async (status) => {
  let led = 0;
  const elsewhere = await listen((_, res) => {
    led++;
    json('{"a":1}')(_, res);
  });
  const answer = await asked(
    answering(
      status,
      { Location: `http://127.0.0.1:${elsewhere.port}/`, 'Content-Type': 'application/json' },
      '{"a":1}',
    ),
  );
  await elsewhere.close();
  expect(answer).toEqual(failure(`responded with status ${status}`));
  expect(led).toBe(0);
});

test.each<[string, Handler, string]>([
  ['nothing at all', () => {}, 'did not respond within 300 ms'],
  [
    'a head and no end',
    (_, res) => void res.writeHead(200, { 'Content-Type': 'application/json' }).write('{"a":'),
    'did not respond within 300 ms',
  ],
  [
    'the end of the connection',
    (req) => void req.socket.destroy(),
    'could not be reached: UND_ERR_SOCKET',
  ],
])(
  'distinguishes a server that responds with %s from one that responds with something else',
  async (_, handler, why) => {
    expect(await asked(handler)).toEqual(failure(why, false));
  },
);

it('names the address at which nothing listens', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await expect(fetchJson(`http://127.0.0.1:${port}/`, LIMITS)).rejects.toThrow(
    `http://127.0.0.1:${port}/ could not be reached: ECONNREFUSED`,
  );
});

it('accepts JSON of any media type if that is configured', async () => {
  const server = await listen(json('{"a":1}', 'text/plain'));
  expect(
    await fetchJson(`http://127.0.0.1:${server.port}/`, { ...LIMITS, anyContentType: true }),
  ).toEqual({
    a: 1,
  });
  await server.close();
});

it('requests through a custom fetch, and aborts on its signal', async () => {
  const pending = new Set<() => void>();
  const own: typeof fetch = (_url, init) =>
    new Promise((_resolve, reject) =>
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error)),
    );
  const answer = fetchJson('https://id.example/a?b', {
    timeoutMs: 60_000,
    maxBytes: 1,
    pending,
    fetch: own,
  });
  pending.forEach((end) => end());
  await expect(answer).rejects.toThrow('https://id.example/a could not be reached: AbortError');
});

it('leaves nothing behind', async () => {
  const [set, clear] = [jest.spyOn(global, 'setTimeout'), jest.spyOn(global, 'clearTimeout')];
  const limits = { ...LIMITS, timeoutMs: 60_000, pending: new Set<() => void>() };
  expect(await asked(json('{"a":1}'), limits)).toEqual({ a: 1 });
  expect(await asked(json('[]'), limits)).toEqual(
    failure('responded with something that is not a JSON object'),
  );
  expect(limits.pending.size).toBe(0);
  const timers = set.mock.results
    .filter((_, n) => set.mock.calls[n]?.[1] === 60_000)
    .map(({ value }) => value as unknown);
  expect(timers).toHaveLength(2);
  expect(clear.mock.calls.map(([timer]) => timer)).toEqual(expect.arrayContaining(timers));
  jest.restoreAllMocks();
});
