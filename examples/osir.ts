// The osir API: keys in two headers, OAuth 2.0 for apps that act for users, session tokens, eight
// scopes.
import express, { type ErrorRequestHandler } from 'express';
import { accessTokens, apiKeys, getAuth, latchkey, memoryStore, sessionTokens } from 'latchkey';
import { authorizationServer, loginPage } from 'latchkey/authorization-server';
import { managementApi } from 'latchkey/management';

import { authorization, CALLBACK, callback, keeping } from './support/code-flow';
import { origin, serve } from './support/serve';
import { ada, authenticate } from './support/users';

const scopes = {
  'domains:read': 'View domains',
  'domains:write': 'Manage domains',
  'vps:read': 'View servers',
  'vps:write': 'Manage servers',
  'email:read': 'View email settings',
  'email:write': 'Manage email',
  'billing:read': 'View billing info',
  'billing:write': 'Manage billing',
} as const;

const scopeNames = Object.keys(scopes) as (keyof typeof scopes)[];

const SESSION_MS = 30 * 60_000;

const store = memoryStore();
const keys = apiKeys({ prefix: 'osir', store });
const tokens = accessTokens({ prefix: 'osirtoken', store });
const sessions = sessionTokens({ prefix: 'osirsession', store, ttlMs: SESSION_MS });

const { authorize, requireScopes } = latchkey({ scopes, verifiers: [keys, tokens, sessions] });
const oauth = authorizationServer({
  issuer: origin,
  store,
  scopes,
  tokens,
  login: loginPage({ authenticate }),
});

const app = express();
app.use(oauth.middleware);
app.get('/callback', callback);

app.get('/v1/domains', requireScopes('domains:read'), (req, res) => {
  res.json({ domains: ['example.com'], account: getAuth(req).subject });
});
app.post('/v1/domains', requireScopes('domains:write'), (_req, res) => {
  res.status(201).json({ domain: 'example.org' });
});
app.get('/v1/vps', requireScopes('vps:read'), (_req, res) => {
  res.json({ servers: ['vps-1'] });
});
app.post('/v1/vps', requireScopes('vps:write'), (_req, res) => {
  res.status(201).json({ server: 'vps-2' });
});
app.get('/v1/email', requireScopes('email:read'), (_req, res) => {
  res.json({ mailboxes: ['info@example.com'] });
});
app.post('/v1/email', requireScopes('email:write'), (_req, res) => {
  res.status(201).json({ mailbox: 'sales@example.com' });
});
app.get('/v1/billing', requireScopes('billing:read'), (_req, res) => {
  res.json({ balance: 0 });
});
app.post('/v1/billing', requireScopes('billing:write'), (_req, res) => {
  res.status(201).json({ paid: true });
});

// A user's session: it has all scopes of the user, for half an hour.
app.post('/v1/sessions', express.json(), async (req, res) => {
  const { username, password } = (req.body ?? {}) as Record<string, unknown>;
  const user = authenticate(username, password);
  res.set('Cache-Control', 'no-store');
  if (!user) {
    return void res.status(401).json({ error: 'unauthorized', message: 'Wrong name or password' });
  }
  const { secret } = await sessions.issue({ subject: user.subject, scopes: scopeNames });
  res.status(201).json({ session_token: secret, expires_in: SESSION_MS / 1000 });
});
const inSession = authorize(({ kind }) => kind === 'session_token');
app.delete('/v1/sessions/current', inSession, async (req, res) => {
  await sessions.revoke(getAuth(req).credentialId as string);
  res.status(204).end();
});

// Users manage their keys and apps, and the apps that act for them.
app.use(
  '/v1/account',
  inSession,
  managementApi({
    ...{ keys, scopes },
    clients: oauth.clients,
    grants: oauth.grants,
    account: (req) => getAuth(req),
  }),
);

// The body cannot be parsed by `express.json()`.
app.use(((error: { readonly status?: number }, _req, res, next) => {
  const { status = 500 } = error;
  if (status >= 500) {
    return next(error);
  }
  res.status(status).json({ error: 'bad_request', message: 'The request body cannot be read' });
}) satisfies ErrorRequestHandler);

const key = await keys.issue({ name: 'CI', subject: ada.user.subject, scopes: ['domains:read'] });
const lost = await keys.issue({
  name: 'Lost laptop',
  subject: ada.user.subject,
  scopes: ['domains:read'],
});
await keys.revoke(lost.record.id);
const { client, secret } = await oauth.clients.register({
  name: 'Domain Watch',
  scopes: scopeNames,
  redirectUris: [CALLBACK, 'https://yourapp.com/callback'],
});
const { clientId } = client;

serve(
  'The osir API',
  app,
  [
    [
      'API key, by bearer: 200',
      `curl -i -X GET ${origin}/v1/domains -H "Authorization: Bearer ${key.secret}"`,
    ],
    [
      'API key, by X-API-Key: 200',
      `curl -i -X GET ${origin}/v1/domains -H "X-API-Key: ${key.secret}"`,
    ],

    authorization(
      'Step 1, redirect to authorization',
      `/oauth/authorize?client_id=${clientId}&redirect_uri=${CALLBACK}&response_type=code&scope=domains:read%20domains:write`,
    ),
    keeping(
      ['access_token', 'refresh_token'],
      'Step 2, exchange code for token: 200',
      `curl -i -X POST ${origin}/oauth/token \\
  -d "grant_type=authorization_code" \\
  -d "code=$CODE" \\
  -d "client_id=${clientId}" \\
  -d "client_secret=${secret}" \\
  -d "redirect_uri=${CALLBACK}"`,
    ),
    [
      'Step 3, use access token: 200',
      `curl -i -X GET ${origin}/v1/domains -H "Authorization: Bearer $ACCESS_TOKEN"`,
    ],
    [
      'The other scope: 201',
      `curl -i -X POST ${origin}/v1/domains -H "Authorization: Bearer $ACCESS_TOKEN"`,
    ],
    keeping(
      ['access_token', 'refresh_token'],
      'Token refresh: 200',
      `curl -i -X POST ${origin}/oauth/token \\
  -d "grant_type=refresh_token" \\
  -d "refresh_token=$REFRESH_TOKEN" \\
  -d "client_id=${clientId}" \\
  -d "client_secret=${secret}"`,
    ),
    [
      'The new token: 200',
      `curl -i -X GET ${origin}/v1/domains -H "Authorization: Bearer $ACCESS_TOKEN"`,
    ],
    [
      'The app lets go of all that it got: 200',
      `curl -i -X POST ${origin}/oauth/revoke -d "token=$REFRESH_TOKEN" -d "client_id=${clientId}" -d "client_secret=${secret}"`,
    ],
    [
      'And the access token is gone too: 401',
      `curl -i -X GET ${origin}/v1/domains -H "Authorization: Bearer $ACCESS_TOKEN"`,
    ],

    keeping(
      ['session_token'],
      'Session token: 201',
      `curl -i -X POST ${origin}/v1/sessions -H "Content-Type: application/json" -d '{"username":"${ada.username}","password":"${ada.password}"}'`,
    ),
    [
      'It may do all that its user may: 200',
      `curl -i -X GET ${origin}/v1/billing -H "Authorization: Bearer $SESSION_TOKEN"`,
    ],
    keeping(
      ['secret', 'id'],
      'Their own API key: 201',
      `curl -i -X POST ${origin}/v1/account/keys -H "Authorization: Bearer $SESSION_TOKEN" \\
  -H "Content-Type: application/json" -d '{"name":"Laptop","scopes":["vps:read"]}'`,
    ),
    ['It works: 200', `curl -i ${origin}/v1/vps -H "X-API-Key: $SECRET"`],
    [
      'Rotate it: 201',
      `curl -i -X POST ${origin}/v1/account/keys/$ID/rotate -H "Authorization: Bearer $SESSION_TOKEN"`,
    ],
    ['The old one is gone: 401', `curl -i ${origin}/v1/vps -H "X-API-Key: $SECRET"`],
    keeping(
      ['secret', 'id'],
      'Their own app: 201',
      `curl -i -X POST ${origin}/v1/account/apps -H "Authorization: Bearer $SESSION_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"name":"Reports","scopes":["billing:read"],"redirectUris":["https://yourapp.com/callback"]}'`,
    ),
    [
      'Rotate its secret: 201',
      `curl -i -X POST ${origin}/v1/account/apps/$ID/rotate -H "Authorization: Bearer $SESSION_TOKEN"`,
    ],
    [
      'Until they log out: 204',
      `curl -i -X DELETE ${origin}/v1/sessions/current -H "Authorization: Bearer $SESSION_TOKEN"`,
    ],
    [
      'Then it is worth nothing: 401',
      `curl -i -X GET ${origin}/v1/billing -H "Authorization: Bearer $SESSION_TOKEN"`,
    ],

    ['Unauthorized: 401', `curl -i -X GET ${origin}/v1/domains`],
    [
      'A revoked key: 401',
      `curl -i -X GET ${origin}/v1/domains -H "Authorization: Bearer ${lost.secret}"`,
    ],
    [
      'Forbidden: 403',
      `curl -i -X POST ${origin}/v1/domains -H "Authorization: Bearer ${key.secret}"`,
    ],
    [
      'Two credentials: 400',
      `curl -i -X GET ${origin}/v1/domains -H "Authorization: Bearer ${key.secret}" -H "X-API-Key: ${key.secret}"`,
    ],
  ],
  {
    user: ada.username,
    password: ada.password,
    client_id: clientId,
    client_secret: secret as string,
    api_key: key.secret,
  },
);
