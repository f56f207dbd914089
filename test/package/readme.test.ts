import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { brokenLinks, uninstalledPackages } from '../support/markdown';
import { readText, ROOT, temporaryFolder } from '../support/package';
import { install, pack } from '../support/packed';
import { faultsOf } from '../support/reader';

jest.setTimeout(120_000);

const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'examples/README.md',
  ...(existsSync(join(ROOT, 'docs'))
    ? readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    : []
  )
    .filter((name) => name.endsWith('.md') && !name.startsWith('reference/'))
    .map((name) => `docs/${name}`),
];
/** What a document may import besides latchkey. */
const PACKAGES = [
  '@apollo/server',
  '@codegenie/serverless-express',
  '@hono/node-server',
  '@modelcontextprotocol/sdk',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@opentelemetry/api',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/sdk-trace-base',
  '@trpc/server',
  'cors',
  'express',
  'express-openapi-validator',
  'express-rate-limit',
  'fastify',
  'graphql',
  'hono',
  'rate-limit-redis',
  'rate-limiter-flexible',
  'jose',
  'jsonwebtoken',
  'oidc-provider',
  'pino',
  'prom-client',
  'reflect-metadata',
  'rxjs',
  'serverless-http',
  'socket.io',
  'supertest',
  'tsx',
  'typescript',
];
const DATABASES = [
  '@electric-sql/pglite',
  'better-sqlite3',
  'ioredis',
  'kysely',
  'kysely-pglite-dialect',
  'mysql2',
  'pg',
  'redis',
];
const TYPES = [
  'better-sqlite3',
  'cors',
  'express',
  'jest',
  'jsonwebtoken',
  'node',
  'pg',
  'supertest',
].map((name) => `@types/${name}`);
/** What the install script of better-sqlite3 makes: scripts are not run here. */
const SQLITE = 'node_modules/better-sqlite3/build/Release/better_sqlite3.node';

const temporary = temporaryFolder();

beforeAll(async () => {
  await install(temporary.path, await pack(temporary.path), [...PACKAGES, ...DATABASES, ...TYPES]);
  cpSync(join(ROOT, SQLITE), join(temporary.path, SQLITE));
});
afterAll(temporary.remove);

describe.each(DOCUMENTS)('%s', (name) => {
  it('has code blocks and commands that work', async () => {
    expect(await faultsOf(temporary.path, name, readText(name))).toEqual([]);
  });

  it('names the packages that its code imports in an install command', () => {
    expect(uninstalledPackages(readText(name))).toEqual([]);
  });

  it('has no broken links', () => {
    expect(
      brokenLinks(name, readText(name), (path) =>
        existsSync(join(ROOT, path)) ? readText(path) : undefined,
      ),
    ).toEqual([]);
  });
});

describe('a document with a false statement', () => {
  const code = (language: string, text: string) => `\n\`\`\`${language}\n${text}\n\`\`\`\n`;
  const ROUTE =
    "app.get('/v1/domains', requireScopes('domains:read'), (req, res) => void res.json(getAuth(req).scopes));";
  const app = (language: 'ts' | 'js') =>
    code(
      language,
      `// app.${language}
import express from 'express';
import { apiKeys, getAuth, latchkey, memoryStore } from 'latchkey';
const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
const { requireScopes } = latchkey({ scopes: ['domains:read'], verifiers: [keys] });
const app = express();
app.listen(3000);
console.log(\`KEY=\${(await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] })).secret}\`);`,
    );
  const GET = 'curl localhost:3000/v1/domains';
  const TYPED = app('ts') + code('ts', ROUTE);
  const PLAIN = app('js') + code('js', ROUTE);
  const STARTED = PLAIN + code('sh', `node app.js\n${GET} # 401`);

  test.each([
    ['TypeScript', TYPED + code('sh', `npx tsx app.ts\n${GET} # 401`)],
    ['JavaScript', STARTED],
    [
      'what it exports',
      code('js', '// a.mjs\nprocess.exitCode = process.env.WORD === "told" ? 0 : 1;') +
        code('sh', 'export WORD=told\nnode a.mjs'),
    ],
    [
      'the answer',
      STARTED +
        code(
          'http',
          'HTTP/1.1 401 Unauthorized\ncache-control: no-store\nDate: …\n\n{"error":"unauthorized",…}',
        ),
    ],
    [
      'a call of two lines',
      STARTED +
        code('sh', `${GET} \\\n  -H "X-API-Key: $KEY"  # 200: a good key`) +
        code('http', 'HTTP/1.1 200 OK\n\n["domains:read"]'),
    ],
    ['a script', code('sh', 'npm ci && npm test')],
    ['JSON and a sketch', code('json', '{ "a": 1 }') + code('text', 'const = …')],
  ])('is not one that is true: %s', async (what, markdown) => {
    expect(await faultsOf(temporary.path, `true ${what}`, markdown)).toEqual([]);
  });

  test.each([
    [
      'a scope that does not compile',
      TYPED.replace("requireScopes('domains:read')", "requireScopes('domains:raed')"),
      /^app\.ts\(10,38\): error TS2345/,
    ],
    [
      'a name that is not declared',
      TYPED + code('ts', 'listen(app);'),
      /^app\.ts\(12,1\): error TS2304/,
    ],
    [
      'an import of what is not there',
      code('ts', '// a.ts\nimport { latchkee } from "latchkey";'),
      /^a\.ts\(2,10\): error TS2724/,
    ],
    ['code without a file', code('ts', 'export {};'), /^line 3: names no file/],
    [
      'a file that is there already',
      PLAIN + app('js').replace('js', 'ts'),
      /^line 18: app\.js is there already/,
    ],
    ['JavaScript that is none', code('js', '// a.js\nconst = 1;'), /SyntaxError/],
    ['JSON that is none', '- a list\n\n  ```json\n  { a: 1 }\n  ```\n', /^line 4: .*JSON/],
    [
      'a script that is not there',
      code('sh', 'npm ci && npm run demonstrate'),
      /has no script demonstrate/,
    ],
    [
      'a program that is not there',
      code('sh', 'node server.js'),
      /ended with 1:[^]*Cannot find module/,
    ],
    [
      'a program that fails',
      code('js', '// a.js\nthrow new Error("no");') + code('sh', 'node a.js'),
      /ended with 1:[^]*Error: no/,
    ],
    ['another status', STARTED.replace('# 401', '# 200'), /^line 19: 401 instead of 200: curl /],
    [
      'a call without its status',
      PLAIN + code('sh', `node app.js\n${GET}`),
      /^line 19: says no status/,
    ],
    ['a call of nothing', PLAIN + code('sh', `${GET} # 401`), /^line 18: nothing was started/],
    [
      'a variable that nothing printed',
      code('js', '// a.js\nconsole.log("KEY=1");') +
        code('sh', `node a.js\n${GET} -H "X-API-Key: $SECRET" # 200`),
      /^Nothing printed SECRET=/,
    ],
    [
      'another status line',
      STARTED + code('http', 'HTTP/1.1 401 Forbidden'),
      /^line 23: not in the answer: HTTP\/1\.1 401 Forbidden/,
    ],
    [
      'another header',
      STARTED + code('http', 'HTTP/1.1 401 Unauthorized\nCache-Control: private'),
      /^line 23: not in the answer: Cache-Control/,
    ],
    [
      'another body',
      STARTED + code('http', 'HTTP/1.1 401 Unauthorized\n\n{"error":"unauthorized"}'),
      /^line 23: not in the answer: \{"error":"unauthorized"\}\n/,
    ],
  ])('is found out by %s', async (what, markdown, fault) => {
    expect(await faultsOf(temporary.path, what, markdown)).toEqual([expect.stringMatching(fault)]);
  });

  it('is found out by an import of what it does not install', () => {
    const markdown = code(
      'ts',
      "// a.ts\nimport { a } from 'pg';\nimport '@scope/b/c';\nimport d from 'express';\nimport 'node:fs';",
    );
    expect(uninstalledPackages(markdown)).toEqual(['pg', '@scope/b']);
    expect(uninstalledPackages(markdown + code('sh', 'npm install pg @scope/b'))).toEqual([]);
  });

  it('is found out by a link to nowhere', () => {
    const files: Record<string, string> = {
      'docs/keys.md': '# Keys\n\n## Secret scanners: how?\n',
      'README.md': '',
    };
    const markdown =
      '# The `a` page\n[a](keys.md#secret-scanners-how) [b](../README.md) [c](#the-a-page) [d](https://example.com) [e](key.md) [f](keys.md#lost) [g](#b)';
    expect(brokenLinks('docs/a.md', markdown, (path) => files[path])).toEqual([
      'key.md',
      'keys.md#lost',
      '#b',
    ]);
  });
});
