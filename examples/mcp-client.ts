// The official client of the Model Context Protocol, before a server that it has no token for: that
// of `examples/mcp.ts`. It finds its way from the first 401 to a tool, and from a 403 to a tool
// that requires more.
import {
  type OAuthClientProvider,
  UnauthorizedError,
} from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';

import { browse } from './support/browser';
import { origin } from './support/serve';

const url = new URL('/mcp', origin);
const redirectUrl = 'http://127.0.0.1/callback';

let tokens: OAuthTokens | undefined;
let verifier = '';
let code = '';

/**
 * What the SDK requires of an application: to remember, and to send its user to the authorization
 * server.
 */
const provider: OAuthClientProvider = {
  redirectUrl,
  clientMetadata: {
    redirect_uris: [redirectUrl],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
  },
  clientInformation: () => ({ client_id: 'notebook' }),
  tokens: () => tokens,
  saveTokens: (saved) => void (tokens = saved),
  saveCodeVerifier: (saved) => void (verifier = saved),
  codeVerifier: () => verifier,
  async redirectToAuthorization(authorizationUrl) {
    const {
      scope,
      resource,
      code_challenge_method: method,
    } = Object.fromEntries(authorizationUrl.searchParams);
    console.log(`authorization: scope="${scope}" resource="${resource}" PKCE=${method}`);
    code = (await browse(authorizationUrl, redirectUrl)).searchParams.get('code') ?? '';
  },
};

/** Repeats what failed without authorization, after the user has given it. */
async function authorized<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) {
      throw error;
    }
    await transport.finishAuth(code);
    return act();
  }
}

let transport: StreamableHTTPClientTransport;
const client = new Client({ name: 'notebook', version: '1.0.0' });
const connect = () =>
  client.connect((transport = new StreamableHTTPClientTransport(url, { authProvider: provider })));
const call = async (name: string, args: Record<string, unknown> = {}) => {
  const { content } = await authorized(() => client.callTool({ name, arguments: args }));
  console.log(`${name}: ${(content as { text: string }[])[0]?.text}`);
};

await authorized(connect);
await call('read_notes');
await call('add_note', { note: 'Water the plants' });
await call('read_notes');
await client.close();
