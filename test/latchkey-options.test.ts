import { generateKeyPairSync } from 'node:crypto';

import {
  accessTokens,
  apiKeyHeader,
  apiKeys,
  bearer,
  cookie,
  type Extractor,
  jwt,
  latchkey,
  type LatchkeyOptions,
  memoryStore,
  queryParameter,
  sessionTokens,
  type Verifier,
} from 'latchkey';

import { ownVerifier } from './support/own-verifier';

const SECRET = 'hunter2';
const store = memoryStore();
const keys = apiKeys({ prefix: 'osir', store });
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const own = (more: Partial<Verifier> = {}): Verifier => ({
  name: 'own',
  accepts: () => true,
  verify: () => ({ ok: false, reason: 'unknown' }),
  ...more,
});
const finding = (more: object = {}) =>
  ({ name: 'own', extract: () => undefined, ...more }) as Extractor;

/** What is said about options, or undefined where nothing is wrong. */
function complaint(options: unknown): string | undefined {
  try {
    latchkey(options as LatchkeyOptions);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message;
  }
}
const complaintAbout = (option: string, value: unknown) =>
  complaint({ verifiers: [keys], [option]: value });

/** Each value as one that is wrong in its own way. */
const named = (values: readonly unknown[]) =>
  values.map((value): [string, unknown] => [show(value), value]);
const show = (value: unknown): string => {
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'number') {
    return String(value);
  }
  return typeof value === 'function' || value instanceof Map
    ? typeof value
    : (JSON.stringify(value) ?? String(value));
};

const NO_TEXTS = [7, true, null, {}, [], ['api'], () => 'api', Symbol('api')];
const NO_FUNCTIONS = ['x', 7, true, null, {}, []];
const NO_NUMBERS = [
  NaN,
  Infinity,
  -Infinity,
  -1,
  '1000',
  '',
  true,
  null,
  {},
  [],
  [1000],
  1n,
  new Date(0),
];

describe('the option verifiers', () => {
  const allowed =
    'a non-empty list of verifiers: apiKeys(), jwt(), … or objects with name, accepts() and verify()';

  test.each<[string, unknown]>([
    ...named([undefined, null, [], {}, 'api_keys', [null], ['api_keys'], [{}], [[]], new Map()]),
    ['a verifier without a list', keys],
    ['a factory that was not called', [apiKeys]],
    ['one that is still a promise', [Promise.resolve(keys)]],
    ['one without a name', [own({ name: undefined as never })]],
    ['one whose name is a number', [own({ name: 7 as never })]],
    ['one without accepts()', [own({ accepts: undefined as never })]],
    ['one without verify()', [own({ verify: true as never })]],
    ['a good one and a bad one', [keys, {}]],
  ])('is not %s', (_, value) => {
    expect(complaint({ verifiers: value })).toBe(
      `latchkey(): option "verifiers" must be ${allowed}`,
    );
  });

  it('is required', () => {
    expect(complaint({})).toBe(`latchkey(): option "verifiers" must be ${allowed}`);
  });

  const rsa = { audience: 'https://api.osir.com', algorithms: ['RS256'], key: publicKey } as const;
  const apart = (one: Verifier, other: Verifier) =>
    `latchkey(): option "verifiers" must not overlap: ${one.name} and ${other.name} accept the same credentials; give each another prefix, form or issuer`;

  test.each<[string, Verifier, Verifier]>([
    ['keys of one prefix', keys, apiKeys({ prefix: 'osir', store: memoryStore() })],
    [
      'keys of one prefix for two environments',
      apiKeys({ prefix: 'osir', environment: 'live', store }),
      apiKeys({ prefix: 'osir', environment: 'test', store }),
    ],
    ['keys and access tokens of one prefix', keys, accessTokens({ prefix: 'osir', store })],
    ['keys and session tokens of one prefix', keys, sessionTokens({ prefix: 'osir', store })],
    [
      'access and session tokens of one prefix',
      accessTokens({ prefix: 'osir', store }),
      sessionTokens({ prefix: 'osir', store }),
    ],
    [
      'older keys that look like other keys',
      keys,
      apiKeys({ prefix: 'other', legacy: /^osir_/, store }),
    ],
    [
      'older keys that look like access tokens',
      apiKeys({ prefix: 'other', legacy: /^[a-z]+_live_/, store }),
      accessTokens({ prefix: 'osir', store }),
    ],
    [
      'older keys that look like JWTs',
      apiKeys({ prefix: 'other', legacy: /./, store }),
      jwt({ issuer: 'https://osir.com', ...rsa }),
    ],
    [
      'JWTs of one issuer',
      jwt({ issuer: 'https://osir.com', ...rsa }),
      jwt({ issuer: 'https://osir.com', ...rsa, name: 'other' }),
    ],
    [
      'JWTs of one issuer for two audiences',
      jwt({ issuer: 'https://osir.com', ...rsa }),
      jwt({ issuer: 'https://osir.com', ...rsa, audience: 'https://other.osir.com' }),
    ],
    [
      'JWTs of issuers of which one is the same',
      jwt({ issuer: ['https://osir.com', 'https://a.example'], ...rsa }),
      jwt({ issuer: ['https://b.example', 'https://osir.com'], ...rsa }),
    ],
    ['one verifier twice', keys, keys],
  ])('does not hold two that would accept the same credentials: %s', (_, one, other) => {
    expect(complaint({ verifiers: [one, other] })).toBe(apart(one, other));
    expect(complaint({ verifiers: [other, one] })).toBe(apart(other, one));
  });

  it('does not hold two that would accept the same credentials with others between', () => {
    const other = apiKeys({ prefix: 'osir', store });
    expect(
      complaint({
        verifiers: [
          sessionTokens({ prefix: 'a', store }),
          keys,
          accessTokens({ prefix: 'b', store }),
          other,
        ],
      }),
    ).toBe(apart(keys, other));
  });

  it('does not detect that a custom verifier accepts the form of a later one', () => {
    expect(complaint({ verifiers: [own(), keys] })).toBe(apart(own(), keys));
  });

  test.each<[string, readonly Verifier[]]>([
    [
      'two prefixes',
      [
        keys,
        apiKeys({ prefix: 'osir2', store }),
        accessTokens({ prefix: 'osirat', store }),
        sessionTokens({ prefix: 'osirs', store }),
      ],
    ],
    [
      'two issuers',
      [jwt({ issuer: 'https://osir.com', ...rsa }), jwt({ issuer: 'https://osir.com/', ...rsa })],
    ],
    ['keys and JWTs', [keys, jwt({ issuer: 'https://osir.com', ...rsa })]],
    [
      'older keys of a form of their own',
      [apiKeys({ prefix: 'one', legacy: /^[0-9a-f]{32}$/, store }), keys],
    ],
    [
      'one of your own that takes what is left',
      [keys, jwt({ issuer: 'https://osir.com', ...rsa }), own()],
    ],
    [
      'one of your own with a form of its own',
      [own({ accepts: ({ token }) => token.startsWith('own_') }), keys],
    ],
  ])('may hold several that stay apart: %s', (_, verifiers) => {
    expect(complaint({ verifiers })).toBeUndefined();
  });
});

describe('the option extractors', () => {
  const allowed =
    'a non-empty list of extractors: bearer(), apiKeyHeader(), … or objects with name and extract()';

  test.each<[string, unknown]>([
    ...named([null, [], {}, 'bearer', ['bearer'], [null], [{}]]),
    ['a extractor without a list', bearer()],
    ['a factory that was not called', [bearer]],
    ['one without a name', [finding({ name: undefined })]],
    ['one without extract()', [finding({ extract: undefined })]],
  ])('is not %s', (_, value) => {
    expect(complaintAbout('extractors', value)).toBe(
      `latchkey(): option "extractors" must be ${allowed}`,
    );
  });

  test.each<[string, readonly Extractor[]]>([
    ['bearer()', [bearer(), bearer()]],
    ['apiKeyHeader()', [apiKeyHeader(), bearer(), apiKeyHeader('x-api-key')]],
    ['queryParameter()', [queryParameter('key'), queryParameter('key')]],
    ['cookie()', [cookie('sid'), cookie('sid')]],
    ['one of your own', [finding(), finding()]],
  ])('does not name one place twice: %s', (_, extractors) => {
    expect(complaintAbout('extractors', extractors)).toBe(
      'latchkey(): option "extractors" must not read the same place in a request twice',
    );
  });

  test.each<[string, readonly Extractor[]]>([
    ['two headers', [apiKeyHeader(), apiKeyHeader('X-Acme-Key')]],
    ['two parameters', [queryParameter('key'), queryParameter('api_key')]],
    ['two cookies', [cookie('sid'), cookie('session')]],
    ['one of your own', [finding({ header: 'X-Own', scheme: 'DPoP' }), bearer()]],
  ])('may name several places: %s', (_, extractors) => {
    expect(complaint({ verifiers: [ownVerifier()], extractors })).toBeUndefined();
  });

  const amz = finding({ name: 'amz', header: 'X-Amz-Token' });
  const keysOf = (extractors?: readonly string[]) =>
    apiKeys({ prefix: 'acme', store: memoryStore(), ...(extractors && { extractors }) });

  test.each<[string, object, RegExp]>([
    [
      'an extractor that no verifier reads',
      { verifiers: [keysOf()], extractors: [bearer(), amz] },
      /"extractors" must each be read by a verifier: none reads amz/,
    ],
    [
      'a cookie that no verifier reads',
      { verifiers: [keysOf()], extractors: [bearer(), cookie('sid')] },
      /none reads cookie/,
    ],
    [
      'a verifier that reads none of them',
      { verifiers: [keysOf(['amz'])], extractors: [bearer()] },
      /api_keys reads only amz/,
    ],
    [
      'a verifier that reads none of the default ones',
      { verifiers: [keysOf(['amz'])] },
      /api_keys reads only amz/,
    ],
  ])('does not work with %s', (_, options, message) => expect(complaint(options)).toMatch(message));

  test.each<[string, object]>([
    [
      'an extractor under any name',
      { verifiers: [keysOf(['bearer', 'amz'])], extractors: [bearer(), amz] },
    ],
    [
      'the default list, though nobody reads keys from headers',
      { verifiers: [keysOf(['bearer'])] },
    ],
    ['a verifier that reads any', { verifiers: [ownVerifier()], extractors: [amz] }],
  ])('works with %s', (_, options) => expect(complaint(options)).toBeUndefined());

  // Both go into response headers, where a character too many would end every answer.
  test.each<[string, object]>([
    ['a scheme with a line feed', { scheme: 'Bearer\r\nX-Forged: 1' }],
    ['a scheme with a space', { scheme: 'Bearer realm="x",' }],
    ['a header with a line feed', { header: 'X-Own\r\nX-Forged: 1' }],
    ['a header beyond Latin-1', { header: 'X-Ключ' }],
    ['algorithms with a quote', { algs: 'ES256", realm="x' }],
    ['algorithms that are a list', { algs: ['ES256'] }],
  ])('does not hold one of your own with %s', (_, more) => {
    expect(complaintAbout('extractors', [finding(more)])).toContain('option "extractors');
  });
});

describe('the option clientCertificate', () => {
  test.each(
    named([
      ...[
        '',
        'tls',
        'Socket',
        true,
        null,
        7,
        [],
        {},
        { header: '' },
        { header: 7 },
        { header: 'Client Cert' },
      ],
      ...[{ header: 'Client-Cert', proxy: true }, { headers: 'Client-Cert' }],
    ]),
  )('is not %s', (_, value) => {
    expect(complaintAbout('clientCertificate', value)).toBe(
      'latchkey(): option "clientCertificate" must be "socket", or { header } with the name of a header',
    );
  });

  test.each(named(['socket', { header: 'Client-Cert' }]))('may be %s', (_, value) => {
    expect(complaintAbout('clientCertificate', value)).toBeUndefined();
  });
});

describe('the option scopes', () => {
  const allowed =
    'a list of scopes, or a record from scope to description or { description, implies }';

  test.each(
    named([
      ...[
        'domains:read',
        7,
        true,
        null,
        [],
        {},
        [7],
        [null],
        ['domains:read', undefined],
        [['domains:read']],
        new Map(),
      ],
      ...[
        { a: 7 },
        { a: null },
        { a: [] },
        { a: true },
        { a: { descripton: 'A' } },
        { a: { description: 7 } },
      ],
      ...[
        { a: { implies: 'b' } },
        { a: { implies: [7] } },
        { a: { implies: {} } },
        { a: 'A', b: 7 },
      ],
    ]),
  )('is not %s', (_, value) => {
    expect(complaintAbout('scopes', value)).toBe(`latchkey(): option "scopes" must be ${allowed}`);
  });

  test.each(['', ' ', 'a b', 'a\tb', 'a\n', 'a"b', 'a\\b', 'é', 'ａ', 'a\u007f', 'a\0'])(
    'does not hold %j',
    (scope) => {
      const message = `latchkey(): scopes: ${JSON.stringify(scope)} is not a scope (RFC 6749 §3.3: visible ASCII without space, " and \\)`;
      expect(complaintAbout('scopes', [scope])).toBe(message);
      expect(complaintAbout('scopes', { fine: 'Fine', [scope]: 'Bad' })).toBe(message);
    },
  );

  test.each(['c', 'A', 'a ', '', '__proto__', 'constructor'])(
    'implies nothing that is not declared: %j',
    (implied) => {
      expect(complaintAbout('scopes', { a: { implies: ['b', implied] }, b: 'B' })).toBe(
        `latchkey(): scopes["a"].implies: ${JSON.stringify(implied)} is not declared; declared are a, b`,
      );
    },
  );

  test.each(
    named([
      ['a'],
      ['a', 'a'],
      ['*', 'a,b', "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"],
      { a: '' },
      { a: {} },
      { a: { implies: [] }, b: { description: 'B', implies: ['a', 'b'] } },
      { a: { implies: ['b'] }, b: { implies: ['a'] } },
    ]),
  )('may be %s', (_, value) => {
    expect(complaintAbout('scopes', value)).toBeUndefined();
  });
});

test.each(named([...NO_TEXTS, '', 'a"b', 'a\\b', 'a\r\nX-Forged: 1', 'a\tb', 'Küche', 'a\u007f']))(
  'the option realm is not %s',
  (_, value) => {
    expect(complaintAbout('realm', value)).toBe(
      'latchkey(): option "realm" must be a string of visible ASCII without " and \\ (RFC 6750 §3)',
    );
  },
);

describe('the option resource', () => {
  const url = 'https://api.osir.com';

  test.each(named(['https://api.osir.com', 7, true, null, [], () => url]))(
    'is not %s',
    (_, value) => {
      expect(complaintAbout('resource', value)).toMatch(/^latchkey\(\): option "resource" /);
    },
  );

  test.each(
    named([
      ...[
        ...NO_TEXTS,
        '',
        undefined,
        'api.osir.com',
        '/v1',
        'ftp://api.osir.com',
        'http://api.osir.com',
        'urn:api',
        'javascript:alert(1)',
      ],
      ...[
        'https://api.osir.com?',
        'https://api.osir.com/?x=1',
        'https://api.osir.com#',
        'https://api.osir.com/#x',
      ],
      ...[
        'https://user:hunter2@api.osir.com',
        'https://user@api.osir.com',
        'https://',
        'https://api.osir.com/"',
        'https://api.osir.com/é',
      ],
      ...[
        ' https://api.osir.com',
        'https://api.osir.com ',
        'https://api.osir.com/a b',
        'https:api.osir.com',
        'http://localhost.evil.example',
      ],
    ]),
  )('has no url that is %s', (_, value) => {
    const message = complaintAbout('resource', { url: value });
    expect(message).toMatch(/^latchkey\(\): option "resource\.url" must be /);
    expect(message).not.toContain(SECRET);
  });

  test.each(
    named([
      url,
      `${url}/`,
      `${url}/v1`,
      `${url}:8443/v1/`,
      'http://localhost:3000',
      'http://127.0.0.1',
      'http://[::1]:3000/v1',
    ]),
  )('may have the url %s', (_, value) => {
    expect(complaintAbout('resource', { url: value })).toBeUndefined();
  });

  const NO_PAGES = [...NO_TEXTS, '', 'docs', '/docs', 'javascript:alert(1)', 'data:text/html,x'];
  test.each([
    ...named([...NO_TEXTS, '', ['osir.com'], [7], ['']]).map(
      (value) => ['authorizationServers', 'a non-empty list of ', ...value] as const,
    ),
    // An issuer identifier (RFC 8414 §2) is an https URL without query and fragment.
    ...named([
      ['javascript:alert(1)'],
      ['http://osir.com'],
      ['https://osir.com?x=1'],
      ['https://osir.com#x'],
    ]).map((value) => ['authorizationServers', 'a non-empty list of ', ...value] as const),
    ...named([
      ...NO_TEXTS.filter((value) => !Array.isArray(value)),
      [],
      'a',
      [7],
      [''],
      ['a b'],
      ['a"'],
    ]).map((value) => ['scopesSupported', 'a non-empty list of scopes', ...value] as const),
    ...named([...NO_TEXTS, '']).map((value) => ['name', 'a non-empty string', ...value] as const),
    ...['documentation', 'policyUri', 'tosUri'].flatMap((option) =>
      named(NO_PAGES).map((value) => [option, 'a', ...value] as const),
    ),
  ])('%s must be %s…, not %s', (option, allowed, _, value) => {
    expect(complaintAbout('resource', { url, [option]: value })).toMatch(
      new RegExp(`^latchkey\\(\\): option "resource\\.${option}" must be ${allowed}`),
    );
  });

  it('has no options by other names', () => {
    expect(complaintAbout('resource', { url, authorization_servers: ['https://osir.com'] })).toBe(
      'latchkey(): unknown option "resource.authorization_servers"; allowed are url, authorizationServers, scopesSupported, name, documentation, policyUri, tosUri',
    );
  });
});

describe('the option cache', () => {
  const DURATION = (from: number) => `a number of milliseconds from ${from} to 2147483647`;

  test.each(named([true, null, 0, 30_000, 'false', '', [], () => false]))(
    'is not %s',
    (_, value) => {
      expect(complaintAbout('cache', value)).toBe(
        'latchkey(): option "cache" must be false, or an object with max, ttlMs and staleIfErrorMs',
      );
    },
  );

  test.each([
    ...named([...NO_NUMBERS, 0, 1.5, 1e7 + 1]).map(
      (value) => ['max', 'an integer from 1 to 10000000', ...value] as const,
    ),
    ...named([...NO_NUMBERS, 0, 2 ** 31]).map((value) => ['ttlMs', DURATION(1), ...value] as const),
    ...named([...NO_NUMBERS, 2 ** 31]).map(
      (value) => ['staleIfErrorMs', DURATION(0), ...value] as const,
    ),
  ])('%s must be %s, not %s', (option, allowed, _, value) => {
    expect(complaintAbout('cache', { [option]: value })).toBe(
      `latchkey(): option "cache.${option}" must be ${allowed}`,
    );
  });

  test.each(['ttl', 'maxAgeMs', 'size', 'staleIfError'])('has no option %s', (name) => {
    expect(complaintAbout('cache', { [name]: 1 })).toBe(
      `latchkey(): unknown option "cache.${name}"; allowed are max, ttlMs, staleIfErrorMs`,
    );
  });

  test.each(
    named([
      false,
      {},
      { max: 1 },
      { ttlMs: 1 },
      { staleIfErrorMs: 0 },
      { max: 1e7, ttlMs: 2 ** 31 - 1, staleIfErrorMs: 2 ** 31 - 1 },
    ]),
  )('may be %s', (_, value) => {
    expect(complaintAbout('cache', value)).toBeUndefined();
  });
});

test.each(named([...NO_NUMBERS, 0, 2 ** 31]))('the option timeoutMs is not %s', (_, value) => {
  expect(complaintAbout('timeoutMs', value)).toBe(
    'latchkey(): option "timeoutMs" must be a number of milliseconds from 1 to 2147483647',
  );
});

test.each(named(NO_FUNCTIONS))('the option body is not %s', (_, value) => {
  expect(complaintAbout('body', value)).toBe('latchkey(): option "body" must be a function');
});

test.each([
  'verifier',
  'extractor',
  'scope',
  'Realm',
  'resources',
  'caching',
  'timeout',
  'ttlMs',
  'secret',
  'logger',
])('there is no option %s', (name) => {
  expect(complaintAbout(name, SECRET)).toBe(
    `latchkey(): unknown option "${name}"; allowed are verifiers, extractors, scopes, realm, resource, clientCertificate, cache, timeoutMs, body`,
  );
});

test.each(named([undefined, null, SECRET, 7, [], () => ({ verifiers: [keys] })]))(
  'the options are not %s',
  (_, options) => {
    const message = complaint(options);
    expect(message).toMatch(/^latchkey\(\): .*object/);
    expect(message).not.toContain(SECRET);
  },
);

test.each(['verifiers', 'extractors', 'realm', 'resource', 'cache', 'timeoutMs', 'body'])(
  'what is wrong with the option %s is said without its value',
  (name) => {
    for (const value of [
      `"${SECRET}"`,
      [`"${SECRET}"`],
      { secret: `"${SECRET}"` },
      { ttlMs: `"${SECRET}"`, url: `"${SECRET}"` },
    ]) {
      const message = complaintAbout(name, value);
      expect(message).toContain(`option "${name}`);
      expect(message).not.toContain(SECRET);
    }
  },
);
