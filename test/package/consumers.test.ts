import { join } from 'node:path';

import { type Manifest, readJson, temporaryFolder, writeFiles } from '../support/package';
import { install, pack, type Tarball } from '../support/packed';
import { freePort, ready, run, start } from '../support/programs';

jest.setTimeout(120_000);

const temporary = temporaryFolder();
let tarball: Tarball;

beforeAll(async () => {
  tarball = await pack(temporary.path);
});
afterAll(temporary.remove);

/** Guards two routes by a key with one scope, and says on which port. */
const EXPRESS_APP = `
const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
const { requireScopes } = latchkey({ scopes: ['domains:read', 'domains:write'], verifiers: [keys] });
const app = express();
app.get('/v1/domains', requireScopes('domains:read'), (req, res) => {
  res.json({ account: accountOf(req) });
});
app.post('/v1/domains', requireScopes('domains:write'), (_req, res) => {
  res.status(201).end();
});
void keys.issue({ subject: 'acct_42', scopes: ['domains:read'] }).then(({ secret }) => {
  console.log(secret);
  app.listen(Number(process.env.PORT), '127.0.0.1');
});
`;
const TYPED_APP = `${EXPRESS_APP}
// @ts-expect-error a scope that is not declared
export const misspelt = () => requireScopes('domains:wrte');
`;

interface Project {
  readonly type: 'module' | 'commonjs';
  /** For TypeScript: what it compiles to. Without one the program runs as it is. */
  readonly module?: 'nodenext' | 'node16';
  readonly files: Readonly<Record<string, string>>;
}

const PROJECTS: Readonly<Record<string, Project>> = {
  'ESM JavaScript': {
    type: 'module',
    files: {
      'app.js': `
        import express from 'express';
        import { apiKeys, getAuth, latchkey, memoryStore } from 'latchkey';
        const accountOf = (req) => getAuth(req).subject;
        ${EXPRESS_APP}`,
    },
  },
  'CommonJS JavaScript': {
    type: 'commonjs',
    files: {
      'app.js': `
        const express = require('express');
        const { apiKeys, getAuth, latchkey, memoryStore } = require('latchkey');
        const accountOf = (req) => getAuth(req).subject;
        ${EXPRESS_APP}`,
    },
  },
  'ESM with a handler in CommonJS': {
    type: 'module',
    files: {
      'app.js': `
        import express from 'express';
        import { apiKeys, latchkey, memoryStore } from 'latchkey';
        import { accountOf } from './handler.cjs';
        ${EXPRESS_APP}`,
      'handler.cjs': `
        const { getAuth } = require('latchkey');
        exports.accountOf = (req) => getAuth(req).subject;`,
    },
  },
  'ESM TypeScript': {
    type: 'module',
    module: 'nodenext',
    files: {
      'app.ts': `
        import express, { type Request } from 'express';
        import { apiKeys, getAuth, latchkey, memoryStore, type Principal } from 'latchkey';
        const accountOf = (req: Request): string => {
          const principal: Principal = getAuth(req);
          // @ts-expect-error nothing declares req.auth
          void req.auth;
          return principal.subject;
        };
        ${TYPED_APP}`,
    },
  },
  'ESM TypeScript with latchkey/augment': {
    type: 'module',
    module: 'nodenext',
    files: {
      'app.ts': `
        import express, { type Request } from 'express';
        import { apiKeys, latchkey, memoryStore } from 'latchkey';
        import 'latchkey/augment';
        // @ts-expect-error a route may have no guard
        export const careless = (req: Request): string => req.auth.subject;
        const accountOf = (req: Request): string | undefined => req.auth?.subject;
        ${TYPED_APP}`,
    },
  },
  'CommonJS TypeScript': {
    type: 'commonjs',
    module: 'nodenext',
    files: {
      'app.ts': `
        import express from 'express';
        import { apiKeys, getAuth, latchkey, memoryStore } from 'latchkey';
        const accountOf = (req: express.Request): string => getAuth(req).subject;
        ${TYPED_APP}`,
    },
  },
  'CommonJS TypeScript of node16 with latchkey/augment': {
    type: 'commonjs',
    module: 'node16',
    files: {
      'app.ts': `
        import express = require('express');
        import { apiKeys, latchkey, memoryStore } from 'latchkey';
        import 'latchkey/augment';
        const accountOf = (req: express.Request): string | undefined => req.auth?.subject;
        ${TYPED_APP}`,
    },
  },
};

/** Writes the project, compiles it, starts it and asks it three times. */
async function answersOf(folder: string, { type, module, files }: Project) {
  writeFiles(folder, {
    ...files,
    'package.json': JSON.stringify({ type }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        module,
        target: 'es2023',
        lib: ['es2023'],
        types: ['node'],
        strict: true,
        skipLibCheck: false,
        esModuleInterop: true,
        outDir: 'built',
      },
    }),
  });
  if (module) {
    await run(folder, ['npx', '--no-install', 'tsc']);
  }
  const port = await freePort();
  const program = start(folder, ['node', module ? 'built/app.js' : 'app.js'], {
    PORT: String(port),
  });
  try {
    await ready(program, port);
    const ask = async (method: string, headers: Record<string, string>) => {
      const response = await fetch(`http://127.0.0.1:${port}/v1/domains`, { method, headers });
      return [response.status, await response.text(), response.headers.get('www-authenticate')];
    };
    const bearer = { authorization: `Bearer ${program.printed().trim()}` };
    return {
      'a good key': await ask('GET', bearer),
      'no key': await ask('GET', {}),
      'a missing scope': await ask('POST', bearer),
    };
  } finally {
    await program.stop();
  }
}

const ANSWERS = {
  'a good key': [200, '{"account":"acct_42"}', null],
  'no key': [
    401,
    '{"error":"unauthorized","message":"Invalid or missing API key"}',
    'Bearer realm="api", scope="domains:read"',
  ],
  'a missing scope': [
    403,
    '{"error":"forbidden","message":"Insufficient permissions for this action"}',
    'Bearer realm="api", error="insufficient_scope", error_description="The request requires higher privileges", scope="domains:write"',
  ],
};

describe.each([4, 5] as const)('a project on Express %d', (version) => {
  const folder = join(temporary.path, `express-${version}`);

  const aliases = version === 4 ? ['express4', '@types/express4'] : [];

  beforeAll(() =>
    install(folder, tarball, ['express', '@types/express', '@types/node', 'typescript'], aliases),
  );

  it('has that Express', () => {
    expect(readJson<Manifest>(join(folder, 'node_modules/express/package.json')).version).toMatch(
      new RegExp(`^${version}\\.`),
    );
  });

  test.each(Object.entries(PROJECTS))('is guarded, in %s', async (name, project) => {
    expect(await answersOf(join(folder, name.replaceAll(/\W+/g, '-')), project)).toEqual(ANSWERS);
  });
});

describe('a project with the types of Node 26', () => {
  const folder = join(temporary.path, 'types-26');

  beforeAll(() => install(folder, tarball, ['@types/node', 'typescript'], ['@types/node26']));

  it('compiles, and rejects an invalid key', async () => {
    writeFiles(folder, {
      'app.ts': `
        import { generateKeyPairSync, type webcrypto } from 'node:crypto';
        import { jwt } from 'latchkey';
        import type {} from 'latchkey/authorization-server';
        import { introspection } from 'latchkey/introspection';
        import type {} from 'latchkey/redis';
        import type {} from 'latchkey/testing';
        const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
        const options = { issuer: 'https://a.example', audience: 'https://b.example', algorithms: ['ES256'] } as const;
        jwt({ ...options, key: publicKey });
        jwt({ ...options, key: publicKey.export({ format: 'jwk' }) });
        export const ofSet = (keys: webcrypto.JsonWebKey[]) => jwt({ ...options, jwks: { keys } });
        // @ts-expect-error no key
        jwt({ ...options, key: 42 });
        const { issuer, audience } = options;
        introspection({ issuer, audience, client: { id: 'api', method: 'private_key_jwt', key: privateKey } });
        // @ts-expect-error no key
        introspection({ issuer, audience, client: { id: 'api', method: 'private_key_jwt', key: 42 } });`,
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          target: 'es2023',
          types: ['node'],
          strict: true,
          skipLibCheck: false,
          noEmit: true,
        },
      }),
    });
    expect(
      readJson<Manifest>(join(folder, 'node_modules/@types/node/package.json')).version,
    ).toMatch(/^26\./);
    await run(folder, ['npx', '--no-install', 'tsc']);
  });
});

describe('a project with nothing else installed', () => {
  const folder = join(temporary.path, 'bare');

  beforeAll(() => install(folder, tarball, []));

  const APP = `
    const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
    const { requireScopes } = latchkey({ scopes: ['domains:read', 'domains:write'], verifiers: [keys] });
    const guards = { GET: requireScopes('domains:read'), POST: requireScopes('domains:write') };
    const server = createServer((req, res) => {
      guards[req.method](req, res, () => res.end(JSON.stringify({ account: getAuth(req).subject })));
    });
    keys.issue({ subject: 'acct_42', scopes: ['domains:read'] }).then(({ secret }) => {
      console.log(secret);
      server.listen(Number(process.env.PORT), '127.0.0.1');
    });`;

  test.each([
    [
      'ESM',
      'module',
      `import { createServer } from 'node:http'; import { apiKeys, getAuth, latchkey, memoryStore } from 'latchkey'; ${APP}`,
    ],
    [
      'CommonJS',
      'commonjs',
      `const { createServer } = require('node:http'); const { apiKeys, getAuth, latchkey, memoryStore } = require('latchkey'); ${APP}`,
    ],
  ] as const)('is guarded on plain node:http, in %s', async (_, type, app) => {
    expect(await answersOf(join(folder, type), { type, files: { 'app.js': app } })).toEqual(
      ANSWERS,
    );
  });
});

describe('a project that tests itself with a plain Jest', () => {
  const folder = join(temporary.path, 'jest');

  beforeAll(() => install(folder, tarball, ['jest']));

  it('requires latchkey, verifies tokens, introspects an opaque one, and uses a fake principal', async () => {
    writeFiles(join(folder, 'project'), {
      'package.json': JSON.stringify({ jest: { transform: {} } }),
      'guards.test.js': `
        const { createHmac, createSecretKey, generateKeyPairSync, randomBytes, sign } = require('node:crypto');
        const { createServer } = require('node:http');
        const { jwt, latchkey } = require('latchkey');
        const { introspection } = require('latchkey/introspection');
        const { fakeAuth } = require('latchkey/testing');

        const { publicKey, privateKey } = generateKeyPairSync('ed25519');
        const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const payload = { iss: 'https://a.example', aud: 'https://b.example', sub: 'acct_42', exp: Date.now() / 1000 + 60 };
        const signed = encoded({ alg: 'EdDSA' }) + '.' + encoded(payload);
        const token = signed + '.' + sign(null, Buffer.from(signed), privateKey).toString('base64url');
        const { check } = latchkey({
          verifiers: [jwt({ issuer: payload.iss, audience: payload.aud, algorithms: ['EdDSA'], key: publicKey })],
        });
        const outcomeOf = (authorization) => check({ headers: { authorization } });

        test('the token is good', async () => {
          expect(await outcomeOf('Bearer ' + token)).toMatchObject({ status: 'authenticated', principal: { subject: 'acct_42' } });
        });
        test('another signature is not', async () => {
          const forged = signed + '.' + Buffer.alloc(64).toString('base64url');
          expect(await outcomeOf('Bearer ' + forged)).toMatchObject({ status: 'refused', reason: 'bad_signature', refusal: { status: 401 } });
        });
        test('a token of another algorithm, whose library is loaded late, is good', async () => {
          const key = createSecretKey(randomBytes(32));
          const signed = encoded({ alg: 'HS256' }) + '.' + encoded(payload);
          const authorization = 'Bearer ' + signed + '.' + createHmac('sha256', key).update(signed).digest('base64url');
          const { check } = latchkey({ verifiers: [jwt({ issuer: payload.iss, audience: payload.aud, algorithms: ['HS256'], key })] });
          expect(await check({ headers: { authorization } })).toMatchObject({ status: 'authenticated' });
        });
        test('an opaque token is valid if its server says so', async () => {
          const server = createServer((req, res) => {
            res.setHeader('Content-Type', 'application/json');
            res.end(JSON.stringify({ active: true, aud: payload.aud, sub: 'acct_42' }));
          });
          await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
          const opaque = introspection({
            issuer: payload.iss,
            endpoint: 'http://127.0.0.1:' + server.address().port,
            client: { id: 'api', method: 'private_key_jwt', key: privateKey },
            audience: payload.aud,
          });
          const asking = latchkey({ verifiers: [opaque] });
          expect(await asking.check({ headers: { authorization: 'Bearer opaque' } })).toMatchObject({ principal: { subject: 'acct_42' } });
          server.close();
          server.closeAllConnections();
        });
        test('whoever calls has one scope', async () => {
          const fake = fakeAuth({ subject: 'acct_7', scopes: ['domains:read'] });
          expect(await fake.check({ headers: {} }, { scopes: ['domains:read'] })).toMatchObject({ principal: { subject: 'acct_7' } });
          expect(await fake.check({ headers: {} }, { scopes: ['domains:write'] })).toMatchObject({ reason: 'insufficient_scope' });
        });`,
    });
    const program = start(join(folder, 'project'), ['npx', '--no-install', 'jest', '--ci']);
    await program.ended;
    expect(program.output()).toMatch(/^Tests: +5 passed, 5 total$/m);
  });
});
