// Logs with pino and metrics for Prometheus, from what Latchkey publishes on diagnostics channels.
import express from 'express';
import { apiKeys, getAuth, latchkey, memoryStore } from 'latchkey';

import { logDecisions } from './observability/log';
import { countDecisions, registry } from './observability/metrics';
import { bearing, curl, serve } from './support/serve';

logDecisions();
countDecisions();

const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
const lost = apiKeys({
  prefix: 'lost',
  store: { find: () => Promise.reject(new Error('connect ECONNREFUSED')) },
});
const { requireScopes } = latchkey({
  scopes: ['domains:read', 'domains:write'],
  verifiers: [keys, lost],
});

const app = express();
app.get('/v1/domains', requireScopes('domains:read'), (req, res) => {
  res.json({ owner: getAuth(req).subject });
});
app.post('/v1/domains', requireScopes('domains:write'), (_req, res) => {
  res.status(201).json({});
});
// Serve it where only Prometheus can reach it.
app.get('/metrics', async (_req, res) => {
  res.type(registry.contentType).send(await registry.metrics());
});

const issue = { subject: 'acct_42', scopes: ['domains:read'] };
const { secret } = await keys.issue(issue, { actor: 'admin_7' });
const elsewhere = await apiKeys({ prefix: 'lost', store: memoryStore() }).issue(issue);

serve('The observed API', app, [
  ['a valid key, which is counted and not logged: 200', curl('/v1/domains', bearing(secret))],
  ['an invalid key, which is logged: 401', curl('/v1/domains', bearing('acme_live_wrong'))],
  ['a missing scope: 403', curl('/v1/domains', '-X POST', bearing(secret))],
  [
    'a store that cannot be reached, which is logged as an error',
    curl('/v1/domains', bearing(elsewhere.secret)),
  ],
  ['what Prometheus collects', curl('/metrics')],
]);
