import { queryParameter } from 'latchkey';

const extractor = queryParameter('api_key');
const at = (url: string | undefined) => ({ url, headers: {} });

it('has neither scheme nor header, and is not ambient', () => {
  expect(extractor).toMatchObject({ name: 'query' });
  expect([extractor.scheme, extractor.header, extractor.ambient]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(Object.isFrozen(extractor)).toBe(true);
});

test.each<[string, string, string]>([
  ['alone', '/?api_key=k', 'k'],
  ['among others', '/v1/domains?a=b&api_key=k&c=d', 'k'],
  ['empty', '/?api_key=', ''],
  ['without an equals sign', '/?api_key', ''],
  ['with an equals sign in it', '/?api_key=a=b', 'a=b'],
  ['escaped', '/?api_key=%6B%2F%2B', 'k/+'],
  ['with an escaped name', '/?api%5Fkey=k', 'k'],
  ['with a plus, which is a space', '/?api_key=a+b', 'a b'],
  ['with an escape that is none', '/?api_key=%zz', '%zz'],
  ['with an escaped ampersand', '/?api_key=a%26b', 'a&b'],
  ['with an escaped NUL', '/?api_key=a%00', 'a\0'],
  ['after a second question mark', '/?a=b?c&api_key=k', 'k'],
  ['after nothing but a question mark', '?api_key=k', 'k'],
  ['in an absolute URL', 'http://api.example.com/v1?api_key=k', 'k'],
])('finds the parameter %s', (_, url, value) => {
  expect(extractor.extract(at(url))).toBe(value);
  expect(extractor.isRepeated?.(at(url))).toBe(false);
});

test.each<[string, string | undefined]>([
  ['no URL', undefined],
  ['an empty URL', ''],
  ['no query', '/v1/domains'],
  ['an empty query', '/v1/domains?'],
  ['other parameters', '/?key=api_key&x_api_key=k'],
  ['other case', '/?API_KEY=k'],
  ['brackets', '/?api_key[]=k&api_key[0]=k'],
  ['the path', '/api_key=k'],
  ['the path, escaped', '/%3Fapi_key=k'],
  ['the value of another', '/?a=api_key=k'],
  ['what semicolons part', '/?a=b;api_key=k'],
])('finds nothing in %s', (_, url) => {
  expect(extractor.extract(at(url))).toBeUndefined();
  expect(extractor.isRepeated?.(at(url))).toBe(false);
});

test.each([
  ['twice the same', '/?api_key=k&api_key=k'],
  ['two values', '/?api_key=k&a=b&api_key=l'],
  ['once empty', '/?api_key&api_key=k'],
  ['once escaped', '/?api_key=k&api%5Fkey=k'],
])('is repeated by %s', (_, url) => {
  expect(extractor.isRepeated?.(at(url))).toBe(true);
});

it('may have any name that a URL can hold', () => {
  expect(queryParameter('Schlüssel & co').extract(at('/?Schl%C3%BCssel+%26+co=k'))).toBe('k');
  expect(queryParameter('__proto__').extract(at('/?__proto__=k'))).toBe('k');
  expect(queryParameter('__proto__').extract(at('/?a=k'))).toBeUndefined();
});

test.each<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['an empty string', ''],
  ['a number', 7],
  ['a list', ['api_key']],
  ['an object', { name: 'api_key' }],
])('may not be named %s', (_, name) => {
  expect(() => queryParameter(name as string)).toThrow(
    new TypeError('queryParameter(name): name: must be a non-empty string'),
  );
});
