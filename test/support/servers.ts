import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';

import express from 'express';
import express4 from 'express4';
import type { Middleware } from 'latchkey';

export type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/**
 * The ways in which a guard is mounted: the same middleware, before the same handler. An error that
 * reaches the end is 500.
 */
export const MOUNTS: Readonly<
  Record<string, (guards: readonly Middleware[], handler: Handler) => RequestListener>
> = {
  'Express 4': (guards, handler) => onExpress(express4(), guards, handler),
  'Express 5': (guards, handler) => onExpress(express(), guards, handler),
  'node:http': (guards, handler) => (req, res) => {
    const step = (index: number) => (error?: unknown) => {
      if (error !== undefined) {
        return fail(res, error);
      }
      const guard = guards[index];
      if (guard) {
        guard(req, res, step(index + 1));
      } else {
        handler(req, res);
      }
    };
    step(0)();
  },
};

function onExpress(
  app: express.Express,
  guards: readonly Middleware[],
  handler: Handler,
): RequestListener {
  app.disable('x-powered-by');
  for (const guard of guards) {
    app.use(guard);
  }
  app.use((req: express.Request, res: express.Response) => handler(req, res));
  app.use(
    (error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) =>
      fail(res, error),
  );
  return app;
}

function fail(res: ServerResponse, error: unknown): void {
  res.statusCode = 500;
  res.end(`next: ${(error as Error).message}`);
}

/** Starts a server that closes no idle connection: a client may send on it at that moment. */
export async function listen(
  listener: RequestListener,
  options: ServerOptions = {},
  wanted = 0,
): Promise<{ port: number; server: Server; close: () => Promise<void> }> {
  const server = createServer({ keepAliveTimeout: 0, ...options }, listener);
  await new Promise<void>((resolve) => server.listen(wanted, '127.0.0.1', resolve));
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface RawResponse {
  readonly status: number;
  /** Header lines as received, without those that vary by server and time. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** Sends bytes as they are, which no HTTP client would, and reads to the end of the connection. */
export async function sendRaw(port: number, request: string): Promise<RawResponse> {
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('error', reject);
    socket.write(Buffer.from(request, 'latin1'));
  });
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...headers] = text.slice(0, end).split('\r\n');
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: headers.filter((line) => !/^(date|connection|keep-alive|etag):/i.test(line)),
    body: text.slice(end + 4),
  };
}

/** A request's bytes: lines of the head, without the end of lines. */
export const rawRequest = (line: string, ...headers: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'Host: api.example.com', ...headers, 'Connection: close', '', ''].join(
    '\r\n',
  );
