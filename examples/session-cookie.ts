// An API with its web application: the session is in a cookie, for HTTP requests and a WebSocket
// upgrade.
import { STATUS_CODES } from 'node:http';

import express from 'express';
import {
  bearer,
  cookie,
  getAuth,
  latchkey,
  memoryStore,
  type Refusal,
  sessionTokens,
} from 'latchkey';

import { bearing, curl, header, serve } from './support/serve';

const sessions = sessionTokens({ prefix: 'shopsession', store: memoryStore() });

const { check, requireScopes } = latchkey({
  extractors: [bearer(), cookie('sid', { origins: ['https://app.example.com'] })],
  scopes: { 'cart:read': 'See the cart', 'cart:write': 'Change the cart' },
  verifiers: [sessions],
});

const app = express();
app.get('/cart', requireScopes('cart:read'), (req, res) => {
  res.json({ cart: [], owner: getAuth(req).subject });
});
app.post('/cart', requireScopes('cart:write'), (_req, res) => {
  res.status(201).json({ item: 'book' });
});

const { secret } = await sessions.issue({ subject: 'user_5', scopes: ['cart:read', 'cart:write'] });
const sid = header('Cookie', `sid=${secret}`);
const upgrade = `${header('Connection', 'Upgrade')} ${header('Upgrade', 'websocket')}`;

const server = serve('The shop', app, [
  ['the cookie: 200', curl('/cart', sid)],
  [
    'the cookie, from the API itself: 201',
    curl('/cart', '-X POST', sid, header('Sec-Fetch-Site', 'same-origin')),
  ],
  [
    'the cookie, from an allowed origin: 201',
    curl('/cart', '-X POST', sid, header('Origin', 'https://app.example.com')),
  ],
  [
    'the cookie, from another site: 401',
    curl('/cart', '-X POST', sid, header('Sec-Fetch-Site', 'cross-site')),
  ],
  [
    'the cookie, from an older browser on another site: 401',
    curl('/cart', '-X POST', sid, header('Origin', 'https://evil.example')),
  ],
  ['the same session as bearer: 201', curl('/cart', '-X POST', bearing(secret))],
  ['an upgrade: 101', curl('/live', sid, upgrade)],
  [
    'an upgrade from another site: 401',
    curl('/live', sid, upgrade, header('Sec-Fetch-Site', 'cross-site')),
  ],
  ['an upgrade without a session: 401', curl('/live', upgrade)],
]);

// Without middleware, check() decides, and its refusal is the response.
server.on('upgrade', (req, socket) => {
  socket.on('error', () => socket.destroy());
  void check(req, { scopes: ['cart:read'] }).then((decision) => {
    // A WebSocket library takes over here: ws.handleUpgrade(…)
    const welcome = [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      '',
      '',
    ];
    socket.end((decision.status === 'refused' ? linesOf(decision.refusal) : welcome).join('\r\n'));
  });
});

function linesOf({ status, headers, body }: Refusal): string[] {
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${one}`),
  );
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...fields, 'Connection: close', '', body];
}
