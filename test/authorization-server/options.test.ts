import { generateKeyPairSync } from 'node:crypto';

import { accessTokens, memoryStore } from 'latchkey';
import { authorizationServer, consentPage, loginPage } from 'latchkey/authorization-server';

import { startIssuing } from '../support/issuing';

jest.setTimeout(20_000);

const store = memoryStore();
const GOOD = {
  issuer: 'https://api.osir.com',
  store,
  scopes: ['domains:read'],
  tokens: accessTokens({ store, prefix: 'osirat' }),
} as const;
const start = (options: object) => authorizationServer({ ...GOOD, ...options });
const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });

test.each<[fault: string, options: object]>([
  ['option "issuer" must be an https URL', { issuer: 'http://api.osir.com' }],
  ['option "issuer" must be an https URL', { issuer: 'https://api.osir.com/?a=b' }],
  ['option "store" must be an object with', { store: { find: () => undefined } }],
  ['it lacks prune(), publish()', { store: { ...store, prune: undefined, publish: undefined } }],
  ['it lacks setIfAbsent()', { store: { ...store, setIfAbsent: undefined } }],
  ['option "scopes" must be a list of scopes', { scopes: [] }],
  ['is not a scope', { scopes: ['a b'] }],
  ['scopes: openid belongs to OpenID Connect', { scopes: ['openid'] }],
  ['scopes: offline_access belongs to OpenID Connect', { scopes: { offline_access: 'Stay' } }],
  ['scopes: a,b has a comma', { scopes: ['a,b'], compatibility: { commaSeparatedScopes: true } }],
  ['option "tokens" must be accessTokens', { tokens: 'osirat' }],
  ['option "tokens.keys" must be a non-empty list of private keys', { tokens: { keys: [] } }],
  ['option "tokens.keys.0" must be a private key', { tokens: { keys: [rsa(2048).publicKey] } }],
  ['option "tokens.keys.0" must be a private key', { tokens: { keys: ['secret'] } }],
  [
    'option "tokens.keys.1" must be an RSA key of 2048 bits',
    { tokens: { keys: [rsa(2048).privateKey, rsa(1024).privateKey] } },
  ],
  [
    'option "tokens.keys.0" must be an RSA key',
    { tokens: { keys: [generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey] } },
  ],
  [
    'option "tokens.keys.0" must be an RSA key',
    { tokens: { keys: [{ ...rsa(2048).privateKey.export({ format: 'jwk' }), alg: 'ES256' }] } },
  ],
  [
    'option "tokens.keys.0" must be an RSA key',
    { tokens: { keys: [generateKeyPairSync('ed448').privateKey] } },
  ],
  ['option "login" must be a function', { login: 'page' }],
  ['option "consent" must be a function', { consent: true }],
  ['option "clientAuthentication" must not have', { clientAuthentication: ['none', 'none'] }],
  ['"pushedAuthorizationRequests" requires "login"', { pushedAuthorizationRequests: true }],
  [
    '"audience": vps:read is not declared',
    { audience: { url: 'https://a.example', scopes: ['vps:read'] } },
  ],
  ['option "audience" must be', { audience: [{ url: 'https://a.example' }] }],
  ['option "audience" must be', { audience: ['https://a.example', 'https://A.example/'] }],
  ['unknown option "path"', { path: '/oauth' }],
  ['unknown option "compatibility.json"', { compatibility: { json: true } }],
  [
    'option "compatibility.jsonTokenRequests" must be true or false',
    { compatibility: { jsonTokenRequests: 'yes' } },
  ],
  ['option "endpoints.token" must be a path', { endpoints: { token: 'oauth/token' } }],
  ['option "endpoints.token" must be a path', { endpoints: { token: '/oauth/token/' } }],
  ['option "endpoints.token" must be a path', { endpoints: { token: '/oauth/:token' } }],
  ['option "endpoints.token" must be a path', { endpoints: { token: 'https://api.osir.com' } }],
  ['option "endpoints.token" must be a path', { endpoints: { token: [] } }],
  [
    'option "endpoints.interaction" must be a path',
    { endpoints: { interaction: 'https://osir.com/login' } },
  ],
  [
    'endpoints: authorization and token are both at /oauth',
    { endpoints: { authorization: '/oauth', token: '/oauth' } },
  ],
  ['option "accessTokenTtlMs" must be a number of milliseconds', { accessTokenTtlMs: 3.6e99 }],
  ['option "accessTokenTtlMs" must be a number of milliseconds', { accessTokenTtlMs: 0 }],
  ['option "refreshGraceMs" must be a number of milliseconds', { refreshGraceMs: -1 }],
  ['option "timeoutMs" must be a number of milliseconds', { timeoutMs: '1000' }],
])('a TypeError says what is wrong: %s (case %#)', (fault, options) => {
  expect(() => start(options)).toThrow(TypeError);
  expect(() => start(options)).toThrow(fault);
});

it('the keys that are wrong are not in the error', () => {
  expect(() => start({ tokens: { keys: ['a private thing'] } })).not.toThrow('a private thing');
});

it('what the pages are made of is checked', () => {
  expect(() => loginPage({} as never)).toThrow(
    new TypeError('loginPage(): option "authenticate" must be a function'),
  );
  expect(() => loginPage({ authenticate: () => undefined, titel: 'x' } as never)).toThrow(
    'unknown option "titel"',
  );
  expect(typeof consentPage()).toBe('function');
});

describe('lives follow the options', () => {
  const refreshedLate = async (options: Parameters<typeof startIssuing>[0]) => {
    const issuing = await startIssuing(options);
    const { credentials, tokens } = await issuing.grant();
    const [record] = await issuing.tokens.list({ subject: 'acct_42' });
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const late = await issuing.post('/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      ...credentials,
    });
    await issuing.close();
    return { tokens, record, late };
  };
  const REFUSED = { status: 400, body: { error: 'invalid_grant' } };

  it('of access tokens and refresh tokens', async () => {
    const before = Date.now();
    const { tokens, record, late } = await refreshedLate({
      accessTokenTtlMs: 120_000,
      refreshTokenTtlMs: 1_000,
    });
    expect(tokens.expires_in).toBe(120);
    expect(record?.expiresAt).toBeGreaterThan(before + 118_000);
    expect(record?.expiresAt).toBeLessThan(before + 140_000);
    expect(late).toMatchObject(REFUSED);
  });

  it('of grants, however long their refresh tokens live', async () => {
    expect((await refreshedLate({ grantTtlMs: 1_000 })).late).toMatchObject(REFUSED);
    expect((await refreshedLate({})).late).toMatchObject({ status: 200 });
  });

  it('of access tokens, which are no longer than what is left of their grant', async () => {
    for (const tokens of [undefined, { keys: [rsa(2048).privateKey] as const }]) {
      const issuing = await startIssuing({ grantTtlMs: 600_000, ...(tokens && { tokens }) });
      const granted = await issuing.grant({
        grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
      });
      const end = Math.ceil(Date.now() / 1000) + 600;
      const exp = async (token: string) =>
        (await issuing.post('/oauth/introspect', { token, ...granted.credentials })).body
          .exp as number;
      expect(granted.tokens.expires_in).toBeLessThanOrEqual(600);
      expect(await exp(granted.tokens.access_token)).toBeLessThanOrEqual(end);
      jest.useFakeTimers({
        now: Date.now() + 300_000,
        doNotFake: [
          'setTimeout',
          'clearTimeout',
          'setImmediate',
          'nextTick',
          'queueMicrotask',
          'performance',
        ],
      });
      const request = {
        grant_type: 'refresh_token',
        refresh_token: granted.tokens.refresh_token,
        ...granted.credentials,
      };
      const { body } = await issuing
        .post('/oauth/token', request)
        .finally(() => jest.useRealTimers());
      const own = await issuing.post('/oauth/token', {
        grant_type: 'client_credentials',
        ...granted.credentials,
      });
      expect([body.expires_in <= 300, body.expires_in > 200, own.body.expires_in]).toEqual([
        true,
        true,
        3_600,
      ]);
      await issuing.close();
    }
  });
});
