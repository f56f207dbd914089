import { generateKeyPairSync } from 'node:crypto';

import { memoryStore } from 'latchkey';
import type { RegisteredClient } from 'latchkey/authorization-server';

import { CALLBACK, type Issuing, startIssuing, WEB_CLIENT } from '../support/issuing';

let issuing: Issuing;
let web: RegisteredClient;
let written = 0;
beforeAll(async () => {
  const store = memoryStore();
  const count = (...args: readonly unknown[]) => void (written += JSON.stringify(args).length);
  issuing = await startIssuing({
    store: {
      ...store,
      set: (...args) => (count(...args), store.set(...args)),
      setIfAbsent: (...args) => (count(...args), store.setIfAbsent(...args)),
    },
  });
  web = await issuing.server.clients.register(WEB_CLIENT);
});
afterAll(() => issuing.close());

/**
 * The first response to an authorization request: `login`, or the error that the client is told.
 */
async function decide(
  at: Issuing,
  client: RegisteredClient['client'],
  more: readonly (readonly [string, string])[],
): Promise<string> {
  const url = new URL(at.authorizeUrl(client));
  for (const [name, value] of more) {
    url.searchParams.append(name, value);
  }
  const response = await fetch(url, { redirect: 'manual' });
  const to = new URL(response.headers.get('location') ?? 'about:blank', at.origin);
  if (to.pathname.startsWith('/oauth/interaction/')) {
    return 'login';
  }
  return (
    new URLSearchParams(to.hash === '' ? to.search : to.hash.slice(1)).get('error') ??
    `page ${response.status}`
  );
}
const decision = (...more: readonly (readonly [string, string])[]) =>
  decide(issuing, web.client, more);

describe('parameters of OpenID Connect and of nobody', () => {
  test.each([
    ['nonce', 'n-0S6'],
    ['id_token_hint', 'a.b.c'],
    ['claims_locales', 'de'],
    ['claims', '{"id_token":{"acr":null}}'],
    ['display', 'page'],
    ['ui_locales', 'de'],
    ['login_hint', 'ada'],
    ['max_age', '300'],
    ['max_age', '0'],
    ['acr_values', 'mfa pwd'],
    ['audience', 'x'],
    ['access_type', 'offline'],
    ['latchkey_max_age', 'not a number'],
    ['latchkey_prompt', 'none'],
    ['prompt', 'select_account'],
    ['prompt', 'select_account consent'],
    ['prompt', 'login select_account'],
    ['__proto__', 'x'],
  ])('%s=%s is ignored or accepted', async (name, value) => {
    expect(await decision([name, value])).toBe('login');
  });

  test.each(['-1', '1.5', 'abc', '1e3', ' 1', '99999999999'])(
    'max_age=%j is refused',
    async (value) => {
      expect(await decision(['max_age', value])).toBe('invalid_request');
    },
  );

  test.each([
    'nonce',
    'max_age',
    'acr_values',
    'prompt',
    'login_hint',
    'ui_locales',
    'id_token_hint',
  ])('%s given twice is refused', async (name) => {
    expect(await decision([name, '1'], [name, '1'])).toBe('invalid_request');
  });

  test.each(['audience', 'access_type', 'utm_source', 'latchkey_max_age'])(
    'the unknown %s is ignored though it is given twice',
    async (name) => {
      expect(await decision([name, 'a'], [name, 'b'])).toBe('login');
    },
  );

  test.each(['none login', 'nobody', 'none select_account', 'select_account nobody'])(
    'prompt=%s is refused',
    async (prompt) => {
      expect(await decision(['prompt', prompt])).toBe('invalid_request');
    },
  );

  test.each([{}, { max_age: '0' }, { acr_values: 'mfa' }])(
    'prompt=none with %j is login_required: there is no session',
    async (more) => {
      expect(await decision(['prompt', 'none'], ...Object.entries(more))).toBe('login_required');
    },
  );
});

describe('what a request makes the store keep', () => {
  const LONG = 'x'.repeat(6_000);
  test.each<[string, readonly (readonly [string, string])[]]>([
    ['state', [['state', LONG]]],
    ['login_hint', [['login_hint', LONG]]],
    ['ui_locales', [['ui_locales', LONG]]],
    ['acr_values', [['acr_values', LONG]]],
    ['display', [['display', LONG]]],
    ['state in Chinese', [['state', '中'.repeat(1_500)]]],
    ['state of control characters', [['state', '\u0001'.repeat(700)]]],
    ['resource, very often', Array.from({ length: 200 }, () => ['resource', 'here'] as const)],
    [
      'everything a bit',
      ['state', 'login_hint', 'ui_locales', 'acr_values', 'display'].map(
        (name) => [name, 'x'.repeat(700)] as const,
      ),
    ],
  ])('is nothing where it is too long: %s', async (_, parameters) => {
    written = 0;
    const at = parameters.map(
      ([name, value]) => [name, value === 'here' ? issuing.issuer : value] as const,
    );
    expect([await decision(...at), written]).toEqual(['invalid_request', 0]);
  });

  test.each(['nonce', 'claims', 'id_token_hint', 'unknown'])(
    'is not the ignored parameter %s',
    async (name) => {
      written = 0;
      expect(await decision([name, LONG])).toBe('login');
      expect(written).toBeLessThan(1_500);
    },
  );

  test.each([500, 1_000, 1_500])('is at most 4 kB for a state of %i characters', async (length) => {
    written = 0;
    expect(await decision(['state', 's'.repeat(length)])).toBe('login');
    expect(written).toBeLessThanOrEqual(4_096);
  });

  it('returns the state to the client, though it is too long to store', async () => {
    const response = await fetch(issuing.authorizeUrl(web.client, { state: LONG }), {
      redirect: 'manual',
    });
    const to = new URL(response.headers.get('location') as string);
    expect([`${to.origin}${to.pathname}`, to.searchParams.get('state')]).toEqual([CALLBACK, LONG]);
  });
});

describe('the resource', () => {
  test.each<[string, (issuer: string) => string]>([
    ['the issuer', (issuer) => issuer],
    ['the issuer with a slash', (issuer) => `${issuer}/`],
    ['the issuer in capitals', (issuer) => issuer.replace('http', 'HTTP')],
  ])('may be %s, at both endpoints', async (_, spell) => {
    const resource = spell(issuing.issuer);
    expect(await decision(['resource', resource])).toBe('login');
    const { client, secret = '' } = await issuing.server.clients.register({
      name: 'Nightly',
      scopes: ['domains:read'],
    });
    const credentials = { client_id: client.clientId, client_secret: secret };
    expect(
      (
        await issuing.post('/oauth/token', {
          grant_type: 'client_credentials',
          resource,
          ...credentials,
        })
      ).status,
    ).toBe(200);
  });

  test.each(['/other', '//', '/?a=b', '/#a', '.evil.example'])(
    'does not exist if the issuer is followed by %s',
    async (more) => {
      expect(await decision(['resource', `${issuing.issuer}${more}`])).toBe('invalid_target');
    },
  );

  describe.each(['opaque tokens', 'JWTs'])('of several, with %s', (kind) => {
    const audience = ['https://one.example', 'https://two.example/v1'] as const;
    let several: Issuing;
    let client: RegisteredClient;
    let credentials: Record<string, string>;
    beforeAll(async () => {
      const keys = [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey] as const;
      several = await startIssuing({ audience, ...(kind === 'JWTs' && { tokens: { keys } }) });
      client = await several.server.clients.register({
        ...WEB_CLIENT,
        grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
      });
      credentials = { client_id: client.client.clientId, client_secret: client.secret as string };
    });
    afterAll(() => several.close());

    const introspect = async (token: string) =>
      (await several.post('/oauth/introspect', { token, ...credentials })).body.aud;

    test.each([
      [undefined, audience[0]],
      ['https://one.example/', audience[0]],
      ['https://TWO.example/v1', audience[1]],
    ])('is %s the audience of tokens for %s', async (resource, expected) => {
      const more: Record<string, string> = resource === undefined ? {} : { resource };
      const own = await several.post('/oauth/token', {
        grant_type: 'client_credentials',
        ...more,
        ...credentials,
      });
      const code = (await several.authorize(client.client, more)).searchParams.get(
        'code',
      ) as string;
      const users = await several.post('/oauth/token', {
        grant_type: 'authorization_code',
        code,
        redirect_uri: CALLBACK,
        ...credentials,
      });
      const refreshed = await several.post('/oauth/token', {
        ...{ grant_type: 'refresh_token', refresh_token: users.body.refresh_token },
        ...credentials,
      });
      for (const { body } of [own, users, refreshed]) {
        expect(await introspect(body.access_token)).toBe(expected);
      }
    });

    it('is rejected unless it is one of them, and at the token endpoint unless it was granted', async () => {
      expect(await decide(several, client.client, [['resource', 'https://three.example']])).toBe(
        'invalid_target',
      );
      const code = (
        await several.authorize(client.client, { resource: audience[1] })
      ).searchParams.get('code') as string;
      const answer = await several.post('/oauth/token', {
        ...{
          grant_type: 'authorization_code',
          code,
          redirect_uri: CALLBACK,
          resource: audience[0],
        },
        ...credentials,
      });
      expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_target' } });
    });
  });
});

describe('scopes that clients add', () => {
  let lenient: Issuing;
  let client: RegisteredClient;
  beforeAll(async () => {
    lenient = await startIssuing({
      compatibility: { ignoreUnknownScopes: true, commaSeparatedScopes: true },
    });
    client = await lenient.server.clients.register(WEB_CLIENT);
  });
  afterAll(() => lenient.close());

  test.each([
    'domains:read offline_access',
    'openid domains:read',
    ' domains:read',
    'domains:read  profile',
    'email,domains:read',
  ])(
    '%j is its declared part with ignoreUnknownScopes, and invalid_scope without',
    async (scope) => {
      expect([
        await decide(lenient, client.client, [['scope', scope]]),
        await decision(['scope', scope]),
      ]).toEqual(['login', 'invalid_scope']);
    },
  );

  test.each(['openid', 'openid offline_access', 'domains:read billing:read', 'billing:read'])(
    '%j is refused all the same: nothing is left, or a declared scope is not the client’s',
    async (scope) => {
      expect(await decide(lenient, client.client, [['scope', scope]])).toBe('invalid_scope');
    },
  );

  it('are dropped at the token endpoint too', async () => {
    const { client: machine, secret = '' } = await lenient.server.clients.register({
      name: 'Nightly',
      scopes: ['domains:read', 'billing:read'],
    });
    const request = {
      grant_type: 'client_credentials',
      client_id: machine.clientId,
      client_secret: secret,
    };
    const answer = await lenient.post('/oauth/token', {
      ...request,
      scope: 'domains:read offline_access',
    });
    expect(answer).toMatchObject({ status: 200, body: { scope: 'domains:read' } });
    expect(await lenient.post('/oauth/token', { ...request, scope: 'openid' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
  });
});
