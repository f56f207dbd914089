import { generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';

import { decodeProtectedHeader } from 'jose';
import { type JwkSet, jwt, latchkey, memoryStore } from 'latchkey';

import { type Issuing, startIssuing } from '../support/issuing';

const AUDIENCE = 'https://api.osir.com/v1';
const KEYS: Readonly<Record<string, () => KeyObject>> = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey,
  EdDSA: () => generateKeyPairSync('ed25519').privateKey,
};

const rsaJwk = (members: object): JsonWebKey => ({
  ...(KEYS.RS256 as () => KeyObject)().export({ format: 'jwk' }),
  ...members,
});

test.each(Object.keys(KEYS))(
  'a token signed by %s is proven by jwt(), by the profile of RFC 9068',
  async (algorithm) => {
    const key = (KEYS[algorithm] as () => KeyObject)();
    const issuing = await startIssuing({ tokens: { keys: [key] }, audience: AUDIENCE });
    const { client, tokens } = await issuing.grant();
    const jwks = (await (await fetch(`${issuing.origin}/oauth/jwks`)).json()) as JwkSet;
    const { check, close } = latchkey({
      scopes: ['domains:read'],
      verifiers: [
        jwt({
          issuer: issuing.issuer,
          audience: AUDIENCE,
          algorithms: [algorithm as 'RS256'],
          jwks,
          profile: 'rfc9068',
        }),
      ],
    });
    const outcome = await check(
      { headers: { authorization: `Bearer ${tokens.access_token}` } },
      { scopes: ['domains:read'] },
    );
    await close();
    await issuing.close();
    expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({
      typ: 'at+jwt',
      alg: algorithm,
      kid: jwks.keys[0]?.kid,
    });
    expect(outcome).toMatchObject({
      status: 'authenticated',
      principal: {
        ...{
          kind: 'access_token',
          subject: 'acct_42',
          issuer: issuing.issuer,
          clientId: client.clientId,
        },
        scopes: ['domains:read', 'domains:write'],
        claims: { aud: AUDIENCE, jti: expect.any(String), auth_time: expect.any(Number) },
      },
    });
    expect(tokens).toMatchObject({
      expires_in: 3600,
      token_type: 'Bearer',
      scope: 'domains:read domains:write',
    });
  },
);

it('a refresh gives another one, and a client’s own names the client', async () => {
  const issuing = await startIssuing({ tokens: { keys: [(KEYS.ES256 as () => KeyObject)()] } });
  const { credentials, tokens } = await issuing.grant();
  const refreshed = await issuing.post('/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: tokens.refresh_token,
    ...credentials,
  });
  const { client, secret = '' } = await issuing.server.clients.register({
    name: 'Nightly',
    scopes: ['billing:read'],
  });
  const own = await issuing.post('/oauth/token', {
    ...{ grant_type: 'client_credentials', client_id: client.clientId, client_secret: secret },
  });
  const reused = await issuing.post('/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: tokens.refresh_token,
    ...credentials,
  });
  await issuing.close();
  const claimsOf = (token: string) =>
    JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()) as object;
  expect(refreshed.body.access_token).not.toBe(tokens.access_token);
  expect(claimsOf(own.body.access_token)).toMatchObject({
    sub: client.clientId,
    client_id: client.clientId,
    scope: 'billing:read',
  });
  expect(reused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
});

describe('a JWT of another make', () => {
  const claims = (issuing: Issuing, clientId: string) => {
    const now = Math.floor(Date.now() / 1000);
    return {
      iss: issuing.issuer,
      aud: issuing.issuer,
      sub: 'acct_42',
      client_id: clientId,
      iat: now,
      exp: now + 600,
      jti: 'made up',
      scope: '',
    };
  };
  const signed = (key: KeyObject, payload: object, header: object = {}) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${part({ alg: 'ES256', typ: 'at+jwt', ...header })}.${part(payload)}`;
    return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };

  it('is not active, and is revoked no further: of another key, expired, unsigned, for another API', async () => {
    const key = (KEYS.ES256 as () => KeyObject)();
    const issuing = await startIssuing({ tokens: { keys: [key] } });
    const { client, credentials } = await issuing.grant();
    const own = claims(issuing, client.clientId);
    const good = signed(key, own);
    const bad = [
      signed((KEYS.ES256 as () => KeyObject)(), own),
      signed(key, { ...own, exp: own.iat - 1 }),
      signed(key, { ...own, aud: 'https://other.example' }),
      signed(key, { ...own, iss: 'https://other.example' }),
      signed(key, own, { typ: 'logout+jwt' }),
      signed(key, own, { typ: 'JWT' }),
      good.replace(/[^.]+$/, ''),
    ];
    const ask = async (token: string) =>
      (await issuing.post('/oauth/introspect', { token, ...credentials })).body.active as boolean;
    const active = await Promise.all([good, ...bad].map(ask));
    const revoked = await Promise.all(
      bad.map((token) => issuing.post('/oauth/revoke', { token, ...credentials })),
    );
    const after = [await ask(good), (await issuing.call(good)).status];
    await issuing.close();
    expect(active).toEqual([true, ...bad.map(() => false)]);
    expect(revoked.map(({ status }) => status)).toEqual(bad.map(() => 200));
    expect(after).toEqual([true, 403]);
  });

  it('is nothing where tokens are opaque', async () => {
    const issuing = await startIssuing();
    const { client, credentials } = await issuing.grant();
    const token = signed((KEYS.ES256 as () => KeyObject)(), claims(issuing, client.clientId));
    const answers = [
      await issuing.post('/oauth/introspect', { token, ...credentials }),
      await issuing.post('/oauth/revoke', { token, ...credentials }),
    ];
    await issuing.close();
    expect(answers.map(({ status, body }) => [status, body])).toEqual([
      [200, { active: false }],
      [200, ''],
    ]);
  });
});

test.each<[what: string, key: JsonWebKey, expected: string]>([
  ['the first that fits', rsaJwk({}), 'RS256'],
  ['the one that a JWK names', rsaJwk({ alg: 'PS384' }), 'PS384'],
])('a key signs by %s, and keeps its kid', async (_, key, expected) => {
  const issuing = await startIssuing({ tokens: { keys: [{ ...key, kid: 'of-may' }] } });
  const { tokens } = await issuing.grant();
  const called = await issuing.call(tokens.access_token);
  await issuing.close();
  expect(decodeProtectedHeader(tokens.access_token)).toEqual({
    alg: expected,
    typ: 'at+jwt',
    kid: 'of-may',
  });
  expect(called.status).toBe(200);
});

it('a token of a key that no longer signs is valid, and can be revoked', async () => {
  const [old, current] = [(KEYS.RS256 as () => KeyObject)(), (KEYS.ES256 as () => KeyObject)()];
  const before = await startIssuing({ tokens: { keys: [old] } });
  const { credentials, tokens } = await before.grant();
  const after = await startIssuing({
    tokens: { keys: [current, old] },
    store: before.store,
    issuerOrigin: before.origin,
  });
  const statuses = [(await after.call(tokens.access_token)).status];
  statuses.push(
    (await after.post('/oauth/revoke', { token: tokens.access_token, ...credentials })).status,
  );
  for (const { call } of [after, before]) {
    statuses.push((await call(tokens.access_token)).status);
  }
  await before.close();
  await after.close();
  expect(statuses).toEqual([200, 200, 401, 401]);
});

it('a JWT of more than a day is looked at, and its revocation is kept for as long, whatever clock a guard has', async () => {
  const store = memoryStore();
  const kept: number[] = [];
  const replace: typeof store.set = (group, key, value, until) => {
    if (group === 'jwt-revocations') {
      kept.push(until - Date.now());
    }
    return store.set(group, key, value, until);
  };
  const twoDaysMs = 2 * 86_400_000;
  const issuing = await startIssuing({
    ...{ store: { ...store, set: replace }, accessTokenTtlMs: twoDaysMs },
    tokens: { keys: [(KEYS.ES256 as () => KeyObject)()] },
  });
  const { credentials, tokens } = await issuing.grant();
  const asked = await issuing.post('/oauth/introspect', {
    token: tokens.access_token,
    ...credentials,
  });
  await issuing.post('/oauth/revoke', { token: tokens.access_token, ...credentials });
  await issuing.close();
  expect(asked.body).toMatchObject({ active: true });
  expect(kept.length).toBeGreaterThan(0);
  for (const lifeMs of kept) {
    expect(lifeMs).toBeGreaterThan(twoDaysMs + 599_000);
  }
});
