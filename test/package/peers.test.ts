import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { assertBuilt } from '../support/built';
import { ROOT } from '../support/package';
import { run } from '../support/programs';

beforeAll(assertBuilt);

/** What a program prints that loads a subpath where the peer is not installed. */
async function errorWithout(peer: string, load: string): Promise<string> {
  const hide = `
    const Module = require('node:module');
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (name, ...rest) {
      if (name === '${peer}') {
        throw Object.assign(new Error("Cannot find module '${peer}'"), { code: 'MODULE_NOT_FOUND' });
      }
      return resolve.call(this, name, ...rest);
    };
    try { ${load} } catch (error) { console.log(error.code, error.message); }`;
  return run(ROOT, ['node', '--input-type=commonjs', '-e', hide]);
}

describe('a subpath whose peer is not installed', () => {
  test.each([
    ['sql', 'kysely'],
    ['nestjs', '@nestjs/common'],
    ['nestjs', '@nestjs/core'],
    ['opentelemetry', '@opentelemetry/api'],
  ])('latchkey/%s names %s and the install line', async (subpath, peer) => {
    const file = JSON.stringify(join(ROOT, `dist/${subpath}.cjs`));
    expect(await errorWithout(peer, `require(${file})`)).toBe(
      `ERR_LATCHKEY_PEER This part of latchkey needs the package ${peer}: npm install ${peer}\n`,
    );
  });

  test.each([
    'index',
    'web',
    'fastify',
    'forward-auth',
    'openapi',
    'redis',
    'testing',
    'management',
  ])('latchkey/%s needs no peer to be loaded', async (subpath) => {
    const url = JSON.stringify(pathToFileURL(join(ROOT, `dist/${subpath}.js`)).href);
    const program = `
        import { register } from 'node:module';
        const hooks = \`export async function resolve(name, context, next) {
          if (/^(fastify|ioredis|redis|kysely|pg|mysql2|better-sqlite3|oidc-provider|@nestjs|@opentelemetry)/.test(name)) {
            throw new Error('peer ' + name);
          }
          return next(name, context);
        }\`;
        register('data:text/javascript,' + encodeURIComponent(hooks));
        await import(${url});
        console.log('loaded');`;
    expect(await run(ROOT, ['node', '--input-type=module', '-e', program])).toBe('loaded\n');
  });
});
