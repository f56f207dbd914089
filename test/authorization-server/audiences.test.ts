import { generateKeyPairSync } from 'node:crypto';

import { Browser } from '../support/browser';
import { agree, CALLBACK, type Issuing, logIn, startIssuing, WEB_CLIENT } from '../support/issuing';

const API = 'https://api.example.com';
const BILLING = 'https://billing.example.com/v1';
const AUDIENCE = [
  { url: API, scopes: ['domains:write'] },
  { url: BILLING, scopes: ['billing:read'] },
] as const;
const CLIENT = {
  ...WEB_CLIENT,
  scopes: ['domains:read', 'domains:write', 'billing:read'],
} as const;

describe.each([
  ['opaque tokens', () => ({})],
  [
    'JWTs',
    () => ({
      tokens: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey] } as const,
    }),
  ],
])('audiences with their own scopes, with %s', (_kind, options) => {
  let issuing: Issuing;
  beforeAll(async () => {
    issuing = await startIssuing({ audience: AUDIENCE, ...options() });
  });
  afterAll(() => issuing.close());

  const machine = async (parameters: Record<string, string>) => {
    const { client, secret = '' } = await issuing.server.clients.register({
      ...{ name: 'Nightly', scopes: CLIENT.scopes },
    });
    const { body } = await issuing.post('/oauth/token', {
      ...{ grant_type: 'client_credentials', client_id: client.clientId, client_secret: secret },
      ...parameters,
    });
    return (body.error ?? body.scope) as string;
  };
  const start = async (query: URLSearchParams) => {
    const { client, secret = '' } = await issuing.server.clients.register(CLIENT);
    const url = `${issuing.authorizeUrl(client)}&${query.toString()}`;
    const credentials = { client_id: client.clientId, client_secret: secret };
    return { page: await new Browser().open(url), credentials };
  };
  const error = async (query: Record<string, string>) =>
    (await start(new URLSearchParams(query))).page.url.searchParams.get('error');

  it.each<[what: string, parameters: Record<string, string>, result: string]>([
    ['the scopes of the first audience by default', {}, 'domains:read domains:write'],
    ['the scopes of the requested one', { resource: BILLING }, 'billing:read'],
    [
      'invalid_scope for a scope of another one',
      { resource: BILLING, scope: 'domains:read' },
      'invalid_scope',
    ],
    [
      'invalid_scope for such a scope beside its own',
      { scope: 'domains:read billing:read' },
      'invalid_scope',
    ],
    [
      'invalid_target for one that is not listed',
      { resource: 'https://other.example' },
      'invalid_target',
    ],
    [
      'the scopes of one that is another spelling',
      { resource: 'HTTPS://API.example.com:443/' },
      'domains:read domains:write',
    ],
  ])('give client credentials %s', async (_what, parameters, result) => {
    const given = await machine(parameters);
    expect(given.split(' ').sort().join(' ')).toBe(result);
  });

  it('refuse an authorization request for a scope of an audience that it does not name', async () => {
    expect(await error({ scope: 'billing:read' })).toBe('invalid_scope');
    expect(await error({ scope: 'domains:read', resource: BILLING })).toBe('invalid_scope');
    expect(await error({ scope: 'domains:read', resource: 'https://x.example' })).toBe(
      'invalid_target',
    );
  });

  it('give each token of a grant the scopes of its audience', async () => {
    const query = new URLSearchParams({ scope: 'domains:write billing:read' });
    query.append('resource', `${API}/`);
    query.append('resource', BILLING);
    const { page, credentials } = await start(query);
    const back = await agree(await logIn(page));
    const { body: first } = await issuing.post('/oauth/token', {
      ...{ grant_type: 'authorization_code', redirect_uri: CALLBACK, ...credentials },
      ...{ code: back.url.searchParams.get('code') ?? '', resource: BILLING },
    });
    expect(first.scope).toBe('billing:read');
    const { body: second } = await issuing.post('/oauth/token', {
      ...{ grant_type: 'refresh_token', refresh_token: first.refresh_token as string },
      ...{ ...credentials, resource: API },
    });
    expect(second.scope).toBe('domains:write');
    const { body: introspected } = await issuing.post('/oauth/introspect', {
      ...{ ...credentials, token: second.access_token as string },
    });
    expect([introspected.aud, introspected.scope]).toEqual([API, 'domains:write']);
  });
});
