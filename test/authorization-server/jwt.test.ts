import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import { jwt, latchkey, type JwkSet } from 'latchkey';
import { startIssuing } from '../support/issuing';

const AUDIENCE = 'https://api.osir.com/v1';
const KEYS: Readonly<Record<string, () => KeyObject>> = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  EdDSA: () => generateKeyPairSync('ed25519').privateKey,
};

test.each(Object.keys(KEYS))('a token signed by %s is proven by jwt(), by the profile of RFC 9068', async (algorithm) => {
  const key = (KEYS[algorithm] as () => KeyObject)();
  const issuing = await startIssuing({ tokens: { keys: [key] }, audience: AUDIENCE });
  const { client, tokens } = await issuing.grant();
  const jwks = (await (await fetch(`${issuing.origin}/oauth/jwks`)).json()) as JwkSet;
  const { check, close } = latchkey({
    scopes: ['domains:read'],
    verifiers: [jwt({ issuer: issuing.issuer, audience: AUDIENCE, algorithms: [algorithm as 'RS256'], jwks, profile: 'rfc9068' })],
  });
  const outcome = await check({ headers: { authorization: `Bearer ${tokens.access_token}` } }, { scopes: ['domains:read'] });
  await close();
  await issuing.close();
  expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ typ: 'at+jwt', alg: algorithm, kid: jwks.keys[0]?.kid });
  expect(outcome).toMatchObject({
    status: 'authenticated',
    principal: {
      ...{ kind: 'access_token', subject: 'acct_42', issuer: issuing.issuer, clientId: client.clientId },
      scopes: ['domains:read', 'domains:write'],
      claims: { aud: AUDIENCE, jti: expect.any(String), auth_time: expect.any(Number) },
    },
  });
  expect(tokens).toMatchObject({ expires_in: 3600, token_type: 'Bearer', scope: 'domains:read domains:write' });
});

it('a refresh gives another one, and a client’s own names the client', async () => {
  const issuing = await startIssuing({ tokens: { keys: [(KEYS.ES256 as () => KeyObject)()] } });
  const { credentials, tokens } = await issuing.grant();
  const refreshed = await issuing.post('/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: tokens.refresh_token,
    ...credentials,
  });
  const { client, secret = '' } = await issuing.server.clients.register({ name: 'Nightly', scopes: ['billing:read'] });
  const own = await issuing.post('/oauth/token', {
    ...{ grant_type: 'client_credentials', client_id: client.clientId, client_secret: secret },
  });
  const reused = await issuing.post('/oauth/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, ...credentials });
  const asked = await issuing.post('/oauth/introspect', { token: tokens.access_token, ...credentials });
  await issuing.close();
  const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()) as object;
  expect(refreshed.body.access_token).not.toBe(tokens.access_token);
  expect(claimsOf(own.body.access_token)).toMatchObject({ sub: client.clientId, client_id: client.clientId, scope: 'billing:read' });
  expect(reused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  expect(asked).toMatchObject({ status: 400, body: { error: 'unsupported_token_type' } });
});
