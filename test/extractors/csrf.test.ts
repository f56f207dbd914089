import { isCrossSiteRequest } from '../../src/extractors/csrf';

const HOST = 'api.example.com';
const ORIGINS = ['https://app.example.org'];
const forgeable = (
  method: string | undefined,
  headers: Record<string, string | string[]> = {},
  origins?: readonly string[],
) => isCrossSiteRequest({ method, headers: { host: HOST, ...headers } }, origins);

const FOREIGN = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };

test.each(['GET', 'HEAD', 'OPTIONS', 'TRACE'])(
  '%s changes nothing: it may come from anywhere',
  (method) => {
    expect(forgeable(method, FOREIGN)).toBe(false);
  },
);

test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'CONNECT', 'QUERY', 'get', '', undefined])(
  '%s may change something: it may not come from elsewhere',
  (method) => {
    expect(forgeable(method, FOREIGN)).toBe(true);
    expect(forgeable(method)).toBe(false);
  },
);

test.each(['GET', 'HEAD', 'POST', undefined])(
  'an upgrade by %s may not come from elsewhere',
  (method) => {
    for (const upgrade of ['websocket', 'h2c', '']) {
      expect(forgeable(method, { upgrade, ...FOREIGN })).toBe(true);
      expect(forgeable(method, { upgrade, 'sec-fetch-site': 'same-origin' })).toBe(false);
      expect(forgeable(method, { upgrade })).toBe(false);
    }
  },
);

describe('by Sec-Fetch-Site', () => {
  test.each(['same-origin', 'same-site', 'none'])(
    '%s is the API’s own site, whatever Origin says',
    (site) => {
      expect(forgeable('POST', { 'sec-fetch-site': site })).toBe(false);
      expect(
        forgeable('POST', { 'sec-fetch-site': site, origin: 'https://elsewhere.example' }),
      ).toBe(false);
    },
  );

  test.each([
    'cross-site',
    '',
    'Same-Origin',
    'same-origin, cross-site',
    'same-origin ',
    'x',
    'undefined',
  ])('%j is not', (site) => {
    expect(forgeable('POST', { 'sec-fetch-site': site })).toBe(true);
    expect(forgeable('POST', { 'sec-fetch-site': site, origin: `https://${HOST}` })).toBe(true);
  });

  it('of a listed origin is passed over', () => {
    expect(
      forgeable(
        'POST',
        { 'sec-fetch-site': 'cross-site', origin: 'https://app.example.org' },
        ORIGINS,
      ),
    ).toBe(false);
    expect(forgeable('POST', { 'sec-fetch-site': 'cross-site' }, ORIGINS)).toBe(true);
  });

  it('in two lines is not the API’s own site', () => {
    expect(forgeable('POST', { 'sec-fetch-site': ['same-origin', 'same-origin'] })).toBe(true);
  });
});

describe('by Origin, from a browser without Sec-Fetch-Site', () => {
  test.each<[string, string, string]>([
    ['the host itself', 'https://api.example.com', 'api.example.com'],
    ['the host over http', 'http://api.example.com', 'api.example.com'],
    ['the host in capitals', 'https://api.example.com', 'API.example.com'],
    ['the host with its port', 'https://api.example.com:8443', 'api.example.com:8443'],
    ['the default port on one side', 'https://api.example.com', 'api.example.com:443'],
    ['the default port of http', 'http://api.example.com', 'api.example.com:80'],
    ['an IPv6 address', 'http://[::1]:3000', '[::1]:3000'],
  ])('%s is the API’s own', (_, origin, host) => {
    expect(forgeable('POST', { origin, host })).toBe(false);
  });

  test.each<[string, string, string]>([
    ['another host', 'https://evil.example', HOST],
    ['a sister host', 'https://www.example.com', HOST],
    ['a host below it', `https://evil.${HOST}`, HOST],
    ['a host that begins so', `https://${HOST}.evil.example`, HOST],
    ['a host that ends so', `https://evil-${HOST}`, HOST],
    ['another port', `https://${HOST}:8443`, HOST],
    ['the default port of the other scheme', `https://${HOST}`, `${HOST}:80`],
    ['the host as user name', `https://${HOST}@evil.example`, HOST],
    ['the host in the path', `https://evil.example/${HOST}`, HOST],
    ['null', 'null', HOST],
    ['nothing', '', HOST],
    ['no URL', HOST, HOST],
    ['two origins', `https://${HOST}, https://evil.example`, HOST],
    ['a host that is no host', 'https://a b', 'a b'],
    ['an empty host', `https://${HOST}`, ''],
  ])('%s is not', (_, origin, host) => {
    expect(forgeable('POST', { origin, host })).toBe(true);
  });

  test.each(ORIGINS)('%s is accepted if exactly this origin is listed', (origin) => {
    expect(forgeable('POST', { origin })).toBe(true);
    expect(forgeable('POST', { origin }, ORIGINS)).toBe(false);
    expect(forgeable('POST', { origin: `${origin}/` }, ORIGINS)).toBe(true);
    expect(forgeable('POST', { origin: origin.toUpperCase() }, ORIGINS)).toBe(true);
    expect(forgeable('POST', { origin: `${origin}.evil.example` }, ORIGINS)).toBe(true);
    expect(forgeable('POST', { origin: origin.replace('https', 'http') }, ORIGINS)).toBe(true);
  });

  it('is held against the authority of HTTP/2, which has no Host', () => {
    const request = (authority: string) => ({
      method: 'POST',
      headers: { ':authority': authority, origin: `https://${HOST}` },
    });
    expect([
      isCrossSiteRequest(request(HOST)),
      isCrossSiteRequest(request('evil.example')),
    ]).toEqual([false, true]);
  });

  it('is not compared with anything if the host is unknown', () => {
    expect(isCrossSiteRequest({ method: 'POST', headers: { origin: `https://${HOST}` } })).toBe(
      true,
    );
  });
});

it('treats a client that sends no site as a client other than a browser', () => {
  expect(forgeable('POST')).toBe(false);
  expect(forgeable('POST', { referer: 'https://evil.example/page' })).toBe(false);
});
