import { readFileSync, writeFileSync } from 'node:fs';

import { defineConfig, type Options } from 'tsup';

const shared: Options = { target: 'node20.19', platform: 'node' };

const withLateImport = (code: string): string =>
  code.replace(
    /\bimport\((["'])jsonwebtoken\1\)/g,
    'Promise.resolve({ default: require("jsonwebtoken") })',
  );

/**
 * Makes `require()` of a missing peer say what to install. In ES modules, Node's own error names
 * the peer: imports are resolved before any code runs.
 */
const withPeers = (code: string): string =>
  code.replace(
    /\brequire\((["'])(kysely|@nestjs\/\w+|@opentelemetry\/api)\1\)/g,
    (load, _quote, peer: string) => `(() => {
  try {
    return ${load};
  } catch (cause) {
    if (cause.code !== 'MODULE_NOT_FOUND' || !cause.message.includes('${peer}')) throw cause;
    throw Object.assign(new Error('This part of latchkey needs the package ${peer}: npm install ${peer}', { cause }), { code: 'ERR_LATCHKEY_PEER' });
  }
})()`,
  );

/**
 * A user's Jest, which runs CommonJS, knows no `import()`: what the root loads late is required
 * there.
 */
const requiredLate: NonNullable<Options['plugins']>[number] = {
  name: 'required-late',
  renderChunk(code) {
    return this.format === 'cjs' ? { code: withLateImport(code) } : undefined;
  },
};

const namesPeers: NonNullable<Options['plugins']>[number] = {
  name: 'names-peers',
  buildEnd({ writtenFiles }) {
    for (const { name } of writtenFiles.filter((file) => file.name.endsWith('.cjs'))) {
      writeFileSync(name, withPeers(readFileSync(name, 'utf8')));
    }
  },
};

/** The subpaths of the package. */
const PUBLIC = {
  index: 'src/index.ts',
  augment: 'src/augment.ts',
  'authorization-server': 'src/authorization-server/index.ts',
  management: 'src/management/index.ts',
  redis: 'src/stores/redis/index.ts',
  sql: 'src/stores/sql/index.ts',
  introspection: 'src/verifiers/introspection/index.ts',
  fastify: 'src/integrations/fastify.ts',
  'forward-auth': 'src/integrations/forward-auth.ts',
  nestjs: 'src/integrations/nestjs.ts',
  openapi: 'src/integrations/openapi.ts',
  opentelemetry: 'src/integrations/opentelemetry.ts',
  web: 'src/integrations/web.ts',
  testing: 'src/testing/index.ts',
};
/**
 * Parts of the root that an application may not use. In files of their own, a bundler leaves them
 * out as a whole.
 */
const SPLIT_OFF = { dpop: 'src/possession/dpop.ts', jwt: 'src/verifiers/jwt/jwt.ts' };

export default defineConfig([
  {
    ...shared,
    entry: { ...PUBLIC, ...SPLIT_OFF },
    format: ['esm', 'cjs'],
    clean: true,
    treeshake: true,
    // One copy of each module for all entries, so that a symbol or class of one subpath is that of
    // another.
    splitting: true,
    // These are ESM only: a CommonJS build that required them would fail under a user's Jest.
    noExternal: ['jose', 'oauth4webapi'],
    plugins: [requiredLate, namesPeers],
    dts: { entry: PUBLIC, compilerOptions: { ignoreDeprecations: '6.0' } },
  },
  // The command line brings its libraries with it, in one file of CommonJS as they are. Drivers of
  // databases are the user's, and asked for when a store needs them: tree shaking would put them
  // first.
  { ...shared, entry: { cli: 'src/cli/bin.ts' }, format: 'cjs' },
]);
