import { join } from 'node:path';

import { temporaryFolder, writeFiles } from '../support/package';
import { install, pack, type Tarball } from '../support/packed';
import { freePort, ready, run, start } from '../support/programs';

jest.setTimeout(120_000);

const temporary = temporaryFolder();
let tarball: Tarball;

beforeAll(async () => {
  tarball = await pack(temporary.path);
});
afterAll(temporary.remove);

/** An authorization server with an API beside it, in one program. */
const APP = `
const store = memoryStore();
const scopes = ['domains:read'] as const;
const tokens = accessTokens({ store, prefix: 'acmetoken' });
const issuer = 'http://127.0.0.1:' + process.env.PORT;
const server: AuthorizationServer<'domains:read'> = authorizationServer({ issuer, store, scopes, tokens, login: loginPage({ authenticate: () => undefined }) });
// @ts-expect-error a scope that is not declared
export const misspelt = () => server.clients.register({ name: 'Nightly', scopes: ['domains:raed'] });
const { requireScopes } = latchkey({ scopes, verifiers: [tokens] });
const app = express();
app.use(server.middleware);
app.get('/v1/domains', requireScopes('domains:read'), (_req, res) => {
  res.json(['example.com']);
});
void server.clients.register({ name: 'Nightly', scopes: ['domains:read'] }).then(({ client, secret }) => {
  console.log(client.clientId + ':' + secret);
  app.listen(Number(process.env.PORT), '127.0.0.1');
});
`;
const IMPORTS = `
import express from 'express';
import { accessTokens, latchkey, memoryStore } from 'latchkey';
import { authorizationServer, loginPage, type AuthorizationServer } from 'latchkey/authorization-server';
`;
/** As a developer writes it who has no TypeScript. */
const inCommonJs = `
const express = require('express');
const { accessTokens, latchkey, memoryStore } = require('latchkey');
const { authorizationServer, loginPage } = require('latchkey/authorization-server');
${APP.replace(' as const', '').replace(": AuthorizationServer<'domains:read'>", '').replace('export ', '')}`;

const tsconfig = (skipLibCheck: boolean) =>
  JSON.stringify({
    compilerOptions: {
      ...{
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023'],
        types: ['node'],
        outDir: 'built',
      },
      ...{ strict: true, skipLibCheck, esModuleInterop: true },
    },
  });

/** Gets a token by client credentials, and calls the API with it. */
async function goesThrough(folder: string, file: string) {
  const port = await freePort();
  const program = start(folder, ['node', file], { PORT: String(port) });
  try {
    await ready(program, port);
    const origin = `http://127.0.0.1:${port}`;
    const response = await fetch(`${origin}/oauth/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(program.printed().trim()).toString('base64')}`,
      },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    const { access_token: token } = (await response.json()) as { access_token: string };
    const called = await fetch(`${origin}/v1/domains`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const page = await fetch(`${origin}/oauth/authorize?client_id=nobody`);
    return [response.status, called.status, await called.text(), page.status];
  } finally {
    await program.stop();
  }
}
const WELL = [200, 200, '["example.com"]', 400];

describe('a project with oidc-provider', () => {
  const folder = join(temporary.path, 'whole');
  beforeAll(() =>
    install(folder, tarball, [
      'express',
      '@types/express',
      '@types/node',
      'oidc-provider',
      'typescript',
    ]),
  );

  it('mounts the authorization server, in CommonJS', async () => {
    writeFiles(join(folder, 'cjs'), {
      'app.js': inCommonJs,
      'package.json': '{ "type": "commonjs" }',
    });
    expect(await goesThrough(join(folder, 'cjs'), 'app.js')).toEqual(WELL);
  });

  it.each(['module', 'commonjs'])(
    'mounts it in TypeScript as %s, and has its types without those of the engine',
    async (type) => {
      const project = join(folder, type);
      writeFiles(project, {
        'app.ts': IMPORTS + APP,
        'package.json': JSON.stringify({ type }),
        'tsconfig.json': tsconfig(false),
      });
      await run(project, ['npx', '--no-install', 'tsc']);
      expect(await goesThrough(project, 'built/app.js')).toEqual(WELL);
    },
  );
});

it('reports that oidc-provider is missing in a project without it', async () => {
  const folder = join(temporary.path, 'bare');
  await install(folder, tarball, ['express']);
  writeFiles(join(folder, 'cjs'), {
    'app.js': inCommonJs,
    'package.json': '{ "type": "commonjs" }',
  });
  const port = await freePort();
  const program = start(join(folder, 'cjs'), ['node', 'app.js'], { PORT: String(port) });
  try {
    await ready(program, port);
    const response = await fetch(`http://127.0.0.1:${port}/oauth/token`, { method: 'POST' });
    expect(response.status).toBe(500);
    expect(program.output()).toContain('[ERR_LATCHKEY_PEER]');
    expect(program.output()).toContain('npm install oidc-provider');
  } finally {
    await program.stop();
  }
});
