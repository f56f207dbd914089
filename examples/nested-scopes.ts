// The IriSync API: bearer keys of two environments, and wide scopes that hold narrow ones.
import express from 'express';
import { apiKeys, bearer, getAuth, latchkey, memoryStore } from 'latchkey';
import { bearing, curl, serve } from './support/serve';

// This server is the production API. It issues keys of both environments, and takes its own alone.
const keys = apiKeys({
  prefix: 'iri',
  environments: ['production', 'development'],
  environment: 'production',
  store: memoryStore(),
});

const { authenticate, requireScopes } = latchkey({
  realm: 'irisync',
  carriers: [bearer()],
  scopes: {
    read: { description: 'Read-only access to user data', implies: ['content:read', 'analytics:read'] },
    write: { description: 'Modify user data', implies: ['content:write'] },
    'content:read': 'Access content data only',
    'content:write': 'Create and modify content',
    'analytics:read': 'Access analytics data',
  },
  verifiers: [keys],
});

const app = express();
app.get('/api/users/me', requireScopes('read'), (req, res) => {
  const { subject, environment } = getAuth(req);
  res.json({ user: subject, environment });
});
app.patch('/api/users/me', requireScopes('write'), (req, res) => {
  res.json({ user: getAuth(req).subject });
});
app.get('/api/content', requireScopes('content:read'), (_req, res) => {
  res.json({ posts: ['Hello'] });
});
app.post('/api/content', requireScopes('content:write'), (_req, res) => {
  res.status(201).json({ post: 'Hello again' });
});
app.get('/api/analytics', requireScopes('analytics:read'), (_req, res) => {
  res.json({ visits: 7 });
});
// What a key may do, with all that its scopes imply.
app.get('/api/scopes', authenticate(), (req, res) => {
  res.json({ scopes: getAuth(req).scopes });
});

const key = async (scope: string, environment = 'production') => {
  const { secret } = await keys.issue({ subject: 'user_7', scopes: [scope], environment });
  return bearing(secret);
};
const reader = await key('read');
const writer = await key('write');
const contentReader = await key('content:read');

serve('The IriSync API', app, [
  ['read, for the user: 200', curl('/api/users/me', reader)],
  ['read holds content:read: 200', curl('/api/content', reader)],
  ['read holds analytics:read: 200', curl('/api/analytics', reader)],
  ['read does not hold write: 403', curl('/api/users/me', '-X PATCH', reader)],
  ['write, for the user: 200', curl('/api/users/me', '-X PATCH', writer)],
  ['write holds content:write: 201', curl('/api/content', '-X POST', writer)],
  ['write does not hold read: 403', curl('/api/users/me', writer)],
  ['content:read, for content: 200', curl('/api/content', contentReader)],
  ['content:read does not hold read: 403', curl('/api/users/me', contentReader)],
  ['content:read does not hold analytics:read: 403', curl('/api/analytics', contentReader)],
  ['all that read holds: 200', curl('/api/scopes', reader)],
  ['a key for development: 401', curl('/api/users/me', await key('read', 'development'))],
  ['a missing key: 401', curl('/api/users/me')],
]);
