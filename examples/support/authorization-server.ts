import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import Provider, { type Configuration } from 'oidc-provider';

/**
 * Starts an authorization server on a free port of 127.0.0.1 that knows one user, lets her in and
 * grants what is requested. Returns its issuer.
 */
export async function startAuthorizationServer(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, configuration());
  server.on('request', (req, res) => {
    if (!req.url?.startsWith('/login/')) {
      return void provider.callback()(req, res);
    }
    letIn(provider, req, res).catch((error: Error) => res.writeHead(500).end(error.message));
  });
  return issuer;
}

const SCOPES = 'notes:read notes:write';

function configuration(): Configuration {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...privateKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' };
  return {
    jwks: { keys: [key] },
    cookies: { keys: ['a key for cookies'] },
    // A public client that is known beforehand: one that registers itself is held to the scopes
    // that it knew of then.
    clients: [
      {
        client_id: 'notebook',
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    pkce: { required: () => true },
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_ctx, { uid }) => `/login/${uid}` },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({
          audience: resource,
          scope: SCOPES,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
        useGrantedResource: () => true,
      },
    },
  };
}

/** Submits the form as a page would. */
async function letIn(
  provider: Provider,
  ...[req, res]: Parameters<Provider['interactionDetails']>
): Promise<void> {
  const { params } = await provider.interactionDetails(req, res);
  const grant = new provider.Grant({ accountId: 'ada', clientId: String(params.client_id) });
  grant.addResourceScope(String(params.resource), String(params.scope));
  await provider.interactionFinished(req, res, {
    login: { accountId: 'ada' },
    consent: { grantId: await grant.save() },
  });
}
