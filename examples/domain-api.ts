// The domain API: keys in both headers, session tokens and JWTs, eight scopes. Everything lives in this process.
import { generateKeyPairSync } from 'node:crypto';
import express from 'express';
import jsonwebtoken from 'jsonwebtoken';
import { apiKeys, getAuth, jwt, latchkey, memoryStore, sessionTokens } from 'latchkey';
import { header, serve } from './support/serve';

const store = memoryStore();
const keys = apiKeys({ prefix: 'osir', store });
const sessions = sessionTokens({ prefix: 'osirsession', store });

// In production the private key belongs to the authorization server alone.
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const { requireScopes } = latchkey({
  scopes: {
    'domains:read': 'View domains',
    'domains:write': 'Manage domains',
    'vps:read': 'View servers',
    'vps:write': 'Manage servers',
    'email:read': 'View email settings',
    'email:write': 'Manage email',
    'billing:read': 'View billing info',
    'billing:write': 'Manage billing',
  },
  verifiers: [keys, sessions, jwt({ issuer: 'https://osir.com', audience: 'https://api.osir.com', algorithms: ['RS256'], key: publicKey })],
});

const app = express();
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

const key = await keys.issue({ name: 'CI', subject: 'acct_42', scopes: ['domains:read'] });
const revoked = await keys.issue({ name: 'Lost laptop', subject: 'acct_42', scopes: ['domains:read'] });
await keys.revoke(revoked.record.id);
const session = await sessions.issue({ subject: 'acct_42', scopes: ['domains:read', 'billing:read'] });
const accessToken = jsonwebtoken.sign({ scope: 'domains:read domains:write', client_id: 'demo-app' }, privateKey, {
  algorithm: 'RS256',
  issuer: 'https://osir.com',
  audience: 'https://api.osir.com',
  subject: 'acct_42',
  expiresIn: '1h',
});

serve('The domain API', app, [
  ['a key as bearer: 200', '/v1/domains', header('Authorization', `Bearer ${key.secret}`)],
  ['the same key as X-API-Key: 200', '/v1/domains', header('X-API-Key', key.secret)],
  ['a JWT: 201', '/v1/domains', '-X POST', header('Authorization', `Bearer ${accessToken}`)],
  ['a session token: 200', '/v1/billing', header('Authorization', `Bearer ${session.secret}`)],
  ['a missing scope: 403', '/v1/domains', '-X POST', header('Authorization', `Bearer ${key.secret}`)],
  ['a missing key: 401', '/v1/domains'],
  ['a revoked key: 401', '/v1/domains', header('Authorization', `Bearer ${revoked.secret}`)],
  ['two credentials at once: 400', '/v1/domains', header('Authorization', `Bearer ${accessToken}`), header('X-API-Key', key.secret)],
]);
