import express from 'express';
import { accessTokens, getAuth, latchkey, memoryStore } from 'latchkey';
import { authorizationServer } from 'latchkey/authorization-server';
import * as openid from 'openid-client';

import { Browser } from '../support/browser';
import { agree, CALLBACK, logIn, login, SCOPES, WEB_CLIENT } from '../support/issuing';
import { listen } from '../support/servers';

/** Two programs on two hosts with one store, as a document with `www.` and `api.` has them. */
async function twoHosts() {
  const store = memoryStore();
  const apps = [express(), express()] as const;
  const [www, api] = [await listen(apps[0]), await listen(apps[1])];
  const origins = { www: `http://localhost:${www.port}`, api: `http://127.0.0.1:${api.port}` };
  const tokens = accessTokens({ store, prefix: 'osirat' });
  const guards = latchkey({ scopes: SCOPES, verifiers: [tokens] });
  const servers = apps.map((app) => {
    const server = authorizationServer({
      issuer: origins.api,
      endpoints: {
        authorization: `${origins.www}/auth/login`,
        token: `${origins.api}/oauth2/token`,
      },
      ...{ store, scopes: SCOPES, tokens, login },
    });
    app.use(server.middleware);
    app.get(
      '/v1/domains',
      guards.requireScopes('domains:read'),
      (req, res) => void res.json(getAuth(req)),
    );
    return server;
  });
  return {
    ...{ origins, clients: servers[0]!.clients },
    close: () => Promise.all([guards.close(), www.close(), api.close()]),
  };
}

it('a client finds endpoints on several hosts, and its user stays on that of the authorization endpoint', async () => {
  const { origins, clients, close } = await twoHosts();
  const { client, secret = '' } = await clients.register(WEB_CLIENT);
  const config = await openid.discovery(
    new URL(origins.api),
    client.clientId,
    undefined,
    openid.ClientSecretBasic(secret),
    {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    },
  );
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: 'domains:read',
    state: 'xyz',
  });
  expect(`${url.origin}${url.pathname}`).toBe(`${origins.www}/auth/login`);

  const page = await new Browser().open(url.href);
  const consent = await logIn(page);
  expect([page, consent].map((one) => one.url.origin)).toEqual([origins.www, origins.www]);
  const back = await agree(consent);
  const tokens = await openid.authorizationCodeGrant(config, back.url, { expectedState: 'xyz' });
  expect(config.serverMetadata().token_endpoint).toBe(`${origins.api}/oauth2/token`);

  const response = await fetch(`${origins.api}/v1/domains`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  const { subject } = (await response.json()) as { subject: string };
  await close();
  expect([response.status, subject, back.url.searchParams.get('iss')]).toEqual([
    200,
    'acct_42',
    origins.api,
  ]);
});
