// Pages on which users manage their API keys and apps, behind a login, and an API that accepts the
// keys. Open the address that it prints in a browser, log in as ada with the password lovelace, and
// create a key.
import express from 'express';
import { accessTokens, apiKeys, latchkey, memoryStore } from 'latchkey';
import { authorizationServer } from 'latchkey/authorization-server';
import { managementPages } from 'latchkey/management';

import { login } from './support/login';
import { bearing, curl, origin, serve } from './support/serve';

const store = memoryStore();
const scopes = { 'orders:read': 'See your orders', 'orders:write': 'Place and cancel orders' };
const environments = ['live', 'test'];
const keys = apiKeys({ prefix: 'acme', environments, store });
const { clients, grants } = authorizationServer({
  issuer: origin,
  store,
  scopes,
  tokens: accessTokens({ store, prefix: 'acmeat' }),
});
const { authenticate } = latchkey({ verifiers: [keys], scopes });

const { router, userOf } = login({ store, prefix: 'acmesession', home: '/settings/keys' });

const app = express();
app.get('/v1/orders', authenticate(), (_req, res) => void res.json({ orders: [] }));
app.use(router);
app.use(
  '/settings',
  managementPages({
    keys,
    clients,
    grants,
    scopes,
    environments,
    async account(req) {
      const subject = await userOf(req);
      return subject === undefined ? undefined : { subject, scopes: Object.keys(scopes) };
    },
    loginUrl: '/login',
    testUrl: `${origin}/v1/orders`,
    pages: { name: 'Acme' },
  }),
);

const { secret } = await keys.issue({ subject: 'acct_42', name: 'CI', scopes: ['orders:read'] });
serve(
  'Keys and apps of Acme',
  app,
  [
    ['the orders, with a key: 200', curl('/v1/orders', bearing(secret))],
    ['without a key: 401', curl('/v1/orders')],
  ],
  { pages: `${origin}/settings/keys` },
);
