// An MCP server that is its own authorization server. Any MCP client connects: it names itself by a
// metadata document, or registers itself. Log in as ada with the password lovelace.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express from 'express';
import { accessTokens, getAuth, latchkey, memoryStore, toAuthInfo } from 'latchkey';
import { authorizationServer, loginPage } from 'latchkey/authorization-server';

const issuer = `http://127.0.0.1:${process.env.PORT ?? 3000}`;
const url = `${issuer}/mcp`;
const store = memoryStore();
const scopes = { 'notes:read': 'Read your notes', 'notes:write': 'Write notes for you' };
const tokens = accessTokens({ store, prefix: 'notesat' });
const oauth = authorizationServer({
  ...{ issuer, store, scopes, tokens, audience: url },
  compatibility: { ignoreUnknownScopes: true },
  registration: { metadataDocuments: true, dynamic: true },
  login: loginPage({
    authenticate: (username, password) =>
      username === 'ada' && password === 'lovelace' ? { subject: 'ada' } : undefined,
  }),
});
const { requireScopes, resourceMetadata } = latchkey({
  ...{ scopes, verifiers: [tokens] },
  resource: { url, authorizationServers: [issuer] },
});

const app = express();
app.use(oauth.middleware, resourceMetadata());
app.post('/mcp', requireScopes('notes:read'), express.json(), async (req, res) => {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  server.registerTool('read_notes', { description: 'Your notes' }, ({ authInfo }) => ({
    content: [{ type: 'text', text: `The notes of ${String(authInfo?.extra?.subject)}` }],
  }));
  res.on('close', () => void server.close());
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  const [, token = ''] = req.headers.authorization?.split(/ +/) ?? [];
  const auth = toAuthInfo(getAuth(req), token);
  await transport.handleRequest(Object.assign(req, { auth }), res, req.body);
});
app.all('/mcp', (_req, res) => void res.status(405).set('Allow', 'POST').end());
app.listen(Number(new URL(issuer).port), '127.0.0.1', () => console.log(`url: ${url}`));
