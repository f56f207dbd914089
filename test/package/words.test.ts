import { breachesIn, textsOf } from '../../scripts/words/check';

const breaches = (file: string, text: string) => breachesIn(textsOf(file, () => text));

describe('the word list', () => {
  it.each([
    ['a comment', 'src/a.ts', '// Verified anew.\n', '1: "anew" (again)'],
    ['a docstring', 'src/a.ts', '/**\n * Mends it.\n */\nlet a;', '2: "Mends" (fix)'],
    ['an error message', 'src/a.ts', "throw new Error('it shall pass');", '1: "shall"'],
    ['a template', 'src/cli/a.ts', 'print(`no key ${id} told us`);', '1: "told"'],
    ['a guide', 'docs/a.md', 'One\nof its own.', '2: "of its own"'],
    ['the README', 'README.md', 'A good key', '1: "good"'],
    ['a test title', 'test/a.test.ts', "it('asks the store', () => {});", '1: "asks"'],
  ])('is applied to %s', (_what, file, text, breach) => {
    expect(breaches(file, text)).toEqual([expect.stringContaining(breach)]);
  });

  it.each([
    ['code', 'src/a.ts', 'const answer = told(bad);'],
    ['a name in a string', 'src/a.ts', "const reason = 'bad';"],
    ['a code span', 'docs/a.md', 'The option `good`.'],
    ['a link target', 'docs/a.md', '[here](answers.md)'],
    ['the generated reference', 'docs/reference/a.md', 'A good key'],
    ['the body of a test', 'test/a.test.ts', "expect('a good key').toBe(1);"],
    ['a phrase in which the word is right', 'docs/a.md', 'It takes 5 ms and takes effect.'],
  ])('is not applied to %s', (_what, file, text) => {
    expect(breaches(file, text)).toEqual([]);
  });
});
