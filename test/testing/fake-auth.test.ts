import { findAuth, type Principal, type Verification } from 'latchkey';
import { fakeAuth, type FakePrincipal } from 'latchkey/testing';

import { ask, get, valuesOf } from '../http/ask';
import { MOUNTS } from '../support/servers';

const WHOLE: Principal = {
  kind: 'api_key',
  verifier: 'fake',
  subject: 'fake',
  scopes: [],
  claims: {},
};

describe.each(Object.entries(MOUNTS))('on %s', (_name, mount) => {
  const behind = (
    auth: ReturnType<typeof fakeAuth>,
    name: 'authenticate' | 'optional' | 'read' | 'write' | 'any' = 'authenticate',
  ) =>
    mount(
      [
        {
          authenticate: () => auth.authenticate(),
          optional: () => auth.authenticate({ optional: true }),
          read: () => auth.requireScopes('domains:read'),
          write: () => auth.requireScopes('domains:read', 'domains:write'),
          any: () => auth.requireAnyScope('domains:read', 'domains:write'),
        }[name](),
      ],
      (req, res) => res.end(JSON.stringify(findAuth(req) ?? null)),
    );

  test.each([
    ['none', []],
    ['a bearer', ['Authorization: Bearer whatever']],
    ['a bad bearer', ['Authorization: Bearer a b']],
    ['a key', ['X-API-Key: whatever']],
    ['several', ['Authorization: Bearer a', 'Authorization: Bearer b', 'X-API-Key: c']],
  ])(
    'authenticates every request as the principal, with any credential: %s',
    async (_what, headers) => {
      const principal: FakePrincipal = {
        subject: 'acct_42',
        scopes: ['domains:read'],
        claims: { plan: 'pro' },
      };
      const answer = await ask(behind(fakeAuth(principal), 'read'), get(...headers));
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body)).toEqual({ ...WHOLE, ...principal });
    },
  );

  it('rejects a request with 403 if the principal lacks a scope', async () => {
    const auth = fakeAuth({ scopes: ['domains:read'] });
    expect(await ask(behind(auth, 'any'), get())).toMatchObject({ status: 200 });
    const answer = await ask(behind(auth, 'write'), get());
    expect(answer).toMatchObject({
      status: 403,
      body: '{"error":"forbidden","message":"Insufficient permissions for this action"}',
    });
    expect(valuesOf(answer, 'WWW-Authenticate')).toEqual([
      'Bearer realm="api", error="insufficient_scope", error_description="The request requires higher privileges", scope="domains:read domains:write"',
    ]);
  });

  it('treats every request as one without a credential if there is no principal', async () => {
    const auth = fakeAuth(undefined);
    const answer = await ask(
      behind(auth, 'read'),
      get('Authorization: Bearer whatever', 'X-API-Key: whatever'),
    );
    expect(answer).toMatchObject({
      status: 401,
      body: '{"error":"unauthorized","message":"Invalid or missing API key"}',
    });
    expect(valuesOf(answer, 'WWW-Authenticate')).toEqual([
      'Bearer realm="api", scope="domains:read"',
    ]);
    expect(await ask(behind(auth, 'optional'), get('X-API-Key: whatever'))).toMatchObject({
      status: 200,
      body: 'null',
    });
  });
});

it('has defaults for members that are left out', async () => {
  expect(await fakeAuth({}).check({ headers: {} })).toEqual({
    status: 'authenticated',
    principal: WHOLE,
    headers: { Vary: 'Authorization' },
  });
});

it('returns the principal as it was passed, frozen', async () => {
  const principal: Principal = {
    kind: 'access_token',
    verifier: 'jwt',
    subject: 'user_9',
    issuer: 'https://osir.com',
    clientId: 'app',
    credentialId: 'j1',
    environment: 'live',
    scopes: ['a'],
    expiresAt: 1,
    claims: { acr: 'urn:mfa' },
  };
  const decision = await fakeAuth(principal).check({ headers: {} });
  expect(decision).toEqual({
    status: 'authenticated',
    principal,
    headers: { Vary: 'Authorization' },
  });
  if (decision.status === 'authenticated') {
    expect(Object.isFrozen(decision.principal)).toBe(true);
    expect(Object.isFrozen(decision.principal.claims)).toBe(true);
  }
});

it('accepts the options of latchkey() for responses and scopes', async () => {
  const { check, requireScopes } = fakeAuth(
    { scopes: ['write'] },
    {
      realm: 'The API',
      scopes: { read: 'Read', write: { implies: ['read'] } },
      body: ({ status }) => ({ status }),
    },
  );
  expect(await check({ headers: {} }, { scopes: ['read'] })).toMatchObject({
    principal: { scopes: ['write', 'read'] },
  });
  expect(() => requireScopes('wrte' as 'write')).toThrow(
    'requireScopes(): "wrte" is not declared; declared are read, write',
  );
  const { check: checkNobody } = fakeAuth(undefined, {
    realm: 'The API',
    body: ({ status }) => ({ status }),
  });
  expect(await checkNobody({ headers: {} }, { scopes: [] })).toMatchObject({
    refusal: { headers: { 'WWW-Authenticate': 'Bearer realm="The API"' }, body: '{"status":401}' },
  });
});

test.each<[string, object]>([
  [
    'verifiers',
    {
      verifiers: [
        {
          name: 'x',
          accepts: () => true,
          verify: (): Verification => ({ ok: false, reason: 'unknown' }),
        },
      ],
    },
  ],
  ['extractors', { extractors: [{ name: 'x', extract: () => undefined }] }],
  ['cache', { cache: { ttlMs: 1_000 } }],
])('replaces %s of the options', async (_, options) => {
  expect(await fakeAuth({ subject: 'acct_42' }, options).check({ headers: {} })).toMatchObject({
    principal: { subject: 'acct_42' },
  });
});

it('responds to a step-up like the guards of latchkey()', async () => {
  const stale = fakeAuth({ kind: 'access_token', claims: { auth_time: 0 } }).requireFreshAuth({
    maxAgeMs: 300_000,
  });
  const fresh = fakeAuth({ claims: { acr: 'urn:mfa' } }).requireFreshAuth({
    acrValues: ['urn:mfa'],
  });
  const [refused, passed] = await Promise.all(
    [stale, fresh].map((guard) =>
      ask(
        MOUNTS['node:http']!([guard], (_req, res) => res.end()),
        get(),
      ),
    ),
  );
  expect(refused).toMatchObject({ status: 401 });
  expect(valuesOf(refused!, 'WWW-Authenticate')[0]).toContain(
    'error="insufficient_user_authentication"',
  );
  expect(passed).toMatchObject({ status: 200 });
});
