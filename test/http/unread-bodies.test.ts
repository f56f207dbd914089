import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { createServer as createTlsServer, request as httpsRequest } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import express from 'express';
import { apiKeys, latchkey, memoryStore } from 'latchkey';

import { selfSigned } from '../support/certificates';
import { startNginx } from '../support/nginx';
import { listen as listenTo, MOUNTS } from '../support/servers';

const MIB = 1024 * 1024;
const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
const { requireScopes, resourceMetadata } = latchkey({
  verifiers: [keys],
  resource: { url: 'https://api.example.com' },
});
const guard = requireScopes('a');
let secret: string;
beforeAll(async () => {
  secret = (await keys.issue({ subject: 's', scopes: ['a'] })).secret;
});

const opened: { close: () => Promise<void> }[] = [];
/** Listens until the end of the test, whatever comes of it. */
const listen: typeof listenTo = async (...args) => {
  const server = await listenTo(...args);
  opened.push(server);
  return server;
};
afterEach(() => Promise.all(opened.splice(0).map(({ close }) => close())));

/** Sends the head and a body, and collects what comes until the other side closes. */
function exchange(
  port: number,
  head: readonly string[],
  body: Buffer | string,
  { write = true } = {},
) {
  return new Promise<{ text: string; error?: string }>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ text, error: error.code ?? error.message }),
    );
    socket.on('close', () => resolve({ text }));
    socket.write([...head, '', ''].join('\r\n'));
    if (write) {
      socket.write(body);
    }
  });
}
const refused = expect.stringMatching(
  /^HTTP\/1\.1 401 Unauthorized\r\n[^]*\{"error":"unauthorized","message":"Invalid or missing API key"\}$/,
);

describe.each(Object.entries(MOUNTS))(
  'a refusal on %s of a request whose body nobody read',
  (_name, mount) => {
    const app = mount([guard], (_req, res) => res.end('passed'));
    const upload = Buffer.alloc(8 * MIB, 'x');
    const length = `Content-Length: ${upload.length}`;

    test.each<[string, readonly string[]]>([
      ['HTTP/1.0', ['POST / HTTP/1.0', length]],
      ['HTTP/1.0 that would be kept', ['POST / HTTP/1.0', 'Connection: close', 'Host: x', length]],
      ['HTTP/1.1 that is closed', ['PUT / HTTP/1.1', 'Host: x', 'Connection: close', length]],
      ['a bad key', ['POST / HTTP/1.1', 'Host: x', 'Connection: close', 'X-API-Key: bad', length]],
    ])('arrives, and the connection is closed in order: %s', async (_what, head) => {
      const server = await listen(app);
      expect(await exchange(server.port, head, upload)).toEqual({ text: refused });
    });

    it('arrives if the body is chunked', async () => {
      const server = await listen(app);
      const chunk = `${(1 * MIB).toString(16)}\r\n${'x'.repeat(MIB)}\r\n`;
      const head = [
        'POST / HTTP/1.1',
        'Host: x',
        'Connection: close',
        'Transfer-Encoding: chunked',
      ];
      expect(await exchange(server.port, head, `${chunk.repeat(4)}0\r\n\r\n`)).toEqual({
        text: refused,
      });
    });

    it('leaves the connection usable for the next request, and for requests that were pipelined behind it', async () => {
      const server = await listen(app);
      const next = [
        'GET / HTTP/1.1',
        'Host: x',
        `X-API-Key: ${secret}`,
        'Connection: close',
        '',
        '',
      ].join('\r\n');
      const { text, error } = await exchange(
        server.port,
        ['POST / HTTP/1.1', 'Host: x', length],
        Buffer.concat([upload, Buffer.from(next)]),
      );
      expect(error).toBeUndefined();
      expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
    });

    it('does not wait for a body that is never sent', async () => {
      const server = await listen(app);
      expect(
        await exchange(
          server.port,
          ['POST / HTTP/1.1', 'Host: x', 'Connection: close', length],
          '',
          { write: false },
        ),
      ).toEqual({
        text: refused,
      });
      // Shorter than the time for which a body is awaited.
    }, 8_000);

    it('arrives if the client waits for 100 Continue', async () => {
      const server = await listen(app);
      const head = [
        'POST / HTTP/1.1',
        'Host: x',
        'Expect: 100-continue',
        'Connection: close',
        length,
      ];
      const { text, error } = await exchange(server.port, head, upload);
      expect(error).toBeUndefined();
      expect(text).toContain('HTTP/1.1 401 Unauthorized');
    });
  },
);

it('requests no body if the app decides before it sends 100 Continue', async () => {
  const app = (req: IncomingMessage, res: ServerResponse) => guard(req, res, () => res.end());
  const server = createServer(app).on('checkContinue', app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const head = ['POST / HTTP/1.1', 'Host: x', 'Expect: 100-continue', 'Content-Length: 5'];
  const { text } = await exchange((server.address() as AddressInfo).port, head, '', {
    write: false,
  });
  expect(text).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n[^]*\r\nConnection: close\r\n/i);
  server.close();
});

it('ends an endless body after 64 MiB', async () => {
  const server = await listen((req, res) => guard(req, res, () => res.end()));
  let sent = 0;
  let text = '';
  await new Promise<void>((resolve) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = Buffer.from(`${MIB.toString(16)}\r\n${'x'.repeat(MIB)}\r\n`);
    const pump = () => {
      while (!socket.destroyed && sent < 1_000) {
        sent++;
        if (!socket.write(chunk)) {
          return void socket.once('drain', pump);
        }
      }
    };
    pump();
  });
  expect(text).toMatch(/^HTTP\/1\.1 401/);
  expect(sent).toBeGreaterThan(32);
  expect(sent).toBeLessThan(128);
}, 30_000);

it('ends a slow body after 10 seconds', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
  try {
    const server = await listen((req, res) => guard(req, res, () => res.end()));
    const socket = connect(server.port, '127.0.0.1');
    const closed = new Promise((resolve) =>
      socket.on('close', resolve).on('error', () => undefined),
    );
    const answered = new Promise((resolve) => socket.once('data', resolve));
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n');
    await answered;
    jest.advanceTimersByTime(10_001);
    await closed;
  } finally {
    jest.useRealTimers();
  }
});

it('is sent at once if a parser has read the body, or has destroyed the request', async () => {
  const app = express();
  app.post('/read', express.json(), guard as express.Handler);
  app.post(
    '/destroyed',
    (req, _res, next) => {
      req.destroy();
      next();
    },
    guard as express.Handler,
  );
  app.post(
    '/too-large',
    (req, res, next) => express.json({ limit: 10 })(req, res, () => next()),
    guard as express.Handler,
  );
  const server = await listen(app);
  const body = JSON.stringify({ text: 'x'.repeat(100_000) });
  const head = (path: string) => [
    `POST ${path} HTTP/1.1`,
    'Host: x',
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  expect(await exchange(server.port, head('/read'), body)).toEqual({ text: refused });
  expect(await exchange(server.port, head('/too-large'), body)).toEqual({ text: refused });
  await exchange(server.port, head('/destroyed'), body);
  expect(await exchange(server.port, head('/read'), body)).toEqual({ text: refused });
});

it('is the same for metadata that is requested with POST', async () => {
  const server = await listen((req, res) => resourceMetadata()(req, res, () => res.end()));
  const path = '/.well-known/oauth-protected-resource';
  const answer = await exchange(
    server.port,
    [`POST ${path} HTTP/1.0`, `Content-Length: ${8 * MIB}`],
    Buffer.alloc(8 * MIB),
  );
  expect(answer).toEqual({ text: expect.stringMatching(/^HTTP\/1\.1 405 /) });
});

it('arrives over TLS', async () => {
  const { key, cert } = selfSigned('localhost');
  const server = createTlsServer({ key, cert }, (req, res) => guard(req, res, () => res.end()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const status = await new Promise((resolve) => {
    const options = {
      port,
      host: '127.0.0.1',
      method: 'POST',
      rejectUnauthorized: false,
      agent: false,
      headers: { connection: 'close' },
    };
    httpsRequest(options, (res) => res.resume().on('close', () => resolve(res.statusCode)))
      .on('error', resolve)
      .end(Buffer.alloc(8 * MIB));
  });
  expect(status).toBe(401);
  server.close();
});

it('arrives over HTTP/2, whose session stays usable', async () => {
  const server = createHttp2Server((req, res) =>
    (guard as unknown as (...args: unknown[]) => void)(req, res, () => res.end('passed')),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const statusOf = (headers: Record<string, string>, body?: Buffer) =>
    new Promise((resolve, reject) => {
      const stream = session.request({
        ':method': body ? 'POST' : 'GET',
        ':path': '/',
        ...headers,
      });
      stream.on('response', ({ ':status': status }) => resolve(status)).on('error', reject);
      stream.resume().end(body);
    });
  expect(await statusOf({ 'x-api-key': 'bad' }, Buffer.alloc(8 * MIB))).toBe(401);
  expect(await statusOf({ 'x-api-key': secret })).toBe(200);
  await new Promise<void>((resolve) => session.close(resolve));
  server.close();
});

it('leaves request objects alone that are on no connection', () => {
  for (const req of [
    { method: 'POST', url: '/', headers: { 'content-length': '5' } },
    {
      method: 'POST',
      url: '/',
      headers: { 'content-length': '5' },
      complete: false,
      httpVersionMajor: 1,
      socket: {},
    },
  ]) {
    const res = { setHeader: jest.fn(), end: jest.fn() };
    guard(req as unknown as IncomingMessage, res as unknown as ServerResponse, () => undefined);
    expect(res.end).toHaveBeenCalledTimes(1);
  }
});

describe.each([
  ['HTTP/1.0, its default', false],
  ['HTTP/1.1', true],
])('behind nginx that speaks %s', (_what, http11) => {
  it('refuses uploads with 401, and does not take the instances down for others', async () => {
    const app: (req: IncomingMessage, res: ServerResponse) => void = (req, res) =>
      guard(req, res, () => res.end('passed'));
    const instances = [await listen(app), await listen(app)];
    const nginx = await startNginx({ ports: instances.map(({ port }) => port), http11 });
    const ask = (key: string, path = '/', body?: Buffer) =>
      new Promise<number | string>((resolve) => {
        const options = {
          port: nginx.port,
          host: '127.0.0.1',
          path,
          method: body ? 'POST' : 'GET',
          agent: false as const,
          headers: { 'x-api-key': key },
        };
        httpRequest(options, (res) => res.resume().on('end', () => resolve(res.statusCode ?? 0)))
          .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
          .end(body);
      });
    try {
      const upload = Buffer.alloc(8 * MIB);
      const answers = { uploads: new Set<number | string>(), others: new Set<number | string>() };
      for (let n = 0; n < 10; n++) {
        const uploading = ask('bad', n % 2 ? '/unbuffered' : '/', upload);
        await sleep(10);
        answers.others.add(await ask(secret));
        answers.uploads.add(await uploading);
      }
      expect(answers).toEqual({ uploads: new Set([401]), others: new Set([200]) });
    } finally {
      await nginx.close();
    }
  }, 60_000);
});
