import { accessTokens, apiKeys, type ManagedVerifier, memoryStore, sessionTokens } from 'latchkey';

const DIGEST = 'a'.repeat(43);
const SUBJECT = { subject: 'acct_42', scopes: ['domains:read'] };
const circle: Record<string, unknown> = {};
circle.self = circle;

/**
 * What every text, list, time and object may not be, and the name by which the TypeError calls it.
 */
const WRONG_MEMBERS: [string, unknown][] = [
  ['subject', undefined],
  ['subject', ''],
  ['subject', null],
  ['subject', 42],
  ['subject', ['acct_42']],
  ['subject', 'acct\0'],
  ['subject', 'acct_\ud83d'],
  ['subject', 'x'.repeat(513)],
  ['scopes', undefined],
  ['scopes', null],
  ['scopes', 'domains:read'],
  ['scopes', ['']],
  ['scopes', ['domains:read domains:write']],
  ['scopes', ['domains:read', 7]],
  ['scopes', ['"']],
  ['scopes', new Set(['domains:read'])],
  ['name', 7],
  ['name', ['CI']],
  ['name', 'CI\0'],
  ['name', '\udd11 CI'],
  ['expiresAt', NaN],
  ['expiresAt', Infinity],
  ['expiresAt', Number.MAX_SAFE_INTEGER],
  ['expiresAt', 8_640_000_000_000_001],
  ['expiresAt', '2030-01-01'],
  ['expiresAt', new Date()],
  ['clientId', ''],
  ['clientId', 7],
  ['clientId', 'c'.repeat(513)],
  ['grantId', ''],
  ['grantId', {}],
  ['grantId', '\0'],
  ['confirmation', 'x'],
  ['confirmation', [{}]],
  ['confirmation', { jkt: 1n }],
  ['metadata', null],
  ['metadata', 'pro'],
  ['metadata', ['pro']],
  ['metadata', { big: 1n }],
  ['metadata', circle],
];
const named = (name: string) => `option "${name}" must be `;

type Case = [string, string, (keys: ManagedVerifier) => unknown, string];
const CASES: readonly Case[] = [
  ...WRONG_MEMBERS.map(([name, value]): Case => [
    'issue',
    name,
    (keys) => keys.issue({ ...SUBJECT, [name]: value }),
    named(name),
  ]),
  ...['', 'Live', 'a_b', '1st', 7, null].map((environment): Case => {
    return [
      'issue',
      'environment',
      (keys) => keys.issue({ ...SUBJECT, environment } as never),
      named('environment'),
    ];
  }),
  ['issue', 'nothing', (keys) => keys.issue(undefined as never), 'issue()'],
  ['issue', 'null', (keys) => keys.issue(null as never), 'issue()'],
  [
    'issue',
    'a misspelt member',
    (keys) => keys.issue({ ...SUBJECT, expires: 7 } as never),
    'unknown option "expires"; allowed are subject, ',
  ],
  [
    'issue',
    'a digest',
    (keys) => keys.issue({ ...SUBJECT, digest: DIGEST } as never),
    'unknown option "digest"',
  ],

  ...WRONG_MEMBERS.map(([name, value]): Case => {
    return [
      'import',
      name,
      (keys) => keys.import([{ ...SUBJECT, digest: DIGEST, [name]: value }]),
      `record 0: ${named(name)}`,
    ];
  }),
  ...[
    undefined,
    '',
    'osir_live_secret',
    'a'.repeat(42),
    'a'.repeat(44),
    'g'.repeat(64),
    Buffer.alloc(32),
  ].map((digest): Case => {
    return [
      'import',
      'digest',
      (keys) => keys.import([{ ...SUBJECT, digest } as never]),
      `record 0: ${named('digest')}`,
    ];
  }),
  ...Object.entries({ environment: 'Live', hint: 7, issuedAt: '2020', revokedAt: NaN }).map(
    ([name, value]): Case => {
      return [
        'import',
        name,
        (keys) => keys.import([{ ...SUBJECT, digest: DIGEST, [name]: value }]),
        `record 0: ${named(name)}`,
      ];
    },
  ),
  ['import', 'nothing', (keys) => keys.import(undefined as never), 'records'],
  [
    'import',
    'one record',
    (keys) => keys.import({ ...SUBJECT, digest: DIGEST } as never),
    'records',
  ],
  ['import', 'a string', (keys) => keys.import('ab' as never), 'import(): record 0'],
  [
    'import',
    'a hole',
    (keys) => keys.import([{ ...SUBJECT, digest: DIGEST }, undefined as never]),
    'import(): record 1',
  ],
  [
    'import',
    'a use count',
    (keys) => keys.import([{ ...SUBJECT, digest: DIGEST, useCount: 7 } as never]),
    'unknown option "useCount"',
  ],

  ...WRONG_MEMBERS.filter(
    ([name, value]) =>
      ['name', 'scopes', 'expiresAt', 'metadata'].includes(name) && value !== undefined,
  ).map(([name, value]): Case => [
    'update',
    name,
    (keys) => keys.update('k1', { [name]: value }),
    named(name),
  ]),
  ['update', 'nothing', (keys) => keys.update('k1', undefined as never), 'update()'],
  [
    'update',
    'another subject',
    (keys) => keys.update('k1', { subject: 'root' } as never),
    'unknown option "subject"',
  ],
  [
    'update',
    'no revocation',
    (keys) => keys.update('k1', { revokedAt: null } as never),
    'unknown option "revokedAt"',
  ],

  ...[-1, NaN, Infinity, '60000', null].map((overlapMs): Case => {
    return [
      'rotate',
      'overlapMs',
      (keys) => keys.rotate('k1', { overlapMs } as never),
      named('overlapMs'),
    ];
  }),
  ['rotate', 'null', (keys) => keys.rotate('k1', null as never), 'rotate()'],
  [
    'rotate',
    'a misspelt member',
    (keys) => keys.rotate('k1', { overlap: 7 } as never),
    'unknown option "overlap"; allowed are overlapMs',
  ],

  ...(['get', 'revoke', 'rotate', 'update'] as const).flatMap((method) =>
    [undefined, null, '', 7, ['k1'], { id: 'k1' }].map((id): Case => {
      return [
        method,
        'id',
        (keys) => (keys[method] as (id: unknown, changes: object) => unknown)(id, {}),
        'id: must be a non-empty string',
      ];
    }),
  ),

  ...(['revokeAll', 'list'] as const).flatMap((method): Case[] => {
    const call = (keys: ManagedVerifier, whose: unknown) =>
      (keys[method] as (whose: unknown) => unknown)(whose);
    const one = 'one of "subject", "clientId" and "grantId"';
    // list() lists all keys where no owner is named.
    const nobody: Case[] = [
      [method, 'nothing', (keys) => call(keys, undefined), `${method}()`],
      [method, 'nobody', (keys) => call(keys, {}), one],
      [method, 'an undefined owner', (keys) => call(keys, { subject: undefined }), one],
    ];
    return [
      ...(method === 'list' ? [] : nobody),
      [method, 'two owners', (keys) => call(keys, { subject: 'a', clientId: 'b' }), one],
      [
        method,
        'a misspelt owner',
        (keys) => call(keys, { sub: 'a' }),
        'unknown option "sub"; allowed are subject, clientId, grantId',
      ],
      ...['subject', 'clientId', 'grantId'].flatMap((name) =>
        ['', null, 7, ['a']].map((value): Case => [
          method,
          name,
          (keys) => call(keys, { [name]: value }),
          named(name),
        ]),
      ),
    ];
  }),
  ...[0, -1, 1.5, 1_001, NaN, Infinity, '10', null].map((limit): Case => {
    return ['list', 'limit', (keys) => keys.list({ subject: 'a', limit } as never), named('limit')];
  }),
  ...(
    [
      ['status', ['', 'live', 7, null, ['active']]],
      ['expiresBefore', ['2030-01-01', 1_900_000_000, 1.5, NaN, null]],
      ['name', ['', 7, null]],
    ] as const
  ).flatMap(([option, values]) =>
    values.map((value): Case => [
      'list',
      option,
      (keys) => keys.list({ [option]: value }),
      named(option),
    ]),
  ),
  ...['from', 'to'].flatMap((option) =>
    ['2026-11', '2026-11-31x', 'today', 1_900_000_000, NaN, null, {}].map((value): Case => [
      'usage',
      option,
      (keys) => keys.usage('a', { [option]: value }),
      named(option),
    ]),
  ),
  ...(
    [
      ['issue', (keys, context) => keys.issue({ subject: 'a', scopes: [] }, context)],
      ['rotate', (keys, context) => keys.rotate('a', {}, context)],
      ['update', (keys, context) => keys.update('a', {}, context)],
      ['disable', (keys, context) => keys.disable('a', context)],
      ['enable', (keys, context) => keys.enable('a', context)],
      ['revoke', (keys, context) => keys.revoke('a', context)],
      ['revokeAll', (keys, context) => keys.revokeAll({ subject: 'a' }, context)],
      ['import', (keys, context) => keys.import([], context)],
      ['prune', (keys, context) => keys.prune({}, context)],
    ] as const satisfies [string, (keys: ManagedVerifier, context: never) => unknown][]
  ).flatMap(([method, call]) => [
    ...['', 7, null].map((actor): Case => [
      method,
      'actor',
      (keys) => call(keys, { actor } as never),
      named('actor'),
    ]),
    [
      method,
      'a misspelt actor',
      (keys: ManagedVerifier) => call(keys, { by: 'admin' } as never),
      'unknown option "by"; allowed are actor',
    ] as Case,
  ]),
  ...['', 7, null].map((after): Case => [
    'list',
    'after',
    (keys) => keys.list({ subject: 'a', after } as never),
    named('after'),
  ]),

  ...[-1, NaN, Infinity, '0', null].map((olderThanMs): Case => {
    return [
      'prune',
      'olderThanMs',
      (keys) => keys.prune({ olderThanMs } as never),
      named('olderThanMs'),
    ];
  }),
  ['prune', 'null', (keys) => keys.prune(null as never), 'prune()'],
  [
    'prune',
    'a misspelt member',
    (keys) => keys.prune({ olderThan: 7 } as never),
    'unknown option "olderThan"',
  ],
];

/** A store that tells which of its methods were called. */
function countingStore() {
  const calls: PropertyKey[] = [];
  const store = new Proxy(memoryStore(), {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => (calls.push(name), method(...args));
    },
  });
  return { store, calls };
}

test.each(CASES)(
  '%s() rejects a wrong %s without calling the store (case %#)',
  async (_method, _what, call, message) => {
    const { store, calls } = countingStore();
    const error = await Promise.resolve(call(apiKeys({ prefix: 'osir', store }))).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message).toContain('api_keys');
    expect((error as TypeError).message).toContain(message);
    expect(calls).toEqual([]);
  },
);

it('is the verifier that a TypeError names', async () => {
  const store = memoryStore();
  for (const [name, verifier] of [
    ['access_tokens', accessTokens({ prefix: 'osir', store })],
    ['session_tokens', sessionTokens({ prefix: 'osir', store })],
  ] as const) {
    await expect(verifier.issue({} as never)).rejects.toThrow(
      new RegExp(`^${name}\\.issue\\(\\): `),
    );
    await expect(verifier.get('')).rejects.toThrow(new RegExp(`^${name}: id`));
  }
});

it('never quotes a value, which may be a secret', async () => {
  const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
  const secret = 'osir_live_hunter2';
  const wrong = {
    subject: [secret],
    scopes: [`${secret} `],
    name: [secret],
    expiresAt: secret,
    metadata: secret,
    clientId: [secret],
  };
  for (const call of [
    () => keys.issue(wrong as never),
    () => keys.import([{ ...wrong, digest: secret } as never]),
    () => keys.list({ subject: 'a', limit: secret } as never),
  ]) {
    await expect(call()).rejects.toThrow(TypeError);
    await expect(call()).rejects.not.toThrow(secret);
  }
});

describe('what is allowed', () => {
  const keys = apiKeys({ prefix: 'osir', store: memoryStore() });

  test.each([
    ['no scopes', { scopes: [] }],
    ['an empty name', { name: '' }],
    ['nulls', { name: null, expiresAt: null, clientId: null, grantId: null, confirmation: null }],
    [
      'undefined',
      {
        name: undefined,
        expiresAt: undefined,
        clientId: undefined,
        environment: undefined,
        metadata: undefined,
      },
    ],
    ['an environment of its own', { environment: 'production' }],
    [
      'metadata of every kind of JSON',
      { metadata: { text: '', list: [1, null, { deep: true }], none: null } },
    ],
  ])('is %s', async (_, options) => {
    await expect(keys.issue({ ...SUBJECT, ...options } as never)).resolves.toMatchObject({
      record: { subject: 'acct_42' },
    });
  });

  it('is one of the configured environments, the first by default', async () => {
    const some = apiKeys({
      prefix: 'osir',
      store: memoryStore(),
      environments: ['production', 'development'],
    });
    expect((await some.issue(SUBJECT)).secret).toMatch(/^osir_production_/);
    expect((await some.issue({ ...SUBJECT, environment: 'development' })).secret).toMatch(
      /^osir_development_/,
    );
    const refused = some.issue({ ...SUBJECT, environment: 'live' });
    await expect(refused).rejects.toThrow(
      new TypeError(
        'api_keys.issue(): option "environment" must be one of production, development',
      ),
    );
  });

  it('is only the environment of the verifier, if it has one', async () => {
    const live = apiKeys({ prefix: 'osir', store: memoryStore(), environment: 'prod' });
    expect((await live.issue(SUBJECT)).secret).toMatch(/^osir_prod_/);
    const refused = live.issue({ ...SUBJECT, environment: 'test' });
    await expect(refused).rejects.toThrow(
      new TypeError('api_keys.issue(): option "environment" must be one of prod'),
    );
  });

  it('is any of the option environments; the environment of the verifier is the default', async () => {
    const live = apiKeys({
      prefix: 'osir',
      store: memoryStore(),
      environment: 'prod',
      environments: ['test', 'prod'],
    });
    expect((await live.issue(SUBJECT)).secret).toMatch(/^osir_prod_/);
    expect((await live.issue({ ...SUBJECT, environment: 'test' })).secret).toMatch(/^osir_test_/);
    await expect(live.issue({ ...SUBJECT, environment: 'dev' })).rejects.toThrow(TypeError);
  });
});
