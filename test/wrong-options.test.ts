/** One test for each way in which a call is wrong. The error names the function and the option. */
import {
  accessTokens,
  apiKeyHeader,
  apiKeys,
  bearer,
  cookie,
  dpop,
  findAuth,
  getAuth,
  hasScopes,
  latchkey,
  memoryStore,
  type Principal,
  queryParameter,
  sessionTokens,
  toAuthInfo,
} from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';

type Wrong = readonly [what: string, call: () => unknown, message: string];

const store = memoryStore();
const keys = apiKeys({ prefix: 'acme', store });
const verifiers = [keys];
const principal: Principal = {
  kind: 'api_key',
  verifier: 'api_keys',
  subject: 'acct_1',
  scopes: ['domains:read'],
  claims: {},
};
const ID = 'x'.repeat(22);
const ioredis = { call() {}, duplicate() {}, on() {} };
const kysely = Object.fromEntries(
  ['selectFrom', 'withoutPlugins', 'withSchema', 'transaction', 'connection'].map((name) => [
    name,
    () => kysely,
  ]),
);

/** A function as JavaScript calls it: with anything. */
const untyped = (call: object) => call as (...args: unknown[]) => unknown;
const guards = untyped(latchkey)({ scopes: ['domains:read'], verifiers }) as Record<
  string,
  (...args: unknown[]) => unknown
>;
const call =
  (name: string, ...args: unknown[]) =>
  () =>
    guards[name]!(...args);
const manage =
  (name: string, ...args: unknown[]) =>
  () =>
    untyped(Reflect.get(keys, name) as object)(...args);

/** Fails with a TypeError that has the code, and a message that contains the text. */
const failsWith = (code: string, wrong: readonly Wrong[]) =>
  test.each(wrong)('rejects %s', async (_what, act, message) => {
    const error: unknown = await new Promise((resolve) => resolve(act())).catch(
      (thrown: unknown) => thrown,
    );

    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  });

describe('latchkey()', () => {
  const wrong = (options: object) => () => untyped(latchkey)({ verifiers, ...options });

  failsWith('ERR_LATCHKEY_OPTION', [
    ['no options', () => untyped(latchkey)(), 'options must be an object'],
    ['a misspelt option', wrong({ extracters: [] }), '"extracters"; allowed are verifiers,'],
    ['a misspelt verifiers', () => untyped(latchkey)({ verifier: keys }), '"verifiers" must be'],
    ['verifiers that are no list', wrong({ verifiers: keys }), '"verifiers" must be'],
    ['an empty list of verifiers', wrong({ verifiers: [] }), '"verifiers" must be'],
    ['extractors that are names', wrong({ extractors: ['bearer'] }), '"extractors" must be'],
    ['scopes that are one string', wrong({ scopes: 'a b' }), '"scopes" must be'],
    ['a realm that is a number', wrong({ realm: 7 }), '"realm" must be'],
    ['a realm with a quotation mark', wrong({ realm: 'a"b' }), '"realm" must be'],
    ['a resource that is a URL', wrong({ resource: 'https://a.example' }), '"resource" must be'],
    ['a resource by plain http', wrong({ resource: { url: 'http://a.example' } }), 'resource.url'],
    ['a misspelt member of cache', wrong({ cache: { ttl: 5 } }), '"cache.ttl"; allowed are max'],
    ['a cache without entries', wrong({ cache: { max: 0 } }), '"cache.max" must be'],
    ['a cache that is true', wrong({ cache: true }), '"cache" must be'],
    ['a timeoutMs with a unit', wrong({ timeoutMs: '1s' }), '"timeoutMs" must be'],
    ['a timeoutMs of 0', wrong({ timeoutMs: 0 }), '"timeoutMs" must be'],
    ['an unknown clientCertificate', wrong({ clientCertificate: 'tls' }), '"clientCertificate"'],
    ['a body that is an object', wrong({ body: {} }), '"body" must be a function'],
  ]);
});

describe('a guard', () => {
  failsWith('ERR_LATCHKEY_OPTION', [
    ['authenticate() with a misspelt option', call('authenticate', { option: true }), '"option"'],
    ['authenticate() with a string', call('authenticate', { optional: 'yes' }), '"optional" must'],
    ['authenticate as a handler', call('authenticate', { headers: {} }, {}, () => {}), '"headers"'],
    ['authorize() without a policy', call('authorize'), 'policy: must be a function'],
    ['authorize() with an object', call('authorize', { policy() {} }), 'policy: must be'],
    ['requireFreshAuth() without options', call('requireFreshAuth'), 'options must be an object'],
    ['requireFreshAuth() with neither option', call('requireFreshAuth', {}), '"maxAgeMs"'],
    ['a misspelt maxAgeMs', call('requireFreshAuth', { maxAge: 5 }), '"maxAge"; allowed are'],
    ['a negative maxAgeMs', call('requireFreshAuth', { maxAgeMs: -1 }), '"maxAgeMs" must be'],
    ['a maxAgeMs with a unit', call('requireFreshAuth', { maxAgeMs: '5m' }), '"maxAgeMs" must be'],
    ['acrValues as a string', call('requireFreshAuth', { acrValues: 'mfa' }), '"acrValues" must'],
    ['resourceMetadata() without a resource', call('resourceMetadata'), 'option "resource"'],
  ]);

  failsWith('ERR_LATCHKEY_SCOPE', [
    ['requireScopes() without scopes', call('requireScopes'), 'at least one scope'],
    ['requireScopes() with an undeclared scope', call('requireScopes', 'domains:wrte'), 'wrte'],
    ['requireScopes() with a list', call('requireScopes', ['domains:read']), 'type object'],
    ['requireScopes() with undefined', call('requireScopes', undefined), 'type undefined'],
    ['requireScopes() with two scopes in one', call('requireScopes', 'a b'), '"a b"'],
    ['requireAnyScope() without scopes', call('requireAnyScope'), 'at least one scope'],
    ['requireAnyScope() with an undeclared scope', call('requireAnyScope', 'x'), '"x" is not'],
    ['requireAnyScope() with a list', call('requireAnyScope', ['domains:read']), 'type object'],
    ['check() with an undeclared scope', call('check', { headers: {} }, { scopes: ['x'] }), '"x"'],
  ]);
});

describe('check()', () => {
  failsWith('ERR_LATCHKEY_OPTION', [
    ['a misspelt option', call('check', { headers: {} }, { scope: ['a'] }), '"scope"; allowed'],
    ['scopes as a string', call('check', { headers: {} }, { scopes: 'a' }), '"scopes" must be'],
    ['options that are null', call('check', { headers: {} }, null), 'options must be an object'],
    ['options that are a list', call('check', { headers: {} }, ['a']), 'options must be'],
  ]);

  failsWith('ERR_LATCHKEY_ARGUMENT', [
    ['no request', call('check'), 'request'],
    ['a string', call('check', 'GET /'), 'request'],
    ['an object without headers', call('check', {}), '"headers"'],
    ['misspelt headers', call('check', { header: {} }), '"headers"'],
    ['headers that are a string', call('check', { headers: 'a: b' }), '"headers"'],
  ]);
});

describe('an extractor', () => {
  const origins = (value: unknown) => () => untyped(cookie)('sid', { origins: value });

  failsWith('ERR_LATCHKEY_OPTION', [
    ['bearer() with a header name', () => untyped(bearer)('X-Token'), 'bearer(): options must be'],
    ['apiKeyHeader() with a number', () => untyped(apiKeyHeader)(7), 'name: must be'],
    ['apiKeyHeader() with an empty name', () => untyped(apiKeyHeader)(''), 'name: must be'],
    ['apiKeyHeader() with a space', () => untyped(apiKeyHeader)('X Key'), 'name: must be'],
    ['apiKeyHeader() of Authorization', () => apiKeyHeader('authorization'), 'Authorization'],
    ['apiKeyHeader() of Cookie', () => apiKeyHeader('Cookie'), 'Cookie'],
    ['queryParameter() without a name', () => untyped(queryParameter)(), 'name: must be'],
    ['queryParameter() with an object', () => untyped(queryParameter)({}), 'name: must be'],
    ['cookie() without a name', () => untyped(cookie)(), 'name: must be'],
    ['cookie() with a space', () => untyped(cookie)('a b'), 'name: must be'],
    ['a misspelt origins', () => untyped(cookie)('sid', { origin: [] }), '"origin"; allowed'],
    ['origins as a string', origins('https://a.example'), '"origins" must be'],
    ['origins that are no URLs', origins(['a.example']), '"origins" must be'],
    ['origins with a path', origins(['https://a.example/app']), '"origins" must be'],
  ]);
});

describe('dpop()', () => {
  const wrong = (options: unknown) => () => untyped(dpop)(options);

  failsWith('ERR_LATCHKEY_OPTION', [
    ['a string', wrong('ES256'), 'options must be an object'],
    ['a misspelt option', wrong({ algorithm: ['ES256'] }), '"algorithm"; allowed are algorithms'],
    ['algorithms as a string', wrong({ algorithms: 'ES256' }), '"algorithms" must be'],
    ['a symmetric algorithm', wrong({ algorithms: ['HS256'] }), '"algorithms" must be'],
    ['a store without methods', wrong({ store: {} }), '"store" must be'],
    ['a negative windowMs', wrong({ windowMs: -1 }), '"windowMs" must be'],
    ['a baseUrl without a scheme', wrong({ baseUrl: 'api.example' }), '"baseUrl" must be'],
    ['a nonce that is a string', wrong({ nonce: 'x' }), '"nonce" must be'],
  ]);
});

describe('a principal', () => {
  failsWith('ERR_LATCHKEY_ARGUMENT', [
    ['getAuth() without a request', () => untyped(getAuth)(), 'getAuth(): "req"'],
    ['getAuth() of a string', () => untyped(getAuth)('x'), 'getAuth(): "req"'],
    ['findAuth() without a request', () => untyped(findAuth)(), 'findAuth(): "req"'],
    ['findAuth() of null', () => untyped(findAuth)(null), 'findAuth(): "req"'],
    ['hasScopes() without a principal', () => untyped(hasScopes)(undefined, 'a'), '"principal"'],
    ['hasScopes() of a request', () => untyped(hasScopes)({ headers: {} }, 'a'), '"principal"'],
    ['hasScopes() with a list', () => untyped(hasScopes)(principal, ['a']), '"scopes"'],
    ['hasScopes() with a number', () => untyped(hasScopes)(principal, 7), '"scopes"'],
    ['toAuthInfo() without a principal', () => untyped(toAuthInfo)(undefined, 't'), '"principal"'],
    ['toAuthInfo() without a token', () => untyped(toAuthInfo)(principal), '"token"'],
    ['toAuthInfo() with an empty token', () => toAuthInfo(principal, ''), '"token"'],
  ]);
});

describe('a store', () => {
  const redis = (options: object) => () => untyped(redisStore)({ client: ioredis, ...options });
  const sql = (options: object) => () => untyped(sqlStore)({ db: kysely, ...options });

  failsWith('ERR_LATCHKEY_OPTION', [
    [
      'memoryStore() with options',
      () => untyped(memoryStore)({ max: 5 }),
      'memoryStore(): options',
    ],
    ['redisStore() without options', () => untyped(redisStore)(), 'options must be an object'],
    ['a misspelt client', () => untyped(redisStore)({ clint: ioredis }), '"clint"; allowed are'],
    ['a client that is a URL', redis({ client: 'redis://localhost' }), '"client" must be'],
    ['a client of another kind', redis({ client: {} }), '"client" must be'],
    ['a misspelt prefix', redis({ prefx: 'acme:' }), '"prefx"; allowed are'],
    ['a prefix that is a number', redis({ prefix: 7 }), '"prefix" must be'],
    ['a prefix with a hash tag', redis({ prefix: '{acme}' }), '"prefix" must be'],
    ['subscribe as a string', redis({ subscribe: 'yes' }), '"subscribe" must be'],
    ['sqlStore() without options', () => untyped(sqlStore)(), 'options must be an object'],
    ['a misspelt db', () => untyped(sqlStore)({ database: kysely }), '"database"; allowed are'],
    ['a db that is a URL', sql({ db: 'postgres://localhost' }), '"db" must be'],
    ['a db of another kind', sql({ db: {} }), '"db" must be'],
    ['a listen that is no function', sql({ listen: true }), '"listen" must be'],
  ]);
});

describe.each<[string, object]>([
  ['apiKeys()', apiKeys],
  ['accessTokens()', accessTokens],
  ['sessionTokens()', sessionTokens],
])('%s', (name, create) => {
  const wrong = (options: object) => () => untyped(create)({ prefix: 'acme', store, ...options });

  failsWith('ERR_LATCHKEY_OPTION', [
    ['no options', () => untyped(create)(), `${name}: options must be an object`],
    ['a misspelt option', wrong({ extractor: ['bearer'] }), '"extractor"; allowed are'],
    ['no store', wrong({ store: undefined }), '"store" must be'],
    ['a store without methods', wrong({ store: {} }), '"store" must be'],
    ['no prefix', wrong({ prefix: undefined }), '"prefix" must be'],
    ['a prefix with an underscore', wrong({ prefix: 'acme_' }), '"prefix" must be'],
    ['a name that is a number', wrong({ name: 7 }), '"name" must be'],
    ['extractors as a string', wrong({ extractors: 'bearer' }), '"extractors" must be'],
    ['an empty list of extractors', wrong({ extractors: [] }), '"extractors" must be'],
  ]);
});

describe('the options of one kind of credential', () => {
  const wrong = (create: object, options: object) => () =>
    untyped(create)({ prefix: 'acme', store, ...options });

  failsWith('ERR_LATCHKEY_OPTION', [
    ['a misspelt environment', wrong(apiKeys, { enviroment: 'test' }), '"enviroment"; allowed'],
    ['an environment in capitals', wrong(apiKeys, { environment: 'LIVE' }), '"environment" must'],
    ['environments as a string', wrong(apiKeys, { environments: 'test' }), '"environments" must'],
    ['a legacy that is a string', wrong(apiKeys, { legacy: '^old_' }), '"legacy" must be'],
    ['a legacy with the flag g', wrong(apiKeys, { legacy: /^old_/g }), '"legacy" must be'],
    ['a misspelt ttlMs of accessTokens()', wrong(accessTokens, { ttl: 5 }), '"ttl"; allowed are'],
    ['a ttlMs with a unit of accessTokens()', wrong(accessTokens, { ttlMs: '5m' }), '"ttlMs" must'],
    ['a negative ttlMs of accessTokens()', wrong(accessTokens, { ttlMs: -5 }), '"ttlMs" must be'],
    ['a misspelt ttlMs of sessionTokens()', wrong(sessionTokens, { ttl: 5 }), '"ttl"; allowed'],
    ['a ttlMs of 0 of sessionTokens()', wrong(sessionTokens, { ttlMs: 0 }), '"ttlMs" must be'],
  ]);
});

describe('a manager', () => {
  const owner = { subject: 'acct_1', scopes: ['domains:read'] };

  failsWith('ERR_LATCHKEY_OPTION', [
    ['issue() without options', manage('issue'), 'issue(): options must be an object'],
    ['issue() with a misspelt scopes', manage('issue', { ...owner, scope: [] }), '"scope"'],
    ['issue() with scopes as a string', manage('issue', { ...owner, scopes: 'a' }), '"scopes"'],
    ['issue() with a misspelt actor', manage('issue', owner, { acter: 'x' }), '"acter"; allowed'],
    ['issue() with an actor of another type', manage('issue', owner, { actor: 7 }), '"actor" must'],
    ['rotate() with a misspelt option', manage('rotate', ID, { overlap: 5 }), '"overlap"'],
    ['rotate() with a unit', manage('rotate', ID, { overlapMs: '5m' }), '"overlapMs" must be'],
    ['update() without changes', manage('update', ID), 'update(): options must be'],
    ['update() with a misspelt change', manage('update', ID, { scope: [] }), '"scope"; allowed'],
    ['revoke() without an ID', manage('revoke'), 'id: must be'],
    ['revoke() with an actor as a string', manage('revoke', ID, 'ada'), 'revoke(): options'],
    ['revokeAll() with a misspelt owner', manage('revokeAll', { subjct: 'a' }), '"subjct"'],
    ['disable() with a number', manage('disable', 7), 'id: must be'],
    ['get() without an ID', manage('get'), 'id: must be'],
    ['list() with a misspelt option', manage('list', { state: 'active' }), '"state"; allowed'],
    ['list() with an unknown status', manage('list', { status: 'live' }), '"status" must be'],
    ['list() with a limit of 0', manage('list', { limit: 0 }), '"limit" must be'],
    ['usage() with a misspelt day', manage('usage', ID, { form: '2026-11-01' }), '"form"; allowed'],
    ['usage() with a day in words', manage('usage', ID, { from: 'today' }), '"from" must be'],
    ['import() of an object', manage('import', {}), 'records: must be'],
    ['prune() with a misspelt option', manage('prune', { before: 5 }), '"before"; allowed'],
  ]);

  failsWith('ERR_LATCHKEY_EXPIRY', [
    ['an expiresAt in seconds', manage('issue', { ...owner, expiresAt: 1.9e9 }), '"expiresAt"'],
  ]);

  failsWith('ERR_LATCHKEY_ARGUMENT', [
    ['verify() without a secret', manage('verify'), 'verify(secret): "secret"'],
    ['verify() with a number', manage('verify', 7), 'verify(secret): "secret"'],
    ['verify() with null', manage('verify', null), 'verify(secret): "secret"'],
  ]);
});
