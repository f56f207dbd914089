import { assertBuilt } from './support/built';
import { commandOf } from './support/examples';
import { readText, ROOT } from './support/package';
import { freePort, type Program, ready, run, start } from './support/programs';

jest.setTimeout(60_000);

/**
 * An authorization server and a server of the Model Context Protocol, as the example starts them.
 */
describe('the example of the Model Context Protocol, on the built package', () => {
  let port: number;
  let origin: string;
  let server: Program;
  beforeAll(async () => {
    assertBuilt();
    port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    server = start(ROOT, commandOf('mcp'), { PORT: String(port) });
    await ready(server, port);
  });
  afterAll(() => server.stop());

  it('leads the official client from a 401 to a tool, and through a 403 to a tool that requires more scopes', async () => {
    const asks = (scope: string) =>
      `authorization: scope="${scope}" resource="${origin}/mcp" PKCE=S256`;
    expect(
      (await run(ROOT, commandOf('mcp-client'), { PORT: String(port) })).trimEnd().split('\n'),
    ).toEqual([
      asks('notes:read'),
      'read_notes: ada has no notes',
      asks('notes:read notes:write'),
      'add_note: noted for ada, by notebook',
      'read_notes: ada has Water the plants',
    ]);
  });

  it('is started by the commands of its guide', () => {
    expect(readText('docs/mcp.md')).toContain(
      '\nnpm run example -- mcp\nnpm run example -- mcp-client\n',
    );
  });

  it('sends a client without a token to the authorization server, with the required scopes', async () => {
    const response = await fetch(`${origin}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect([response.status, await response.text()]).toEqual([
      401,
      '{"error":"unauthorized","message":"Invalid or missing API key"}',
    ]);
    const url = `${origin}/.well-known/oauth-protected-resource/mcp`;
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer realm="api", scope="notes:read", resource_metadata="${url}"`,
    );
    const issuer = /^issuer: (.+)$/m.exec(server.printed())?.[1];
    expect(await (await fetch(url)).json()).toEqual({
      resource: `${origin}/mcp`,
      authorization_servers: [issuer],
      scopes_supported: ['notes:read', 'notes:write'],
      bearer_methods_supported: ['header'],
      resource_name: 'Notes',
    });
  });
});
