import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { OutgoingHttpHeaders } from 'node:http';
import { inspect } from 'node:util';

import { decodeJwt, jwtVerify } from 'jose';
import {
  accessTokens,
  apiKeys,
  type Decision,
  jwt,
  latchkey,
  memoryStore,
  type Verifier,
} from 'latchkey';
import { introspection, type IntrospectionOptions } from 'latchkey/introspection';

import { badBearer, OUTAGE } from '../../support/answers';
import { asking, underBearer } from '../../support/own-verifier';
import type { Handler } from '../../support/servers';
import {
  active,
  AUDIENCE,
  CLIENT,
  type Endpoint,
  startEndpoint,
  TOKEN,
  verdictOf,
  verifierAt,
} from './endpoint';

let endpoint: Endpoint;
beforeEach(async () => {
  endpoint = await startEndpoint();
});
afterEach(() => endpoint.close());

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEY = ec.privateKey;
const OPTIONS = {
  endpoint: 'https://login.osir.com/introspect',
  client: CLIENT,
  audience: AUDIENCE,
};

/** What is said about options, or undefined where nothing is wrong. */
function complaint(options: object): string | undefined {
  try {
    introspection({ ...OPTIONS, ...options });
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).not.toContain(CLIENT.secret);
    return (error as TypeError).message;
  }
}

describe('the options', () => {
  const secure =
    'must be an https URL without fragment (http on a loopback host or one of "insecureHosts")';
  const identifier =
    'must be an https URL without query and fragment (http on a loopback host or one of "insecureHosts")';
  const audience = 'must be a non-empty string or a non-empty list of them';
  const client =
    'must be { id, secret }, { id, auth: "post", secret }, { id, auth: "private_key_jwt", key }, { auth: "bearer", token } or { auth: "none" }';
  const issuer = 'https://login.osir.com';
  const assertion = { id: 'api', method: 'private_key_jwt' };

  test.each<[string, object, string]>([
    ['no place to ask', { endpoint: undefined }, 'pass "issuer", "endpoint" or both'],
    [
      'an endpoint without TLS',
      { endpoint: 'http://login.osir.com/introspect' },
      `option "endpoint" ${secure}`,
    ],
    [
      'an endpoint that only looks like a loopback host',
      { endpoint: 'http://127.0.0.1.evil.example/' },
      `option "endpoint" ${secure}`,
    ],
    [
      'a password in the endpoint',
      { endpoint: 'https://a:b@login.osir.com/' },
      `option "endpoint" ${secure}`,
    ],
    [
      'an endpoint with a fragment',
      { endpoint: 'https://login.osir.com/#a' },
      `option "endpoint" ${secure}`,
    ],
    ['an endpoint that is no URL', { endpoint: 'login.osir.com' }, `option "endpoint" ${secure}`],
    ['an issuer without TLS', { issuer: 'http://login.osir.com' }, `option "issuer" ${identifier}`],
    [
      'an issuer with a query',
      { issuer: 'https://login.osir.com/?a' },
      `option "issuer" ${identifier}`,
    ],
    ['no client', { client: undefined }, `option "client" ${client}`],
    ['a client that is a text', { client: 'api' }, `option "client" ${client}`],
    ['a client without a name', { client: { secret: 'x' } }, `option "client" ${client}`],
    [
      'no authentication with a secret',
      { client: { ...CLIENT, auth: 'none' } },
      `option "client" ${client}`,
    ],
    [
      'a bearer token with a secret',
      { client: { auth: 'bearer', token: 't', secret: 's' } },
      `option "client" ${client}`,
    ],
    [
      'a bearer client without its token',
      { client: { auth: 'bearer' } },
      `option "client" ${client}`,
    ],
    [
      'a bearer token that is none',
      { client: { auth: 'bearer', token: 'a b' } },
      'option "client.token" must be a token (RFC 6750 §2.1), or a function that returns one',
    ],
    [
      'two names of one thing',
      { client: { ...CLIENT, auth: 'post', method: 'client_secret_post' } },
      'option "client" must have "auth" or "method", not both',
    ],
    [
      'an authentication that is not known',
      { client: { ...CLIENT, auth: 'client_secret_post' } },
      'option "client.auth" must be "none" or "basic" or "post" or "private_key_jwt" or "bearer"',
    ],
    [
      'a fetch that is none',
      { remote: { fetch: 'fetch' } },
      'option "remote.fetch" must be a function',
    ],
    [
      'an insecure host with its scheme',
      { insecureHosts: ['http://keycloak:8080'] },
      'option "insecureHosts" must be a list of hosts such as "keycloak:8080", without scheme and path',
    ],
    [
      'http to another port of an insecure host',
      { endpoint: 'http://keycloak/i', insecureHosts: ['keycloak:8080'] },
      `option "endpoint" ${secure}`,
    ],
    ['a client without a secret', { client: { id: 'api' } }, `option "client" ${client}`],
    [
      'an empty secret',
      { client: { id: 'api', secret: '' } },
      'option "client.secret" must be a non-empty string',
    ],
    ['a secret and a key', { client: { ...CLIENT, key: KEY } }, `option "client" ${client}`],
    ['a secret and a kid', { client: { ...CLIENT, kid: 'k' } }, `option "client" ${client}`],
    ['a key without its method', { client: { id: 'api', key: KEY } }, `option "client" ${client}`],
    ['private_key_jwt without a key', { issuer, client: assertion }, `option "client" ${client}`],
    [
      'private_key_jwt with a secret',
      { issuer, client: { ...assertion, key: KEY, secret: 'x' } },
      `option "client" ${client}`,
    ],
    [
      'another method',
      { client: { ...CLIENT, method: 'none' } },
      'option "client.method" must be "client_secret_basic" or "client_secret_post" or "private_key_jwt"',
    ],
    [
      'a member that is not known',
      { client: { ...CLIENT, clientId: 'x' } },
      'unknown option "client.clientId"; allowed are id, auth, method, secret, key, kid, algorithm, token',
    ],
    [
      'private_key_jwt without an issuer',
      { client: { ...assertion, key: KEY } },
      'option "issuer" is required with private_key_jwt: the assertion names the server that it is for (RFC 7523 §3)',
    ],
    ['no audience', { audience: undefined }, `option "audience" ${audience}`],
    ['an empty audience', { audience: '' }, `option "audience" ${audience}`],
    ['an empty list of audiences', { audience: [] }, `option "audience" ${audience}`],
    ['an audience that is no text', { audience: [/osir/] }, `option "audience" ${audience}`],
    [
      'a tolerance that is a text',
      { clockToleranceMs: '60' },
      'option "clockToleranceMs" must be a number of milliseconds from 0 to 300000',
    ],
    [
      'too much tolerance',
      { clockToleranceMs: 300_001 },
      'option "clockToleranceMs" must be a number of milliseconds from 0 to 300000',
    ],
    [
      'no time at all',
      { timeoutMs: 0 },
      'option "timeoutMs" must be a number of milliseconds from 1 to 2147483647',
    ],
    [
      'a flag that is a text',
      { allowMissingAudience: 'yes' },
      'option "allowMissingAudience" must be true or false',
    ],
    ['another flag that is a text', { jwts: 'yes' }, 'option "jwts" must be true or false'],
    ['an empty name', { name: '' }, 'option "name" must be a non-empty string'],
    [
      'a misspelt option',
      { audiance: AUDIENCE },
      'unknown option "audiance"; allowed are issuer, endpoint, client, audience, allowMissingAudience, jwts, clockToleranceMs, timeoutMs, remote, insecureHosts, extractors, maxTokenLength, name',
    ],
  ])('are not %s', (_, options, said) => {
    expect(complaint(options)).toBe(`introspection(): ${said}`);
  });

  test.each<[string, unknown]>([
    ['a public key', ec.publicKey],
    ['a secret', 'secret'],
    ['a public JWK', ec.publicKey.export({ format: 'jwk' })],
    ['nothing', null],
    [
      'a PEM with a passphrase',
      KEY.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
    ],
  ])('have no key that is %s', (_, key) => {
    expect(complaint({ issuer: 'https://login.osir.com', client: { ...assertion, key } })).toBe(
      'introspection(): option "client.key" must be a private key: a PEM without a passphrase, a JWK or a KeyObject',
    );
  });

  const weak =
    'cannot sign: pass RSA of 2048 to 8192 bits, EC of P-256, P-384 or P-521, or Ed25519';
  test.each<[string, KeyObject, string | undefined, string]>([
    ['short', generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, undefined, weak],
    [
      'for RSASSA-PSS alone',
      generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey,
      undefined,
      weak,
    ],
    ['for agreement', generateKeyPairSync('x25519').privateKey, undefined, weak],
    [
      'of another curve',
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey,
      undefined,
      weak,
    ],
    ['of another type than the algorithm', KEY, 'RS256', 'does not fit the algorithm RS256'],
    ['of another curve than the algorithm', KEY, 'ES384', 'does not fit the algorithm ES384'],
    ['a pair, and the algorithm one of secrets', KEY, 'HS256', 'does not fit the algorithm HS256'],
  ])('have no key that is %s', (_, key, algorithm, said) => {
    const options = {
      issuer: 'https://login.osir.com',
      client: { ...assertion, key, ...(algorithm && { algorithm }) },
    };
    expect(complaint(options)).toBe(`introspection(): option "client.key" ${said}`);
  });

  test.each<[string, object]>([
    ['an endpoint', {}],
    ['an endpoint with a query', { endpoint: 'https://login.osir.com/introspect?tenant=a' }],
    ['an endpoint on a loopback host', { endpoint: 'http://localhost:8080/introspect' }],
    ['an issuer alone', { endpoint: undefined, issuer: 'https://login.osir.com' }],
    ['both', { issuer: 'https://login.osir.com' }],
    ['several audiences', { audience: ['a', 'b'] }],
    [
      'a PEM',
      {
        issuer: 'https://login.osir.com',
        client: { ...assertion, key: KEY.export({ format: 'pem', type: 'pkcs8' }) },
      },
    ],
    [
      'a JWK',
      {
        issuer: 'https://login.osir.com',
        client: { ...assertion, key: KEY.export({ format: 'jwk' }), kid: 'k', algorithm: 'ES256' },
      },
    ],
  ])('may be %s', (_, options) => {
    expect(complaint(options)).toBeUndefined();
  });
});

describe('the tokens that it accepts', () => {
  const verifier = introspection(OPTIONS);
  const JWT = 'eyJhbGciOiJub25lIn0.e30.AAAA';

  test.each([
    ['bearer', TOKEN, true],
    ['dpop', TOKEN, true],
    ['bearer', 'one.dot', true],
    ['api-key-header', TOKEN, false],
    ['query', TOKEN, false],
    ['cookie', TOKEN, false],
    ['bearer', JWT, false],
    ['dpop', JWT, false],
  ])('by %s, %s: %s', (extractor, token, taken) => {
    expect(verifier.accepts({ extractor, token })).toBe(taken);
  });

  it('reads the configured extractors, and no others', () => {
    const own = introspection({ ...OPTIONS, extractors: ['cookie'] });
    expect([
      own.accepts({ extractor: 'cookie', token: TOKEN }),
      own.accepts({ extractor: 'bearer', token: TOKEN }),
    ]).toEqual([true, false]);
  });

  it('introspects JWTs only with jwts: true', () => {
    const curious = introspection({ ...OPTIONS, jwts: true });
    expect([
      curious.accepts({ extractor: 'bearer', token: JWT }),
      curious.accepts({ extractor: 'query', token: JWT }),
    ]).toEqual([true, false]);
  });

  it('sends the server neither tokens of other verifiers nor a JWT that no verifier accepts', async () => {
    const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
    const tokens = accessTokens({ prefix: 'osirat', store: memoryStore() });
    const own = jwt({
      issuer: 'https://osir.com',
      audience: AUDIENCE,
      algorithms: ['ES256'],
      key: ec.publicKey,
    });
    const { ask, close } = asking([keys, tokens, own, verifierAt(endpoint)]);
    const { secret } = await keys.issue({ subject: 'acct_7', scopes: [] });
    expect(await ask(underBearer(secret))).toMatchObject({
      status: 'authenticated',
      principal: { verifier: 'api_keys' },
    });
    for (const [token, reason] of [
      ['osir_live_x', 'malformed'],
      ['osirat_live_x', 'malformed'],
      ['a.b.c', 'malformed'],
      [JWT, 'bad_issuer'],
    ] as const) {
      expect(await ask(underBearer(token))).toEqual(badBearer(reason));
    }
    expect(endpoint.asked).toHaveLength(0);
    expect(await ask(underBearer(TOKEN))).toMatchObject({
      status: 'authenticated',
      principal: { verifier: 'introspection' },
    });
    await close();
  });

  it.each<[string, (last: Verifier) => Verifier[]]>([
    ['another of its kind', (last) => [last, introspection({ ...OPTIONS, name: 'other' })]],
    ['keys', (last) => [last, apiKeys({ prefix: 'osir', store: memoryStore() })]],
    [
      'one of your own',
      (last) => [
        last,
        { name: 'own', accepts: () => false, verify: () => ({ ok: false, reason: 'unknown' }) },
      ],
    ],
  ])('must be the last verifier, before %s', (_, verifiers) => {
    expect(() => latchkey({ verifiers: verifiers(introspection(OPTIONS)) })).toThrow(
      new TypeError(
        'latchkey(): option "verifiers" must have introspection last, and only once: it accepts every token that no other verifier does',
      ),
    );
  });
});

describe('the introspection request', () => {
  const asked = async (options: Partial<IntrospectionOptions> = {}) => {
    await verifierAt(endpoint, options).verify({ extractor: 'bearer', token: 'a+b/c~==' });
    expect(endpoint.asked).toHaveLength(1);
    const { path, headers, form } = endpoint.asked[0]!;
    return {
      path,
      authorization: headers.authorization,
      accept: headers.accept,
      type: headers['content-type'],
      form,
    };
  };
  const TOLD = {
    path: 'POST /introspect',
    accept: 'application/json',
    type: 'application/x-www-form-urlencoded;charset=UTF-8',
  };
  const FORM = { token: 'a+b/c~==', token_type_hint: 'access_token' };
  const basic = (user: string) => `Basic ${Buffer.from(user).toString('base64')}`;

  it('is one token, with the secret by Basic', async () => {
    expect(await asked()).toEqual({
      ...TOLD,
      authorization: basic('api:cl1ent%2Ds3cret'),
      form: FORM,
    });
  });

  it('sends one token, with the secret in the form body', async () => {
    expect(await asked({ client: { ...CLIENT, method: 'client_secret_post' } })).toEqual({
      ...TOLD,
      authorization: undefined,
      form: { ...FORM, client_id: 'api', client_secret: CLIENT.secret },
    });
  });

  it.each<[string, IntrospectionOptions['client'], string | undefined, object]>([
    [
      'the secret by its short name',
      { ...CLIENT, auth: 'basic' },
      basic('api:cl1ent%2Ds3cret'),
      {},
    ],
    [
      'the secret in the form, by its short name',
      { ...CLIENT, auth: 'post' },
      undefined,
      { client_id: 'api', client_secret: CLIENT.secret },
    ],
    ['nothing', { auth: 'none' }, undefined, {}],
    ['a name alone', { auth: 'none', id: 'api' }, undefined, { client_id: 'api' }],
    ['a bearer token', { auth: 'bearer', token: 'at-1' }, 'Bearer at-1', {}],
    [
      'a bearer token of the moment',
      { auth: 'bearer', token: async () => 'at-2' },
      'Bearer at-2',
      {},
    ],
  ])('is one token, with %s', async (_, client, authorization, more) => {
    expect(await asked({ client })).toEqual({ ...TOLD, authorization, form: { ...FORM, ...more } });
  });

  it('is an outage if the bearer token cannot be obtained', async () => {
    const fail = () => Promise.reject(new Error('s3cret'));
    for (const token of [() => '', () => 'a b', () => undefined as never, fail]) {
      const verdict = await verdictOf(verifierAt(endpoint, { client: { auth: 'bearer', token } }));
      expect(verdict).toEqual({
        error: expect.stringContaining(`${endpoint.url} could not be reached`) as string,
      });
      expect(JSON.stringify(verdict)).not.toContain('s3cret');
    }
    expect(endpoint.asked).toEqual([]);
  });

  it('goes by a fetch of your own', async () => {
    const urls: unknown[] = [];
    const own: typeof fetch = (url, init) => {
      urls.push([url, init?.method, init?.redirect]);
      return fetch((url as string).replace('https://as.example', endpoint.origin), init);
    };
    const verifier = verifierAt(endpoint, {
      endpoint: 'https://as.example/introspect',
      remote: { fetch: own },
    });
    expect(await verdictOf(verifier)).toBe('good');
    expect(urls).toEqual([['https://as.example/introspect', 'POST', 'manual']]);
  });

  it('encodes special characters of a secret (RFC 6749 §2.3.1)', async () => {
    const { authorization } = await asked({ client: { id: 'a:b c', secret: 'p:ö%+' } });
    expect(authorization).toBe(basic('a%3Ab+c:p%3A%C3%B6%25%2B'));
  });

  it.each<[string, KeyObject, string | undefined]>([
    ['ES256', KEY, undefined],
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey, undefined],
    ['ES512', generateKeyPairSync('ec', { namedCurve: 'P-521' }).privateKey, undefined],
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, undefined],
    ['PS384', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey, 'PS384'],
    ['EdDSA', generateKeyPairSync('ed25519').privateKey, undefined],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey, 'Ed25519'],
  ])('is one token, with an assertion by %s', async (alg, key, algorithm) => {
    const client = {
      id: 'api',
      method: 'private_key_jwt',
      key,
      kid: 'k1',
      ...(algorithm && { algorithm }),
    } as IntrospectionOptions['client'];
    const { form, authorization } = await asked({ issuer: 'https://login.osir.com', client });
    const { client_assertion: assertion = '', ...rest } = form;
    expect(authorization).toBeUndefined();
    expect(rest).toEqual({
      ...FORM,
      client_id: 'api',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    const { payload, protectedHeader } = await jwtVerify(assertion, createPublicKey(key), {
      audience: 'https://login.osir.com',
      issuer: 'api',
      subject: 'api',
    });
    expect(protectedHeader).toEqual({ alg, kid: 'k1' });
    expect(payload.exp! - payload.iat!).toBe(60);
  });

  it('has another assertion each time', async () => {
    const key = KEY.export({ format: 'jwk' });
    const verifier = verifierAt(endpoint, {
      issuer: 'https://login.osir.com',
      client: { id: 'api', method: 'private_key_jwt', key },
    });
    await verifier.verify({ extractor: 'bearer', token: TOKEN });
    await verifier.verify({ extractor: 'bearer', token: TOKEN });
    const [one, other] = endpoint.asked.map(
      ({ form }) => decodeJwt(form.client_assertion as string).jti,
    );
    expect(one).not.toBe(other);
  });
});

describe('an issuer', () => {
  /** An authorization server that publishes this, and introspects at `/introspect`. */
  const publish = (metadata: object | undefined, answer: object = active()) =>
    endpoint.answer((req, res) => {
      res.setHeader('Content-Type', 'application/json');
      if (req.url === '/introspect') {
        return void res.end(JSON.stringify(answer));
      }
      if (metadata && req.url?.endsWith('openid-configuration')) {
        return void res.end(JSON.stringify({ issuer: endpoint.origin, ...metadata }));
      }
      res.statusCode = 404;
      res.end('{}');
    });
  const verifier = () =>
    introspection({ issuer: endpoint.origin, client: CLIENT, audience: AUDIENCE });
  const paths = () => endpoint.asked.map(({ path }) => path);

  it('names the endpoint: read once, and not at start-up', async () => {
    publish({ introspection_endpoint: `${endpoint.origin}/introspect` });
    const one = verifier();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(paths()).toEqual([]);
    expect(await Promise.all([verdictOf(one), verdictOf(one)])).toEqual(['good', 'good']);
    expect(await verdictOf(one)).toBe('good');
    expect(paths()).toEqual([
      'GET /.well-known/openid-configuration',
      ...Array<string>(3).fill('POST /introspect'),
    ]);
  });

  it('is the only one whose tokens are accepted', async () => {
    publish(
      { introspection_endpoint: `${endpoint.origin}/introspect` },
      active({ iss: 'https://evil.example' }),
    );
    expect(await verdictOf(verifier())).toBe('bad_issuer');
  });

  it('is not fetched if the endpoint is configured', async () => {
    const one = verifierAt(endpoint, { issuer: endpoint.origin });
    expect(await verdictOf(one)).toBe('good');
    expect(paths()).toEqual(['POST /introspect']);
  });

  it.each<[string, object]>([
    ['no endpoint', {}],
    ['an endpoint without TLS', { introspection_endpoint: 'http://login.osir.com/introspect' }],
    ['an endpoint that is no URL', { introspection_endpoint: 7 }],
  ])('that names %s is an outage', async (_, metadata) => {
    publish(metadata);
    expect(await verdictOf(verifier())).toEqual({
      error: `The metadata of ${endpoint.origin} has no usable introspection_endpoint: it must be a URL that secrets may be sent to`,
    });
  });

  it.each<[string, string, readonly string[] | undefined, string]>([
    ['an insecure host of its own', 'http://keycloak:8080/introspect', ['keycloak:8080'], 'good'],
    ['a loopback address that is one', 'http://127.0.0.2:9/introspect', ['127.0.0.2:9'], 'good'],
    [
      'another port of an insecure host',
      'http://keycloak:8081/introspect',
      ['keycloak:8080'],
      'outage',
    ],
    [
      'an insecure host that is not configured',
      'http://keycloak:8080/introspect',
      undefined,
      'outage',
    ],
    ['a loopback address', 'https://127.0.0.2/introspect', undefined, 'outage'],
    ['a link-local address', 'https://169.254.169.254/introspect', undefined, 'outage'],
    [
      'a loopback address within IPv6',
      'https://[::ffff:127.0.0.1]/introspect',
      undefined,
      'outage',
    ],
  ])('may have the secret sent to %s or not', async (_, found, insecureHosts, expected) => {
    const issuer = 'https://login.osir.com';
    const own: typeof fetch = async (url) =>
      Response.json(
        (url as string).includes('.well-known')
          ? { issuer, introspection_endpoint: found }
          : active(),
      );
    const options = {
      issuer,
      client: CLIENT,
      audience: AUDIENCE,
      remote: { fetch: own },
      ...(insecureHosts && { insecureHosts }),
    };
    const verdict = await verdictOf(introspection(options));
    expect(typeof verdict === 'object' ? 'outage' : verdict).toBe(expected);
  });

  it('that is far away cannot have the secret sent to this machine', async () => {
    const issuer = 'https://login.osir.com';
    const far = jest
      .spyOn(global, 'fetch')
      .mockResolvedValue(
        Response.json({ issuer, introspection_endpoint: `${endpoint.origin}/introspect` }),
      );
    const answer = await verdictOf(introspection({ issuer, client: CLIENT, audience: AUDIENCE }));
    const urls = far.mock.calls.map(([url]) => url);
    far.mockRestore();
    expect(urls).toEqual([`${issuer}/.well-known/openid-configuration`]);
    expect(answer).toMatchObject({
      error: expect.stringContaining('has no usable introspection_endpoint') as string,
    });
    expect(endpoint.asked).toEqual([]);
  });

  it('that cannot be fetched is an outage, and is fetched again after a second', async () => {
    publish(undefined);
    const one = verifier();
    const failure = {
      error: `${endpoint.origin}/.well-known/openid-configuration responded with status 404; ${endpoint.origin}/.well-known/oauth-authorization-server responded with status 404`,
    };
    jest.useFakeTimers({
      now: 0,
      doNotFake: [
        'setTimeout',
        'clearTimeout',
        'setImmediate',
        'clearImmediate',
        'nextTick',
        'queueMicrotask',
        'Date',
      ],
    });
    try {
      expect(await verdictOf(one)).toEqual(failure);
      expect(await Promise.all([verdictOf(one), verdictOf(one)])).toEqual([failure, failure]);
      expect(paths()).toHaveLength(2);
      publish({ introspection_endpoint: `${endpoint.origin}/introspect` });
      jest.advanceTimersByTime(999);
      expect(await verdictOf(one)).toEqual(failure);
      jest.advanceTimersByTime(1);
      expect(await verdictOf(one)).toBe('good');
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('behind a guard', () => {
  it('receives one request for a token that many clients present at once, and another after ttlMs', async () => {
    const { ask, close } = asking([verifierAt(endpoint)]);
    const all = await Promise.all(Array.from({ length: 100 }, () => ask(underBearer(TOKEN))));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set(['authenticated']));
    await ask(underBearer(TOKEN));
    expect(endpoint.asked).toHaveLength(1);
    jest.useFakeTimers({
      now: Date.now() + 30_000,
      doNotFake: [
        'setTimeout',
        'clearTimeout',
        'setImmediate',
        'nextTick',
        'queueMicrotask',
        'performance',
      ],
    });
    try {
      endpoint.answer({ active: false });
      expect(await ask(underBearer(TOKEN))).toEqual(badBearer('unknown'));
      expect(endpoint.asked).toHaveLength(2);
    } finally {
      jest.useRealTimers();
      await close();
    }
  });

  it('receives no request for a cached token, and no token is cached past its exp', async () => {
    const now = Math.floor(Date.now() / 1000);
    endpoint.answer(active({ exp: now + 10 }));
    const { ask, close } = asking([verifierAt(endpoint, { clockToleranceMs: 0 })]);
    expect(await ask(underBearer(TOKEN))).toMatchObject({
      status: 'authenticated',
      principal: { expiresAt: (now + 10) * 1000 },
    });
    jest.useFakeTimers({
      now: (now + 10) * 1000 - 1,
      doNotFake: [
        'setTimeout',
        'clearTimeout',
        'setImmediate',
        'nextTick',
        'queueMicrotask',
        'performance',
      ],
    });
    try {
      expect(await ask(underBearer(TOKEN))).toMatchObject({ status: 'authenticated' });
      expect(endpoint.asked).toHaveLength(1);
      jest.setSystemTime((now + 10) * 1000);
      expect(await ask(underBearer(TOKEN))).toEqual(badBearer('expired'));
      expect(endpoint.asked).toHaveLength(2);
    } finally {
      jest.useRealTimers();
      await close();
    }
  });

  it('keeps nothing of a refusal', async () => {
    const { ask, close } = asking([verifierAt(endpoint)]);
    endpoint.answer({ active: false });
    expect(await ask(underBearer(TOKEN))).toEqual(badBearer('unknown'));
    endpoint.answer(active());
    expect(await ask(underBearer(TOKEN))).toMatchObject({ status: 'authenticated' });
    await close();
  });

  it('rejects a token that is bound to a key if no proof of possession is configured', async () => {
    endpoint.answer(active({ cnf: { 'x5t#S256': 'thumbprint' } }));
    const { ask, close } = asking([verifierAt(endpoint)]);
    expect(await ask(underBearer(TOKEN))).toEqual(badBearer('bad_proof'));
    await close();
  });
});

describe('a server that fails', () => {
  const CLIENTS: Readonly<Record<string, Partial<IntrospectionOptions>>> = {
    client_secret_basic: {},
    client_secret_post: { client: { ...CLIENT, method: 'client_secret_post' } },
    private_key_jwt: {
      issuer: 'https://login.osir.com',
      client: { id: 'api', method: 'private_key_jwt', key: KEY },
    },
  };
  const saying =
    (status: number, headers: OutgoingHttpHeaders, text: string): Handler =>
    (_, res) =>
      void res.writeHead(status, headers).end(text);
  const json = { 'Content-Type': 'application/json' };

  it('by silence is reported before the deadline of the guard, by default', async () => {
    endpoint.answer(() => {});
    const errors: unknown[] = [];
    const listener = (decision: unknown) => void errors.push((decision as Decision).error);
    subscribe('latchkey:decision', listener);
    const { check, close } = latchkey({ verifiers: [verifierAt(endpoint)] });
    expect(await check(underBearer(TOKEN))).toMatchObject({ reason: 'unavailable' });
    unsubscribe('latchkey:decision', listener);
    await close();
    expect(errors).toEqual([new Error(`${endpoint.url} did not respond within 900 ms`)]);
  });

  describe.each(Object.entries(CLIENTS))('by %s', (_, options) => {
    test.each<[string, Handler, string]>([
      [
        '401 of our own client',
        saying(401, { ...json, 'WWW-Authenticate': 'Basic' }, '{"error":"invalid_client"}'),
        'responded with status 401 invalid_client',
      ],
      [
        '403',
        saying(403, json, '{"error":"access_denied"}'),
        'responded with status 403 access_denied',
      ],
      [
        '500 that repeats what it was sent',
        saying(500, json, JSON.stringify({ error: TOKEN, error_description: CLIENT.secret })),
        'responded with status 500',
      ],
      ['503', saying(503, {}, ''), 'responded with status 503'],
      [
        'a redirect',
        saying(307, { Location: 'https://evil.example/' }, ''),
        'responded with status 307',
      ],
      [
        'HTML',
        saying(200, { 'Content-Type': 'text/html' }, `<h1>${TOKEN}</h1>`),
        'responded with something that is not JSON',
      ],
      [
        'a good answer as a text',
        saying(200, { 'Content-Type': 'text/plain' }, JSON.stringify(active())),
        'responded with something that is not JSON',
      ],
      [
        'a signed answer',
        saying(200, { 'Content-Type': 'application/token-introspection+jwt' }, 'e30.e30.AA'),
        'responded with something that is not JSON',
      ],
      [
        'half an answer',
        saying(200, json, '{"active":true'),
        'responded with something that is not a JSON object',
      ],
      [
        'a list',
        saying(200, json, '[{"active":true}]'),
        'responded with something that is not a JSON object',
      ],
      [
        '5 MB',
        saying(200, json, JSON.stringify(active({ pad: 'x'.repeat(5e6) }))),
        'responded with more than 65536 bytes',
      ],
      [
        'the end of the connection',
        (_, res) => void res.destroy(),
        'could not be reached: UND_ERR_SOCKET',
      ],
      ['nothing', () => {}, 'did not respond within 200 ms'],
    ])(
      '%s: 503, and the error says where and why, without token and secret',
      async (_what, answer, why) => {
        endpoint.answer(answer);
        const decisions: Decision[] = [];
        const listener = (decision: unknown) => void decisions.push(decision as Decision);
        subscribe('latchkey:decision', listener);
        const { ask, close } = asking([verifierAt(endpoint, { timeoutMs: 200, ...options })]);
        const answered = await ask(underBearer(TOKEN));
        unsubscribe('latchkey:decision', listener);
        await close();

        expect(answered).toEqual(OUTAGE);
        expect(decisions).toMatchObject([
          { outcome: 'refused', reason: 'unavailable', verifier: 'introspection', status: 503 },
        ]);
        const { error } = decisions[0]!;
        expect((error as Error).message).toBe(`${endpoint.url} ${why}`);
        const everything = inspect(error, { depth: Infinity, showHidden: true });
        const sent = endpoint.asked
          .map(({ headers, form }) => [headers.authorization?.slice(6), form.client_assertion])
          .flat();
        for (const secret of [TOKEN, CLIENT.secret, ...sent]) {
          if (secret) {
            expect(everything).not.toContain(secret);
          }
        }
      },
    );
  });
});
