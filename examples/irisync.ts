// The IriSync API: keys for production and development, OAuth 2.0 with JSON token requests, scopes
// that imply narrower ones, and pages on which users manage their keys and apps.
import express, { type Request } from 'express';
import { accessTokens, apiKeys, bearer, getAuth, latchkey, memoryStore } from 'latchkey';
import { authorizationServer, loginPage } from 'latchkey/authorization-server';
import { managementApi, managementPages } from 'latchkey/management';

import { authorization, CALLBACK, callback, keeping } from './support/code-flow';
import { login } from './support/login';
import { origin, serve } from './support/serve';
import { ada, authenticate } from './support/users';

const scopes = {
  read: {
    description: 'Read-only access to user data',
    implies: ['content:read', 'analytics:read'],
  },
  write: { description: 'Modify user data', implies: ['content:write'] },
  'content:read': 'Access content data only',
  'content:write': 'Create and modify content',
  'analytics:read': 'Access analytics data',
} as const;
const scopeNames = Object.keys(scopes) as (keyof typeof scopes)[];
const environments = ['production', 'development'] as const;

const store = memoryStore();
const keys = apiKeys({ prefix: 'iri', environments, store });
const tokens = accessTokens({ prefix: 'iritoken', store });

const { requireScopes } = latchkey({
  realm: 'irisync',
  extractors: [bearer()],
  scopes,
  verifiers: [keys, tokens],
});
const oauth = authorizationServer({
  issuer: origin,
  ...{ store, scopes, tokens },
  login: loginPage({ authenticate }),
  compatibility: { jsonTokenRequests: true, commaSeparatedScopes: true },
});

const app = express();
app.use(oauth.middleware);
app.get('/callback', callback);

// A development key reads and changes separate data.
const data = {
  production: { name: 'Ada', posts: ['Hello'] },
  development: { name: 'Ada, for tests', posts: ['Test'] },
};
const dataOf = (req: Request) =>
  data[getAuth(req).environment === 'development' ? 'development' : 'production'];

app.get('/api/users/me', requireScopes('read'), (req, res) => {
  res.json({ id: getAuth(req).subject, name: dataOf(req).name });
});
app.patch('/api/users/me', requireScopes('write'), express.json(), (req, res) => {
  dataOf(req).name = String(req.body?.name);
  res.json({ id: getAuth(req).subject, name: dataOf(req).name });
});
app.get('/api/content', requireScopes('content:read'), (req, res) => {
  res.json({ posts: dataOf(req).posts });
});
app.post('/api/content', requireScopes('content:write'), express.json(), (req, res) => {
  dataOf(req).posts.push(String(req.body?.post));
  res.status(201).json({ posts: dataOf(req).posts });
});
app.get('/api/analytics', requireScopes('analytics:read'), (_req, res) => {
  res.json({ visits: 7 });
});

const { router, userOf } = login({ store, prefix: 'irisession', home: '/settings/keys' });
const management = {
  keys,
  scopes,
  environments,
  clients: oauth.clients,
  grants: oauth.grants,
  async account(req: Request) {
    const subject = await userOf(req);
    return subject === undefined ? undefined : { subject, scopes: scopeNames };
  },
};
app.use(router);
app.use('/account', managementApi(management));
app.use(
  '/settings',
  managementPages({
    ...management,
    loginUrl: '/login',
    testUrl: `${origin}/api/users/me`,
    pages: { name: 'IriSync', texts: { en: { newKey: 'Create New API Key' } } },
  }),
);

const { client, secret } = await oauth.clients.register({
  name: 'Post Planner',
  scopes: scopeNames,
  redirectUris: [CALLBACK, 'https://your-app.com/callback'],
});
const { clientId } = client;
const key = await keys.issue({
  name: 'Website',
  subject: ada.user.subject,
  scopes: ['read'],
  environment: 'production',
});
const testKey = await keys.issue({
  name: 'Tests',
  subject: ada.user.subject,
  scopes: ['read', 'write'],
  environment: 'development',
});

serve(
  'The IriSync API',
  app,
  [
    [
      `Obtaining an API key: open this, log in as ${ada.username} with the password ${ada.password}, name your key, select its permissions`,
      `#   ${origin}/settings/keys`,
      '# or let curl do it:',
      'SETTINGS=$(mktemp)',
      `curl -s -c "$SETTINGS" ${origin}/login -d username=${ada.username} -d password=${ada.password}`,
      `YOUR_API_KEY=$(curl -s -b "$SETTINGS" ${origin}/account/keys -H "Content-Type: application/json" \\
  -d '{"name":"Mine","environment":"production","scopes":["read"]}' |`,
      `  sed -n 's/.*"secret":"\\([^"]*\\)".*/\\1/p')`,
    ],
    [
      'Using your API key: 200',
      `curl -i -X GET "${origin}/api/users/me" -H "Authorization: Bearer $YOUR_API_KEY"`,
    ],
    [
      'Its permissions hold narrower ones: 200',
      `curl -i ${origin}/api/analytics -H "Authorization: Bearer $YOUR_API_KEY"`,
    ],
    [
      'But not to write: 403',
      `curl -i -X PATCH ${origin}/api/users/me -H "Authorization: Bearer $YOUR_API_KEY"`,
    ],
    [
      'A key for development may, and changes what is for development: 200',
      `curl -i -X PATCH ${origin}/api/users/me -H "Authorization: Bearer ${testKey.secret}" \\
  -H "Content-Type: application/json" -d '{"name":"Augusta"}'`,
    ],
    [
      'Nothing of it is seen in production: 200',
      `curl -i ${origin}/api/users/me -H "Authorization: Bearer ${key.secret}"`,
    ],

    authorization(
      'Redirect to authorization URL',
      `/oauth/authorize?client_id=${clientId}&redirect_uri=${CALLBACK}&response_type=code&scope=read,write`,
    ),
    keeping(
      ['access_token', 'refresh_token'],
      'Exchange code for access token: 200',
      `curl -i -X POST ${origin}/oauth/token -H "Content-Type: application/json" -d '{
  "client_id": "${clientId}",
  "client_secret": "${secret}",
  "code": "'$CODE'",
  "grant_type": "authorization_code",
  "redirect_uri": "${CALLBACK}"
}'`,
    ),
    [
      'Use access token in API requests: 200',
      `curl -i ${origin}/api/users/me -H "Authorization: Bearer $ACCESS_TOKEN"`,
    ],
    [
      'To write, too: 201',
      `curl -i -X POST ${origin}/api/content -H "Authorization: Bearer $ACCESS_TOKEN" -H "Content-Type: application/json" -d '{"post":"Hi"}'`,
    ],
    keeping(
      ['access_token', 'refresh_token'],
      'Refreshing access tokens: 200',
      `curl -i -X POST ${origin}/oauth/token -H "Content-Type: application/json" -d '{
  "client_id": "${clientId}",
  "client_secret": "${secret}",
  "refresh_token": "'$REFRESH_TOKEN'",
  "grant_type": "refresh_token"
}'`,
    ),
    ['The new one: 200', `curl -i ${origin}/api/users/me -H "Authorization: Bearer $ACCESS_TOKEN"`],
    ['Unauthenticated: 401', `curl -i ${origin}/api/users/me`],
    [
      'Monitor usage: the permissions and the last use of each key',
      `curl -s -b "$SETTINGS" ${origin}/account/keys`,
      `# Register an application of your own: ${origin}/settings/apps`,
    ],
  ],
  {
    ...{
      client_id: clientId,
      client_secret: secret as string,
      api_key: key.secret,
      development_api_key: testKey.secret,
    },
    ...{ user: ada.username, password: ada.password },
  },
);
