// A server of the Model Context Protocol, guarded by Latchkey. `examples/mcp-client.ts` is a client
// to try it with. ISSUER names its authorization server; without it one is started that lets
// everybody in.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express, { type RequestHandler } from 'express';
import { getAuth, jwt, latchkey, toAuthInfo } from 'latchkey';
import * as z from 'zod';

import { startAuthorizationServer } from './support/authorization-server';

const port = Number(process.env.PORT ?? 3000);
const url = `http://127.0.0.1:${port}/mcp`;
const issuer = process.env.ISSUER ?? (await startAuthorizationServer());

const { requireScopes, resourceMetadata } = latchkey({
  resource: { url, authorizationServers: [issuer], name: 'Notes' },
  scopes: { 'notes:read': 'Read your notes', 'notes:write': 'Write notes for you' },
  verifiers: [jwt({ issuer, audience: url })],
});

const notes = new Map<string, string[]>();

/** The tools. The SDK passes the caller to each of them. */
function notesServer(): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  const text = (said: string) => ({ content: [{ type: 'text' as const, text: said }] });
  server.registerTool('read_notes', { description: 'Your notes' }, ({ authInfo }) => {
    const subject = String(authInfo?.extra?.subject);
    return text(`${subject} has ${notes.get(subject)?.join(', ') ?? 'no notes'}`);
  });
  server.registerTool(
    'add_note',
    { description: 'A new note', inputSchema: { note: z.string() } },
    ({ note }, { authInfo }) => {
      const subject = String(authInfo?.extra?.subject);
      notes.set(subject, [...(notes.get(subject) ?? []), note]);
      return text(`noted for ${subject}, by ${authInfo?.clientId}`);
    },
  );
  return server;
}

// A challenge names all the scopes that are needed, since the client requests those and no others
// next.
const writing = requireScopes('notes:read', 'notes:write');

/** Guards a tool once the message that calls it, or a list of messages, has been read. */
const guardTools: RequestHandler = (req, res, next) => {
  const messages = [req.body].flat() as { params?: { name?: unknown } }[];
  if (messages.some(({ params }) => params?.name === 'add_note')) {
    writing(req, res, next);
  } else {
    next();
  }
};

const app = express();
app.use(resourceMetadata());
app.post('/mcp', requireScopes('notes:read'), express.json(), guardTools, async (req, res) => {
  const server = notesServer();
  res.on('close', () => void server.close());
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  const [, token = ''] = req.headers.authorization?.split(/ +/) ?? [];
  await transport.handleRequest(
    Object.assign(req, { auth: toAuthInfo(getAuth(req), token) }),
    res,
    req.body,
  );
});
// Each request stands for itself here: there is no stream to listen to, and no session to end.
app.all('/mcp', (_req, res) => void res.status(405).set('Allow', 'POST').end());

app.listen(port, '127.0.0.1', () => {
  console.log(
    `url: ${url}\nissuer: ${issuer}\n\n# Try it from a second terminal\nnpm run example -- mcp-client`,
  );
});
