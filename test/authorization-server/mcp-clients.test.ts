import type { IncomingMessage, ServerResponse } from 'node:http';

import * as client2 from '@modelcontextprotocol/client';
import * as auth132 from '@modelcontextprotocol/sdk/client/auth.js';
import * as client132 from '@modelcontextprotocol/sdk/client/index.js';
import * as http132 from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express from 'express';
import { accessTokens, getAuth, latchkey, memoryStore, toAuthInfo } from 'latchkey';
import { authorizationServer } from 'latchkey/authorization-server';
import * as auth120 from 'mcp-sdk-1.20/client/auth.js';
import * as client120 from 'mcp-sdk-1.20/client/index.js';
import * as http120 from 'mcp-sdk-1.20/client/streamableHttp.js';

import { Browser } from '../support/browser';
import { agree, logIn, login } from '../support/issuing';
import { listen } from '../support/servers';

const REDIRECT_URL = 'http://127.0.0.1/callback';

/** An MCP server that is its own authorization server. */
async function startMcpServer(documentHost: string) {
  const app = express();
  const { port, close } = await listen(app);
  const issuer = `http://127.0.0.1:${port}`;
  const url = `${issuer}/mcp`;
  const store = memoryStore();
  const scopes = { 'notes:read': 'Read your notes', 'notes:write': 'Write notes for you' };
  const tokens = accessTokens({ store, prefix: 'acmeat' });
  const server = authorizationServer({
    ...{ issuer, store, scopes, tokens, audience: url, login },
    registration: { dynamic: true, metadataDocuments: { insecureHosts: [documentHost] } },
  });
  const { requireScopes, resourceMetadata } = latchkey({
    ...{ scopes, verifiers: [tokens] },
    resource: { url, authorizationServers: [issuer] },
  });
  app.use(server.middleware, resourceMetadata());
  app.post('/mcp', requireScopes('notes:read'), express.json(), async (req, res) => {
    const mcp = new McpServer({ name: 'notes', version: '1.0.0' });
    mcp.registerTool('whoami', { description: 'Who calls' }, ({ authInfo }) => ({
      content: [{ type: 'text', text: `${String(authInfo?.extra?.subject)}` }],
    }));
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
    await mcp.connect(transport);
    const [, token = ''] = req.headers.authorization?.split(/ +/) ?? [];
    const auth = toAuthInfo(getAuth(req), token);
    await transport.handleRequest(Object.assign(req, { auth }) as never, res, req.body);
  });
  app.all('/mcp', (_req, res) => void res.status(405).set('Allow', 'POST').end());
  await server.ready();
  return { url, server, close };
}

/** What an application keeps for the SDK. Nobody has registered it. */
function application(clientMetadataUrl?: string) {
  const kept: { client?: { client_id: string }; tokens?: unknown; verifier?: string } = {};
  let callback = new URLSearchParams();
  return {
    callback: () => callback,
    clientId: () => kept.client?.client_id,
    provider: {
      redirectUrl: REDIRECT_URL,
      ...(clientMetadataUrl !== undefined && { clientMetadataUrl }),
      clientMetadata: {
        ...{ client_name: 'Notebook', redirect_uris: [REDIRECT_URL] },
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
      clientInformation: () => kept.client,
      saveClientInformation: (client: { client_id: string }) => void (kept.client = client),
      tokens: () => kept.tokens,
      saveTokens: (tokens: unknown) => void (kept.tokens = tokens),
      saveCodeVerifier: (verifier: string) => void (kept.verifier = verifier),
      codeVerifier: () => kept.verifier ?? '',
      async redirectToAuthorization(url: URL) {
        callback = (await agree(await logIn(await new Browser().open(url.href)))).url.searchParams;
      },
    },
  };
}

/** Connects without a token, and calls a tool once the user has agreed. */
async function callTool(
  sdk: {
    readonly Client: unknown;
    readonly Transport: unknown;
    readonly Unauthorized: unknown;
    readonly finish: unknown;
  },
  url: string,
  app: ReturnType<typeof application>,
): Promise<unknown> {
  const { Client, Transport, Unauthorized, finish } = sdk as {
    finish: (transport: unknown, callback: URLSearchParams) => Promise<void>;
    Client: typeof client132.Client;
    Transport: typeof http132.StreamableHTTPClientTransport;
    Unauthorized: typeof auth132.UnauthorizedError;
  };
  const client = new Client({ name: 'notebook', version: '1.0.0' });
  const transport = () => new Transport(new URL(url), { authProvider: app.provider as never });
  const first = transport();
  await expect(client.connect(first)).rejects.toBeInstanceOf(Unauthorized);
  await finish(first, app.callback());
  await client.connect(transport());
  const { content } = await client.callTool({ name: 'whoami', arguments: {} });
  await client.close();
  return content;
}

const withCode = (
  transport: { finishAuth(code: string): Promise<void> },
  callback: URLSearchParams,
) => transport.finishAuth(callback.get('code') ?? '');
// It also verifies `iss` (RFC 9207).
const withCallback = (
  transport: { finishAuth(callback: URLSearchParams): Promise<void> },
  callback: URLSearchParams,
) => transport.finishAuth(callback);

const SDKS = [
  [
    'the MCP SDK 1.20',
    {
      Client: client120.Client,
      Transport: http120.StreamableHTTPClientTransport,
      Unauthorized: auth120.UnauthorizedError,
      finish: withCode,
    },
  ],
  [
    'the MCP SDK 1.32',
    {
      Client: client132.Client,
      Transport: http132.StreamableHTTPClientTransport,
      Unauthorized: auth132.UnauthorizedError,
      finish: withCode,
    },
  ],
  [
    '@modelcontextprotocol/client 2.4',
    {
      Client: client2.Client,
      Transport: client2.StreamableHTTPClientTransport,
      Unauthorized: client2.UnauthorizedError,
      finish: withCallback,
    },
  ],
] as const;

let documentId: string;
let documents: Awaited<ReturnType<typeof listen>>;
let mcp: Awaited<ReturnType<typeof startMcpServer>>;
beforeAll(async () => {
  documents = await listen((_req: IncomingMessage, res: ServerResponse) => {
    const { clientMetadata } = application().provider;
    res.end(JSON.stringify({ client_id: documentId, ...clientMetadata }));
  });
  documentId = `http://127.0.0.1:${documents.port}/client.json`;
  mcp = await startMcpServer(`127.0.0.1:${documents.port}`);
});
afterAll(async () => {
  await mcp.close();
  await documents.close();
});

test.each(SDKS)(
  '%s goes from a 401 to a tool call by registering itself',
  async (_name, sdk) => {
    const app = application();
    expect(await callTool(sdk, mcp.url, app)).toEqual([{ type: 'text', text: 'acct_42' }]);
    const client = await mcp.server.clients.get(app.clientId() ?? '');
    expect(client).toMatchObject({ name: 'Notebook', verified: false, type: 'public' });
  },
  20_000,
);

test.each(SDKS)(
  '%s goes from a 401 to a tool call by its metadata document',
  async (_name, sdk) => {
    const app = application();
    // The SDKs accept only https as clientMetadataUrl, and a test has no certificate.
    app.provider.saveClientInformation({ client_id: documentId });
    expect(await callTool(sdk, mcp.url, app)).toEqual([{ type: 'text', text: 'acct_42' }]);
    expect(await mcp.server.clients.get(documentId)).toBeUndefined();
  },
  20_000,
);
