import { createHash, randomBytes } from 'node:crypto';

import { decodeJwt, decodeProtectedHeader } from 'jose';

import {
  APP,
  type AuthorizationServer,
  signingKey,
  startAuthorizationServer,
} from './authorization-server';

const RESOURCE = 'https://api.example.com';

describe('the authorization server of the tests', () => {
  let server: AuthorizationServer;
  beforeAll(async () => {
    server = await startAuthorizationServer({ keys: [signingKey('ES256', 'one')] });
  });
  afterAll(() => server.close());

  it('gives access tokens by RFC 9068', async () => {
    const token = await server.token(RESOURCE, { scope: 'read' });
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: 'one' });
    expect(decodeJwt(token)).toMatchObject({
      iss: server.issuer,
      aud: RESOURCE,
      client_id: APP.id,
      scope: 'read',
    });
  });

  it('lets a user log in, by the code flow with PKCE, and gives a token that is theirs', async () => {
    const verifier = randomBytes(32).toString('base64url');
    const request = new URL(`${server.issuer}/auth`);
    request.search = new URLSearchParams({
      client_id: APP.id,
      redirect_uri: APP.redirectUri,
      response_type: 'code',
      scope: 'openid read',
      resource: RESOURCE,
      login_hint: 'acct_7',
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    }).toString();
    const callback = await server.logIn(request);
    const token = await server.token(RESOURCE, {
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') as string,
      redirect_uri: APP.redirectUri,
      code_verifier: verifier,
    });
    expect(decodeJwt(token)).toMatchObject({ sub: 'acct_7', scope: 'read', aud: RESOURCE });
  });

  it('rotates its keys, counts its requests, and keeps its port and keys after a restart', async () => {
    await server.useKeys([signingKey('RS256', 'two')]);
    const { issuer } = server;
    await fetch(`${issuer}/jwks`);
    expect((await server.requests())['/jwks']).toBe(1);
    await server.restart();
    expect(decodeProtectedHeader(await server.token(RESOURCE))).toMatchObject({
      alg: 'RS256',
      kid: 'two',
    });
    expect(await server.requests()).toEqual({ '/token': 1 });
  });
});

it('issues opaque tokens if it is configured to, and introspects them', async () => {
  const server = await startAuthorizationServer({ accessTokens: 'opaque' });
  const token = await server.token(RESOURCE, { scope: 'read' });
  const response = await fetch(`${server.issuer}/token/introspection`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${APP.id}:${APP.secret}`).toString('base64')}`,
    },
    body: new URLSearchParams({ token }),
  });
  expect(token).not.toContain('.');
  expect(await response.json()).toMatchObject({
    active: true,
    client_id: APP.id,
    scope: 'read',
    aud: RESOURCE,
  });
  await server.close();
});
