import { cookie } from 'latchkey';

import { isPlainToken } from '../../src/credential/credential';

const extractor = cookie('sid');
const extract = (value: string | string[] | undefined) =>
  extractor.extract({ headers: { cookie: value } });

it('is ambient, without a scheme, and by itself from no other origin', () => {
  expect(extractor).toMatchObject({ name: 'cookie', ambient: true, header: 'Cookie', origins: [] });
  expect(extractor.scheme).toBeUndefined();
  expect([Object.isFrozen(extractor), Object.isFrozen(extractor.origins)]).toEqual([true, true]);
});

it('keeps the origins that it was made with', () => {
  const origins = ['https://app.example.com'];
  const { origins: kept } = cookie('sid', { origins });
  origins.push('https://evil.example');
  expect(kept).toEqual(['https://app.example.com']);
});

test.each<[string, string | string[], string]>([
  ['alone', 'sid=s', 's'],
  ['among others', 'a=b; sid=s; c=d', 's'],
  ['without a space between', 'a=b;sid=s', 's'],
  ['with tabs between', 'a=b;\tsid=s\t;c=d', 's'],
  ['in quotes', 'sid="s"', 's'],
  ['with an equals sign in it', 'sid=a=b', 'a=b'],
  ['empty', 'sid=', ''],
  ['empty in quotes', 'sid=""', ''],
  ['in the second of two lines', ['a=b', 'sid=s'], 's'],
  ['in one line of a list', ['sid=s'], 's'],
])('finds the cookie %s', (_, value, token) => {
  expect(extract(value)).toBe(token);
});

test.each<[string, string | string[] | undefined]>([
  ['no header', undefined],
  ['an empty header', ''],
  ['an empty list', []],
  ['other cookies', 'a=sid; xsid=s; sid2=s; sid.x=s'],
  ['other case', 'SID=s'],
  ['a name without a value', 'sid'],
  ['a space before the equals sign', 'sid =s'],
  ['the value of another', 'a="b,sid=s"'],
  ['semicolons alone', ';;; ;'],
  ['a name of every object', '__proto__=s'],
])('finds nothing in %s', (_, value) => {
  expect(extract(value)).toBeUndefined();
});

// Another host of the site, or a page of it, can plant a cookie of this name: which one the browser
// sends first says nothing.
test.each<[string, string | string[]]>([
  ['two values', 'sid=a; sid=b'],
  ['one value twice', 'sid=a; sid=a'],
  ['one empty, one not', 'sid=; sid=a'],
  ['two lines', ['sid=a', 'sid=b']],
  ['a space inside', 'sid=a b'],
  ['a comma', 'sid=a,b'],
  ['a control character', 'sid=a\u0001'],
  ['a letter beyond ASCII', 'sid=a\u00e9'],
])('finds an invalid token in %s', (_, value) => {
  const token = extract(value);
  expect(token).toBeDefined();
  expect(isPlainToken(token as string)).toBe(false);
});

test.each(['sid', '__Host-session', "!#$%&'*+-.^_`|~", '0'])('may be named %s', (name) => {
  expect(cookie(name).extract({ headers: { cookie: `other=1; ${name}=s` } })).toBe('s');
});

test.each<[string, unknown]>([
  ['undefined', undefined],
  ['null', null],
  ['an empty string', ''],
  ['a number', 7],
  ['a list', ['sid']],
  ['a name with a space', 'my sid'],
  ['a name with an equals sign', 'sid=x'],
  ['a name with a semicolon', 'sid;'],
  ['a name with a line feed', 'sid\n'],
  ['a name beyond ASCII', 'sïd'],
])('may not be named %s', (_, name) => {
  expect(() => cookie(name as string)).toThrow(
    new TypeError('cookie(name): name: must be the name of a cookie (RFC 6265 §4.1.1)'),
  );
});

test.each<[string, unknown]>([
  ['a string', 'https://app.example.com'],
  ['null', null],
  ['a wildcard', ['*']],
  ['a wildcard host', ['https://*.example.com']],
  ['a host alone', ['app.example.com']],
  ['a slash at the end', ['https://app.example.com/']],
  ['a path', ['https://app.example.com/app']],
  ['a default port, which no browser sends', ['https://app.example.com:443']],
  ['capitals, which no browser sends', ['https://App.example.com']],
  ['null as a browser writes it', ['null']],
  ['a RegExp', [/example\.com$/]],
  ['an empty string', ['']],
  ['a file', ['file:///']],
  ['a WebSocket, whose origin is that of its page', ['wss://app.example.com']],
  ['a good one beside a bad one', ['https://app.example.com', 'evil']],
])('may not be sent from %s', (_, origins) => {
  expect(() => cookie('sid', { origins: origins as string[] })).toThrow(
    new TypeError(
      'cookie(name, options): option "origins" must be a list of origins, such as "https://app.example.com"',
    ),
  );
});

test.each<[string, unknown, string]>([
  [
    'a misspelt option',
    { origin: ['https://app.example.com'] },
    'unknown option "origin"; allowed are origins',
  ],
  ['null', null, 'options must be an object'],
  ['a list', ['https://app.example.com'], 'options must be an object'],
  ['a string', 'https://app.example.com', 'options must be an object'],
])('has no options that are %s', (_, options, message) => {
  const make = () => cookie('sid', options as object);
  expect(make).toThrow(TypeError);
  expect(make).toThrow('cookie(name, options): ');
  expect(make).toThrow(message);
});
