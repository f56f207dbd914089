// The iiniit API: the code flow with state, access tokens as JWTs, API keys, and token requests in
// an unusual form.
import { generateKeyPairSync } from 'node:crypto';

import express from 'express';
import { apiKeys, getAuth, jwt, latchkey, memoryStore } from 'latchkey';
import { authorizationServer, loginPage } from 'latchkey/authorization-server';
import { managementApi } from 'latchkey/management';

import { authorization, CALLBACK, callback, keeping } from './support/code-flow';
import { origin, serve } from './support/serve';
import { ada, authenticate, basicUser } from './support/users';

const scopes = { 'read:user': 'Read your profile', 'read:projects': 'Read your projects' } as const;
const audience = 'https://api.iiniit.com';

const store = memoryStore();
const keys = apiKeys({ prefix: 'iiniit', store });

const { requireScopes } = latchkey({
  scopes,
  // The issuer's keys are found by its URL, as in any other API. Revocations are in the store.
  verifiers: [keys, jwt({ issuer: origin, audience, profile: 'rfc9068', revocations: store })],
});
const oauth = authorizationServer({
  issuer: origin,
  ...{ audience, store, scopes },
  tokens: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey] },
  login: loginPage({ authenticate }),
  endpoints: {
    authorization: ['/oauth2/authorize', '/auth/login'],
    token: '/oauth2/token',
    revocation: '/oauth2/revoke',
    introspection: '/oauth2/introspect',
    jwks: '/oauth2/jwks',
    interaction: '/oauth2/interaction',
  },
  // The document's curl command posts a form as JSON to the authorization endpoint. Some clients
  // follow it and send real JSON.
  compatibility: {
    tokenAtAuthorize: true,
    formUnderJsonContentType: true,
    jsonTokenRequests: true,
  },
});

const app = express();
app.use(oauth.middleware);
app.get('/callback', callback);

app.get('/user', requireScopes('read:user'), (req, res) => {
  res.json({ user: getAuth(req).subject });
});
app.get('/projects', requireScopes('read:projects'), (_req, res) => {
  res.json({ projects: ['apollo'] });
});

// Users see which apps act for them, and end that. It requires name and password.
app.use(
  '/account',
  managementApi({
    ...{ keys, scopes },
    clients: oauth.clients,
    grants: oauth.grants,
    account(req) {
      const user = basicUser(req);
      return user && { ...user, scopes: Object.keys(scopes) };
    },
  }),
);

const { client, secret } = await oauth.clients.register({
  name: 'Project Board',
  scopes: ['read:user', 'read:projects'],
  redirectUris: [CALLBACK, 'https://your-app.com/callback'],
});
const { clientId } = client;
const key = await keys.issue({ name: 'CI', subject: ada.user.subject, scopes: ['read:projects'] });

const tokenRequest = (code: string) => `\\
  --data-urlencode 'grant_type=authorization_code' \\
  --data-urlencode "code=${code}" \\
  --data-urlencode 'redirect_uri=${CALLBACK}' \\
  --data-urlencode 'client_id=${clientId}' \\
  --data-urlencode 'client_secret=${secret}'`;
const request = `response_type=code&client_id=${clientId}&redirect_uri=${CALLBACK}`;

serve(
  'The iiniit API',
  app,
  [
    authorization(
      'Authorization request',
      `/auth/login?${request}&scope=read:user&state=RANDOM_STATE_VALUE`,
    ),
    keeping(
      ['access_token', 'refresh_token'],
      'Token request: 200',
      `curl -i --location --request POST '${origin}/oauth2/authorize' \\
  --header 'Content-Type: application/json' ${tokenRequest('$CODE')}`,
    ),
    authorization(
      'The same with a body of JSON',
      `/auth/login?${request}&scope=read:user&state=RANDOM_STATE_VALUE`,
    ),
    keeping(
      ['access_token', 'refresh_token'],
      'Token request as JSON: 200',
      `curl -i --request POST '${origin}/oauth2/authorize' \\
  --header 'Content-Type: application/json' \\
  --data '{"grant_type":"authorization_code","code":"'"$CODE"'","redirect_uri":"${CALLBACK}","client_id":"${clientId}","client_secret":"${secret}"}'`,
    ),
    ['The access token: 200', `curl -i ${origin}/user -H "Authorization: Bearer $ACCESS_TOKEN"`],
    [
      'Not for more than its scope: 403',
      `curl -i ${origin}/projects -H "Authorization: Bearer $ACCESS_TOKEN"`,
    ],

    authorization(
      'The same as the JavaScript does it',
      `/oauth2/authorize?${request}&scope=read:user%20read:projects&state=RANDOM_STATE_VALUE`,
    ),
    keeping(
      ['access_token', 'refresh_token'],
      'Exchange code for token: 200',
      `curl -i --request POST '${origin}/oauth2/token' ${tokenRequest('$CODE')}`,
    ),
    ['Both scopes: 200', `curl -i ${origin}/projects -H "Authorization: Bearer $ACCESS_TOKEN"`],
    keeping(
      ['access_token', 'refresh_token'],
      'A new access token when the current one expires: 200',
      `curl -i --request POST '${origin}/oauth2/token' \\
  --data-urlencode 'grant_type=refresh_token' \\
  --data-urlencode "refresh_token=$REFRESH_TOKEN" \\
  --data-urlencode 'client_id=${clientId}' \\
  --data-urlencode 'client_secret=${secret}'`,
    ),
    ['The new token: 200', `curl -i ${origin}/projects -H "Authorization: Bearer $ACCESS_TOKEN"`],
    [
      'The user sees the apps that are connected: 200',
      `curl -i ${origin}/account/grants -u ${ada.username}:${ada.password}`,
    ],
    [
      'The app lets go of all that it got: 200',
      `curl -i --request POST '${origin}/oauth2/revoke' -d "token=$REFRESH_TOKEN&client_id=${clientId}&client_secret=${secret}"`,
    ],
    [
      'And the JWT is refused too: 401',
      `curl -i ${origin}/projects -H "Authorization: Bearer $ACCESS_TOKEN"`,
    ],

    [
      'invalid_request: 400',
      `curl -i --request POST '${origin}/oauth2/token' -d "client_id=${clientId}&client_secret=${secret}"`,
    ],
    [
      'unauthorized_client: 400',
      `curl -i --request POST '${origin}/oauth2/token' -d "grant_type=client_credentials&client_id=${clientId}&client_secret=${secret}"`,
    ],
    [
      'invalid_scope, sent to the callback: 303',
      `curl -i "${origin}/oauth2/authorize?${request}&scope=read:secrets&state=xyz"`,
    ],
    [
      'access_denied, sent to the callback when you choose Deny',
      `# ${origin}/oauth2/authorize?${request}&scope=read:user&state=xyz`,
    ],

    ['An API key: 200', `curl -i ${origin}/projects -H "X-API-Key: ${key.secret}"`],
    ['No token: 401', `curl -i ${origin}/user`],
  ],
  {
    ...{ client_id: clientId, client_secret: secret as string, api_key: key.secret },
    ...{ user: ada.username, password: ada.password },
  },
);
