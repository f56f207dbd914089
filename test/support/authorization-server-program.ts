import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import Provider, { type Configuration } from 'oidc-provider';

import { APP, type Order, type ProgramOptions, type SigningKey } from './authorization-server';

/** A program that is an authorization server, as `authorization-server.ts` describes it. */
const options = JSON.parse(process.argv[2] as string) as ProgramOptions;
const {
  accessTokens = 'jwt',
  scopes = ['read', 'write'],
  clients = [],
  features = {},
  lifetime = 600,
} = options;

const server = createServer().listen(options.port, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const issuer = `http://127.0.0.1:${port}`;
const asked: Record<string, number> = {};

const resourceServer = {
  scope: scopes.join(' '),
  accessTokenTTL: lifetime,
  accessTokenFormat: accessTokens,
};

const configuration = (keys: readonly SigningKey[]): Configuration => ({
  jwks: { keys },
  scopes: ['openid', 'offline_access', ...scopes],
  // A secret that stays the same when keys change, so that whoever is in the middle of a login
  // stays there.
  cookies: { keys: ['a key for cookies'] },
  clients: [
    {
      client_id: APP.id,
      client_secret: APP.secret,
      grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
      redirect_uris: [APP.redirectUri],
    },
    ...clients,
  ],
  clientDefaults: {
    application_type: 'native' as never,
    id_token_signed_response_alg: keys[0]?.['alg'] as 'ES256',
  },
  enabledJWA: { idTokenSigningAlgValues: ['ES256', 'RS256'] },
  pkce: { required: () => true },
  findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  interactions: { url: (_ctx, { uid }) => `/login/${uid}` },
  ttl: { AccessToken: lifetime, ClientCredentials: lifetime },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, resource) => ({
        ...resourceServer,
        audience: resource,
        jwt: { sign: { alg: keys[0]?.['alg'] as 'ES256' } },
      }),
      useGrantedResource: () => true,
    },
    ...features,
  },
});

/** Logs in whoever is hinted at, and grants all that is asked for. */
async function consent(
  provider: Provider,
  ...[req, res]: Parameters<Provider['interactionDetails']>
): Promise<void> {
  const { params } = await provider.interactionDetails(req, res);
  const accountId = (params['login_hint'] as string | undefined) ?? 'acct_42';
  const grant = new provider.Grant({ accountId, clientId: params['client_id'] as string });
  const scope = (params['scope'] as string | undefined) ?? '';
  grant.addOIDCScope(scope);
  for (const resource of [params['resource'] ?? []].flat()) {
    grant.addResourceScope(resource as string, scope);
  }
  const login = {
    accountId,
    ...(params['acr_values'] !== undefined && {
      acr: (params['acr_values'] as string).split(' ')[0] as string,
    }),
  };
  await provider.interactionFinished(req, res, { login, consent: { grantId: await grant.save() } });
}

const providerOf = (keys: readonly SigningKey[]) => new Provider(issuer, configuration(keys));
let provider = providerOf(options.keys);
server.on('request', (req, res) => {
  const { pathname } = new URL(req.url as string, issuer);
  asked[pathname] = (asked[pathname] ?? 0) + 1;
  if (!pathname.startsWith('/login/')) {
    return void provider.callback()(req, res);
  }
  consent(provider, req, res).catch((error: Error) => res.writeHead(500).end(error.message));
});

process.on('message', (order: Order) => {
  if ('useKeys' in order) {
    provider = providerOf(order.useKeys);
  }
  process.send?.({ number: order.number, value: 'requests' in order ? asked : undefined });
});
process.on('disconnect', () => process.exit());
process.send?.({ port });
