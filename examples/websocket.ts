// WebSockets with ws: check() decides before the socket is opened. It accepts a session in a
// cookie, from the same site only.
import { type IncomingMessage, STATUS_CODES } from 'node:http';

import express from 'express';
import {
  bearer,
  cookie,
  latchkey,
  memoryStore,
  type Principal,
  type Refusal,
  sessionTokens,
} from 'latchkey';
import { WebSocket, WebSocketServer } from 'ws';

import { bearing, curl, header, serve } from './support/serve';

const sessions = sessionTokens({ prefix: 'shopsession', store: memoryStore() });
const { check } = latchkey({
  extractors: [bearer(), cookie('sid')],
  scopes: ['prices:watch', 'orders:write'],
  verifiers: [sessions],
});

const CHECK_EVERY_MS = 30_000;
const scopes = ['prices:watch'] as const;

/** Closes a socket when its session has expired or is revoked. */
function live(socket: WebSocket, req: IncomingMessage, { subject }: Principal): void {
  const watching = setInterval(() => {
    void check(req, { scopes }).then((decision) => {
      // A 503 says nothing about the session.
      if (decision.status === 'refused' && decision.refusal.status !== 503) {
        socket.close(1008, 'The session is over');
      }
    });
  }, CHECK_EVERY_MS);
  socket.on('close', () => clearInterval(watching));
  socket.on('error', () => socket.terminate());
  socket.send(`Welcome, ${subject}`);
}

const sessionFor = async (granted: readonly string[]) =>
  (await sessions.issue({ subject: 'user_5', scopes: granted })).secret;
const secret = await sessionFor(scopes);
const upgrade = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]
  .map((line) => `-H "${line}"`)
  .join(' ');
const sid = header('Cookie', `sid=${secret}`);

const server = serve('The price ticker', express(), [
  ['an upgrade without a session: 401', curl('/live', upgrade)],
  [
    'an upgrade from another site: 401',
    curl('/live', upgrade, sid, header('Sec-Fetch-Site', 'cross-site')),
  ],
  [
    'the same from an older browser: 401',
    curl('/live', upgrade, sid, header('Origin', 'https://evil.example')),
  ],
  ['a session that nobody has: 401', curl('/live', upgrade, bearing(secret.slice(0, -1)))],
  [
    'a session without the scope: 403',
    curl('/live', upgrade, bearing(await sessionFor(['orders:write']))),
  ],
]);

const sockets = new WebSocketServer({ noServer: true });
server.on('upgrade', (req, socket, head) => {
  socket.on('error', () => socket.destroy());
  void check(req, { scopes }).then((decision) => {
    if (decision.status === 'authenticated') {
      sockets.handleUpgrade(req, socket, head, (opened) => live(opened, req, decision.principal));
    } else if (decision.status === 'refused') {
      socket.end(textOf(decision.refusal));
    }
  });
});

function textOf({ status, headers, body }: Refusal): string {
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${one}`),
  );
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...fields,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

// Connects as a page of the shop would.
server.on('listening', () => {
  const { port } = server.address() as { port: number };
  const page = new WebSocket(`ws://127.0.0.1:${port}/live`, {
    headers: { cookie: `sid=${secret}`, 'sec-fetch-site': 'same-origin' },
  });
  page.on('message', (message: Buffer) => console.log(`the page receives: ${message.toString()}`));
});
