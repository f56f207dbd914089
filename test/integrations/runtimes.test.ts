import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { assertBuilt } from '../support/built';
import { ROOT, temporaryFolder, writeFiles } from '../support/package';
import { freePort, ready, start } from '../support/programs';

/** A handler as the guide has it, which prints a key. */
const program = (serve: string) => `
  import { apiKeys, latchkey, memoryStore } from ${JSON.stringify(join(ROOT, 'dist/index.js'))};
  import { webGuard, withHeaders } from ${JSON.stringify(join(ROOT, 'dist/web.js'))};
  import process from 'node:process';

  const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
  const guard = webGuard(latchkey({ scopes: ['read', 'write'], verifiers: [keys] }));
  const port = Number(process.env.PORT);
  async function handle(request) {
    const scopes = request.method === 'GET' ? ['read'] : ['write'];
    const auth = await guard(request, { scopes });
    return auth instanceof Response
      ? auth
      : withHeaders(Response.json({ owner: auth.principal.subject }), auth.headers);
  }
  const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['read'] });
  console.log('KEY=' + secret);
  ${serve}`;

const RUNTIMES = [
  ['bun', ['bun', 'app.mjs'], "Bun.serve({ fetch: handle, port, hostname: '127.0.0.1' });"],
  [
    'deno',
    ['deno', 'run', '--allow-all', '--node-modules-dir=manual', 'app.mjs'],
    "Deno.serve({ port, hostname: '127.0.0.1' }, handle);",
  ],
] as const;

/**
 * Both are packages of npm that are too large to be development dependencies: install them anywhere
 * on the PATH.
 */
const isInstalled = (name: string): boolean => {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

const temporary = temporaryFolder();
beforeAll(assertBuilt);
afterAll(temporary.remove);

describe.each(RUNTIMES)('latchkey/web on %s', (name, command, serve) => {
  const testIfInstalled = isInstalled(name) ? test : test.skip;

  testIfInstalled(
    'guards a handler with the responses of Node',
    async () => {
      const folder = join(temporary.path, name);
      writeFiles(folder, { 'app.mjs': program(serve), 'package.json': '{}' });
      const port = await freePort();
      const running = start(folder, command, { PORT: String(port) });
      try {
        await ready(running, port);
        const key = /^KEY=(.+)$/m.exec(running.printed())?.[1] as string;
        const ask = async (method: string, headers: Record<string, string>) => {
          const response = await fetch(`http://127.0.0.1:${port}/`, { method, headers });
          return [response.status, response.headers.get('WWW-Authenticate'), await response.text()];
        };
        expect(await ask('GET', { 'X-API-Key': key })).toEqual([200, null, '{"owner":"acct_42"}']);
        expect(await ask('GET', {})).toEqual([
          401,
          'Bearer realm="api", scope="read"',
          '{"error":"unauthorized","message":"Invalid or missing API key"}',
        ]);
        expect((await ask('POST', { Authorization: `Bearer ${key}` }))[0]).toBe(403);
        expect((await ask('GET', { 'X-API-Key': key, Authorization: 'Bearer x' }))[0]).toBe(400);
      } finally {
        await running.stop();
      }
    },
    60_000,
  );
});
