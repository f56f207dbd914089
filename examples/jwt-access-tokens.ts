// JWTs of two issuers, each with its own algorithm, keys and scope claim.
import { generateKeyPairSync } from 'node:crypto';

import express from 'express';
import jsonwebtoken from 'jsonwebtoken';
import { bearer, getAuth, jwt, latchkey } from 'latchkey';

import { bearing, curl, serve } from './support/serve';

// In production, only the authorization servers have the private keys.
const main = generateKeyPairSync('rsa', { modulusLength: 2048 });
const partner = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const audience = 'https://api.iiniit.com';

const { requireScopes } = latchkey({
  extractors: [bearer()],
  scopes: { 'read:user': 'Read the user', 'read:projects': 'Read projects' },
  verifiers: [
    jwt({
      issuer: 'https://www.iiniit.com',
      audience,
      algorithms: ['RS256'],
      key: main.publicKey.export({ type: 'spki', format: 'pem' }),
    }),
    jwt({
      name: 'partner',
      issuer: 'https://login.partner.example',
      audience,
      algorithms: ['ES256'],
      jwks: { keys: [{ ...partner.publicKey.export({ format: 'jwk' }), kid: 'p1' }] },
      scopeClaim: 'permissions',
      requiredClaims: ['tenant'],
    }),
  ],
});

const app = express();
app.get('/user', requireScopes('read:user'), (req, res) => {
  const { subject, issuer } = getAuth(req);
  res.json({ user: subject, issuer });
});
app.get('/projects', requireScopes('read:projects'), (req, res) => {
  res.json({ projects: ['apollo'], tenant: getAuth(req).claims.tenant });
});

const now = Math.floor(Date.now() / 1000);
/** Signs a token of the API's own issuer. */
const own = (claims: object = {}) =>
  bearing(
    jsonwebtoken.sign(
      {
        iss: 'https://www.iiniit.com',
        aud: audience,
        sub: 'user_9',
        exp: now + 3_600,
        scope: 'read:user read:projects',
        ...claims,
      },
      main.privateKey,
      { algorithm: 'RS256' },
    ),
  );
/** Signs a token of the partner's issuer, with its scopes in a list. */
const foreign = (claims: object) =>
  bearing(
    jsonwebtoken.sign(
      {
        iss: 'https://login.partner.example',
        aud: audience,
        sub: 'user_9',
        exp: now + 3_600,
        permissions: ['read:projects'],
        ...claims,
      },
      partner.privateKey,
      { algorithm: 'ES256', keyid: 'p1' },
    ),
  );

serve('An API of two issuers', app, [
  ['read:user: 200', curl('/user', own())],
  ['read:projects: 200', curl('/projects', own())],
  ['read:user alone, for projects: 403', curl('/projects', own({ scope: 'read:user' }))],
  ["the partner's token: 200", curl('/projects', foreign({ tenant: 'acme' }))],
  ["the partner's token, for a user: 403", curl('/user', foreign({ tenant: 'acme' }))],
  ["the partner's token without its tenant: 401", curl('/projects', foreign({}))],
  ['an expired token: 401', curl('/user', own({ exp: now - 60 }))],
  ['a token for another API: 401', curl('/user', own({ aud: 'https://other.iiniit.com' }))],
  ['an ID token: 401', curl('/user', own({ nonce: 'n-0S6' }))],
  [
    "the partner's name over our key: 401",
    curl('/user', own({ iss: 'https://login.partner.example' })),
  ],
  ['no token: 401', curl('/user')],
]);
