import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';

import { Browser } from '../support/browser';
import { agree, CALLBACK, type Issuing, logIn, startIssuing, WEB_CLIENT } from '../support/issuing';

let issuing: Issuing;
beforeAll(async () => {
  issuing = await startIssuing();
});
afterAll(() => issuing.close());

const MEMBERS = ['access_token', 'expires_in', 'refresh_token', 'scope', 'token_type'];

describe('openid-client gets through', () => {
  const discover = (clientId: string, authentication: openid.ClientAuth) =>
    openid.discovery(new URL(issuing.issuer), clientId, undefined, authentication, {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    });

  test.each([
    [
      'a confidential client, its secret in the header',
      'confidential',
      (secret: string) => openid.ClientSecretBasic(secret),
    ],
    [
      'a confidential client, its secret in the body',
      'confidential',
      (secret: string) => openid.ClientSecretPost(secret),
    ],
    ['a public client', 'public', () => openid.None()],
  ] as const)('as %s: log in, call, refresh, revoke', async (_, type, authentication) => {
    const { client, secret = '' } = await issuing.server.clients.register({ ...WEB_CLIENT, type });
    const config = await discover(client.clientId, authentication(secret));
    const verifier = openid.randomPKCECodeVerifier();
    const state = openid.randomState();
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: 'domains:read',
      state,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const back = await agree(await logIn(await new Browser().open(url.href)));
    // The client itself demands `iss` (RFC 9207), since the metadata promises it.
    const tokens = await openid.authorizationCodeGrant(config, back.url, {
      pkceCodeVerifier: verifier,
      expectedState: state,
    });
    expect(Object.keys(tokens).sort()).toEqual(MEMBERS);
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'domains:read' });
    expect(await issuing.call(tokens.access_token)).toMatchObject({
      status: 200,
      body: {
        subject: 'acct_42',
        clientId: client.clientId,
        scopes: ['domains:read'],
        kind: 'access_token',
      },
    });

    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token as string);
    expect(Object.keys(refreshed).sort()).toEqual(MEMBERS);
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
    expect((await issuing.call(refreshed.access_token)).status).toBe(200);

    await openid.tokenRevocation(config, refreshed.refresh_token as string);
    expect((await issuing.call(refreshed.access_token)).status).toBe(401);
    await expect(
      openid.refreshTokenGrant(config, refreshed.refresh_token as string),
    ).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('with client credentials, and introspects a token', async () => {
    const { client, secret = '' } = await issuing.server.clients.register({
      name: 'Nightly',
      scopes: ['domains:read', 'billing:read'],
    });
    const config = await discover(client.clientId, openid.ClientSecretPost(secret));
    const tokens = await openid.clientCredentialsGrant(config, { scope: 'domains:read' });
    expect(Object.keys(tokens).sort()).toEqual(MEMBERS.filter((name) => name !== 'refresh_token'));
    expect(await issuing.call(tokens.access_token)).toMatchObject({
      status: 200,
      body: { subject: client.clientId, clientId: client.clientId, scopes: ['domains:read'] },
    });
    expect(await openid.tokenIntrospection(config, tokens.access_token)).toEqual({
      active: true,
      aud: issuing.issuer,
      client_id: client.clientId,
      exp: expect.any(Number),
      iat: expect.any(Number),
      iss: issuing.issuer,
      scope: 'domains:read',
      sub: client.clientId,
      token_type: 'Bearer',
    });
  });
});

describe('oauth4webapi gets through', () => {
  const insecure = { [oauth.allowInsecureRequests]: true };

  it('as a public client with PKCE, by the metadata at the inserted path', async () => {
    const { client } = await issuing.server.clients.register({ ...WEB_CLIENT, type: 'public' });
    const issuer = new URL(issuing.issuer);
    const as = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
    );
    const known: oauth.Client = { client_id: client.clientId };
    const verifier = oauth.generateRandomCodeVerifier();
    const url = new URL(as.authorization_endpoint as string);
    url.search = new URLSearchParams({
      ...{
        response_type: 'code',
        client_id: client.clientId,
        redirect_uri: CALLBACK,
        state: 'xyz',
      },
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString();
    const back = await agree(await logIn(await new Browser().open(url.href)));
    const parameters = oauth.validateAuthResponse(as, known, back.url, 'xyz');
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      known,
      oauth.None(),
      parameters,
      CALLBACK,
      verifier,
      insecure,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(as, known, response);
    expect(tokens).toMatchObject({ scope: 'domains:read domains:write', expires_in: 3600 });
    expect(await issuing.call(tokens.access_token)).toMatchObject({
      status: 200,
      body: { subject: 'acct_42' },
    });
  });

  it('and is refused a code with the wrong verifier', async () => {
    const { client } = await issuing.server.clients.register({ ...WEB_CLIENT, type: 'public' });
    const challenge = await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier());
    const back = await issuing.authorize(client, {
      code_challenge: challenge,
      code_challenge_method: 'S256',
    });
    const answer = await issuing.post('/oauth/token', {
      ...{ grant_type: 'authorization_code', client_id: client.clientId, redirect_uri: CALLBACK },
      ...{
        code: back.searchParams.get('code') as string,
        code_verifier: oauth.generateRandomCodeVerifier(),
      },
    });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });
});
