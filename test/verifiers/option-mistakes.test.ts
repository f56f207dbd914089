import { generateKeyPairSync } from 'node:crypto';

import { accessTokens, apiKeys, jwt, memoryStore, sessionTokens } from 'latchkey';
import { introspection } from 'latchkey/introspection';

/** Creates a verifier from options that may be invalid. */
type Create = (options: never) => unknown;
/** Invalid values by the name of the option. Members of options are named with a dot. */
type Mistakes = Readonly<Record<string, readonly unknown[]>>;

const store = memoryStore();
const { publicKey } = generateKeyPairSync('ed25519');
const issuer = 'https://login.example.com';
const audience = 'https://api.example.com';

const NOT_TEXT = ['', 7, null, [], {}];
const NOT_A_LIST = ['bearer', [], [''], [7], null, {}];
const NOT_MS = ['1s', '1000', -1, NaN, Infinity, null];
const NOT_LENGTH = ['8192', 0, 1.5, 1e9, NaN, null];
const NOT_HOSTS = ['keycloak:8080', ['http://keycloak'], ['keycloak/path'], [7]];
const NOT_A_FUNCTION = ['fetch', {}, null];

const STORED: Mistakes = {
  store: [undefined, null, {}, 'redis', { find: true }],
  prefix: [undefined, 'ac_me', 'Acme', '7up', 'a'.repeat(33), ...NOT_TEXT],
  name: NOT_TEXT,
  extractors: NOT_A_LIST,
};
const TOKENS: Mistakes = { ...STORED, ttlMs: [0, ...NOT_MS] };

const CALLS: readonly (readonly [string, Create, object, Mistakes])[] = [
  [
    'apiKeys()',
    apiKeys,
    { store, prefix: 'acme' },
    {
      ...STORED,
      environment: ['Live', 'a_b', ...NOT_TEXT],
      environments: [['Live'], ...NOT_A_LIST.slice(1)],
      legacy: [/a/g, /a/y, 'sk-', [], [{}], [{ form: 'sk-' }], [{ form: /a/, digest: 'hmac' }]],
    },
  ],
  ['accessTokens()', accessTokens, { store, prefix: 'acme' }, TOKENS],
  ['sessionTokens()', sessionTokens, { store, prefix: 'acme' }, TOKENS],
  [
    'jwt()',
    jwt,
    { issuer, audience },
    {
      issuer: [undefined, 'login', 'http://login.example.com', [], [7], async () => true],
      audience: [undefined, [''], ...NOT_TEXT],
      algorithms: ['RS256', ['none'], ['HS256'], [], [7], null],
      jwksUri: ['keys', 'http://login.example.com/keys', 7, ''],
      'remote.ttlMs': [0, ...NOT_MS],
      'remote.staleIfErrorMs': NOT_MS,
      'remote.cooldownMs': [0, ...NOT_MS],
      'remote.timeoutMs': [0, ...NOT_MS],
      'remote.maxIssuers': NOT_LENGTH,
      'remote.fetch': NOT_A_FUNCTION,
      insecureHosts: NOT_HOSTS,
      profile: ['rfc7519', '', true, null],
      typ: [['application/'], [''], ...NOT_TEXT],
      requiredClaims: NOT_A_LIST,
      claims: [[], 'token_use', { token_use: null }, { token_use: [] }, null],
      scopeClaim: [[''], ...NOT_TEXT],
      audienceClaim: NOT_TEXT,
      clientIdClaim: NOT_TEXT,
      clockToleranceMs: [300_001, '60', ...NOT_MS],
      extractors: NOT_A_LIST,
      maxTokenLength: NOT_LENGTH,
      revocations: [{}, new Map(), 'redis', null],
      maxLifetimeMs: [60_000, 0, ...NOT_MS],
      name: NOT_TEXT,
    },
  ],
  [
    'jwt() with a key',
    jwt,
    { issuer, audience, algorithms: ['EdDSA'], key: publicKey },
    { key: [undefined, null, 7, ''], algorithms: [undefined, ['EdDSA', 'HS256']], remote: [{}] },
  ],
  [
    'jwt() with a JWK Set',
    jwt,
    {
      issuer,
      audience,
      algorithms: ['EdDSA'],
      jwks: { keys: [publicKey.export({ format: 'jwk' })] },
    },
    { jwks: [null, {}, { keys: {} }, { keys: [7] }, []], algorithms: [undefined], remote: [{}] },
  ],
  [
    'introspection()',
    introspection,
    { issuer, audience, client: { id: 'api', secret: 's3cret' } },
    {
      issuer: ['login', 'http://login.example.com', 'https://login.example.com?a', 7, ''],
      endpoint: ['introspect', 'http://login.example.com/introspect', 7, ''],
      client: [undefined, null, {}, { id: 'api' }, { auth: 'bearer' }],
      'client.id': NOT_TEXT,
      'client.secret': NOT_TEXT,
      'client.auth': ['digest', '', 7, null],
      'client.method': ['basic', '', 7, null],
      'client.key': ['-----BEGIN', 7, {}],
      'client.kid': NOT_TEXT,
      'client.algorithm': ['none', '', 7, null],
      'client.token': ['a b', '', 7, null],
      audience: [undefined, [''], ...NOT_TEXT],
      allowMissingAudience: ['true', 1, null],
      jwts: ['true', 1, null],
      clockToleranceMs: [300_001, ...NOT_MS],
      timeoutMs: [0, ...NOT_MS],
      'remote.fetch': NOT_A_FUNCTION,
      insecureHosts: NOT_HOSTS,
      extractors: NOT_A_LIST,
      maxTokenLength: NOT_LENGTH,
      name: NOT_TEXT,
    },
  ],
];

/** Returns the options with another value of an option. */
function withValue(options: object, name: string, value: unknown): object {
  const [member = '', inner] = name.split('.');
  if (inner === undefined) {
    return { ...options, [member]: value };
  }
  const before = (options as Record<string, object | undefined>)[member];
  return { ...options, [member]: { ...before, [inner]: value } };
}

function thrownBy(create: Create, options: unknown): Error & { readonly code?: string } {
  try {
    create(options as never);
  } catch (error) {
    return error as Error;
  }
  throw new Error(`accepted ${JSON.stringify(options)}`);
}

describe.each(CALLS)('%s', (_, create, options, mistakes) => {
  it('accepts valid options', () => {
    expect(() => create(options as never)).not.toThrow();
  });

  it.each(Object.keys(mistakes))('rejects invalid values of "%s" by its name', (name) => {
    for (const value of mistakes[name] ?? []) {
      const error = thrownBy(create, withValue(options, name, value));
      expect([error, error.code]).toEqual([expect.any(TypeError), 'ERR_LATCHKEY_OPTION']);
      expect(error.message).toContain(`option "${name}`);
    }
  });

  it.each(Object.keys(mistakes))('rejects the misspelt option "%sx" by its name', (name) => {
    const error = thrownBy(create, withValue(options, `${name}x`, 'x'));
    expect([error, error.code]).toEqual([expect.any(TypeError), 'ERR_LATCHKEY_OPTION']);
    expect(error.message).toContain(`unknown option "${name}x"`);
  });

  it.each([undefined, null, 7, 'options', [], () => ({})])('rejects %p as options', (value) => {
    const error = thrownBy(create, value);
    expect([error, error.code]).toEqual([expect.any(TypeError), 'ERR_LATCHKEY_OPTION']);
  });
});

const WITHOUT_VALUES: readonly string[] = ['key', 'jwks', 'remote'];

it.each(CALLS.filter(([name]) => name.endsWith('()')))(
  'the table of %s has every option',
  (_, create, options, mistakes) => {
    const { message } = thrownBy(create, { ...options, unknown: true });
    const allowed = /allowed are (.*)$/.exec(message)?.[1]?.split(', ') ?? [];
    const tested = new Set(Object.keys(mistakes).map((name) => name.split('.')[0]));
    expect(allowed.length).toBeGreaterThan(3);
    expect(allowed.filter((name) => !tested.has(name) && !WITHOUT_VALUES.includes(name))).toEqual(
      [],
    );
  },
);
