import { readdirSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

import { measureCode } from '../support/code-measures';

const root = pathToFileURL(`${__dirname}/../../`);
const files = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => `src/${name.replaceAll('\\', '/')}`);
const measures = files.map((file) => ({
  file,
  ...measureCode(file, readFileSync(new URL(file, root), 'utf8')),
}));
const sum = (name: 'lines' | 'functions' | 'ternaries' | 'casts') =>
  measures.reduce((total, measured) => total + measured[name], 0);

describe('the source', () => {
  it('has at most 6 % of its functions inside two or more others', () => {
    const deep = measures.flatMap(({ deepFunctions }) => deepFunctions);

    expect(deep.length / sum('functions')).toBeLessThanOrEqual(0.06);
  });

  it('has at most 20 ternaries in 1,000 lines', () => {
    expect((1_000 * sum('ternaries')) / sum('lines')).toBeLessThanOrEqual(20);
  });

  it('has at most 12 casts in 1,000 lines', () => {
    expect((1_000 * sum('casts')) / sum('lines')).toBeLessThanOrEqual(12);
  });

  it('has no file of more than 250 lines', () => {
    expect(measures.filter(({ lines }) => lines > 250).map(({ file }) => file)).toEqual([]);
  });

  it('spreads no condition and no object literal', () => {
    expect(measures.flatMap(({ spreadTricks }) => spreadTricks)).toEqual([]);
  });
});

describe('measureCode()', () => {
  it('counts ternaries', () => {
    expect(measureCode('a.ts', 'const a = b ? c : d ? e : f;\n')).toMatchObject({ ternaries: 2 });
  });

  it('counts casts, but neither const assertions nor satisfies', () => {
    const source = 'const a = b as C;\nconst d = [1] as const;\nconst e = {} satisfies F;\n';

    expect(measureCode('a.ts', source)).toMatchObject({ casts: 1, lines: 3 });
  });

  it('finds functions, methods and arrow functions inside two others', () => {
    const source = 'function a() {\n  return { b() {\n    return () => 1;\n  } };\n}\n';

    expect(measureCode('a.ts', source)).toMatchObject({ functions: 3, deepFunctions: ['a.ts:3'] });
  });

  it('finds a spread of a condition and of a literal in an object and in a list', () => {
    const source =
      'const a = { ...(b && { b }) };\nconst c = [...(d && [d])];\nconst e = {\n...{ f } };\n';

    expect(measureCode('a.ts', source).spreadTricks).toEqual(['a.ts:1', 'a.ts:2', 'a.ts:4']);
  });
});
