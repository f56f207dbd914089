// A device without a browser, such as a television: it shows a code, and its user enters the code
// on a page of the authorization server.
import express from 'express';
import { accessTokens, getAuth, latchkey, memoryStore } from 'latchkey';
import { authorizationServer, loginPage } from 'latchkey/authorization-server';

import { keeping } from './support/code-flow';
import { bearing, curl, origin, serve } from './support/serve';
import { ada, authenticate } from './support/users';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
const scopes = { 'films:read': 'See your films', 'films:play': 'Play your films' };
const store = memoryStore();
const tokens = accessTokens({ store, prefix: 'acme' });
const oauth = authorizationServer({
  issuer: origin,
  store,
  scopes,
  tokens,
  deviceFlow: true,
  login: loginPage({ authenticate }),
  pages: { name: 'Acme Films' },
});
const { requireScopes } = latchkey({ scopes, verifiers: [tokens] });

const app = express();
app.use(oauth.middleware);
app.get('/films', requireScopes('films:read'), (req, res) => {
  res.json({ films: ['Metropolis'], account: getAuth(req).subject });
});

const { client } = await oauth.clients.register({
  name: 'Living Room TV',
  scopes: ['films:read', 'films:play'],
  grantTypes: [DEVICE_CODE, 'refresh_token'],
  type: 'public',
});
const poll = curl(
  '/oauth/token',
  `-d grant_type=${DEVICE_CODE} -d device_code=$DEVICE_CODE -d client_id=${client.clientId}`,
);

serve('A television that plays films', app, [
  keeping(
    ['device_code', 'user_code'],
    'The television requests a code: 200',
    curl('/oauth/device_authorization', `-d client_id=${client.clientId}`),
  ),
  ['It polls, and nobody has entered the code yet: 400', poll],
  [
    `Enter $USER_CODE on this page, and log in as ${ada.username} with the password ${ada.password}`,
    `#   ${origin}/oauth/device`,
    '# or let curl be the user:',
    'browse() { curl -sL -b "$COOKIES" -c "$COOKIES" -o "$PAGE" -w "%{url_effective}" "$@"; }',
    `csrf() { sed -n 's/.*name="csrf_token" value="\\([^"]*\\)".*/csrf_token=\\1/p' "$PAGE"; }`,
    'COOKIES=$(mktemp) PAGE=$(mktemp)',
    `AT=$(browse "${origin}/oauth/device")`,
    'AT=$(browse "$AT" -d "$(csrf)" -d "user_code=$USER_CODE")',
    'AT=$(browse "$AT" -d "$(csrf)" -d "user_code=$USER_CODE" -d confirm=yes)',
    `AT=$(browse "$AT" -d "$(csrf)" -d username=${ada.username} -d password=${ada.password})`,
    'AT=$(browse "$AT" -d "$(csrf)" -d decision=allow)',
  ],
  keeping(['access_token'], 'The next poll gets the tokens: 200', poll),
  ['The television lists the films: 200', curl('/films', bearing('$ACCESS_TOKEN'))],
  ['The device code was used: 400', poll],
  ['And its second use ended the grant: 401', curl('/films', bearing('$ACCESS_TOKEN'))],
]);
