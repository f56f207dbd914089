// A general API: OAuth 2.0 for servers and for apps that act for users, and older keys in two
// headers or a query parameter.
import express from 'express';
import {
  accessTokens,
  apiKeyHeader,
  apiKeys,
  bearer,
  getAuth,
  latchkey,
  memoryStore,
  queryParameter,
} from 'latchkey';
import { authorizationServer, loginPage } from 'latchkey/authorization-server';
import { managementApi } from 'latchkey/management';

import { authorization, CALLBACK, callback, keeping } from './support/code-flow';
import { origin, serve } from './support/serve';
import { ada, authenticate, basicUser } from './support/users';

const scopes = { 'users:read': 'See the users', 'data:read': 'See the data' } as const;

const store = memoryStore();
const keys = apiKeys({ prefix: 'acme', store });
const tokens = accessTokens({ prefix: 'acmetoken', store });

const { requireScopes } = latchkey({
  extractors: [bearer(), apiKeyHeader(), apiKeyHeader('X-Acme-Key'), queryParameter('api_key')],
  scopes,
  verifiers: [keys, tokens],
});
const oauth = authorizationServer({
  issuer: origin,
  ...{ store, scopes, tokens },
  login: loginPage({ authenticate }),
  endpoints: {
    authorization: '/oauth2/authorize',
    token: '/oauth2/token',
    revocation: '/oauth2/revoke',
    introspection: '/oauth2/introspect',
    interaction: '/oauth2/interaction',
  },
});

const app = express();
app.use(oauth.middleware);
app.get('/callback', callback);

app.get('/v1/users', requireScopes('users:read'), (req, res) => {
  res.json({ users: ['ada', 'grace'], askedBy: getAuth(req).clientId });
});
app.get('/v1/data', requireScopes('data:read'), (req, res) => {
  res.json({ data: [1, 2, 3], askedBy: getAuth(req).subject });
});

// The developer portal: apps with their IDs and secrets, and keys. It requires name and password.
app.use(
  '/portal',
  managementApi({
    ...{ keys, scopes },
    clients: oauth.clients,
    account(req) {
      const user = basicUser(req);
      return user && { ...user, scopes: Object.keys(scopes) };
    },
  }),
);

const { client, secret } = await oauth.clients.register({
  name: 'Reports',
  scopes: ['users:read', 'data:read'],
});
const web = await oauth.clients.register({
  name: 'Team Calendar',
  scopes: ['users:read'],
  redirectUris: [CALLBACK, 'https://your-app.com/callback'],
});
// Keys are for older services. Users need a token.
const { secret: key } = await keys.issue({
  name: 'Old importer',
  subject: 'customer_3',
  scopes: ['data:read'],
});
// It expires before anyone can use it.
const expired = await tokens.issue({
  subject: 'customer_3',
  scopes: ['users:read'],
  expiresAt: Date.now() + 100,
});

serve(
  'A general API',
  app,
  [
    keeping(
      ['secret', 'id'],
      'The developer portal gives an app its ID and secret: 201',
      `curl -i -X POST ${origin}/portal/apps -u ${ada.username}:${ada.password} \\
  -H "Content-Type: application/json" -d '{"name":"Nightly","scopes":["users:read"]}'`,
    ),
    [
      'They work: 200',
      `curl -i -X POST ${origin}/oauth2/token -d "grant_type=client_credentials&client_id=$ID&client_secret=$SECRET"`,
    ],
    keeping(
      ['secret', 'id'],
      'A key: 201',
      `curl -i -X POST ${origin}/portal/keys -u ${ada.username}:${ada.password} \\
  -H "Content-Type: application/json" -d '{"name":"Importer","scopes":["data:read"]}'`,
    ),
    [
      'Rotate it: 201',
      `curl -i -X POST ${origin}/portal/keys/$ID/rotate -u ${ada.username}:${ada.password}`,
    ],
    ['The old key is gone: 401', `curl -i ${origin}/v1/data -H "X-API-Key: $SECRET"`],
    keeping(
      ['access_token'],
      'Obtaining an access token: 200',
      `curl -i -X POST ${origin}/oauth2/token \\
  -H "Content-Type: application/x-www-form-urlencoded" \\
  -d "grant_type=client_credentials&client_id=${client.clientId}&client_secret=${secret}"`,
    ),
    [
      'Using the access token: 200',
      `curl -i ${origin}/v1/users -H "Authorization: Bearer $ACCESS_TOKEN"`,
    ],

    ['Using API keys: 200', `curl -i ${origin}/v1/data -H "X-API-Key: ${key}"`],
    ['The same in a custom header: 200', `curl -i ${origin}/v1/data -H "X-Acme-Key: ${key}"`],
    ['The same as query parameter: 200', `curl -i "${origin}/v1/data?api_key=${key}"`],

    authorization(
      'Authorization code flow',
      `/oauth2/authorize?response_type=code&client_id=${web.client.clientId}&redirect_uri=${CALLBACK}&scope=users:read&state=xyz`,
    ),
    keeping(
      ['access_token', 'refresh_token'],
      'Its token request: 200',
      `curl -i -X POST ${origin}/oauth2/token \\
  -d "grant_type=authorization_code&code=$CODE&redirect_uri=${CALLBACK}" \\
  -d "client_id=${web.client.clientId}&client_secret=${web.secret}"`,
    ),
    [
      'A token that acts for a user: 200',
      `curl -i ${origin}/v1/users -H "Authorization: Bearer $ACCESS_TOKEN"`,
    ],
    [
      'And only as far as they agreed: 403',
      `curl -i ${origin}/v1/data -H "Authorization: Bearer $ACCESS_TOKEN"`,
    ],
    keeping(
      ['access_token', 'refresh_token'],
      'Refresh: 200',
      `curl -i -X POST ${origin}/oauth2/token \\
  -d "grant_type=refresh_token&refresh_token=$REFRESH_TOKEN" \\
  -d "client_id=${web.client.clientId}&client_secret=${web.secret}"`,
    ),

    [
      'A client_secret that is not correct: 401',
      `curl -i -X POST ${origin}/oauth2/token -d "grant_type=client_credentials&client_id=${client.clientId}&client_secret=YOUR_CLIENT_SECRET"`,
    ],
    [
      'An access token that has expired: 401',
      `curl -i ${origin}/v1/users -H "Authorization: Bearer ${expired.secret}"`,
    ],
    [
      'A header without the scheme: 401',
      `curl -i ${origin}/v1/users -H "Authorization: $ACCESS_TOKEN"`,
    ],
    ['A key where a token is required: 403', `curl -i ${origin}/v1/users -H "X-API-Key: ${key}"`],
    ['A token instead of a key: 401', `curl -i ${origin}/v1/data -H "X-API-Key: $ACCESS_TOKEN"`],
    [
      'The key in both headers: 400',
      `curl -i ${origin}/v1/data -H "X-API-Key: ${key}" -H "X-Acme-Key: ${key}"`,
    ],
    ['The key twice in the URL: 400', `curl -i "${origin}/v1/data?api_key=${key}&api_key=${key}"`],
    ['Nothing: 401', `curl -i ${origin}/v1/data`],
  ],
  {
    ...{ client_id: client.clientId, client_secret: secret as string, api_key: key },
    ...{ web_client_id: web.client.clientId, web_client_secret: web.secret as string },
    ...{ user: ada.username, password: ada.password },
  },
);
