import { apiKeyHeader } from 'latchkey';

import { isPlainToken } from '../../src/credential/credential';

it('is X-API-Key unless named otherwise, without a scheme', () => {
  const extractor = apiKeyHeader();
  expect(extractor).toMatchObject({ name: 'api-key-header', header: 'X-API-Key' });
  expect([extractor.scheme, extractor.ambient]).toEqual([undefined, undefined]);
  expect(Object.isFrozen(extractor)).toBe(true);
  expect(apiKeyHeader(undefined)).toMatchObject({ header: 'X-API-Key' });
});

test.each(['X-Acme-Key', 'apikey', 'X.Key', "!#$%&'*+-.^_`|~", 'x'])('may be named %s', (name) => {
  const extractor = apiKeyHeader(name);
  expect(extractor.header).toBe(name);
  expect(extractor.extract({ headers: { [name.toLowerCase()]: 'k', 'x-api-key': 'other' } })).toBe(
    'k',
  );
  const rawHeaders = [name.toUpperCase(), 'k', name.toLowerCase(), 'k'];
  expect(extractor.isRepeated?.({ headers: { [name.toLowerCase()]: 'k, k' }, rawHeaders })).toBe(
    true,
  );
});

test.each<[string, unknown]>([
  ['an empty string', ''],
  ['null', null],
  ['a number', 7],
  ['a list', ['X-API-Key']],
  ['an object', { name: 'X-API-Key' }],
  ['a space', 'X API Key'],
  ['a colon', 'X-API-Key:'],
  ['a line feed', 'X-API-Key\n'],
  ['a line feed and another header', 'X-API-Key\r\nX-Other'],
  ['a letter beyond ASCII', 'X-Schlüssel'],
  ['parentheses', 'X(API)'],
  ['Authorization', 'Authorization'],
  ['authorization in lower case', 'authorization'],
  ['Cookie', 'COOKIE'],
])('may not be %s', (_, name) => {
  expect(() => apiKeyHeader(name as string)).toThrow(
    new TypeError(
      'apiKeyHeader(name): name: must be the name of a header field (RFC 9110 §5.1) other than Authorization and Cookie',
    ),
  );
});

describe('the key', () => {
  const extractor = apiKeyHeader();

  test.each<[string, string | string[]]>([
    ['a key of ours', 'osir_live_x'],
    [
      'every visible character but the comma',
      String.fromCharCode(...Array.from({ length: 94 }, (_, n) => 0x21 + n)).replace(',', ''),
    ],
    ['a list of one', ['osir_live_x']],
  ])('is %s, unchanged', (_, value) => {
    const key = extractor.extract({ headers: { 'x-api-key': value } });
    expect(key).toBe(String(value));
    expect(isPlainToken(key as string)).toBe(true);
  });

  test.each<[string, string | string[]]>([
    ['empty', ''],
    ['a space', ' '],
    ['a space inside', 'a b'],
    ['a tab', 'a\tb'],
    ['a comma', 'a,b'],
    ['joined lines', 'a, b'],
    ['a list of two', ['a', 'b']],
    ['a letter beyond ASCII', 'a\u00e9'],
    ['a letter beyond Latin-1', 'ａ'],
    ['DEL', 'a\u007f'],
    ['NUL', 'a\0'],
    ['a control character', '\u0001a'],
    ['a line feed', 'a\n'],
  ])('that is %s is found, and invalid', (_, value) => {
    const key = extractor.extract({ headers: { 'x-api-key': value } });
    expect(key).toBeDefined();
    expect(isPlainToken(key as string)).toBe(false);
  });

  it('is nowhere but in its header', () => {
    expect(
      extractor.extract({
        headers: { authorization: 'Bearer k', 'x-api-keys': 'k', apikey: 'k' },
        url: '/?x-api-key=k',
      }),
    ).toBeUndefined();
  });
});
