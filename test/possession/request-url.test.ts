import { normalisedUrl, requestUrl } from '../../src/possession/request-url';

const request = (url: string, host: string | undefined = 'api.example.com', more: object = {}) => ({
  url,
  headers: { host },
  ...more,
});

describe('two spellings of one URL', () => {
  test.each([
    ['the scheme in capitals', 'HTTPS://api.example.com/a'],
    ['the host in capitals', 'https://API.example.COM/a'],
    ['the port that is meant anyway', 'https://api.example.com:443/a'],
    ['an empty port', 'https://api.example.com:/a'],
    ['a query', 'https://api.example.com/a?b=c'],
    ['an empty query', 'https://api.example.com/a?'],
    ['a fragment', 'https://api.example.com/a#b'],
    ['both', 'https://api.example.com/a?b#c'],
    ['a letter in percent encoding', 'https://api.example.com/%61'],
    ['dots', 'https://api.example.com/./b/../a'],
    ['dots in percent encoding', 'https://api.example.com/b/%2e%2E/a'],
  ])('are the same: %s', (_what, url) => {
    expect(normalisedUrl(url)).toBe('https://api.example.com/a');
  });

  test.each([
    ['an empty path', 'https://api.example.com', 'https://api.example.com/'],
    [
      'percent encoding in lower case',
      'https://api.example.com/a%2fb%c3%bc',
      'https://api.example.com/a%2Fb%C3%BC',
    ],
    [
      'every unreserved character',
      'https://api.example.com/%41%7a%30%2d%2e%5F%7e',
      'https://api.example.com/Az0-._~',
    ],
    ['an IPv6 address', 'http://[::0001]:8080/', 'http://[::1]:8080/'],
  ])('are the same: %s', (_what, one, other) => {
    expect(normalisedUrl(one)).toBe(other);
    expect(normalisedUrl(other)).toBe(other);
  });

  test.each([
    ['http', 'http://api.example.com/a'],
    ['another port', 'https://api.example.com:8443/a'],
    ['another host', 'https://api.example.org/a'],
    ['a host that ends so', 'https://evil-api.example.com/a'],
    ['a host that begins so', 'https://api.example.com.evil.example/a'],
    ['another path', 'https://api.example.com/b'],
    ['a path in other case', 'https://api.example.com/A'],
    ['a slash at the end', 'https://api.example.com/a/'],
    ['two slashes', 'https://api.example.com//a'],
    ['an encoded slash', 'https://api.example.com/%2Fa'],
    ['an encoding of an encoding', 'https://api.example.com/%2561'],
    ['a parameter of the path', 'https://api.example.com/a;b'],
  ])('are not the same: %s', (_what, url) => {
    expect(normalisedUrl(url)).toBeDefined();
    expect(normalisedUrl(url)).not.toBe('https://api.example.com/a');
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a number', 1],
    ['a list', ['https://api.example.com/a']],
    ['empty', ''],
    ['a path', '/a'],
    ['without a scheme', '//api.example.com/a'],
    ['of another scheme', 'ftp://api.example.com/a'],
    ['of a WebSocket', 'wss://api.example.com/a'],
    ['without slashes', 'https:api.example.com/a'],
    ['with a user', 'https://user@api.example.com/a'],
    ['with a password', 'https://:p@api.example.com/a'],
    ['with a backslash', 'https://api.example.com\\a'],
    ['with a tab', 'https://api.example.com/\ta'],
    ['with a line feed at its end', 'https://api.example.com/a\n'],
    ['with a space', 'https://api.example.com/a b'],
    ['beyond ASCII', 'https://api.example.com/ä'],
    ['with a port that is none', 'https://api.example.com:99999/a'],
  ])('are none if one is %s', (_what, url) => {
    expect(normalisedUrl(url)).toBeUndefined();
  });
});

describe('the URL of a request', () => {
  test.each<[string, ReturnType<typeof request>, string | undefined, string | undefined]>([
    ['plain', request('/a?b'), undefined, 'http://api.example.com/a'],
    [
      'over TLS',
      request('/a', 'api.example.com', { socket: { encrypted: true } }),
      undefined,
      'https://api.example.com/a',
    ],
    [
      'with a port',
      request('/', 'api.example.com:8080'),
      undefined,
      'http://api.example.com:8080/',
    ],
    [
      'of HTTP/2',
      { url: '/a', headers: { ':authority': 'api.example.com' } } as never,
      undefined,
      'http://api.example.com/a',
    ],
    [
      'in a router of Express',
      request('/a', 'api.example.com', { originalUrl: '/v1/a?b' }),
      undefined,
      'http://api.example.com/v1/a',
    ],
    [
      'in absolute form',
      request('http://other.example/a?b'),
      undefined,
      'http://api.example.com/a',
    ],
    [
      'in absolute form without a path',
      request('http://other.example'),
      undefined,
      'http://api.example.com/',
    ],
    [
      'with two slashes',
      request('//evil.example/a'),
      undefined,
      'http://api.example.com//evil.example/a',
    ],
    [
      'behind a proxy',
      request('/a', 'internal:3000'),
      'https://api.example.com',
      'https://api.example.com/a',
    ],
    [
      'behind a proxy that cuts a path',
      request('/a', 'internal:3000'),
      'https://example.com/api',
      'https://example.com/api/a',
    ],
    [
      'with two slashes, behind a proxy',
      request('//evil.example/a'),
      'https://example.com',
      'https://example.com//evil.example/a',
    ],
    ['of the whole server', request('*'), undefined, undefined],
    ['of the whole server, behind a proxy', request('*'), 'https://api.example.com', undefined],
    ['of a tunnel', request('api.example.com:443'), 'https://api.example.com', undefined],
    ['with a user in its target', request('@evil.example/'), 'https://api.example.com', undefined],
    ['without a host', { url: '/a', headers: {} } as never, undefined, undefined],
    ['with an empty host', request('/a', ''), undefined, undefined],
    ['with a path in its host', request('/a', 'api.example.com/b'), undefined, undefined],
    [
      'with a user in its host',
      request('/a', 'api.example.com@evil.example'),
      undefined,
      undefined,
    ],
    ['with a query in its host', request('/a', 'evil.example?'), undefined, undefined],
    ['with two hosts', request('/a', 'api.example.com, evil.example'), undefined, undefined],
    ['with a space in its host', request('/a', 'api. example.com'), undefined, undefined],
  ])('%s', (_what, asked, base, url) => {
    expect(requestUrl(asked, base)).toBe(url);
  });

  it('does not trust proxy headers of a client', () => {
    const forwarded = {
      host: 'api.example.com',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      forwarded: 'host=evil.example',
    };
    expect(requestUrl({ url: '/a', headers: forwarded }, undefined)).toBe(
      'http://api.example.com/a',
    );
  });
});
