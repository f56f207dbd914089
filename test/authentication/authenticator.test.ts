import {
  apiKeyHeader,
  apiKeys,
  bearer,
  cookie,
  type CredentialRecord,
  getAuth,
  latchkey,
  memoryStore,
  queryParameter,
  type RequestLike,
  sessionTokens,
  type Verification,
  type Verifier,
} from 'latchkey';

import { generateSecret } from '../../src/credential/secret';
import { badBearer, badKey, OUTAGE } from '../support/answers';
import { deferred } from '../support/deferred';
import { guardedTable, rowOf } from '../support/guarded-table';
import { asking, ownVerifier, principal, proven, underBearer } from '../support/own-verifier';
import { listen, MOUNTS, rawRequest, sendRaw } from '../support/servers';

const NOW = Date.UTC(2030, 0, 1);
const never = new Promise<never>(() => {});
const onNodeHttp = MOUNTS['node:http'] as (typeof MOUNTS)[string];
const macrotask = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'],
    }),
);
afterEach(() => void jest.useRealTimers());

describe('a credential', () => {
  it('goes to the first verifier that accepts its form, and when it fails there to no other', async () => {
    const [first, second, third] = [
      ownVerifier({ accepts: () => false }),
      ownVerifier(),
      ownVerifier(),
    ];
    second.verify.mockReturnValue({ ok: false, reason: 'bad_signature' });
    const { ask } = asking([first, second, third]);
    expect(await ask()).toEqual(badBearer('bad_signature'));
    expect([first, second, third].map(({ verify }) => verify.mock.calls)).toEqual([
      [],
      [[{ extractor: 'bearer', token: 'token' }]],
      [],
    ]);
  });

  test.each([
    ['of another form', 'token', 'unknown'],
    ['like a JWT of nobody', 'a.b.c', 'bad_issuer'],
  ] as const)('that no verifier accepts is rejected: %s', async (_, token, reason) => {
    const verifier = ownVerifier({ accepts: () => false });
    const { ask } = asking([verifier]);
    expect(await ask(underBearer(token))).toEqual(badBearer(reason));
    expect(await ask({ headers: { 'x-api-key': token } })).toEqual(badKey('unknown'));
    expect(verifier.verify).not.toHaveBeenCalled();
  });

  test.each<[string, Partial<Verifier>, string, number, boolean]>([
    ['8,192 characters in Authorization', {}, 'authorization', 8_192, true],
    ['8,193 characters in Authorization', {}, 'authorization', 8_193, false],
    ['8,192 characters in a key header', {}, 'x-api-key', 8_192, true],
    ['8,193 characters in a key header', {}, 'x-api-key', 8_193, false],
    [
      'as many characters as its verifier reads',
      { maxTokenLength: 10_000 },
      'authorization',
      10_000,
      true,
    ],
    [
      'more characters than its verifier reads',
      { maxTokenLength: 10_000 },
      'authorization',
      10_001,
      false,
    ],
    ['as few characters as its verifier reads', { maxTokenLength: 16 }, 'x-api-key', 16, true],
    ['one character more than that', { maxTokenLength: 16 }, 'x-api-key', 17, false],
  ])(
    'may have the length that its verifier reads: %s',
    async (_, members, header, length, isAccepted) => {
      const verifier = ownVerifier(members);
      const { ask } = asking([verifier]);
      const token = 'x'.repeat(length);
      const answer = await ask({
        headers: { [header]: header === 'authorization' ? `Bearer ${token}` : token },
      });
      if (isAccepted) {
        expect(answer).toMatchObject({ status: 'authenticated', principal });
      } else {
        expect(answer).toEqual(
          header === 'authorization' ? badBearer('malformed') : badKey('malformed'),
        );
      }
      expect(verifier.verify).toHaveBeenCalledTimes(isAccepted ? 1 : 0);
    },
  );

  it('may be as long as its own verifier reads, whatever others read', async () => {
    const keys = ownVerifier({ maxTokenLength: 16, accepts: ({ token }) => token.startsWith('k') });
    const jwts = ownVerifier({ maxTokenLength: 32, accepts: ({ token }) => token.startsWith('j') });
    const { ask } = asking([keys, jwts]);
    expect(await ask(underBearer(`k${'x'.repeat(16)}`))).toEqual(badBearer('malformed'));
    expect(await ask(underBearer(`j${'x'.repeat(16)}`))).toMatchObject({
      status: 'authenticated',
      principal,
    });
    expect(keys.verify).not.toHaveBeenCalled();
  });

  it('is never offered to a verifier that does not read its extractor', async () => {
    const [verifier, other] = [
      ownVerifier({ extractors: ['bearer'] }),
      ownVerifier({ extractors: ['api-key-header'] }),
    ];
    other.verify.mockReturnValue({ ok: false, reason: 'unknown' });
    const { ask } = asking([verifier, other]);
    expect(await ask({ headers: { 'x-api-key': 'token' } })).toEqual(badKey('unknown'));
    expect(verifier.verify).not.toHaveBeenCalled();
  });

  it('that was taken by one extractor is taken by another only if its verifier accepts it from there', async () => {
    const verifier = ownVerifier({ accepts: ({ extractor }) => extractor === 'bearer' });
    const { ask } = asking([verifier]);
    expect(await ask()).toMatchObject({ status: 'authenticated' });
    expect(await ask({ headers: { 'x-api-key': 'token' } })).toEqual(badKey('unknown'));
    expect(verifier.verify).toHaveBeenCalledTimes(1);
  });
});

describe('the extractors of a request', () => {
  const secret = generateSecret('osirsession', 'live');
  const find = jest.fn(async () => ({
    ...rowOf(secret),
    kind: 'session_token',
    subject: 'user_7',
  }));
  const key = ownVerifier({ accepts: ({ token }) => token === 'good' || token === 'bad' });
  const { check } = latchkey({
    extractors: [bearer(), apiKeyHeader(), queryParameter('api_key'), cookie('sid')],
    verifiers: [
      {
        ...key,
        verify: ({ token }) => (token === 'good' ? proven : { ok: false, reason: 'unknown' }),
      },
      sessionTokens({ prefix: 'osirsession', store: { find } }),
    ],
    cache: false,
  });
  const headers = (more: Readonly<Record<string, string>>) => ({
    method: 'GET',
    url: '/',
    headers: { cookie: `sid=${secret}`, ...more },
  });
  beforeEach(() => find.mockClear());

  it('let a cookie decide if there is no other credential', async () => {
    expect(await check(headers({}))).toMatchObject({
      status: 'authenticated',
      principal: { subject: 'user_7' },
    });
  });

  it('use an explicit credential and ignore a cookie, whether it is valid or not', async () => {
    expect(await check(headers({ authorization: 'Bearer good' }))).toMatchObject({
      principal: { subject: 'acct_42' },
    });
    expect(await check(headers({ authorization: 'Bearer bad' }))).toEqual(badBearer('unknown'));
    expect(await check(headers({ 'x-api-key': '' }))).toEqual(badKey('malformed'));
    expect(find).not.toHaveBeenCalled();
  });

  test.each<[string, RequestLike]>([
    ['bearer and key header', headers({ authorization: 'Bearer good', 'x-api-key': 'good' })],
    ['bearer and an empty key header', headers({ authorization: 'Bearer good', 'x-api-key': '' })],
    [
      'bearer and query parameter',
      { ...headers({ authorization: 'Bearer good' }), url: '/?api_key=good' },
    ],
    [
      'key header and query parameter',
      { ...headers({ 'x-api-key': 'good' }), url: '/?api_key=good' },
    ],
    ['the query parameter twice', { ...headers({}), url: '/?api_key=good&api_key=good' }],
    [
      'Authorization twice',
      {
        ...headers({ authorization: 'Bearer good' }),
        rawHeaders: ['Authorization', 'Bearer good', 'authorization', 'Basic x'],
      },
    ],
  ])(
    'with several explicit credentials are rejected, even if each is valid: %s',
    async (_, request) => {
      const answer = await check(request);
      expect(answer).toMatchObject({
        status: 'refused',
        reason: 'multiple',
        refusal: { status: 400 },
      });
    },
  );

  it('without a credential are anonymous on optional routes, and rejected elsewhere', async () => {
    expect(await check({ headers: {} })).toMatchObject({ status: 'anonymous' });
    expect(await check({ headers: {} }, { scopes: [] })).toEqual(badKey('missing'));
  });
});

describe('the order of proof', () => {
  test.each(['expired', 'revoked', 'unknown', 'bad_audience'] as const)(
    'puts 401 for %s before 403 for a scope',
    async (reason) => {
      const verifier = ownVerifier();
      verifier.verify.mockReturnValue({ ok: false, reason });
      const { check } = latchkey({ verifiers: [verifier] });
      const answer = await check(underBearer('token'), { scopes: ['domains:write'] });
      expect(answer).toMatchObject({ status: 'refused', reason, refusal: { status: 401 } });
    },
  );

  it('verifies possession before scopes, and rejects a binding that no extractor can verify', async () => {
    const verifier = ownVerifier();
    verifier.verify.mockReturnValue({ ...proven, confirmation: { jkt: 'x' } });
    const { check } = latchkey({ verifiers: [verifier] });
    for (let n = 0; n < 2; n++) {
      const answer = await check(underBearer('token'), { scopes: ['domains:write'] });
      expect(answer).toMatchObject({
        status: 'refused',
        reason: 'bad_proof',
        refusal: { status: 401 },
      });
    }
  });

  it('accepts a credential that is not bound', async () => {
    const verifier = ownVerifier();
    verifier.verify.mockReturnValue({ ...proven, confirmation: {} });
    expect(await asking([verifier]).ask()).toMatchObject({ status: 'authenticated', principal });
  });

  test.each([
    ['a millisecond before', NOW + 1, { status: 'authenticated', principal }],
    ['at', NOW, badBearer('expired')],
    ['after', NOW - 1, badBearer('expired')],
  ])('looks at the end of what was proven: %s it', async (_, until, answer) => {
    const verifier = ownVerifier();
    verifier.verify.mockReturnValue({ ...proven, expiresAt: until });
    expect(await asking([verifier]).ask()).toMatchObject(answer);
  });

  it('does not accept the reason "missing" from a verifier', async () => {
    const verifier = ownVerifier();
    verifier.verify.mockReturnValue({ ok: false, reason: 'missing' });
    const { check } = latchkey({ verifiers: [verifier] });
    expect(await check(underBearer('token'))).toEqual(OUTAGE);
  });
});

describe('an outage', () => {
  const thrown = (): never => {
    throw new Error('postgres://user:hunter2@10.0.0.1 refused');
  };

  test.each<[string, Partial<Verifier>]>([
    ['verify() throws', { verify: thrown }],
    ['verify() rejects', { verify: async () => thrown() }],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    ['verify() rejects with null', { verify: () => Promise.reject(null) }],
    ['accepts() throws', { accepts: thrown }],
    ['accepts() returns a promise', { accepts: (async () => true) as never }],
    ['accepts() rejects', { accepts: (async () => thrown()) as never }],
    ['onUsed() throws', { onUsed: thrown }],
    [
      'onUsed() throws after an answer that was waited for',
      { onUsed: thrown, verify: async () => proven },
    ],
  ])('stays an outage if %s, never a 401 and never anonymous', async (_, members) => {
    const { check } = latchkey({ verifiers: [{ ...ownVerifier(), ...members }] });
    for (const options of [{}, { scopes: [] }, { scopes: ['domains:write'] }]) {
      expect(await check(underBearer('token'), options)).toEqual(OUTAGE);
    }
    await macrotask();
  });

  test.each<[string, Partial<Verifier>]>([
    [
      'onUsed()',
      {
        onUsed: jest
          .fn()
          .mockImplementationOnce(() => undefined)
          .mockImplementation(thrown),
      },
    ],
    ['accepts()', { accepts: jest.fn().mockReturnValueOnce(true).mockImplementation(thrown) }],
  ])('stays an outage if %s throws although the credential is cached', async (_, members) => {
    const { ask } = asking([{ ...ownVerifier(), ...members }]);
    expect(await ask()).toMatchObject({ status: 'authenticated' });
    expect(await ask({ headers: { 'x-api-key': 'token' } })).toEqual(OUTAGE);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['true', true],
    ['a principal alone', principal],
    ['an empty object', {}],
    ['success as text', { ok: 'true', principal }],
    ['success as a number', { ok: 1, principal }],
    ['success without a principal', { ok: true }],
    ['success of null', { ok: true, principal: null }],
    ['success of nobody', { ok: true, principal: { ...principal, subject: '' } }],
    ['success of a number', { ok: true, principal: { ...principal, subject: 42 } }],
    ['success of a list', { ok: true, principal: { ...principal, subject: ['acct_42'] } }],
    ['success of no kind', { ok: true, principal: { ...principal, kind: undefined } }],
    ['scopes as one string', { ok: true, principal: { ...principal, scopes: 'domains:read' } }],
    ['scopes left out', { ok: true, principal: { ...principal, scopes: undefined } }],
    [
      'scopes that are not strings',
      { ok: true, principal: { ...principal, scopes: [['domains:read']] } },
    ],
    ['claims left out', { ok: true, principal: { ...principal, claims: undefined } }],
    ['claims of null', { ok: true, principal: { ...principal, claims: null } }],
    ['claims as text', { ok: true, principal: { ...principal, claims: '{}' } }],
    ['claims that are no JSON', { ok: true, principal: { ...principal, claims: { big: 1n } } }],
    ['an end of NaN', { ...proven, expiresAt: NaN }],
    ['an end as text', { ...proven, expiresAt: '2099-01-01' }],
    ['an end as a Date', { ...proven, expiresAt: new Date(NOW + 1_000) }],
    ['an end of null', { ...proven, expiresAt: null }],
    ['an age of NaN', { ...proven, issuedAt: NaN }],
    ['an age as text', { ...proven, issuedAt: '2020-01-01' }],
    ['a confirmation of true', { ...proven, confirmation: true }],
    ['a confirmation that is a list', { ...proven, confirmation: [] }],
    ['a refusal without a reason', { ok: false }],
    ['a refusal with a number', { ok: false, reason: 401 }],
  ])('is an outage if verify() returns %s, synchronously or not', async (_, nonsense) => {
    const verifier = ownVerifier();
    const { ask } = asking([verifier]);
    verifier.verify.mockReturnValueOnce(nonsense as Verification);
    expect(await ask()).toEqual(OUTAGE);
    verifier.verify.mockResolvedValueOnce(nonsense as Verification);
    expect(await ask()).toEqual(OUTAGE);
    expect(await ask()).toMatchObject({ status: 'authenticated', principal });
  });

  it('ends with the next valid result', async () => {
    const { find, put, ask } = guardedTable();
    const secret = generateSecret('osir', 'live');
    put(secret);
    find.mockRejectedValueOnce(new Error('connect ECONNREFUSED'));
    expect(await ask(secret)).toEqual(OUTAGE);
    expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
  });
});

describe('the deadline', () => {
  it.each([1, 250, 1_000])('ends the wait to the millisecond: %p ms', async (timeoutMs) => {
    const settled = jest.fn();
    const answer = asking([{ ...ownVerifier(), verify: () => never }], { timeoutMs })
      .ask()
      .then(settled);
    await jest.advanceTimersByTimeAsync(timeoutMs - 1);
    await macrotask();
    expect(settled).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1);
    await answer;
    expect(settled).toHaveBeenCalledWith(OUTAGE);
  });

  it('is a second by default', async () => {
    const answer = asking([{ ...ownVerifier(), verify: () => never }]).ask();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await answer).toEqual(OUTAGE);
  });

  it('ignores a result that arrives after the deadline, valid or not', async () => {
    const [good, bad] = [deferred<Verification>(), deferred<Verification>()];
    const verifier = ownVerifier();
    const { ask } = asking([verifier]);
    for (const { promise } of [good, bad]) {
      verifier.verify.mockReturnValueOnce(promise);
      const answer = ask();
      await jest.advanceTimersByTimeAsync(1_000);
      expect(await answer).toEqual(OUTAGE);
    }
    good.resolve(proven);
    bad.resolve(Promise.reject(new Error('late')));
    await macrotask();
    verifier.verify.mockReturnValue({ ok: false, reason: 'unknown' });
    expect(await ask()).toEqual(badBearer('unknown'));
  });

  it('leaves no timer behind after a result', async () => {
    await asking([{ ...ownVerifier(), verify: async () => proven }]).ask();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('a thousand requests at once with one key', () => {
  const secret = generateSecret('osir', 'live');
  const thousand = <T>(ask: () => Promise<T>) => Promise.all(Array.from({ length: 1_000 }, ask));

  it('are one question to the store, and share one principal', async () => {
    const { find, put, ask } = guardedTable();
    put(secret);
    const answers = await thousand(() => ask(secret));
    expect(find).toHaveBeenCalledTimes(1);
    const principals = answers.map((answer) =>
      answer.status === 'authenticated' ? answer.principal : undefined,
    );
    expect(principals[0]).toMatchObject({ subject: 'acct_42' });
    expect(new Set(principals).size).toBe(1);
  });

  test.each([
    ['refuses', () => Promise.reject(new Error('connect ECONNREFUSED'))],
    ['hangs', () => never],
    ['talks nonsense', () => Promise.resolve({} as CredentialRecord)],
  ])('are all an outage if the store %s, and nothing is cached', async (_, fault) => {
    const { find, put, ask } = guardedTable();
    put(secret);
    find.mockImplementationOnce(fault);
    const answers = thousand(() => ask(secret));
    await jest.advanceTimersByTimeAsync(1_000);
    for (const answer of await answers) {
      expect(answer).toEqual(OUTAGE);
    }
    expect(find).toHaveBeenCalledTimes(1);
    expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
    expect(find).toHaveBeenCalledTimes(2);
  });

  it('are all rejected if the key is unknown, and nothing is cached', async () => {
    const { find, put, ask } = guardedTable();
    for (const answer of await thousand(() => ask(secret))) {
      expect(answer).toEqual(badBearer('unknown'));
    }
    expect(find).toHaveBeenCalledTimes(1);
    put(secret);
    expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
  });
});

describe('a store that does not respond', () => {
  const keys = Array.from({ length: 4_096 }, () => generateSecret('osir', 'live'));

  it('has at most 4,096 unknown keys outstanding, past their deadline too, and responds again once it has settled them', async () => {
    const { find, put, ask } = guardedTable();
    const secret = generateSecret('osir', 'live');
    put(secret);
    const source = deferred<undefined>();
    find.mockReturnValue(source.promise);
    const waiting = keys.map(ask);
    expect(await ask(secret)).toEqual(OUTAGE);
    await jest.advanceTimersByTimeAsync(1_000);
    for (const answer of await Promise.all(waiting)) {
      expect(answer).toEqual(OUTAGE);
    }
    expect(await ask(secret)).toEqual(OUTAGE);
    expect(find).toHaveBeenCalledTimes(4_096);
    source.resolve(undefined);
    await macrotask();
    find.mockResolvedValue(rowOf(secret));
    expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
  });

  it('still verifies keys that it verified before', async () => {
    const { find, put, ask } = guardedTable();
    const secret = generateSecret('osir', 'live');
    put(secret);
    await ask(secret);
    find.mockImplementation((digest) =>
      digest === rowOf(secret).digest ? Promise.resolve(rowOf(secret)) : never,
    );
    const waiting = keys.map(ask);
    expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
    jest.setSystemTime(NOW + 30_000);
    expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
    expect(find).toHaveBeenCalledTimes(4_098);
    await jest.advanceTimersByTimeAsync(1_000);
    await Promise.all(waiting);
  });

  it('is queried again before a cached key expires, so that a long queue in the store does not matter', async () => {
    const { find, put, ask } = guardedTable();
    const secret = generateSecret('osir', 'live');
    put(secret);
    await ask(secret);
    const queue: (() => void)[] = [];
    find.mockImplementation((digest) => {
      const row = digest === rowOf(secret).digest ? rowOf(secret) : undefined;
      return new Promise((resolve) => queue.push(() => resolve(row)));
    });
    const waiting = keys.map(ask);
    jest.setSystemTime(NOW + 20_000);
    for (let n = 0; n < 3; n++) {
      expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
    }
    expect(find).toHaveBeenCalledTimes(4_098);
    await jest.advanceTimersByTimeAsync(9_000);
    queue.splice(0).forEach((respond) => respond());
    await macrotask();
    jest.setSystemTime(NOW + 40_000);
    expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
    expect(find).toHaveBeenCalledTimes(4_098);
    await Promise.all(waiting);
  });

  it('does not affect credentials that are not in the queue', async () => {
    const secret = generateSecret('other', 'live');
    const atOnce = ownVerifier({ accepts: ({ token }) => token === 'token' });
    const { check } = latchkey({
      verifiers: [
        apiKeys({ prefix: 'osir', store: { find: () => never } }),
        apiKeys({ prefix: 'other', store: { find: async () => rowOf(secret) } }),
        atOnce,
      ],
    });
    const ask = (token: string) => check(underBearer(token), { scopes: [] });
    const waiting = keys.map(ask);
    const answers = [await ask('token'), await ask(secret)];
    await jest.advanceTimersByTimeAsync(1_000);
    await Promise.all(waiting);
    expect(answers).toEqual([
      expect.objectContaining({ status: 'authenticated', principal }),
      expect.objectContaining({ status: 'authenticated' }),
    ]);
  });
});

describe('a principal', () => {
  it('shares nothing with the row that it came from', async () => {
    const { find, ask } = guardedTable();
    const secret = generateSecret('osir', 'live');
    const row = rowOf(secret, {
      scopes: ['domains:read'],
      metadata: { plan: { name: 'pro' }, since: new Date(NOW) },
    });
    find.mockResolvedValue(row);
    const first = await ask(secret);
    (row.scopes as string[]).push('admin');
    (row.metadata?.plan as { name: string }).name = 'free';
    (row.metadata?.since as Date).setFullYear(1999);
    expect(await ask(secret)).toEqual(first);
    expect(first).toMatchObject({
      principal: {
        scopes: ['domains:read'],
        claims: { plan: { name: 'pro' }, since: '2030-01-01T00:00:00.000Z' },
      },
    });
  });

  it('is the same for the next request whatever a handler did to it', async () => {
    jest.useRealTimers();
    const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
    const metadata = JSON.parse(
      '{"plan":{"limits":[1,{"deep":true}]},"__proto__":{"admin":false}}',
    ) as Record<string, unknown>;
    const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'], metadata });
    const { authenticate, close } = latchkey({ verifiers: [keys] });
    const server = await listen(
      onNodeHttp([authenticate()], (req, res) => {
        const before = JSON.stringify(getAuth(req));
        vandalise(getAuth(req));
        (req as { auth?: unknown }).auth = { ...getAuth(req), subject: 'root', scopes: ['admin'] };
        res.end(before);
      }),
    );
    try {
      const request = rawRequest('GET /', `Authorization: Bearer ${secret}`);
      const [first, second] = [
        await sendRaw(server.port, request),
        await sendRaw(server.port, request),
      ];
      expect(first.status).toBe(200);
      expect(JSON.parse(first.body)).toMatchObject({
        subject: 'acct_42',
        scopes: ['domains:read'],
      });
      expect(first.body).toContain('"claims":{"plan":{"limits":[1,{"deep":true}]}}');
      expect(second).toEqual(first);
    } finally {
      await Promise.all([server.close(), close()]);
    }
  });
});

/** Tries to change the value and all that is reachable from it, in every way there is. */
function vandalise(value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    return;
  }
  for (const key of Reflect.ownKeys(value)) {
    vandalise((value as Record<PropertyKey, unknown>)[key]);
    Reflect.set(value, key, 0);
    Reflect.defineProperty(value, key, { value: 0 });
    Reflect.deleteProperty(value, key);
  }
  Reflect.set(value, 'admin', true);
  Reflect.setPrototypeOf(value, { admin: true });
  Reflect.set(value, 'length', 0);
}

describe('close()', () => {
  it('ends what the verifiers watch and has them write what is left to write', async () => {
    const [end, close] = [jest.fn(), jest.fn()];
    const guard = asking([
      ownVerifier({ subscribe: () => end, close }),
      ownVerifier({ accepts: () => false }),
    ]);
    expect([end.mock.calls, close.mock.calls]).toEqual([[], []]);
    await guard.close();
    expect([end.mock.calls, close.mock.calls]).toEqual([[[]], [[]]]);
  });

  it('waits for both', async () => {
    const [ended, closed] = [deferred<void>(), deferred<void>()];
    const settled = jest.fn();
    const closing = asking([
      ownVerifier({ subscribe: () => () => ended.promise, close: () => closed.promise }),
    ])
      .close()
      .then(settled);
    ended.resolve();
    await macrotask();
    expect(settled).not.toHaveBeenCalled();
    closed.resolve();
    await closing;
  });

  it('closes all of them although one fails, and reports the failure', async () => {
    const failure = new Error('connection lost');
    const end = jest.fn();
    const failing = ownVerifier({
      subscribe: () => () => {
        throw failure;
      },
    });
    await expect(
      asking([failing, ownVerifier({ accepts: () => false, subscribe: () => end })]).close(),
    ).rejects.toBe(failure);
    expect(end).toHaveBeenCalledTimes(1);
  });
});
