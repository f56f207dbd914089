import { headerRepeated, headerValue } from '../../src/extractors/extractor';

describe('the value of a header', () => {
  test.each<[string, Record<string, string | string[] | undefined>, string | undefined]>([
    ['a string', { 'x-api-key': 'k' }, 'k'],
    ['an empty string', { 'x-api-key': '' }, ''],
    ['a list of one', { 'x-api-key': ['k'] }, 'k'],
    ['a list of two, joined as HTTP joins lines', { 'x-api-key': ['k', 'l'] }, 'k, l'],
    ['absent', {}, undefined],
    ['undefined', { 'x-api-key': undefined }, undefined],
    ['another header', { 'x-api-key-2': 'k' }, undefined],
  ])('is read from %s', (_, headers, value) => {
    expect(headerValue({ headers }, 'x-api-key')).toBe(value);
  });
});

describe('a header is repeated', () => {
  test.each<[string, string | string[], string[] | undefined]>([
    ['two lines', 'k', ['X-API-Key', 'k', 'X-API-Key', 'l']],
    ['two lines of different case', 'k', ['x-api-key', 'k', 'X-API-KEY', 'l']],
    ['two lines of one value', 'k', ['X-API-Key', 'k', 'X-API-Key', 'k']],
    ['two empty lines', '', ['X-API-Key', '', 'X-API-Key', '']],
    [
      'two lines far apart',
      'k',
      ['X-API-Key', 'k', ...Array.from({ length: 2_000 }, () => 'a'), 'X-API-Key', 'l'],
    ],
    ['a list of two, without raw headers', ['k', 'l'], undefined],
    ['a list of two, with empty raw headers', ['k', 'l'], []],
  ])('by %s', (_, value, rawHeaders) => {
    expect(headerRepeated({ headers: { 'x-api-key': value }, rawHeaders }, 'x-api-key')).toBe(true);
  });

  test.each<[string, string | string[] | undefined, string[] | undefined]>([
    ['one line', 'k', ['X-API-Key', 'k']],
    ['a list of one', ['k'], ['X-API-Key', 'k']],
    ['no raw headers', 'k', undefined],
    ['empty raw headers', 'k', []],
    [
      'its name among the values of others',
      'k',
      ['A', 'x-api-key', 'X-API-Key', 'k', 'B', 'X-API-Key'],
    ],
    ['another name of the same length', 'k', ['X-API-Key', 'k', 'X-API-Kex', 'l']],
    ['another name that begins so', 'k', ['X-API-Key', 'k', 'X-API-Key-2', 'l']],
    ['no header at all', undefined, []],
  ])('not by %s', (_, value, rawHeaders) => {
    expect(headerRepeated({ headers: { 'x-api-key': value }, rawHeaders }, 'x-api-key')).toBe(
      false,
    );
  });
});
