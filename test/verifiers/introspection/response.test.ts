import type { Handler } from '../../support/servers';
import {
  active,
  AUDIENCE,
  type Endpoint,
  NOW,
  startEndpoint,
  TOKEN,
  verdictOf,
  verifierAt,
} from './endpoint';

let endpoint: Endpoint;
beforeAll(async () => {
  endpoint = await startEndpoint();
});
afterAll(() => endpoint.close());
beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW * 1000,
      doNotFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'nextTick', 'queueMicrotask'],
    }),
);
afterEach(() => void jest.useRealTimers());

/** JSON that no object makes. */
const spelt =
  (json: string): Handler =>
  (_, res) =>
    void res.setHeader('Content-Type', 'application/json').end(json);
const verify = (answer: object, options: Parameters<typeof verifierAt>[1] = {}) => {
  endpoint.answer(answer);
  return verifierAt(endpoint, options).verify({ extractor: 'bearer', token: TOKEN });
};
const verdict = (answer: object, options: Parameters<typeof verifierAt>[1] = {}) => {
  endpoint.answer(answer);
  return verdictOf(verifierAt(endpoint, options));
};

describe('the response for an active token', () => {
  it('makes the principal', async () => {
    const said = active({
      iss: 'https://login.osir.com',
      jti: 'token-1',
      username: 'ada',
      scope: 'domains:read domains:write',
      iat: NOW - 10,
    });
    expect(await verify(said)).toEqual({
      ok: true,
      expiresAt: (NOW + 605) * 1000,
      principal: {
        kind: 'access_token',
        verifier: 'introspection',
        subject: 'acct_42',
        issuer: 'https://login.osir.com',
        clientId: 'app',
        credentialId: 'token-1',
        scopes: ['domains:read', 'domains:write'],
        expiresAt: (NOW + 600) * 1000,
        claims: said,
      },
    });
  });

  it('may be next to nothing', async () => {
    expect(
      await verify({ active: true, aud: AUDIENCE, client_id: 'app' }, { name: 'partner' }),
    ).toEqual({
      ok: true,
      principal: {
        kind: 'access_token',
        verifier: 'partner',
        subject: 'app',
        clientId: 'app',
        scopes: [],
        claims: { active: true, aud: AUDIENCE, client_id: 'app' },
      },
    });
  });

  it('may be null if the server knows nothing', async () => {
    const unknown = {
      sub: null,
      nbf: null,
      iss: null,
      jti: null,
      cnf: null,
      scope: null,
      exp: null,
      ext: null,
    };
    expect(await verify(active(unknown))).toEqual({
      ok: true,
      principal: {
        kind: 'access_token',
        verifier: 'introspection',
        subject: 'app',
        clientId: 'app',
        scopes: [],
        claims: { active: true, client_id: 'app', aud: AUDIENCE, token_type: 'Bearer' },
      },
    });
  });

  it('has the issuer of the server if it does not name one', async () => {
    expect(await verify(active(), { issuer: 'https://login.osir.com' })).toMatchObject({
      principal: { issuer: 'https://login.osir.com' },
    });
  });

  it('gives the confirmation of a bound token', async () => {
    const cnf = { jkt: 'thumbprint' };
    expect(await verify(active({ token_type: 'DPoP', cnf }))).toMatchObject({
      ok: true,
      confirmation: cnf,
    });
    expect(await verify(active({ cnf: { 'x5t#S256': 'thumbprint' } }))).toMatchObject({
      confirmation: { 'x5t#S256': 'thumbprint' },
    });
    expect(await verify(active())).not.toHaveProperty('confirmation');
  });

  it('can name members of every object without becoming one', async () => {
    endpoint.answer(
      spelt(
        `{"__proto__":{"sub":"admin"},"constructor":1,"active":true,"aud":"${AUDIENCE}","client_id":"app"}`,
      ),
    );
    expect(await verifierAt(endpoint).verify({ extractor: 'bearer', token: TOKEN })).toMatchObject({
      principal: { subject: 'app' },
    });
    expect({}).not.toHaveProperty('sub');
  });
});

test.each<[string, object, string]>([
  ['is not active', { active: false }, 'unknown'],
  ['is not active, whatever else is said of it', active({ active: false, exp: 'soon' }), 'unknown'],
  ['has expired five seconds ago', active({ exp: NOW - 5 }), 'expired'],
  ['has expired a moment less than five seconds ago', active({ exp: NOW - 4.999 }), 'good'],
  ['is valid in more than five seconds', active({ nbf: NOW + 5.001 }), 'not_yet_valid'],
  ['is valid in five seconds', active({ nbf: NOW + 5 }), 'good'],
  ['will be issued', active({ iat: NOW + 3_600 }), 'good'],
  ['was issued just now', active({ iat: NOW }), 'good'],
  ['is of another issuer', active({ iss: 'https://evil.example' }), 'bad_issuer'],
  ['is of the issuer with a slash', active({ iss: 'https://login.osir.com/' }), 'bad_issuer'],
  ['is of the issuer', active({ iss: 'https://login.osir.com' }), 'good'],
  ['is for a sibling API', active({ aud: 'https://billing.osir.com' }), 'bad_audience'],
  ['is for this API with a slash', active({ aud: `${AUDIENCE}/` }), 'bad_audience'],
  [
    'is for several APIs, of which this is one',
    active({ aud: ['https://billing.osir.com', AUDIENCE] }),
    'good',
  ],
  [
    'is for several others',
    active({ aud: ['https://billing.osir.com', 'https://vps.osir.com'] }),
    'bad_audience',
  ],
  ['is for nobody', active({ aud: [] }), 'bad_audience'],
  ['is for one that is no text', active({ aud: [AUDIENCE, 7] }), 'bad_audience'],
  ['does not say for whom it is', active({ aud: undefined }), 'bad_audience'],
  ['does not say what it is', active({ token_type: undefined }), 'good'],
  ['is a bearer token in lower case', active({ token_type: 'bearer' }), 'good'],
  [
    'is a token of DPoP with its key',
    active({ token_type: 'dpop', cnf: { jkt: 'thumbprint' } }),
    'good',
  ],
  ['is a token of DPoP without its key', active({ token_type: 'DPoP' }), 'bad_type'],
  [
    'is a token of DPoP bound to something else',
    active({ token_type: 'DPoP', cnf: { 'x5t#S256': 'x' } }),
    'bad_type',
  ],
  ['is something else', active({ token_type: 'N_A' }), 'bad_type'],
  ['is a user’s without an id', active({ sub: undefined, username: 'ada' }), 'bad_claim'],
  ['is a user’s with an id of null', active({ sub: null, username: 'ada' }), 'bad_claim'],
  ['is a client’s, with a user name of null', active({ sub: undefined, username: null }), 'good'],
  ['is bound to nothing that could be verified', active({ cnf: {} }), 'bad_claim'],
  ['is nobody’s', active({ sub: undefined, client_id: undefined }), 'bad_claim'],
])('a token that %s', async (_, answer, expected) => {
  expect(await verdict(answer, { issuer: 'https://login.osir.com' })).toBe(expected);
});

it('skips scopes that are no scope tokens', async () => {
  expect(await verify(active({ scope: 'a b"c d' }))).toMatchObject({
    principal: { scopes: ['a', 'd'] },
  });
  expect(await verify(active({ scope: ['a', 'b c', 7, null] }))).toMatchObject({
    principal: { scopes: ['a'] },
  });
});

test.each<[string, object]>([
  ['unknown: the server reports that the token is not active', { active: false }],
  ['expired: exp is in the past', active({ exp: 1 })],
  ['not_yet_valid: nbf is in the future', active({ nbf: NOW + 60 })],
  ['bad_issuer: iss is not the configured issuer', active({ iss: 's3cret' })],
  ['bad_audience: aud is missing', active({ aud: undefined })],
  ['bad_audience: aud does not name an accepted audience', active({ aud: 's3cret' })],
  ['bad_type: token_type is not that of an access token', active({ token_type: 's3cret' })],
  [
    'bad_claim: sub is missing, and the token is not that of a client alone',
    active({ sub: undefined, username: 's3cret' }),
  ],
])('reports what was wrong in the detail: %s', async (expected, answer) => {
  const verification = await verify(answer, { issuer: 'https://login.osir.com' });
  expect(verification.ok ? 'good' : `${verification.reason}: ${verification.detail}`).toBe(
    expected,
  );
});

it('lets clocks differ by clockToleranceMs', async () => {
  const options = { clockToleranceMs: 5_000 };
  expect(await verify(active({ exp: NOW - 4 }), options)).toMatchObject({
    ok: true,
    expiresAt: (NOW + 1) * 1000,
  });
  expect(await verdict(active({ exp: NOW - 5 }), options)).toBe('expired');
  expect(await verdict(active({ nbf: NOW + 5, iat: NOW + 5 }), options)).toBe('good');
  expect(await verdict(active({ nbf: NOW + 6 }), options)).toBe('not_yet_valid');
});

it('accepts any issuer if none is configured', async () => {
  expect(await verdict(active({ iss: 'https://someone.example' }))).toBe('good');
});

it('accepts one of several audiences', async () => {
  expect(await verdict(active({ aud: 'b' }), { audience: ['a', 'b'] })).toBe('good');
  expect(await verdict(active({ aud: 'c' }), { audience: ['a', 'b'] })).toBe('bad_audience');
});

describe('with allowMissingAudience', () => {
  test.each<[string, object, string]>([
    ['does not say for whom it is', active({ aud: undefined }), 'good'],
    [
      'does not say for whom nor what it is, like a refresh token',
      active({ aud: undefined, token_type: undefined }),
      'bad_type',
    ],
    ['is for a sibling API', active({ aud: 'https://billing.osir.com' }), 'bad_audience'],
    ['is for nobody', active({ aud: [] }), 'bad_audience'],
  ])('a token that %s', async (_, answer, expected) => {
    expect(await verdict(answer, { allowMissingAudience: true })).toBe(expected);
  });
});

describe('an invalid response', () => {
  const member = (name: string) => ({
    error: `The response of the introspection endpoint has an invalid "${name}" (RFC 7662 §2.2)`,
  });
  const silent = {
    error:
      'The response of the introspection endpoint has no "active" that is true or false (RFC 7662 §2.2)',
  };

  test.each<[string, object]>([
    ['says nothing', {}],
    ['says "true"', active({ active: 'true' })],
    ['says 1', active({ active: 1 })],
    ['says null', active({ active: null })],
  ])('is an outage, not a rejection, with %s of the token', async (_, answer) => {
    expect(await verdict(answer)).toEqual(silent);
  });

  test.each<[string, readonly unknown[]]>([
    ['exp', ['1', -1, [], {}, true]],
    ['nbf', ['1', -1]],
    ['iat', ['1', -1]],
    ['sub', ['', 7, [], {}]],
    ['client_id', ['', 7]],
    ['iss', ['', 7, ['https://login.osir.com']]],
    ['jti', ['', 7]],
    ['token_type', ['', 7]],
    ['cnf', ['', 7, [], true]],
    ['scope', [7, {}, true]],
  ])('has an invalid %s', async (name, values) => {
    for (const value of values) {
      expect(await verdict(active({ [name]: value }))).toEqual(member(name));
    }
  });

  it('has an exp that is infinite', async () => {
    endpoint.answer(spelt(`{"active":true,"aud":"${AUDIENCE}","sub":"x","exp":1e400}`));
    expect(await verdictOf(verifierAt(endpoint))).toEqual(member('exp'));
  });
});
