// A general API: access tokens as bearer, and older keys in two headers or a query parameter.
import express from 'express';
import { accessTokens, apiKeyHeader, apiKeys, bearer, getAuth, latchkey, memoryStore, queryParameter } from 'latchkey';
import { bearing, curl, header, serve } from './support/serve';

const store = memoryStore();
const keys = apiKeys({ prefix: 'acme', store });
const tokens = accessTokens({ prefix: 'acmeat', store });

const { authenticate, authorize } = latchkey({
  carriers: [bearer(), apiKeyHeader(), apiKeyHeader('X-Acme-Key'), queryParameter('api_key')],
  verifiers: [keys, tokens],
});

const app = express();
// Keys are for older services alone: users are for those who hold a token.
app.get(
  '/v1/users',
  authorize(({ kind }) => kind === 'access_token'),
  (req, res) => {
    res.json({ users: ['ada', 'grace'], askedBy: getAuth(req).clientId });
  },
);
app.get('/v1/data', authenticate(), (req, res) => {
  res.json({ data: [1, 2, 3], askedBy: getAuth(req).subject });
});

const { secret: key } = await keys.issue({ name: 'Old importer', subject: 'customer_3', scopes: [] });
const { secret: token } = await tokens.issue({ subject: 'customer_3', clientId: 'reports', scopes: [] });
const expired = await tokens.issue({ subject: 'customer_3', scopes: [], expiresAt: Date.now() - 1_000 });

serve('The general API', app, [
  ['an access token: 200', curl('/v1/users', bearing(token))],
  ['a key as X-API-Key: 200', curl('/v1/data', header('X-API-Key', key))],
  ['the same key in a custom header: 200', curl('/v1/data', header('X-Acme-Key', key))],
  ['the same key as query parameter: 200', curl(`/v1/data?api_key=${key}`)],
  ['a key where only tokens are good: 403', curl('/v1/users', header('X-API-Key', key))],
  ['an access token in the place of a key: 401', curl('/v1/data', header('X-API-Key', token))],
  ['an expired access token: 401', curl('/v1/users', bearing(expired.secret))],
  ['the key in both headers: 400', curl('/v1/data', header('X-API-Key', key), header('X-Acme-Key', key))],
  ['the key twice in the URL: 400', curl(`/v1/data?api_key=${key}&api_key=${key}`)],
  ['no credential: 401', curl('/v1/data')],
]);
