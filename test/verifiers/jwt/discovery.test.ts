import { jwt, type JwtOptions } from 'latchkey';

import { type FakeIssuer, json, JWKS, METADATA, startFakeIssuer } from '../../support/fake-issuer';
import { AUDIENCE, thrownBy, verdict } from './tokens';

const issuers: FakeIssuer[] = [];
afterEach(async () => void (await Promise.all(issuers.splice(0).map((one) => one.close()))));
const made = async (path?: string) => {
  const issuer = await startFakeIssuer(path);
  issuers.push(issuer);
  return issuer;
};
const verifierOf = (issuer: string) => jwt({ issuer, audience: AUDIENCE });

test('metadata is found if the path is inserted, as RFC 8414 has it', async () => {
  const server = await made('/a');
  server.answers.set(`/a${METADATA}`, (res) => void res.end('<!doctype html>'));
  server.answers.set(
    '/.well-known/oauth-authorization-server/a',
    json({ issuer: server.issuer, jwks_uri: server.issuer.replace('/a', JWKS) }),
  );
  expect(await verdict(server.token(), verifierOf(server.issuer))).toBe('good');
});

test('keys that moved are found through the metadata, or at the old address if it cannot be fetched', async () => {
  let now = Date.now();
  jest.spyOn(Date, 'now').mockImplementation(() => now);
  const server = await made();
  const verifier = verifierOf(server.issuer);
  const metadata = json({ issuer: server.issuer, jwks_uri: `${server.issuer}/moved` });
  server.answers.set(METADATA, metadata);
  server.answers.set('/moved', json({ keys: server.keys }));
  expect(await verdict(server.token(), verifier)).toBe('good');
  now += 600_000;
  server.answers.set(METADATA, (res) => void res.writeHead(500).end());
  expect(await verdict(server.token(), verifier)).toBe('good');
  expect([server.asked['/moved'], server.asked[JWKS]]).toEqual([2, undefined]);
  now += 600_000;
  server.answers.delete(METADATA);
  expect(await verdict(server.token(), verifier)).toBe('good');
  expect([server.asked['/moved'], server.asked[JWKS]]).toEqual([2, 1]);
  jest.restoreAllMocks();
});

describe('metadata is not believed', () => {
  test.each<[string, (issuer: string, other: string) => object]>([
    ['that names another issuer', (_, other) => ({ issuer: other })],
    ['whose issuer has a slash more', (issuer) => ({ issuer: `${issuer}/` })],
    ['whose issuer has another case', (issuer) => ({ issuer: issuer.toUpperCase() })],
    ['whose issuer is a list', (issuer) => ({ issuer: [issuer] })],
    ['without an issuer', () => ({ issuer: undefined })],
    ['without keys', () => ({ jwks_uri: undefined })],
    ['whose keys are at no URL', () => ({ jwks_uri: '/keys' })],
    ['whose keys are at a URL of http elsewhere', () => ({ jwks_uri: 'http://192.0.2.1/keys' })],
    ['whose keys are in a file', () => ({ jwks_uri: 'file:///etc/passwd' })],
    ['whose keys are in the metadata', () => ({ jwks_uri: 'data:application/json,{"keys":[]}' })],
    [
      'whose keys are behind a user name',
      (issuer) => ({ jwks_uri: issuer.replace('//', '//user@') }),
    ],
    ['whose keys are in a list', (issuer) => ({ jwks_uri: [`${issuer}${JWKS}`] })],
  ])('%s', async (_, members) => {
    const [server, other] = [await made(), await made()];
    server.answers.set(
      METADATA,
      json({
        issuer: server.issuer,
        jwks_uri: `${server.issuer}${JWKS}`,
        ...members(server.issuer, other.issuer),
      }),
    );
    const verification = verifierOf(server.issuer).verify({
      extractor: 'bearer',
      token: server.token(),
    });
    await expect(verification).rejects.toThrow(
      /is the metadata of another issuer|has no usable jwks_uri: it must be an https URL, or http on a loopback host$/,
    );
    expect([server.asked[JWKS], other.connections()]).toEqual([undefined, 0]);
  });

  it('when a server far away sends us to this machine', async () => {
    const server = await made();
    const issuer = 'https://id.example';
    const asked: string[] = [];
    const far: typeof fetch = async (url) => {
      asked.push(url as string);
      return Response.json({ issuer, jwks_uri: `${server.issuer}${JWKS}` });
    };
    const verifier = jwt({ issuer, audience: AUDIENCE, remote: { fetch: far } });
    await expect(
      verifier.verify({ extractor: 'bearer', token: server.token({}, { iss: issuer }) }),
    ).rejects.toThrow(
      new Error(
        'The metadata of https://id.example has no usable jwks_uri: it must be an https URL',
      ),
    );
    expect(asked).toEqual([`${issuer}${METADATA}`]);
  });
});

describe('a URL', () => {
  const messageOf = (options: Partial<JwtOptions>) =>
    (
      thrownBy(() =>
        jwt({ issuer: 'https://id.example', audience: AUDIENCE, ...options }),
      ) as TypeError
    ).message;
  const INSECURE = [
    'id.example',
    '/keys',
    '//id.example',
    'http://id.example',
    'http://127.0.0.2',
    'http://localhost.example',
    'http://127.0.0.1.example',
    'http://[::2]',
    'ftp://id.example',
    'file:///keys',
    'https://user@id.example',
    'https://:secret@id.example',
    'https://id.example#',
    'https://id.example/#a',
    ' https://id.example',
    'https:\\\\id.example',
    'https://id.example/\\a',
    'https://',
  ];
  it.each([...INSECURE, 'https://id.example?', 'https://id.example/?tenant=a'])(
    'of an issuer cannot be %p, if its metadata is looked for',
    (issuer) => {
      expect(messageOf({ issuer })).toMatch(/^jwt\(\): option "issuer" must be an https URL/);
      expect(messageOf({ issuer: ['https://id.example', issuer] })).toMatch(
        /option "issuer" must be an https URL/,
      );
      expect(jwt({ issuer, audience: AUDIENCE, jwksUri: 'https://id.example/keys' }).name).toBe(
        'jwt',
      );
    },
  );
  it.each<[unknown]>([
    ...INSECURE.map((one): [unknown] => [one]),
    [null],
    [7],
    [''],
    [new URL('https://id.example')],
  ])('of keys cannot be %p', (jwksUri) => {
    expect(messageOf({ jwksUri: jwksUri as string })).toBe(
      'jwt(): option "jwksUri" must be an https URL (http on a loopback host or one of "insecureHosts")',
    );
  });
  it.each([
    'http://localhost:3000',
    'http://127.0.0.1',
    'http://[::1]:8080/a',
    'https://id.example/a/b',
  ])('may be %s', (url) => {
    expect(jwt({ issuer: url, audience: AUDIENCE }).name).toBe('jwt');
    expect(jwt({ issuer: 'any', audience: AUDIENCE, jwksUri: `${url}/keys?v=1` }).name).toBe('jwt');
  });
});

describe('an option of remote keys', () => {
  const messageOf = (options: object) =>
    (
      thrownBy(() =>
        jwt({ issuer: 'https://id.example', audience: AUDIENCE, ...options }),
      ) as TypeError
    ).message;
  it.each(['ttlMs', 'staleIfErrorMs', 'cooldownMs', 'timeoutMs'])('%s is a duration', (name) => {
    for (const value of ['1000', NaN, Infinity, -1, null, [1_000]]) {
      expect(messageOf({ remote: { [name]: value } })).toMatch(
        new RegExp(`^jwt\\(\\): option "remote.${name}" must be a number of milliseconds`),
      );
    }
  });
  it.each(['ttlMs', 'cooldownMs', 'timeoutMs'])('%s is not 0', (name) => {
    expect(messageOf({ remote: { [name]: 0 } })).toContain(`"remote.${name}"`);
  });
  it('that is misspelt is named', () => {
    expect(messageOf({ remote: { ttl: 1 } })).toBe(
      'jwt(): unknown option "remote.ttl"; allowed are ttlMs, staleIfErrorMs, cooldownMs, timeoutMs, maxIssuers, fetch',
    );
    expect(messageOf({ remote: { fetch: 'fetch' } })).toBe(
      'jwt(): option "remote.fetch" must be a function',
    );
  });
  it('is rejected together with configured keys, and HS together with keys from a URL', () => {
    expect(messageOf({ algorithms: ['HS256'], key: 'x'.repeat(32), remote: {} })).toBe(
      'jwt(): option "remote" is only allowed for keys from a URL, not with "key" or "jwks"',
    );
    for (const keys of [{}, { jwksUri: 'https://id.example/keys' }]) {
      expect(messageOf({ algorithms: ['HS256'], ...keys })).toBe(
        'jwt(): option "algorithms" must not contain HS for keys from a URL: anyone who can read the keys could sign',
      );
    }
  });
});
