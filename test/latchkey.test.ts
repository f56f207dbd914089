import { createServer, STATUS_CODES } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

import {
  apiKeyHeader,
  apiKeys,
  type AuthenticationResult,
  bearer,
  cookie,
  type Latchkey,
  latchkey,
  memoryStore,
  type Principal,
  type Refusal,
  type RequestLike,
  sessionTokens,
  type Verifier,
} from 'latchkey';

import { ask, get } from './http/ask';
import { runProgram } from './http/child';
import { MOUNTS } from './support/servers';

const principal: Principal = {
  kind: 'access_token',
  verifier: 'own',
  subject: 'acct_42',
  scopes: ['a'],
  claims: {},
};
const own = (more: Partial<Verifier> = {}): Verifier => ({
  name: 'own',
  accepts: () => true,
  verify: ({ token }) =>
    token === 'good' ? { ok: true, principal } : { ok: false, reason: 'unknown' },
  ...more,
});

/** What a call complains of. */
function complaint(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message;
  }
}

describe('the set', () => {
  const set: Latchkey = latchkey({ verifiers: [own()], resource: { url: 'https://api.osir.com' } });

  it('is these functions', () => {
    expect(Object.keys(set).sort()).toEqual([
      'authenticate',
      'authorize',
      'check',
      'close',
      'flush',
      'requireAnyScope',
      'requireFreshAuth',
      'requireScopes',
      'resourceMetadata',
    ]);
  });

  it('can be destructured: none of them uses this', async () => {
    const {
      authenticate,
      requireScopes,
      requireAnyScope,
      authorize,
      requireFreshAuth,
      resourceMetadata,
      check,
      close,
    } = set;
    const guards = [
      ...[resourceMetadata(), authenticate(), authenticate({ optional: true }), authenticate({})],
      ...[requireScopes('a'), requireAnyScope('a', 'b'), authorize(() => true)],
    ];
    const app = MOUNTS['node:http']!(guards, (_req, res) => res.end('passed'));
    expect(await ask(app, get('Authorization: Bearer good'))).toMatchObject({
      status: 200,
      body: 'passed',
    });
    const stale = MOUNTS['node:http']!([requireFreshAuth({ maxAgeMs: 0 })], (_req, res) =>
      res.end('passed'),
    );
    expect(await ask(stale, get('Authorization: Bearer good'))).toMatchObject({ status: 401 });
    expect(await check({ headers: { authorization: 'Bearer good' } })).toMatchObject({
      status: 'authenticated',
    });
    await expect(close()).resolves.toBeUndefined();
  });

  it('is not shared with other instances', async () => {
    let asked = 0;
    const verify: Verifier['verify'] = () => {
      asked++;
      return { ok: true, principal };
    };
    const sets = [0, 1].map(() => latchkey({ verifiers: [own({ verify })] }));
    for (const { check } of [...sets, ...sets]) {
      await check({ headers: { authorization: 'Bearer good' } });
    }
    expect(asked).toBe(2);
  });
});

describe('a guard is not made', () => {
  const { authenticate, requireScopes, requireAnyScope, authorize, requireFreshAuth, check } =
    latchkey({
      scopes: { 'domains:read': 'View domains', 'domains:write': 'Manage domains' },
      verifiers: [own()],
    });

  test.each<[string, unknown, string]>([
    ['optional as a string', { optional: 'true' }, 'option "optional" must be true or false'],
    ['optional as a number', { optional: 1 }, 'option "optional" must be true or false'],
    ['optional as null', { optional: null }, 'option "optional" must be true or false'],
    ['a misspelt option', { optinal: true }, 'unknown option "optinal"; allowed are optional'],
    ['scopes', { scopes: ['domains:read'] }, 'unknown option "scopes"; allowed are optional'],
  ])('by authenticate() of %s', (_, options, message) => {
    expect(complaint(() => authenticate(options as object))).toBe(`authenticate(): ${message}`);
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['true', true],
    ['a string', 'optional'],
    ['a list', ['optional']],
    ['a function', () => {}],
  ])('by authenticate() of what is no object: %s', (_, options) => {
    expect(complaint(() => authenticate(options as object))).toMatch(/^authenticate\(\): .*object/);
  });

  describe.each([
    ['requireScopes', requireScopes],
    ['requireAnyScope', requireAnyScope],
  ])('by %s', (name, make) => {
    const made = (...scopes: readonly unknown[]) =>
      complaint(() => make(...(scopes as ['domains:read'])));

    it('of no scope', () => {
      expect(made()).toBe(
        `${name}(): at least one scope is required; use authenticate() to require only a valid credential`,
      );
    });

    test.each([
      'domains:wrte',
      'domains',
      'domains:',
      'domains:*',
      'Domains:Read',
      'domains:readwrite',
      '*',
      '__proto__',
      'constructor',
    ])('of %s, which was not declared', (scope) => {
      const message = `${name}(): ${JSON.stringify(scope)} is not declared; declared are domains:read, domains:write`;
      expect([made(scope), made('domains:read', scope)]).toEqual([message, message]);
    });

    test.each([
      '',
      ' ',
      'domains:read domains:write',
      ' domains:read',
      'domains:read\n',
      'a"b',
      'a\\b',
      'dоmains:read',
    ])('of %j, which is no scope', (scope) => {
      expect(made('domains:read', scope)).toBe(
        `${name}(): ${JSON.stringify(scope)} is not a scope (RFC 6749 §3.3: visible ASCII without space, " and \\)`,
      );
    });

    const circle: Record<string, unknown> = {};
    circle.self = circle;
    test.each<[string, unknown]>([
      ['undefined', undefined],
      ['null', null],
      ['a number', 7],
      ['true', true],
      ['a list of scopes', ['domains:read']],
      ['an object', { scopes: ['domains:read'] }],
      ['a function', () => 'domains:read'],
      ['a symbol', Symbol('domains:read')],
      ['a bigint', 1n],
      ['a circle', circle],
    ])('of %s, which is no string', (_, scope) => {
      expect(made(scope)).toMatch(new RegExp(`^${name}\\(\\): .*is not a scope`));
    });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['true', true],
    ['a string', 'admin'],
    ['an object', { policy: () => true }],
    ['a promise', Promise.resolve(true)],
  ])('by authorize() of %s', (_, policy) => {
    expect(complaint(() => authorize(policy as () => boolean))).toBe(
      'authorize(policy): policy: must be a function',
    );
  });

  const ACR = 'a non-empty list of acr values: visible ASCII without space, " and \\';
  const AGE = `a number of milliseconds from 0 to ${Number.MAX_SAFE_INTEGER}`;
  test.each<[string, unknown, string]>([
    ['neither', {}, 'pass "maxAgeMs", "acrValues" or both'],
    [
      'both undefined',
      { maxAgeMs: undefined, acrValues: undefined },
      'pass "maxAgeMs", "acrValues" or both',
    ],
    [
      'a misspelt option',
      { maxAge: 300 },
      'unknown option "maxAge"; allowed are maxAgeMs, acrValues; pass "maxAgeMs", "acrValues" or both',
    ],
    ...[NaN, Infinity, -1, '300000', true, null, 1n].map((value): [string, unknown, string] => [
      `maxAgeMs ${String(value)}`,
      { maxAgeMs: value },
      `option "maxAgeMs" must be ${AGE}`,
    ]),
    ...['urn:mfa', [], [''], ['a b'], ['a"b'], ['a\\b'], ['a\r\nX: y'], ['é'], [7], null, {}].map(
      (value): [string, unknown, string] => [
        `acrValues ${JSON.stringify(value)}`,
        { acrValues: value },
        `option "acrValues" must be ${ACR}`,
      ],
    ),
  ])('by requireFreshAuth() of %s', (_, options, message) => {
    expect(complaint(() => requireFreshAuth(options as object))).toBe(
      `requireFreshAuth(): ${message}`,
    );
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a number', 300_000],
    ['a list', ['urn:mfa']],
  ])('by requireFreshAuth() of what is no object: %s', (_, options) => {
    expect(complaint(() => requireFreshAuth(options as object))).toMatch(
      /^requireFreshAuth\(\): .*object/,
    );
  });

  test.each<[string, unknown, RegExp]>([
    [
      'a misspelt option',
      { scope: ['domains:read'] },
      /^check\(\): unknown option "scope"; allowed are scopes$/,
    ],
    [
      'scopes as a string',
      { scopes: 'domains:read' },
      /^check\(\): option "scopes" must be a list of scopes$/,
    ],
    ['scopes as null', { scopes: null }, /^check\(\): option "scopes" must be a list of scopes$/],
    [
      'an undeclared scope',
      { scopes: ['domains:wrte'] },
      /^check\(\): "domains:wrte" is not declared; declared are /,
    ],
    ['a scope that is none', { scopes: [''] }, /^check\(\): "" is not a scope /],
    [
      'a scope that is no string',
      { scopes: [7] },
      /^check\(\): a value of type number is not a scope /,
    ],
    ['null', null, /^check\(\): .*object/],
    ['a list', ['domains:read'], /^check\(\): .*object/],
  ])('and check() rejects %s, rather than throw', async (_, options, message) => {
    const checked = check({ headers: { authorization: 'Bearer good' } }, options as object);
    await expect(checked).rejects.toThrow(TypeError);
    await expect(checked).rejects.toThrow(message);
  });

  test.each<[unknown]>([
    [null],
    [undefined],
    [{}],
    ['GET /'],
    [[]],
    [new Headers()],
    [new Map([['headers', {}]])],
    [{ headers: null }],
    [{ headers: undefined }],
    [{ headers: 'authorization' }],
    [{ headers: ['x-api-key', 'k'] }],
    [{ headers: [['x-api-key', 'k']] }],
    [{ headers: new Map([['x-api-key', 'k']]) }],
    [{ headers: new URLSearchParams('x-api-key=k') }],
    [{ headers: new FormData() }],
    [{ headers: Promise.resolve({ 'x-api-key': 'k' }) }],
    [{ headers: () => ({}) }],
    [{ headers: { 'x-api-key': null } }],
    [{ headers: { 'x-api-key': { value: 'k' } } }],
    [{ headers: { 'x-api-key': [7] } }],
    [{ headers: {}, url: new URL('https://api.example.com/') }],
    [{ headers: {}, method: 7 }],
  ])('and check() rejects what is not a request (case %#)', async (request) => {
    const checked = check(request as RequestLike);
    await expect(checked).rejects.toThrow(TypeError);
    await expect(checked).rejects.toMatchObject({
      code: 'ERR_LATCHKEY_ARGUMENT',
      message: expect.stringMatching(/^check\(request\): /),
    });
  });
});

describe('check', () => {
  const store = memoryStore();
  const keys = apiKeys({ prefix: 'osir', store });
  const sessions = sessionTokens({ prefix: 'osirsession', store });
  const down = apiKeys({
    prefix: 'down',
    store: { find: () => Promise.reject(new Error('connect ECONNREFUSED')) },
  });
  const { check } = latchkey({
    extractors: [bearer(), apiKeyHeader(), cookie('sid', { origins: ['https://app.example.org'] })],
    scopes: ['a', 'b'],
    verifiers: [keys, sessions, down],
  });
  const ANONYMOUS: AuthenticationResult = {
    status: 'anonymous',
    headers: { Vary: 'Authorization, X-API-Key, Cookie' },
  };

  const refused = (
    reason: string,
    status: number,
    error: string,
    message: string,
    challenge: string | undefined,
  ) => {
    const body = JSON.stringify({ error, message });
    return {
      status: 'refused',
      reason,
      refusal: {
        status,
        headers: {
          ...(challenge !== undefined && { 'WWW-Authenticate': challenge }),
          'Content-Type': 'application/json; charset=utf-8',
          'Content-Length': String(Buffer.byteLength(body)),
          'Cache-Control': 'no-store',
        },
        body,
      },
    };
  };
  const unauthorized = (reason: string, challenge: string) =>
    refused(reason, 401, 'unauthorized', 'Invalid or missing API key', challenge);
  const INVALID =
    'Bearer realm="api", error="invalid_token", error_description="The access token is invalid or expired"';

  let key: string;
  let session: string;
  beforeAll(async () => {
    key = (await keys.issue({ subject: 'acct_42', scopes: ['a'] })).secret;
    session = (await sessions.issue({ subject: 'acct_42', scopes: ['a'] })).secret;
  });

  it('decides without HTTP as a guard does', async () => {
    const { secret, record } = await keys.issue({
      subject: 'acct_42',
      scopes: ['a'],
      metadata: { plan: 'pro' },
    });
    const proven = {
      status: 'authenticated',
      principal: {
        ...{
          kind: 'api_key',
          verifier: 'api_keys',
          subject: 'acct_42',
          credentialId: record.id,
          environment: 'live',
        },
        scopes: ['a'],
        claims: { plan: 'pro' },
      },
    };
    const request = { headers: { authorization: `Bearer ${secret}` } };
    const headers = { Vary: 'Authorization, X-API-Key, Cookie' };
    expect(await check(request)).toEqual({ ...proven, headers });
    expect(await check(request, {})).toEqual({ ...proven, headers });
    expect(await check(request, { scopes: [] })).toEqual({ ...proven, headers: {} });
    expect(await check(request, { scopes: ['a'] })).toEqual({ ...proven, headers: {} });
    expect(await check(request, { scopes: ['a', 'b'] })).toEqual(
      refused(
        'insufficient_scope',
        403,
        'forbidden',
        'Insufficient permissions for this action',
        'Bearer realm="api", error="insufficient_scope", error_description="The request requires higher privileges", scope="a b"',
      ),
    );
  });

  it('treats a request without a credential as anonymous only if no scopes are passed', async () => {
    const request = { headers: {} };
    expect(await check(request)).toEqual(ANONYMOUS);
    expect(await check(request, {})).toEqual(ANONYMOUS);
    expect(await check(request, { scopes: [] })).toEqual(
      unauthorized('missing', 'Bearer realm="api"'),
    );
    expect(await check(request, { scopes: ['a', 'b'] })).toEqual(
      unauthorized('missing', 'Bearer realm="api", scope="a b"'),
    );
  });

  it('never treats an invalid credential, several credentials or an outage as anonymous', async () => {
    expect(await check({ headers: { authorization: 'Bearer bad' } })).toEqual(
      unauthorized('unknown', INVALID),
    );
    expect(await check({ headers: { authorization: 'Bearer bad' } }, { scopes: ['a'] })).toEqual(
      unauthorized('unknown', `${INVALID}, scope="a"`),
    );
    expect(await check({ headers: { 'x-api-key': '' } })).toEqual(
      unauthorized('malformed', 'Bearer realm="api"'),
    );
    expect(await check({ headers: { authorization: 'Bearer a', 'x-api-key': 'b' } })).toMatchObject(
      {
        reason: 'multiple',
        refusal: { status: 400 },
      },
    );
    const lost = (
      await apiKeys({ prefix: 'down', store: memoryStore() }).issue({ subject: 's', scopes: [] })
    ).secret;
    expect(await check({ headers: { 'x-api-key': lost } })).toMatchObject({
      reason: 'unavailable',
      refusal: { status: 503, headers: { 'Retry-After': '1' } },
    });
  });

  it('leaves the request as it is', async () => {
    const request = Object.freeze({
      headers: Object.freeze({ authorization: `Bearer ${key}` }),
      auth: 'mine',
    });
    expect(await check(request)).toMatchObject({ status: 'authenticated' });
    expect(request.auth).toBe('mine');
  });

  test.each<[string, Record<string, string>, AuthenticationResult['status']]>([
    ['its own site', { 'sec-fetch-site': 'same-origin' }, 'authenticated'],
    [
      'a listed origin',
      { 'sec-fetch-site': 'cross-site', origin: 'https://app.example.org' },
      'authenticated',
    ],
    ['no browser', {}, 'authenticated'],
    [
      'another site',
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
      'anonymous',
    ],
    ['an older browser on another site', { origin: 'https://evil.example' }, 'anonymous'],
  ])(
    'holds an upgrade with a cookie against the CSRF rule: from %s',
    async (_, headers, status) => {
      const request = {
        method: 'GET',
        headers: {
          upgrade: 'websocket',
          host: 'api.example.com',
          cookie: `sid=${session}`,
          ...headers,
        },
      };
      expect(await check(request)).toMatchObject({ status });
      if (status === 'anonymous') {
        expect(await check(request, { scopes: [] })).toMatchObject({ reason: 'missing' });
      }
    },
  );

  it('treats a request without a method as unsafe', async () => {
    const headers = {
      host: 'api.example.com',
      cookie: `sid=${session}`,
      'sec-fetch-site': 'cross-site',
    };
    expect(await check({ headers })).toEqual(ANONYMOUS);
    expect(await check({ method: 'GET', headers })).toMatchObject({ status: 'authenticated' });
  });

  it('hands out the body that the option made', async () => {
    const { check: checkWithBody } = latchkey({
      verifiers: [own()],
      body: ({ status }) => ({ code: `E${status}` }),
    });
    const decision = await checkWithBody({ headers: {} }, { scopes: [] });
    expect(decision).toMatchObject({
      refusal: { status: 401, body: '{"code":"E401"}', headers: { 'Content-Length': '15' } },
    });
  });

  it('decides on a real upgrade, if there is no response to write to', async () => {
    const server = createServer();
    server.on('upgrade', (req, socket) => {
      void check(req, { scopes: ['a'] }).then((decision) => {
        socket.end(
          decision.status === 'refused'
            ? linesOf(decision.refusal)
            : 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const upgrade = (...headers: readonly string[]) =>
      new Promise<string>((resolve, reject) => {
        const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
        let answer = '';
        socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
        socket.on('end', () => resolve(answer)).on('error', reject);
        socket.write(
          [
            'GET /live HTTP/1.1',
            'Host: api.example.com',
            'Connection: Upgrade',
            'Upgrade: websocket',
            ...headers,
            '',
            '',
          ].join('\r\n'),
        );
      });
    const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\n\r\n';
    expect(await upgrade(`Cookie: sid=${session}`)).toBe(SWITCHED);
    expect(await upgrade(`Authorization: Bearer ${session}`, 'Sec-Fetch-Site: cross-site')).toBe(
      SWITCHED,
    );
    expect(await upgrade(`Cookie: sid=${session}`, 'Sec-Fetch-Site: cross-site')).toBe(
      [
        'HTTP/1.1 401 Unauthorized',
        'WWW-Authenticate: Bearer realm="api", scope="a"',
        'Content-Type: application/json; charset=utf-8',
        'Content-Length: 63',
        'Cache-Control: no-store',
        '',
        '{"error":"unauthorized","message":"Invalid or missing API key"}',
      ].join('\r\n'),
    );
    expect(
      await upgrade(`Authorization: Bearer ${session}`, `Authorization: Bearer ${session}`),
    ).toMatch(/^HTTP\/1\.1 400 /);
    await new Promise((resolve) => server.close(resolve));
  });
});

function linesOf({ status, headers, body }: Refusal): string {
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${one}`),
  );
  return [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...fields, '', body].join('\r\n');
}

describe('close', () => {
  it('ends what every verifier watches, and closes each', async () => {
    const events: string[] = [];
    const watching = (name: string): Verifier =>
      own({
        name,
        accepts: ({ token }) => token.startsWith(name),
        subscribe: () => () => void events.push(`${name} unwatched`),
        close: async () => void events.push(`${name} closed`),
      });
    const { close } = latchkey({ verifiers: [watching('one'), watching('other'), own()] });
    expect(events).toEqual([]);
    await close();
    expect(events.sort()).toEqual([
      'one closed',
      'one unwatched',
      'other closed',
      'other unwatched',
    ]);
  });

  it('waits for a verification that is pending', async () => {
    let ended = 0;
    const slowly = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      ended++;
    };
    const { close } = latchkey({
      verifiers: [own({ subscribe: () => slowly as never, close: slowly })],
    });
    await close();
    expect(ended).toBe(2);
  });

  it('ends the subscription at the store, and writes the uses that were counted', async () => {
    const store = memoryStore();
    let watchers = 0;
    const counting: typeof store = {
      ...store,
      subscribe(listener) {
        watchers++;
        const end = store.subscribe(listener);
        return () => {
          watchers--;
          return end();
        };
      },
    };
    const keys = apiKeys({ prefix: 'osir', store: counting });
    const { check, close } = latchkey({ verifiers: [keys] });
    const { secret, record } = await keys.issue({ subject: 's', scopes: [] });
    await check({ headers: { 'x-api-key': secret } });
    expect(watchers).toBe(1);
    expect(await store.findById(record.id)).toMatchObject({ useCount: 0 });
    await close();
    expect(watchers).toBe(0);
    expect(await store.findById(record.id)).toMatchObject({ useCount: 1 });
  });

  it('lets the process exit', async () => {
    const output = await runProgram(`
      import { latchkey } from 'latchkey';
      const own = {
        name: 'own',
        accepts: () => true,
        verify: () => ({ ok: false, reason: 'unknown' }),
        subscribe: () => {
          const timer = setInterval(() => {}, 1000);
          return () => clearInterval(timer);
        },
      };
      const { check, close } = latchkey({ verifiers: [own] });
      console.log((await check({ headers: { 'x-api-key': 'k' } })).status);
      await close();
    `);
    expect(output).toBe('refused\n');
  }, 30_000);
});
