import { join } from 'node:path';

import { build } from 'esbuild';

import { assertBuilt } from '../support/built';
import { manifest, ROOT } from '../support/package';

beforeAll(assertBuilt);

/** The size in bytes of a minified bundle of an application that imports these names. */
async function bundleSize(
  format: 'esm' | 'cjs',
  names: string,
  subpath = '.',
  external: string[] = [],
): Promise<number> {
  const entry = manifest.exports[subpath] as Record<'import' | 'require', { default: string }>;
  const target = entry[format === 'esm' ? 'import' : 'require'].default;
  const { outputFiles } = await build({
    stdin: {
      contents: `export { ${names} } from ${JSON.stringify(join(ROOT, target))};`,
      resolveDir: ROOT,
    },
    bundle: true,
    minify: true,
    platform: 'node',
    format,
    external,
    write: false,
    logLevel: 'silent',
  });
  return (outputFiles[0] as { contents: Uint8Array }).contents.length;
}

describe('a minified bundle of an application', () => {
  it('has at most 150 kB with only API keys', async () => {
    expect(await bundleSize('esm', 'apiKeys, latchkey, memoryStore')).toBeLessThanOrEqual(150_000);
  });

  test.each([
    ['a Redis store', './redis', 'redisStore'],
    ['a SQL store', './sql', 'sqlStore'],
    ['introspection', './introspection', 'introspection'],
  ])('has no schema of zod that is not used with %s', async (_, subpath, names) => {
    expect(await bundleSize('esm', names, subpath, ['kysely'])).toBeLessThanOrEqual(200_000);
  });
});
