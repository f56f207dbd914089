// The AXS API: access tokens that are bound to the client's key (DPoP, RFC 9449), so that a stolen
// token is useless.
import { createHash, randomUUID } from 'node:crypto';

import express from 'express';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { accessTokens, bearer, dpop, getAuth, latchkey, memoryStore } from 'latchkey';

import { curl, header, serve } from './support/serve';

/** The URL that clients call, whatever the address inside. */
const API = 'https://api.axs.example';
const tokens = accessTokens({ prefix: 'axs', store: memoryStore() });

const { requireScopes } = latchkey({
  // Long enough to paste a line from the terminal.
  extractors: [bearer(), dpop({ baseUrl: API, windowMs: 300_000 })],
  scopes: { 'doors:read': 'See doors', 'doors:open': 'Open doors' },
  verifiers: [tokens],
});

const app = express();
app.get('/doors', requireScopes('doors:read'), (req, res) => {
  res.json({ doors: ['front'], for: getAuth(req).subject });
});
app.post('/doors/:door/open', requireScopes('doors:open'), (req, res) => {
  res.json({ opened: req.params.door });
});

/** A client's key, and a function that creates proofs. */
async function client() {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  const proof = (method: string, path: string, token: string) =>
    new SignJWT({
      htm: method,
      htu: `${API}${path}`,
      jti: randomUUID(),
      ath: createHash('sha256').update(token).digest('base64url'),
    })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
      .setIssuedAt()
      .sign(privateKey);
  return { jkt: await calculateJwkThumbprint(jwk), proof };
}

async function main() {
  const [owner, thief] = [await client(), await client()];
  const { secret: token } = await tokens.issue({
    subject: 'user_9',
    scopes: ['doors:read'],
    confirmation: { jkt: owner.jkt },
  });
  const unbound = await tokens.issue({ subject: 'user_9', scopes: ['doors:read'] });
  const under = (scheme: string, secret = token) => header('Authorization', `${scheme} ${secret}`);
  const proven = async (method: string, path: string, secret = token, by = owner) =>
    header('DPoP', await by.proof(method, path, secret));
  const once = await proven('GET', '/doors');

  serve('The AXS API', app, [
    ['a token with its proof: 200', curl('/doors', under('DPoP'), once)],
    ['the same proof again: 401', curl('/doors', under('DPoP'), once)],
    ['a new proof: 200', curl('/doors', under('DPoP'), await proven('GET', '/doors'))],
    ['no proof: 401', curl('/doors', under('DPoP'))],
    [
      'a proof for another path: 401',
      curl('/doors', under('DPoP'), await proven('GET', '/windows')),
    ],
    [
      "a thief's proof: 401",
      curl('/doors', under('DPoP'), await proven('GET', '/doors', token, thief)),
    ],
    ['the token as a bearer token: 401', curl('/doors', under('Bearer'))],
    [
      'a missing scope: 403',
      curl(
        '/doors/front/open',
        '-X POST',
        under('DPoP'),
        await proven('POST', '/doors/front/open'),
      ),
    ],
    ['a bearer token that is not bound: 200', curl('/doors', under('Bearer', unbound.secret))],
    [
      'the same under DPoP: 401',
      curl('/doors', under('DPoP', unbound.secret), await proven('GET', '/doors', unbound.secret)),
    ],
    ['no token: 401', curl('/doors')],
  ]);
}

void main();
