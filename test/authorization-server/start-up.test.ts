import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import type { ErrorRequestHandler } from 'express';

import { startIssuing } from '../support/issuing';

const ROOT = join(__dirname, '../..');

it.each<[what: string, configure: string]>([
  ['returns no object', '() => undefined'],
  ['returns a promise', 'async (one) => one'],
  ['throws', "() => { throw new Error('x'); }"],
  ['returns what oidc-provider rejects', "() => ({ cookies: 'none' })"],
])('a configure that %s fails ready() and requests with a code, and warns', (_what, configure) => {
  const program = `
    import express from 'express';
    import { accessTokens, memoryStore } from './src/index.ts';
    import { authorizationServer } from './src/authorization-server/index.ts';
    const store = memoryStore();
    const server = authorizationServer({
      issuer: 'https://api.example.com', store, scopes: ['a'],
      tokens: accessTokens({ store, prefix: 'x' }), configure: ${configure},
    });
    setTimeout(async () => {
      const app = express();
      app.use(server.middleware);
      app.use((error, req, res, next) => res.status(500).json({ code: error.code }));
      const listening = app.listen(0, async () => {
        const url = 'http://127.0.0.1:' + listening.address().port + '/oauth/token';
        const body = new URLSearchParams({ client_id: 'x' });
        const response = await fetch(url, { method: 'POST', body });
        const ready = await server.ready().catch(({ code }) => code);
        console.log(JSON.stringify([response.status, (await response.json()).code, ready]));
        process.exit(0);
      });
    }, 300);`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', program],
    { cwd: ROOT, encoding: 'utf8' },
  );
  expect({ status, stdout: stdout.trim(), stderr }).toEqual({
    status: 0,
    stdout: '[500,"ERR_LATCHKEY_OPTION","ERR_LATCHKEY_OPTION"]',
    stderr: expect.stringContaining(
      '[ERR_LATCHKEY_OPTION] Warning: The authorization server cannot start: ',
    ),
  });
});

it('without an authentication method for introspection, the metadata have no empty list', async () => {
  const after: ErrorRequestHandler[] = [];
  const issuing = await startIssuing({ clientAuthentication: ['none'], after });
  const response = await fetch(`${issuing.origin}/.well-known/oauth-authorization-server`);
  const metadata = (await response.json()) as Record<string, unknown>;
  expect(metadata).not.toHaveProperty('introspection_endpoint_auth_methods_supported');
  expect(metadata.token_endpoint_auth_methods_supported).toEqual(['none']);
  await issuing.close();
});
