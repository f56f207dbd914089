import { generateKeyPairSync, randomUUID } from 'node:crypto';

import { bearer, dpop, getAuth, latchkey } from 'latchkey';
import { introspection, type IntrospectionOptions } from 'latchkey/introspection';

import { badBearer, OUTAGE } from '../../support/answers';
import {
  APP,
  type AuthorizationServer,
  startAuthorizationServer,
} from '../../support/authorization-server';
import { clientKey, proofOf } from '../../support/dpop';
import { asking, underBearer } from '../../support/own-verifier';
import { listen, MOUNTS } from '../../support/servers';

const AUDIENCE = 'https://api.osir.com';
const SIBLING = 'https://billing.osir.com';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** This API as a client of the server: it only introspects. */
const apiClient = (id: string, metadata: object) => ({
  client_id: id,
  grant_types: [],
  redirect_uris: [],
  response_types: [],
  ...metadata,
});
const CLIENTS = [
  apiClient('api-post', {
    client_secret: 'api-s3cret',
    token_endpoint_auth_method: 'client_secret_post',
  }),
  apiClient('api-key', {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: {
      keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'ES256' }],
    },
  }),
];

let server: AuthorizationServer;
beforeAll(async () => {
  server = await startAuthorizationServer({
    accessTokens: 'opaque',
    scopes: ['domains:read', 'domains:write'],
    clients: CLIENTS,
  });
});
afterAll(() => server.close());

const verifier = (options: Partial<IntrospectionOptions> = {}) =>
  introspection({
    issuer: server.issuer,
    client: { id: APP.id, secret: APP.secret },
    audience: AUDIENCE,
    ...options,
  });

it('accepts a token with three lines of configuration, on both majors of Express', async () => {
  const { requireScopes, close } = latchkey({ verifiers: [verifier()] });
  const token = await server.token(AUDIENCE, { scope: 'domains:read' });
  for (const major of ['Express 4', 'Express 5']) {
    const mount = MOUNTS[major]!;
    const api = (scope: string) =>
      listen(mount([requireScopes(scope)], (req, res) => void res.end(getAuth(req).subject)));
    const [reading, writing] = [await api('domains:read'), await api('domains:write')];
    const ask = async (port: number) => {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return [
        response.status,
        response.headers.get('www-authenticate')?.match(/error="\w+"/)?.[0],
        await response.text(),
      ];
    };
    expect(await ask(reading.port)).toEqual([200, undefined, APP.id]);
    expect(await ask(writing.port)).toEqual([
      403,
      'error="insufficient_scope"',
      '{"error":"forbidden","message":"Insufficient permissions for this action"}',
    ]);
    await reading.close();
    await writing.close();
  }
  await close();
});

it.each<[string, IntrospectionOptions['client']]>([
  ['client_secret_post', { id: 'api-post', secret: 'api-s3cret', method: 'client_secret_post' }],
  ['private_key_jwt', { id: 'api-key', method: 'private_key_jwt', key: privateKey, kid: 'k1' }],
])('authenticates by %s', async (_, client) => {
  const { ask, close } = asking([verifier({ client })]);
  expect(
    await ask(underBearer(await server.token(AUDIENCE, { scope: 'domains:write domains:read' }))),
  ).toMatchObject({
    status: 'authenticated',
    principal: {
      subject: APP.id,
      clientId: APP.id,
      issuer: server.issuer,
      scopes: ['domains:write', 'domains:read'],
    },
  });
  await close();
});

it.each<[string, IntrospectionOptions['client']]>([
  ['a wrong secret', { id: APP.id, secret: 'wrong' }],
  ['an unknown client', { id: randomUUID(), secret: APP.secret }],
  [
    'another key',
    {
      id: 'api-key',
      method: 'private_key_jwt',
      key: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    },
  ],
])('fails with %s: 503 for a valid token', async (_, client) => {
  const { ask, close } = asking([verifier({ client })]);
  expect(await ask(underBearer(await server.token(AUDIENCE)))).toEqual(OUTAGE);
  await close();
});

it('refuses a token for a sibling API, one that nobody issued, and one that was revoked', async () => {
  const { ask, close } = asking([verifier()], { cache: false });
  expect(await ask(underBearer(await server.token(SIBLING)))).toEqual(badBearer('bad_audience'));
  expect(await ask(underBearer(randomUUID()))).toEqual(badBearer('unknown'));

  const token = await server.token(AUDIENCE);
  expect(await ask(underBearer(token))).toMatchObject({ status: 'authenticated' });
  const revoked = await fetch(`${server.issuer}/token/revocation`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${APP.id}:${APP.secret}`).toString('base64')}`,
    },
    body: new URLSearchParams({ token }),
  });
  expect(revoked.status).toBe(200);
  expect(await ask(underBearer(token))).toEqual(badBearer('unknown'));
  await close();
});

it('works again as soon as the server does, also if it was away when this API started', async () => {
  const away = await startAuthorizationServer({ accessTokens: 'opaque' });
  await away.kill();
  const { ask, close } = asking([
    introspection({
      issuer: away.issuer,
      client: { id: APP.id, secret: APP.secret },
      audience: AUDIENCE,
    }),
  ]);
  expect(await ask(underBearer(randomUUID()))).toEqual(OUTAGE);
  await away.restart();
  const token = await away.token(AUDIENCE, { scope: 'read' });
  const deadline = Date.now() + 5_000;
  let decision = await ask(underBearer(token));
  while (
    decision.status === 'refused' &&
    decision.reason === 'unavailable' &&
    Date.now() < deadline
  ) {
    decision = await ask(underBearer(token));
  }
  expect(decision).toMatchObject({ status: 'authenticated', principal: { scopes: ['read'] } });
  await close();
  await away.close();
});

it('accepts a token that is bound to a key only from its owner (RFC 9449 §6.2)', async () => {
  const key = clientKey();
  const url = `${server.issuer}/token`;
  const token = await server.token(
    AUDIENCE,
    {},
    { dpop: proofOf({ key, token: '', method: 'POST', url, claims: { ath: undefined } }) },
  );
  const { ask, close } = asking([verifier()], {
    extractors: [bearer(), dpop()],
    resource: { url: 'https://api.example.com' },
  });
  const request = (scheme: string, proof?: string) => ({
    method: 'GET',
    url: '/',
    headers: {
      host: 'api.example.com',
      authorization: `${scheme} ${token}`,
      ...(proof !== undefined && { dpop: proof }),
    },
  });
  const proof = (by = key) => proofOf({ key: by, token, url: 'https://api.example.com/' });
  expect(await ask(request('DPoP', proof()))).toMatchObject({
    status: 'authenticated',
    principal: { subject: APP.id },
  });
  expect(await ask(request('DPoP', proof(clientKey())))).toMatchObject({
    status: 'refused',
    refusal: { status: 401 },
  });
  expect(await ask(request('Bearer', proof()))).toMatchObject({
    status: 'refused',
    refusal: { status: 401 },
  });
  await close();
});
