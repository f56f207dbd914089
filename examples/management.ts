// Pages on which users manage their API keys and apps, behind a toy login, and an API that accepts
// the keys. Open the address that it prints in a browser, log in as ada, and create a key.
import express from 'express';
import { accessTokens, apiKeys, latchkey, memoryStore } from 'latchkey';
import { authorizationServer } from 'latchkey/authorization-server';
import { managementPages } from 'latchkey/management';

import { bearing, curl, origin, serve } from './support/serve';
import { authenticate as findUser } from './support/users';

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

// A real app keeps sessions in a store.
const sessions = new Map<string, { readonly subject: string; readonly name?: string }>();
const sessionOf = (cookie = '') => sessions.get(/session=([\w-]+)/.exec(cookie)?.[1] ?? '');

const app = express();
app.get('/v1/orders', authenticate(), (_req, res) => void res.json({ orders: [] }));
app.get('/login', (_req, res) => {
  res.send(`<!doctype html><html lang="en"><title>Log in</title><form method="post">
<label>Name <input name="username" value="ada"></label>
<label>Password <input name="password" type="password" placeholder="lovelace"></label>
<button>Log in</button></form>`);
});
app.post('/login', express.urlencoded({ extended: false }), (req, res) => {
  const user = findUser(req.body?.username, req.body?.password);
  if (!user) {
    return res.redirect(303, '/login');
  }
  const id = crypto.randomUUID();
  sessions.set(id, user);
  res.cookie('session', id, { httpOnly: true, sameSite: 'lax' });
  res.redirect(303, '/settings/keys');
});
app.use(
  '/settings',
  managementPages({
    ...{ keys, clients, grants, scopes, environments },
    account({ headers }) {
      const user = sessionOf(headers.cookie);
      return user && { ...user, scopes: Object.keys(scopes) };
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
