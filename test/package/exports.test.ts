import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';

import ts from 'typescript';

import { brokenLinks } from '../support/markdown';
import { manifest, readJson, readText, ROOT, temporaryFolder } from '../support/package';
import { pack, type Tarball } from '../support/packed';
import { run } from '../support/programs';

/**
 * What a user may write between the braces of `import { … } from 'latchkey'`. A name added here is
 * a promise for years.
 */
const FUNCTIONS = [
  'CREDENTIAL_STORE_METHODS',
  'STATE_STORE_METHODS',
  'accessTokens',
  'apiKeyHeader',
  'apiKeys',
  'bearer',
  'cookie',
  'dpop',
  'findAuth',
  'getAuth',
  'hasScopes',
  'jwt',
  'latchkey',
  'memoryStore',
  'queryParameter',
  'sessionTokens',
  'toAuthInfo',
];
const TYPES = [
  'AccessTokensOptions',
  'Algorithm',
  'ApiKeysOptions',
  'AuthInfo',
  'AuthenticationResult',
  'CacheLimits',
  'Extractor',
  'ClientCertificate',
  'Confirmation',
  'Credential',
  'CredentialChanges',
  'CredentialManager',
  'CredentialReader',
  'CredentialRecord',
  'CredentialStore',
  'Decision',
  'DpopOptions',
  'FreshAuthOptions',
  'ImportError',
  'ImportedRecord',
  'IssueOptions',
  'Issued',
  'Jwk',
  'JwkSet',
  'JwtOptions',
  'KeyInput',
  'Latchkey',
  'LatchkeyOptions',
  'LegacyForm',
  'ListOptions',
  'ManagedVerifier',
  'Middleware',
  'Owner',
  'Policy',
  'Principal',
  'PublicRecord',
  'Reason',
  'RecordChanges',
  'RecordedUsage',
  'Refusal',
  'RefusalBody',
  'RemoteOptions',
  'RequestLike',
  'RequestInput',
  'ResourceOptions',
  'ResponseHeaders',
  'RevocableVerifier',
  'RevocationEvent',
  'RevocationStore',
  'RevokedTokens',
  'ScopeDeclaration',
  'ScopeDefinition',
  'ScopeName',
  'SessionTokensOptions',
  'StateStore',
  'StoredRecord',
  'StoredVerifier',
  'Verification',
  'Verifier',
  'CredentialOwner',
  'ChangeContext',
  'ChangedRecord',
  'CredentialAction',
  'CredentialEvent',
  'CredentialFilter',
  'CredentialStatus',
  'DailyUsage',
  'DayRange',
  'DpopNonceOptions',
  'MemberChange',
  'Page',
  'UsageOptions',
];
const SUBPATHS: Readonly<
  Record<string, { readonly functions: readonly string[]; readonly types: readonly string[] }>
> = {
  '.': { functions: FUNCTIONS, types: TYPES },
  './augment': { functions: [], types: [] },
  './authorization-server': {
    functions: ['authorizationServer', 'consentPage', 'loginPage'],
    types: [
      'AudienceOption',
      'AudienceOptions',
      'AuthorizationRequest',
      'ClientAction',
      'ClientEvent',
      'GrantAction',
      'GrantEvent',
      'RevokeGrantOptions',
      'AuthorizationServer',
      'AuthorizationServerOptions',
      'Client',
      'ClientChanges',
      'ClientCompatibility',
      'ClientOptions',
      'Clients',
      'Consent',
      'EndpointName',
      'EndpointOptions',
      'GrantType',
      'Interaction',
      'JwtAccessTokens',
      'Login',
      'LoginPageOptions',
      'OAuthRefusal',
      'RegisteredClient',
      'RequestedScope',
      'SigningKey',
      'User',
      'ClientAuthMethod',
      'ClientMetadata',
      'ConsentInteraction',
      'ConsentPageOptions',
      'DynamicRegistrationOptions',
      'FeatureOptions',
      'Grant',
      'GrantPage',
      'IssuedFor',
      'JsonWebKeySet',
      'MetadataDocumentOptions',
      'PageColors',
      'PagesOptions',
      'PluralText',
      'RegistrationOptions',
      'SchemeColors',
      'ServerDpopOptions',
      'ServerGrants',
      'Texts',
      'TokenClaims',
    ],
  },
  './fastify': {
    functions: ['latchkeyPlugin'],
    types: ['FastifyGuards', 'GuardHook', 'LatchkeyPluginOptions'],
  },
  './forward-auth': {
    functions: ['forwardAuth'],
    types: ['ForwardAuthOptions', 'ForwardedRequest'],
  },
  './openapi': {
    functions: ['securityOf', 'securitySchemes'],
    types: ['RouteSecurity', 'SecurityRequirement', 'SecurityScheme'],
  },
  './nestjs': {
    functions: [
      'Guarded',
      'LatchkeyGuard',
      'LatchkeyModule',
      'Principal',
      'Public',
      'RefusedException',
      'RequireAnyScope',
      'RequireScopes',
      'scopeDecorators',
    ],
    types: ['FindRequest', 'LatchkeyModuleOptions', 'RuleDecorator', 'ScopeDecorators'],
  },
  './opentelemetry': { functions: ['instrument'], types: ['InstrumentOptions'] },
  './web': {
    functions: ['toResponse', 'webGuard', 'withHeaders'],
    types: ['WebAuthentication', 'WebGuard', 'WebGuardOptions'],
  },
  './introspection': {
    functions: ['introspection'],
    types: [
      'AssertionKey',
      'BearerClient',
      'IntrospectionClient',
      'IntrospectionOptions',
      'KeyClient',
      'NoClient',
      'SecretClient',
    ],
  },
  './management': {
    functions: ['managementApi', 'managementPages'],
    types: [
      'Account',
      'FindAccount',
      'ManagementOptions',
      'ManagementOutage',
      'ManagementPagesOptions',
      'ManagementTexts',
    ],
  },
  './redis': { functions: ['redisStore'], types: ['RedisClient', 'RedisStoreOptions'] },
  './sql': {
    functions: ['sqlStore'],
    types: ['ListenClient', 'SqlStore', 'SqlStoreOptions', 'SqlTables'],
  },
  './testing': {
    functions: ['credentialStoreContract', 'fakeAuth', 'stateStoreContract', 'unguardedRoutes'],
    types: [
      'ContractCase',
      'CredentialStoreContractOptions',
      'FakePrincipal',
      'OpenedStore',
      'StateStoreContractOptions',
      'UnguardedRoute',
    ],
  },
};
/** Peers whose types a subpath exports. */
const TYPED_PEERS: Readonly<Record<string, readonly string[]>> = {
  './fastify': ['fastify'],
  './nestjs': ['@nestjs/common', '@nestjs/core'],
  './opentelemetry': ['@opentelemetry/api'],
  './sql': ['kysely'],
};
const DEPENDENCIES = ['jsonwebtoken', 'lru-cache', 'zod'];

const folder = temporaryFolder();
let tarball: Tarball;

beforeAll(async () => {
  tarball = await pack(folder.path);
}, 30_000);
afterAll(folder.remove);

const entries = Object.entries(manifest.exports).filter(([, target]) => typeof target !== 'string');
const targetsOf = (subpath: string) =>
  manifest.exports[subpath] as Exclude<(typeof manifest.exports)[string], string>;

describe('the exports', () => {
  it('are the subpaths that the documentation names', () => {
    expect(entries.map(([subpath]) => subpath).sort()).toEqual(Object.keys(SUBPATHS).sort());
  });

  test.each(Object.keys(SUBPATHS))(
    '%s has a module and its types for import and for require',
    (subpath) => {
      const { import: esm, require: cjs } = targetsOf(subpath);
      const file = subpath === '.' ? 'index' : subpath.slice(2);
      expect(targetsOf(subpath)).toEqual({
        import: { types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` },
        require: { types: `./dist/${file}.d.cts`, default: `./dist/${file}.cjs` },
      });
      const targets = [esm.types, esm.default, cjs.types, cjs.default];
      expect(targets.filter((target) => !existsSync(join(ROOT, target)))).toEqual([]);
      expect(tarball.files).toEqual(
        expect.arrayContaining(targets.map((target) => target.slice(2))),
      );
    },
  );

  test.each(Object.entries(SUBPATHS))(
    'of %s are exactly these names, for import and for require',
    async (subpath, { functions, types }) => {
      const { import: esm, require: cjs } = targetsOf(subpath);
      const print = 'console.log(JSON.stringify(Object.keys(entry).sort()))';
      const imported = await run(ROOT, [
        'node',
        '--input-type=module',
        '-e',
        `import * as entry from '${esm.default}'; ${print}`,
      ]);
      const required = await run(ROOT, [
        'node',
        '--input-type=commonjs',
        '-e',
        `const entry = require('${cjs.default}'); ${print}`,
      ]);
      expect([JSON.parse(imported), JSON.parse(required)]).toEqual([functions, functions]);
      const all = [...functions, ...types].sort();
      expect([exportedNames(join(ROOT, esm.types)), exportedNames(join(ROOT, cjs.types))]).toEqual([
        all,
        all,
      ]);
    },
  );

  it('have no fault that publint knows', async () => {
    expect(await run(ROOT, ['npx', '--no-install', 'publint', '--strict', tarball.path])).toContain(
      'All good!',
    );
  });

  it('resolve to the right types under every module resolution, node10 included', async () => {
    await run(ROOT, [
      'npx',
      '--no-install',
      'attw',
      '--profile',
      'strict',
      '--no-definitely-typed',
      tarball.path,
    ]);
  }, 30_000);
});

describe('the package', () => {
  const built = readdirSync(join(ROOT, 'dist'));
  const PEERS: Readonly<Record<string, readonly string[]>> = {
    './authorization-server': ['oidc-provider'],
    './nestjs': ['@nestjs/common', '@nestjs/core'],
    './opentelemetry': ['@opentelemetry/api'],
    './sql': ['kysely'],
  };
  const ownDependencies = (subpath: string) => [...DEPENDENCIES, ...(PEERS[subpath] ?? [])];

  it('depends on three packages when it runs', () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual(DEPENDENCIES);
    expect(manifest).not.toHaveProperty('optionalDependencies');
    expect(manifest).not.toHaveProperty('bundledDependencies');
  });

  it('accepts, of each peer, the major versions that are tested, and no later one', () => {
    const ranges = Object.entries(manifest.peerDependencies);
    const native = readJson<{ optionalDependencies: Record<string, string> }>(
      join(ROOT, 'test/native/package.json'),
    );
    const tested = Object.values({ ...manifest.devDependencies, ...native.optionalDependencies });
    const majorOf = (range: string) => /\^(0\.\d+|\d+)\.[\d.]+$/.exec(range)?.[1];
    const untested = ranges.filter(([, range]) => {
      const majors = range.split(' || ').map(majorOf);
      return (
        majors.includes(undefined) || !tested.some((version) => majorOf(version) === majors.at(-1))
      );
    });
    expect(untested).toEqual([]);
  });

  it('imports those three in its root', () => {
    const { import: esm, require: cjs } = targetsOf('.');
    expect([packagesReached(esm.default), packagesReached(cjs.default)]).toEqual([
      DEPENDENCIES,
      DEPENDENCIES,
    ]);
  });

  test.each(Object.keys(SUBPATHS))(
    'imports no other in %s, but the peer that a store is for',
    (subpath) => {
      const { import: esm, require: cjs } = targetsOf(subpath);
      const others = [...packagesReached(esm.default), ...packagesReached(cjs.default)];
      expect(others.filter((name) => !ownDependencies(subpath).includes(name))).toEqual([]);
    },
  );

  test.each(Object.keys(SUBPATHS))(
    'has types in %s that need no one else’s, but the peer’s',
    (subpath) => {
      const { import: esm, require: cjs } = targetsOf(subpath);
      const others = [...packagesReached(esm.types), ...packagesReached(cjs.types)];
      expect(new Set(others)).toEqual(new Set(TYPED_PEERS[subpath] ?? []));
    },
  );

  it('has types that take nothing of node:crypto but what every release of @types/node has', () => {
    const lines = built
      .filter((file) => /\.d\.c?ts$/.test(file))
      .flatMap((file) => readText(`dist/${file}`).split('\n'));
    const names = lines.filter(
      (line) => /['"](node:)?crypto['"]/.test(line) && line !== `import 'node:crypto';`,
    );
    expect(new Set(names)).toEqual(new Set([`import { KeyObject } from 'node:crypto';`]));
  });

  it('does not load Node’s HTTP, an import of which costs half of what Express does', async () => {
    const program = `
      const before = new Set(process.moduleLoadList);
      await import(${JSON.stringify(join(ROOT, 'dist/index.js'))});
      const loaded = process.moduleLoadList.filter((name) => !before.has(name));
      console.log(JSON.stringify(loaded.filter((name) => /^NativeModule (https?|http2|tls|internal\\/deps\\/undici.*)$/.test(name))));`;
    expect(JSON.parse(await run(ROOT, ['node', '--input-type=module', '-e', program]))).toEqual([]);
  });

  test.each([
    ['ESM', '.js', `import('latchkey')`],
    ['CommonJS', '.cjs', `Promise.resolve(require('latchkey'))`],
  ])(
    'loads jsonwebtoken with the first verifier of JWTs, and not before: %s',
    async (_, extension, load) => {
      const program = `
      const loaded = () => Object.keys(require.cache).some((file) => file.includes('jsonwebtoken'));
      ${load.replace('latchkey', join(ROOT, 'dist', `index${extension}`))}.then(({ apiKeys, jwt, latchkey, memoryStore }) => {
        latchkey({ verifiers: [apiKeys({ prefix: 'acme', store: memoryStore() })] });
        const before = loaded();
        jwt({ issuer: 'https://id.example.com', audience: 'https://api.example.com' });
        setImmediate(function look() {
          if (loaded()) console.log(before, loaded());
          else setImmediate(look);
        });
      });`;
      await expect(run(ROOT, ['node', '-e', program])).resolves.toBe('false true\n');
    },
  );

  it('has a command line whose drivers are the user’s', () => {
    const known = [...DEPENDENCIES, ...Object.keys(manifest.peerDependencies)];
    const reached = packagesReached(manifest.bin.latchkey as string);
    expect(reached.filter((name) => !known.includes(name))).toEqual([]);
    expect(reached).toEqual(
      expect.arrayContaining(['better-sqlite3', 'kysely', 'mysql2', 'pg', 'redis']),
    );
    expect(Object.keys(manifest.peerDependenciesMeta)).toEqual(
      Object.keys(manifest.peerDependencies),
    );
  });

  it('holds what was built, its guides, its licence and its history, and nothing else', () => {
    const documents = [
      'ARCHITECTURE.md',
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
    ];
    const guides = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.md'),
    );
    const expected = [
      ...documents,
      'package.json',
      ...guides.map((file) => `docs/${file}`),
      ...built.map((file) => `dist/${file}`),
    ];
    expect([...tarball.files].sort()).toEqual(expected.sort());
    expect(built.filter((file) => !/\.(c?js|d\.c?ts)$/.test(file))).toEqual([]);
  });

  it('has no relative link that a reader of the package cannot follow', () => {
    const documents = tarball.files.filter((file) => file.endsWith('.md'));
    const inPackage = (path: string) => (tarball.files.includes(path) ? readText(path) : undefined);
    expect(documents.length).toBeGreaterThan(20);
    expect(
      documents.flatMap((file) =>
        brokenLinks(file, readText(file), inPackage).map((link) => `${file}: ${link}`),
      ),
    ).toEqual([]);
  });

  it('has a section of the changelog for its version', () => {
    expect(
      [...readText('CHANGELOG.md').matchAll(/^## (\S+)/gm)].map(([, version]) => version),
    ).toContain(manifest.version);
  });
});

/**
 * Packages that a built file needs, by way of what it imports of the others, without Node's own.
 */
function packagesReached(file: string): string[] {
  const reached = new Set([join(ROOT, file)]);
  const packages = new Set<string>();
  for (const path of reached) {
    const names = ts
      .preProcessFile(readFileSync(path, 'utf8'), true, true)
      .importedFiles.map(({ fileName }) => fileName);
    for (const name of names) {
      if (name.startsWith('.')) {
        reached.add(builtFile(join(dirname(path), name), path));
      } else if (!name.startsWith('node:') && !builtinModules.includes(name)) {
        packages.add(/^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name);
      }
    }
  }
  return [...packages].sort();
}

/** Declarations name the module, not the declarations, of what they import. */
const builtFile = (target: string, from: string): string =>
  /\.d\.c?ts$/.test(from) ? target.replace(/\.(c?)js$/, '.d.$1ts') : target;

function exportedNames(declarations: string): string[] {
  const program = ts.createProgram([declarations], { noLib: true, types: [] });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(declarations);
  const symbol = source && checker.getSymbolAtLocation(source);
  return symbol
    ? checker
        .getExportsOfModule(symbol)
        .map(({ name }) => name)
        .sort()
    : [];
}
