import { generateKeyPairSync } from 'node:crypto';

import { exportJWK, SignJWT } from 'jose';
import { memoryStore } from 'latchkey';
import * as openid from 'openid-client';

import { Browser } from '../support/browser';
import { agree, CALLBACK, type Issuing, logIn, startIssuing, WEB_CLIENT } from '../support/issuing';
import { listen } from '../support/servers';

const open: Issuing[] = [];
const hosts: { readonly close: () => Promise<unknown> }[] = [];
const start = async (options: Parameters<typeof startIssuing>[0]): Promise<Issuing> => {
  const issuing = await startIssuing(options);
  open.push(issuing);
  return issuing;
};
afterEach(async () => {
  await Promise.all([...open.splice(0), ...hosts.splice(0)].map((one) => one.close()));
});

const discover = (issuing: Issuing, clientId: string, authentication: openid.ClientAuth) =>
  openid.discovery(new URL(issuing.issuer), clientId, undefined, authentication, {
    algorithm: 'oauth2',
    execute: [openid.allowInsecureRequests],
  });
const metadataOf = async ({ issuer }: Issuing) =>
  (await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json()) as Record<
    string,
    unknown
  >;
const ES256 = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const kinds = () => [
  ['opaque tokens', {}] as const,
  ['JWTs', { tokens: { keys: [ES256().privateKey] } }] as const,
];

describe('pushed authorization requests', () => {
  it('lead to tokens with the pushed scope alone', async () => {
    const issuing = await start({ pushedAuthorizationRequests: true });
    const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
    const config = await discover(issuing, client.clientId, openid.ClientSecretBasic(secret));
    const verifier = openid.randomPKCECodeVerifier();
    const url = await openid
      .buildAuthorizationUrlWithPAR(config, {
        redirect_uri: CALLBACK,
        scope: 'domains:read',
        state: 's',
        nonce: 'ignored',
        acr_values: 'a b',
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      .catch((error: unknown) => {
        throw new Error(JSON.stringify(error));
      });
    expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
    const back = await logIn(await new Browser().open(url.href));
    expect(back.url.searchParams.get('error')).toBe('unmet_authentication_requirements');
  });

  it('can be used once', async () => {
    const issuing = await start({ pushedAuthorizationRequests: true });
    const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
    const config = await discover(issuing, client.clientId, openid.ClientSecretBasic(secret));
    const url = await openid.buildAuthorizationUrlWithPAR(config, {
      redirect_uri: CALLBACK,
      scope: 'domains:read',
      state: 's',
    });
    const both = await Promise.all(
      [1, 2].map(async () => logIn(await new Browser().open(url.href))),
    );
    const ends = [await agree(both[0]!), await agree(both[1]!)];
    expect(ends.map((page) => page.url.searchParams.has('code'))).toEqual([true, false]);
    const again = await new Browser().open(url.href);
    expect([again.response.status, again.text]).toEqual([
      400,
      expect.stringContaining('invalid_request_uri'),
    ]);
    const tokens = await openid.authorizationCodeGrant(config, ends[0]!.url, {
      expectedState: 's',
    });
    expect(tokens.scope).toBe('domains:read');
  });

  it('are refused where they are not enabled', async () => {
    const issuing = await start({});
    const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
    const credentials = { client_id: client.clientId, client_secret: secret };
    expect((await issuing.post('/oauth/par', credentials)).status).toBe(404);
    const page = await new Browser().open(
      issuing.authorizeUrl(client, { request_uri: 'urn:ietf:params:oauth:request_uri:x' }),
    );
    expect(page.url.searchParams.get('error')).toBe('request_uri_not_supported');
  });

  test.each([
    ['a scope that the client may not have', { scope: 'billing:read' }, 'invalid_scope'],
    ['another redirect URI', { redirect_uri: 'https://evil.example/' }, 'invalid_request'],
    ['a request_uri', { request_uri: 'urn:x' }, 'request_uri_not_supported'],
    ['an unknown resource', { resource: 'https://other.example' }, 'invalid_target'],
    ['form_post', { response_mode: 'form_post' }, 'unsupported_response_mode'],
    ['a wrong secret', { client_secret: 'wrong' }, 'invalid_client'],
  ])('are refused with %s', async (_, parameters, error) => {
    const issuing = await start({ pushedAuthorizationRequests: true });
    const { client, secret = '' } = await issuing.server.clients.register(WEB_CLIENT);
    const answer = await issuing.post('/oauth/par', {
      ...{ client_id: client.clientId, client_secret: secret, response_type: 'code' },
      ...{ redirect_uri: CALLBACK, scope: 'domains:read', ...parameters },
    });
    expect(answer.body).toMatchObject({ error });
  });
});

describe.each(kinds())('DPoP with %s', (_name, options) => {
  it('binds the tokens of a public client, and a guard accepts them with proofs alone', async () => {
    const issuing = await start({ ...options, dpop: true });
    const { client } = await issuing.server.clients.register({ ...WEB_CLIENT, type: 'public' });
    const config = await discover(issuing, client.clientId, openid.None());
    const handle = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    const verifier = openid.randomPKCECodeVerifier();
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: 'domains:read',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const back = await agree(await logIn(await new Browser().open(url.href)));
    const tokens = await openid.authorizationCodeGrant(
      config,
      back.url,
      { pkceCodeVerifier: verifier },
      undefined,
      { DPoP: handle },
    );
    expect(tokens.token_type).toBe('dpop');
    expect((await issuing.call(tokens.access_token)).status).toBe(401);
    const resource = await openid.fetchProtectedResource(
      config,
      tokens.access_token,
      new URL(`${issuing.origin}/v1/domains`),
      'GET',
      null,
      undefined,
      { DPoP: handle },
    );
    expect(resource.status).toBe(200);
    expect(await resource.json()).toMatchObject({ subject: 'acct_42' });
    const stolen = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    await expect(
      openid.refreshTokenGrant(config, tokens.refresh_token as string, undefined, {
        DPoP: stolen,
      }),
    ).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(
      openid.refreshTokenGrant(config, tokens.refresh_token as string),
    ).rejects.toMatchObject({ error: 'invalid_grant' });
    const refreshed = await openid.refreshTokenGrant(
      config,
      tokens.refresh_token as string,
      undefined,
      { DPoP: handle },
    );
    expect(refreshed.token_type).toBe('dpop');
  });

  it('publishes cnf at introspection', async () => {
    const issuing = await start({ ...options, dpop: true });
    const { client, secret = '' } = await issuing.server.clients.register({
      name: 'Nightly',
      scopes: ['domains:read'],
    });
    const config = await discover(issuing, client.clientId, openid.ClientSecretPost(secret));
    const handle = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    const { access_token: token } = await openid.clientCredentialsGrant(config, undefined, {
      DPoP: handle,
    });
    expect(await openid.tokenIntrospection(config, token)).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: await handle.calculateThumbprint() },
    });
  });

  it('requires a nonce if one is configured', async () => {
    const issuing = await start({ ...options, dpop: { nonce: { secret: 'x'.repeat(32) } } });
    const { client, secret = '' } = await issuing.server.clients.register({
      name: 'Nightly',
      scopes: ['domains:read'],
    });
    const config = await discover(issuing, client.clientId, openid.ClientSecretPost(secret));
    const handle = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    const tokens = await openid.clientCredentialsGrant(config, undefined, { DPoP: handle });
    expect(tokens.token_type).toBe('dpop');
  });
});

describe('private_key_jwt', () => {
  const keys = ES256();
  const setUp = async (options: Parameters<typeof startIssuing>[0] = {}) => {
    const issuing = await start({
      clientAuthentication: ['private_key_jwt', 'client_secret_basic'],
      ...options,
    });
    const jwks = { keys: [await exportJWK(keys.publicKey)] };
    const host = await listen((_req, res) => void res.end(JSON.stringify(jwks)));
    hosts.push(host);
    // Not "jwks": oidc-provider rejects objects of Jest's realm.
    const { client, secret } = await issuing.server.clients.register({
      ...{ name: 'Nightly', scopes: ['domains:read'], authMethod: 'private_key_jwt' },
      jwksUri: `http://127.0.0.1:${host.port}/jwks`,
    });
    expect(secret).toBeUndefined();
    const assertion = (claims: Record<string, unknown> = {}, key = keys.privateKey) =>
      new SignJWT({
        ...{ iss: client.clientId, sub: client.clientId, aud: issuing.issuer },
        ...{ jti: String(Math.random()), exp: Math.floor(Date.now() / 1000) + 60, ...claims },
      })
        .setProtectedHeader({ alg: 'ES256' })
        .sign(key);
    const ask = async (client_assertion: string, more: Record<string, string> = {}) =>
      issuing.post('/oauth/token', {
        ...{ grant_type: 'client_credentials', client_assertion, ...more },
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      });
    return { issuing, client, assertion, ask };
  };

  it('works with openid-client', async () => {
    const { issuing, client } = await setUp();
    const key = await crypto.subtle.importKey(
      'jwk',
      keys.privateKey.export({ format: 'jwk' }),
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['sign'],
    );
    const config = await discover(issuing, client.clientId, openid.PrivateKeyJwt(key));
    const tokens = await openid.clientCredentialsGrant(config);
    expect((await issuing.call(tokens.access_token)).status).toBe(200);
    expect(await metadataOf(issuing)).toMatchObject({
      token_endpoint_auth_methods_supported: ['private_key_jwt', 'client_secret_basic'],
      token_endpoint_auth_signing_alg_values_supported: expect.arrayContaining(['ES256']),
    });
  });

  it('accepts an assertion once, however many arrive at the same time', async () => {
    const { ask, assertion } = await setUp();
    const one = await assertion();
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(one)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(401)]);
  });

  test.each([
    ['of another key', {}, ES256().privateKey],
    ['that has expired', { exp: 1 }, keys.privateKey],
    ['for another server', { aud: 'https://other.example' }, keys.privateKey],
    ['of another issuer', { iss: 'other' }, keys.privateKey],
    ['without a jti', { jti: undefined }, keys.privateKey],
    ['without an exp', { exp: undefined }, keys.privateKey],
    ['that is valid for a year', { exp: Math.floor(Date.now() / 1000) + 3e7 }, keys.privateKey],
    ['of an unknown client', { sub: 'nobody', iss: 'nobody' }, keys.privateKey],
  ])('refuses an assertion %s', async (_, claims, key) => {
    const { ask, assertion } = await setUp();
    const answer = await ask(await assertion(claims, key));
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
  });

  it('is refused where it is not enabled', async () => {
    const store = memoryStore();
    const { assertion, client } = await setUp({ store });
    const issuing = await start({ store, clientAuthentication: ['none'] });
    const answer = await issuing.post('/oauth/token', {
      ...{ grant_type: 'client_credentials', client_id: client.clientId },
      ...{ client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' },
      client_assertion: await assertion(),
    });
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
  });
});

describe.each(kinds())('claims with %s', (_name, options) => {
  it('are added to tokens and introspection, and change no member of a token', async () => {
    const asked: unknown[] = [];
    const issuing = await start({
      ...options,
      claims: ({ subject, client, scopes, audience }) => {
        asked.push({ subject, clientId: client.clientId, scopes, audience });
        return {
          ...{ tenant: 't1', roles: ['a'], gone: undefined },
          ...{ sub: 'evil', iss: 'evil', aud: 'evil', exp: 1, iat: 1, jti: 'evil' },
          ...{ client_id: 'evil', scope: 'evil', cnf: { jkt: 'evil' }, act: { sub: 'evil' } },
          ...{ active: false, grant_id: 'evil', nbf: 9e9 },
        };
      },
    });
    const { client, credentials, tokens } = await issuing.grant();
    expect(asked).toEqual([
      {
        ...{ subject: 'acct_42', clientId: client.clientId, audience: issuing.issuer },
        scopes: ['domains:read', 'domains:write'],
      },
    ]);
    const called = await issuing.call(tokens.access_token);
    expect(called.body).toMatchObject({
      ...{ subject: 'acct_42', clientId: client.clientId },
      ...{ scopes: ['domains:read', 'domains:write'], claims: { tenant: 't1', roles: ['a'] } },
    });
    const { body } = await issuing.post('/oauth/introspect', {
      token: tokens.access_token,
      ...credentials,
    });
    expect(body).toMatchObject({ active: true, sub: 'acct_42', tenant: 't1', iss: issuing.issuer });
    expect(JSON.stringify(body)).not.toContain('evil');
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('down');
      },
      503,
    ],
    ['never returns', () => new Promise<object>(() => {}), 503],
    ['returns a list', () => [], 503],
  ] as const)('respond with 503 if the function %s', async (_, claims, status) => {
    const issuing = await start({ ...options, claims, timeoutMs: 100 });
    const { client, secret = '' } = await issuing.server.clients.register({
      name: 'Nightly',
      scopes: ['domains:read'],
    });
    const answer = await issuing.post('/oauth/token', {
      ...{ grant_type: 'client_credentials', client_id: client.clientId, client_secret: secret },
    });
    expect(answer.status).toBe(status);
  });
});

describe('a client with its own settings', () => {
  test.each(kinds())(
    'gets access tokens of the configured lifetime, %s',
    async (_name, options) => {
      const issuing = await start({ ...options, accessTokenTtlMs: 600_000 });
      const { tokens, credentials } = await issuing.grant({ accessTokenTtlMs: 60_000 });
      expect(tokens.expires_in).toBe(60);
      const refreshed = await issuing.post('/oauth/token', {
        ...{ grant_type: 'refresh_token', refresh_token: tokens.refresh_token, ...credentials },
      });
      expect(refreshed.body.expires_in).toBe(60);
      expect((await issuing.grant()).tokens.expires_in).toBe(600);
    },
  );

  it('needs PKCE where it is required, unless it is exempt', async () => {
    const issuing = await start({ requirePkce: ({ name }) => name !== 'Legacy' });
    const { client } = await issuing.server.clients.register(WEB_CLIENT);
    const legacy = await issuing.server.clients.register({ ...WEB_CLIENT, name: 'Legacy' });
    const refused = await new Browser().open(issuing.authorizeUrl(client));
    expect(refused.url.searchParams.get('error')).toBe('invalid_request');
    expect((await issuing.authorize(legacy.client)).searchParams.has('code')).toBe(true);
  });
});

describe('oidc-provider', () => {
  it('can be configured and listened to', async () => {
    const granted: unknown[] = [];
    const issuing = await start({
      configure: (configuration) => ({ ...configuration, pkce: { required: () => true } }),
    });
    (await issuing.server.provider).on('grant.success', () => granted.push(1));
    const { client } = await issuing.server.clients.register(WEB_CLIENT);
    const refused = await new Browser().open(issuing.authorizeUrl(client));
    expect(refused.url.searchParams.get('error')).toBe('invalid_request');
    const machine = await issuing.server.clients.register({ name: 'M', scopes: ['domains:read'] });
    await issuing.post('/oauth/token', {
      grant_type: 'client_credentials',
      client_id: machine.client.clientId,
      client_secret: machine.secret as string,
    });
    expect(granted).toEqual([1]);
    await issuing.server.close();
  });

  it('rejects a configure that returns nothing', async () => {
    await expect(
      startIssuing({ store: memoryStore(), configure: (() => undefined) as never }),
    ).rejects.toMatchObject({ code: 'ERR_LATCHKEY_OPTION' });
  });
});
