import { defineConfig } from 'tsup';

export default defineConfig({
  entry: { index: 'src/index.ts', augment: 'src/augment.ts', redis: 'src/stores/redis/index.ts', testing: 'src/testing/index.ts' },
  format: ['esm', 'cjs'],
  target: 'node20.19',
  platform: 'node',
  clean: true,
  // One copy of each module for all entries, so that a symbol or class of one subpath is that of another.
  splitting: true,
  treeshake: true,
  // jose is ESM only: a CommonJS build that required it would fail under a user's Jest.
  noExternal: ['jose'],
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
});
