// An authorization server whose pages have the name, logo, colours and words of a product. Open the
// address that it prints in a browser, with light or dark colours, and in another language.
import express from 'express';
import { accessTokens, memoryStore } from 'latchkey';
import { authorizationServer, loginPage } from 'latchkey/authorization-server';

import { authorization, CALLBACK, callback } from './support/code-flow';
import { curl, header, origin, serve } from './support/serve';
import { authenticate } from './support/users';

const store = memoryStore();
const oauth = authorizationServer({
  issuer: origin,
  store,
  scopes: { 'orders:read': 'See your orders', 'orders:write': 'Place and cancel orders' },
  tokens: accessTokens({ store, prefix: 'acme' }),
  login: loginPage({ authenticate }),
  pages: {
    name: 'Acme',
    logoUrl: '/logo.svg',
    colors: { accent: '#0f766e', dark: { accent: '#5eead4' } },
    texts: {
      en: { username: 'Email or customer number' },
      de: { username: 'E-Mail-Adresse oder Kundennummer' },
      nl: { logIn: 'Inloggen', password: 'Wachtwoord', logInButton: 'Inloggen' },
    },
  },
});

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" width="104" height="32" fill="#0d9488">
  <rect width="32" height="32" rx="8"/>
  <path d="m9 23 7-15 7 15" fill="none" stroke="#fff" stroke-width="3"/>
  <text x="40" y="23" font-family="sans-serif" font-size="20" font-weight="700">Acme</text>
</svg>`;

const app = express();
app.use(oauth.middleware);
app.get('/callback', callback);
app.get('/logo.svg', (_req, res) => void res.type('svg').send(LOGO));

const { client } = await oauth.clients.register({
  name: 'Order Tracker',
  scopes: ['orders:read', 'orders:write'],
  redirectUris: [CALLBACK],
});
const request = (clientId: string) =>
  `/oauth/authorize?response_type=code&client_id=${clientId}&redirect_uri=${CALLBACK}`;

serve('The pages of Acme', app, [
  authorization('the login and consent pages', request(client.clientId)),
  [
    'the login page in Dutch, which is partly English: 303',
    curl(`${request(client.clientId)}&ui_locales=nl`),
  ],
  [
    'an error page in Japanese: 400',
    curl(request('nobody'), header('Accept-Language', 'ja'), header('Accept', 'text/html')),
  ],
]);
