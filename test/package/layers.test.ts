import {
  findCycle,
  importGraph,
  reachedFrom,
  readSources,
  type Sources,
} from '../support/import-graph';

/**
 * The floors of `src`, from the ground up. A room imports from the floors below it and from itself,
 * never from its neighbours.
 */
const FLOORS: readonly (readonly string[])[] = [
  ['internal'],
  ['credential'],
  ['extractors', 'stores'],
  ['credentials'],
  ['verifiers'],
  ['possession'],
  ['authentication'],
  ['http', 'pages'],
  ['latchkey-options'],
  ['latchkey'],
  ['authorization-server', 'integrations'],
  ['management'],
  ['augment', 'cli', 'index', 'testing'],
];

/** Each package that `src` may import → the files that may. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  // Options are checked where they are declared. These two rooms declare none.
  zod: /^(?!credential\/|authentication\/)/,
  'lru-cache':
    /^(authentication\/(verification|rejection)-cache$|verifiers\/jwt\/|authorization-server\/clients\/)/,
  jsonwebtoken: /^verifiers\/jwt\//,
  jose: /^verifiers\/introspection\//,
  kysely: /^(stores\/sql\/|cli\/open-store$)/,
  'better-sqlite3': /^cli\/open-store$/,
  mysql2: /^cli\/open-store$/,
  pg: /^cli\/open-store$/,
  redis: /^cli\/open-store$/,
  'cli-table3': /^cli\//,
  commander: /^cli\//,
  ms: /^cli\//,
  'shell-quote': /^cli\//,
  oauth4webapi: /^verifiers\/introspection\//,
  'oidc-provider': /^authorization-server\//,
  express: /^authorization-server\//,
  fastify: /^integrations\/fastify$/,
  '@nestjs/common': /^integrations\/nestjs(\/|$)/,
  '@nestjs/core': /^integrations\/nestjs(\/|$)/,
  '@opentelemetry/api': /^integrations\/opentelemetry(\/|$)/,
};

const roomOf = (file: string) => file.split('/')[0] ?? file;
const floorOf = (file: string) => FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));

/** Every breach of the order of the house. */
function breaches(sources: Sources): string[] {
  const graph = importGraph(sources);
  const found: string[] = [];
  for (const [file, { files, packages }] of graph) {
    if (floorOf(file) === -1) {
      found.push(`${file} is on no floor`);
    }
    for (const other of files) {
      if (!sources.has(other)) {
        found.push(`${file} imports ${other}, which is not there`);
      } else if (roomOf(file) !== roomOf(other) && floorOf(file) <= floorOf(other)) {
        found.push(`${file} imports ${other}, which is not below it`);
      }
    }
    for (const name of packages) {
      if (!PACKAGES[name]?.test(file)) {
        found.push(`${file} imports the package ${name}`);
      }
    }
  }
  const cycle = findCycle(graph);
  if (cycle) {
    found.push(`a circle: ${cycle.join(' → ')}`);
  }
  return found;
}

describe('the floors of the house', () => {
  const sources = readSources();
  const graph = importGraph(sources);
  const packagesReachedFrom = (entry: string) =>
    [
      ...new Set([...reachedFrom(entry, graph)].flatMap((file) => graph.get(file)?.packages ?? [])),
    ].sort();

  it('are kept by every import of the source', () => {
    expect(sources.size).toBeGreaterThan(40);
    expect(breaches(sources)).toEqual([]);
  });

  it('give the root entry no package but its own: Express, databases and OAuth engines are out of its reach', () => {
    expect(reachedFrom('index', graph)).toContain('verifiers/jwt/signature');
    expect(packagesReachedFrom('index')).toEqual(['jsonwebtoken', 'lru-cache', 'zod']);
  });

  it('give the augmentation of Express nothing that runs', () => {
    expect(packagesReachedFrom('augment')).toEqual([]);
  });

  test.each([
    [
      'an import upward',
      'credential/scopes',
      `import { refuse } from '../http/refusals';`,
      'credential/scopes imports http/refusals, which is not below it',
    ],
    [
      'an import of a type upward',
      'verifiers/stored',
      `import type { Authenticator } from '../authentication/authenticator';`,
      'verifiers/stored imports authentication/authenticator, which is not below it',
    ],
    [
      'an import of a neighbour',
      'extractors/query',
      `import { memoryStore } from '../stores/memory';`,
      'extractors/query imports stores/memory/index, which is not below it',
    ],
    [
      'a re-export upward',
      'verifiers/verifier',
      `export * from '../http/refusals';`,
      'verifiers/verifier imports http/refusals, which is not below it',
    ],
    [
      'an import() upward',
      'http/refusals',
      `export const late = () => import('../latchkey');`,
      'http/refusals imports latchkey, which is not below it',
    ],
    [
      'a type in place',
      'internal/options',
      `export type P = import('../credential/principal').Principal;`,
      'internal/options imports credential/principal, which is not below it',
    ],
    [
      'an import of the public entry',
      'testing/fake-auth',
      `import { bearer } from '../index';`,
      'testing/fake-auth imports index, which is not below it',
    ],
    ['a folder that is not in the house', 'utils/text', '', 'utils/text is on no floor'],
    [
      'a file that is not there',
      'http/guards',
      `import { x } from './x';`,
      'http/guards imports http/x/index, which is not there',
    ],
    [
      'Express in the root',
      'http/middleware',
      `import type { Request } from 'express';`,
      'http/middleware imports the package express',
    ],
    [
      'a database outside its subpath',
      'stores/memory',
      `import { createClient } from 'redis';`,
      'stores/memory imports the package redis',
    ],
    [
      'a database under require()',
      'stores/memory',
      `const pg = require('pg');`,
      'stores/memory imports the package pg',
    ],
    [
      'an OAuth engine outside its subpath',
      'verifiers/stored',
      `import * as oauth from 'oauth4webapi';`,
      'verifiers/stored imports the package oauth4webapi',
    ],
    [
      'a package of no one',
      'http/guards',
      `import pick from '@scope/lodash/pick.js';`,
      'http/guards imports the package @scope/lodash',
    ],
    [
      'a path of a package',
      'authentication/result',
      `import { z } from 'zod/v4';`,
      'authentication/result imports the package zod',
    ],
  ])('would not be kept by %s', (_, file, line, breach) => {
    expect(
      breaches(new Map([...sources, [file, `${sources.get(file) ?? ''}\n${line}`]])),
    ).toContain(breach);
  });

  it('would not be kept by two files of a room that import each other', () => {
    const planted = new Map([
      ...sources,
      ['http/a', `import './b';`],
      ['http/b', `import type { C } from './c';`],
      ['http/c', `import './a';`],
    ]);
    expect(breaches(planted)).toEqual(['a circle: http/a → http/b → http/c → http/a']);
  });
});
