import type { JSONWebKeySet } from 'jose';
import { bearer, dpop, type DpopOptions, getAuth, type JwkSet, jwt, latchkey } from 'latchkey';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';

import {
  APP,
  type AuthorizationServer,
  startAuthorizationServer,
} from '../support/authorization-server';
import { listen, MOUNTS } from '../support/servers';

const AUDIENCE = 'https://api.example.com';
const INSECURE = { [oauth.allowInsecureRequests]: true };

let server: AuthorizationServer;
let metadata: oauth.AuthorizationServer;
let jwks: JwkSet;
beforeAll(async () => {
  server = await startAuthorizationServer();
  const issuer = new URL(server.issuer);
  metadata = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, INSECURE),
  );
  jwks = (await (await fetch(metadata.jwks_uri as string)).json()) as JSONWebKeySet;
}, 30_000);
afterAll(() => server.close());
const closing: (() => Promise<void>)[] = [];
afterEach(() => Promise.all(closing.splice(0).map((close) => close())));

/**
 * A client as oauth4webapi makes it, with a token of the live authorization server that is bound to
 * its key.
 */
async function clientOf(alg: string) {
  const client: oauth.Client = { client_id: APP.id };
  const handle = oauth.DPoP(client, await oauth.generateKeyPair(alg));
  const response = await oauth.clientCredentialsGrantRequest(
    metadata,
    client,
    oauth.ClientSecretBasic(APP.secret),
    { resource: AUDIENCE, scope: 'read' },
    { DPoP: handle, ...INSECURE },
  );
  const { access_token: token, token_type: type } = await oauth.processClientCredentialsResponse(
    metadata,
    client,
    response,
  );
  expect(type).toBe('dpop');
  const asked = (url: string, options: { DPoP?: oauth.DPoPHandle } = { DPoP: handle }) =>
    oauth.protectedResourceRequest(token, 'GET', new URL(url), undefined, undefined, {
      ...options,
      ...INSECURE,
    });
  return { token, handle, asked };
}

async function served(
  mount: (typeof MOUNTS)[string],
  options?: DpopOptions,
  told = (req: object) => getAuth(req).clientId,
) {
  const { requireScopes } = latchkey({
    extractors: [bearer(), dpop(options)],
    verifiers: [
      jwt({
        issuer: server.issuer,
        audience: AUDIENCE,
        algorithms: ['ES256'],
        jwks,
        profile: 'rfc9068',
      }),
    ],
  });
  const { port, close } = await listen(
    mount([requireScopes('read')], (req, res) => res.end(told(req))),
  );
  closing.push(close);
  return `http://127.0.0.1:${port}/v1/domains?page=1`;
}

/** What the client reads in a refusal. */
const refusalOf = (request: Promise<Response>) =>
  request.then(
    () => undefined,
    (error: oauth.WWWAuthenticateChallengeError) => ({
      status: error.status,
      challenges: error.cause.map(({ scheme, parameters }) => [scheme, parameters.error]),
      wantsNonce: oauth.isDPoPNonceError(error),
    }),
  );

describe.each(Object.entries(MOUNTS))(
  'oauth4webapi with a token of a live oidc-provider, on %s',
  (_name, mount) => {
    test.each(['ES256', 'Ed25519'])('passes with a key of %s, for every request', async (alg) => {
      const url = await served(mount);
      const { asked } = await clientOf(alg);
      for (let n = 0; n < 3; n++) {
        const response = await asked(url);
        expect([response.status, await response.text()]).toEqual([200, APP.id]);
      }
    });

    it('receives a nonce, and passes with it', async () => {
      const url = await served(mount, {
        nonce: { secret: 'a secret of this server, long enough' },
      });
      const { asked } = await clientOf('ES256');
      expect(await refusalOf(asked(url))).toEqual({
        status: 401,
        challenges: [['dpop', 'use_dpop_nonce']],
        wantsNonce: true,
      });
      expect((await asked(url)).status).toBe(200);
      expect((await asked(url)).status).toBe(200);
    });

    it('does not pass with only the token', async () => {
      const url = await served(mount);
      const { asked } = await clientOf('ES256');
      expect(await refusalOf(asked(url, {}))).toEqual({
        status: 401,
        challenges: [
          ['bearer', 'invalid_token'],
          ['dpop', undefined],
        ],
        wantsNonce: false,
      });
    });

    it('does not pass with the key of another', async () => {
      const url = await served(mount);
      const [mine, other] = [await clientOf('ES256'), await clientOf('ES256')];
      expect(await refusalOf(mine.asked(url, { DPoP: other.handle }))).toEqual({
        status: 401,
        challenges: [['dpop', 'invalid_token']],
        wantsNonce: false,
      });
    });

    it('passes behind a proxy that forwards the public host', async () => {
      const url = await served(mount, { baseUrl: 'http://api.example.com/public' });
      const { token, handle, asked } = await clientOf('ES256');
      expect(await refusalOf(asked(url))).toMatchObject({
        challenges: [['dpop', 'invalid_dpop_proof']],
      });
      // What the client sends to the proxy arrives here, at the address inside.
      const inside = (_url: string, init: RequestInit) => fetch(url, init);
      const response = await oauth.protectedResourceRequest(
        token,
        'GET',
        new URL('http://api.example.com/public/v1/domains'),
        undefined,
        undefined,
        {
          ...{ DPoP: handle, ...INSECURE },
          [oauth.customFetch]: inside as never,
        },
      );
      expect(response.status).toBe(200);
    });
  },
);

test.each(Object.entries(MOUNTS))(
  'openid-client passes with the token of a user who logged in, by DPoP and nonces, on %s',
  async (_name, mount) => {
    const url = await served(
      mount,
      { nonce: { secret: 'a secret of this server, long enough' } },
      (req) => getAuth(req).subject,
    );
    const config = await openid.discovery(new URL(server.issuer), APP.id, APP.secret, undefined, {
      execute: [openid.allowInsecureRequests],
    });
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const redirect = await server.logIn(
      openid.buildAuthorizationUrl(config, {
        redirect_uri: APP.redirectUri,
        scope: 'read',
        resource: AUDIENCE,
        code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
        code_challenge_method: 'S256',
      }),
    );
    const { access_token: token, token_type: type } = await openid.authorizationCodeGrant(
      config,
      redirect,
      { pkceCodeVerifier },
      { resource: AUDIENCE },
      { DPoP },
    );
    expect(type).toBe('dpop');
    for (let n = 0; n < 2; n++) {
      const response = await openid.fetchProtectedResource(
        config,
        token,
        new URL(url),
        'GET',
        undefined,
        undefined,
        { DPoP },
      );
      expect([response.status, await response.text()]).toEqual([200, 'acct_42']);
    }
    await expect(
      openid.fetchProtectedResource(config, token, new URL(url), 'GET'),
    ).rejects.toMatchObject({ status: 401 });
  },
);
