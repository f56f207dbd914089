import { acceptedLanguages, findLanguage, isRightToLeft } from '../../src/pages/language';

describe('acceptedLanguages()', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['de', ['de']],
    ['fr;q=0.5, de, en;q=0.8', ['de', 'en', 'fr']],
    ['de-CH, de;q=0.9, *;q=0.1', ['de-CH', 'de', '*']],
    ['de;q=0, fr', ['fr']],
    ['de ; q=0.4 , fr;q=0.400', ['de', 'fr']],
    ['de;q=2, fr;q=x, ../../etc, en', ['en']],
    [',,;q=1,ja', ['ja']],
  ])('reads %j', (header, expected) => {
    expect(acceptedLanguages(header)).toEqual(expected);
  });
});

describe('findLanguage()', () => {
  const available = ['en', 'de', 'pt', 'zh-hant'];

  it.each([
    [['de-CH'], 'de'],
    [['DE-at-1996'], 'de'],
    [['nl', 'pt-BR'], 'pt'],
    [['zh'], 'zh-hant'],
    [['zh-Hant-TW'], 'zh-hant'],
    [['*'], 'en'],
    [['nl'], undefined],
    [['d'], undefined],
    [[], undefined],
  ])('finds %j', (wanted, expected) => {
    expect(findLanguage(available, wanted)).toBe(expected);
  });
});

it.each([
  ['ar', true],
  ['he', true],
  ['fa-IR', true],
  ['az-Arab', true],
  ['az', false],
  ['ja', false],
])('isRightToLeft(%j) is %j', (tag, expected) => {
  expect(isRightToLeft(tag)).toBe(expected);
});
