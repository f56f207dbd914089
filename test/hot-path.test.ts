import { createHook } from 'node:async_hooks';
import crypto from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

import { apiKeys, getAuth, latchkey, memoryStore, type Middleware } from 'latchkey';
import { LRUCache } from 'lru-cache';

import { generateSecret } from '../src/credential/secret';
import { asking, ownVerifier, proven, underBearer } from './support/own-verifier';

const store = memoryStore();
const find = jest.spyOn(store, 'find');
const recordUsage = jest.spyOn(store, 'recordUsage');
const keys = apiKeys({ prefix: 'osir', store });
const { authenticate, requireScopes, requireAnyScope, authorize, close } = latchkey({
  verifiers: [keys],
});
const hash = jest.spyOn(crypto, 'hash');
const lookUp = jest.spyOn(LRUCache.prototype, 'get');
const clock = jest.spyOn(performance, 'now');
let secret: string;

beforeAll(async () => {
  ({ secret } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] }));
  // Once to have it in the cache, and once to have the batch of uses begun.
  for (let n = 0; n < 2; n++) {
    await passing(authenticate(), { authorization: `Bearer ${secret}` });
  }
});
afterAll(() => close());

function request(headers: Readonly<Record<string, string>>): [IncomingMessage, ServerResponse] {
  const req = Object.assign(new IncomingMessage(new Socket()), {
    headers,
    rawHeaders: Object.entries(headers).flat(),
  });
  return [req, new ServerResponse(req)];
}
const passing = (guard: Middleware, headers: Readonly<Record<string, string>>) =>
  new Promise<void>((resolve) => guard(...request(headers), () => resolve()));

/** What is spent while `act` runs, and in what it leaves behind at once. */
function costOf(act: () => void) {
  for (const spy of [hash, lookUp, find, recordUsage, clock]) {
    spy.mockClear();
  }
  const made: string[] = [];
  const hook = createHook({ init: (_id, type) => void made.push(type) }).enable();
  act();
  hook.disable();
  return {
    hashes: hash.mock.calls.length,
    lookUps: lookUp.mock.calls.length,
    promises: made.filter((type) => type === 'PROMISE').length,
    timers: made.filter((type) => type === 'Timeout').length,
    storeCalls: find.mock.calls.length + recordUsage.mock.calls.length,
    clockReadings: clock.mock.calls.length,
  };
}
const NOTHING = { hashes: 0, lookUps: 0, promises: 0, timers: 0, storeCalls: 0, clockReadings: 0 };

it('counts what is spent', () => {
  const spending = () => {
    void crypto.hash('sha256', 'x');
    new LRUCache({ max: 1 }).get('x');
    clearTimeout(setTimeout(() => undefined, 1));
    void store.find('x');
    performance.now();
  };
  expect(costOf(spending)).toMatchObject({
    hashes: 1,
    lookUps: 1,
    timers: 1,
    storeCalls: 1,
    clockReadings: 1,
  });
  expect(costOf(() => void (async () => undefined)())).toEqual({ ...NOTHING, promises: 1 });
});

test.each<[string, () => Middleware, (secret: string) => Record<string, string>]>([
  ['authenticate()', () => authenticate(), (key) => ({ authorization: `Bearer ${key}` })],
  ['authenticate() of a key header', () => authenticate(), (key) => ({ 'x-api-key': key })],
  [
    'an optional authenticate()',
    () => authenticate({ optional: true }),
    (key) => ({ authorization: `Bearer ${key}` }),
  ],
  [
    'requireScopes()',
    () => requireScopes('domains:read'),
    (key) => ({ authorization: `Bearer ${key}` }),
  ],
  [
    'requireAnyScope()',
    () => requireAnyScope('domains:write', 'domains:read'),
    (key) => ({ authorization: `Bearer ${key}` }),
  ],
  ['authorize()', () => authorize(() => true), (key) => ({ authorization: `Bearer ${key}` })],
])(
  '%s hashes and looks up a cached key once, and calls next() before it returns',
  (_, make, headers) => {
    const [guard, [req, res], next] = [make(), request(headers(secret)), jest.fn()];
    expect(costOf(() => guard(req, res, next))).toEqual({
      ...NOTHING,
      hashes: 1,
      lookUps: 1,
      clockReadings: 1,
    });
    expect(next.mock.calls).toEqual([[]]);
    expect(getAuth(req).subject).toBe('acct_42');
  },
);

it('costs a second guard of the same request nothing', () => {
  const [first, second, [req, res], next] = [
    authenticate(),
    requireScopes('domains:read'),
    request({ 'x-api-key': secret }),
    jest.fn(),
  ];
  first(req, res, () => undefined);
  expect(costOf(() => second(req, res, next))).toEqual(NOTHING);
  expect(next.mock.calls).toEqual([[]]);
});

it('costs a thousand requests with a cached key a thousand times that, and no timer and no write more', () => {
  const guard = requireScopes('domains:read');
  const requests = Array.from({ length: 1_000 }, () =>
    request({ authorization: `Bearer ${secret}` }),
  );
  const next = jest.fn();
  expect(costOf(() => requests.forEach((one) => guard(...one, next)))).toEqual({
    ...NOTHING,
    hashes: 1_000,
    lookUps: 1_000,
    clockReadings: 1_000,
  });
  expect(next).toHaveBeenCalledTimes(1_000);
});

it('costs a key that is not cached one call of the store', async () => {
  const { secret: other } = await keys.issue({ subject: 'acct_42', scopes: [] });
  const guard = authenticate();
  let passed!: Promise<void>;
  const begun = costOf(() => {
    passed = passing(guard, { authorization: `Bearer ${other}` });
  });
  expect(begun).toMatchObject({ storeCalls: 1, timers: 1 });
  await passed;
  expect(find).toHaveBeenCalledTimes(1);
});

test.each<[string, Record<string, string>, object]>([
  ['no credential', {}, {}],
  ['another scheme', { authorization: 'Basic YTpi' }, {}],
  ['two credentials', { authorization: 'Bearer a', 'x-api-key': 'a' }, {}],
  ['a token that is too long', { authorization: `Bearer ${'x'.repeat(8_193)}` }, {}],
  ['a key that is too long', { 'x-api-key': 'x'.repeat(513) }, {}],
  ['a token of another form', { authorization: 'Bearer junk' }, { hashes: 1, lookUps: 1 }],
  ['a token outside the grammar', { authorization: 'Bearer a b' }, { hashes: 1, lookUps: 1 }],
  [
    'a key with a bad checksum',
    { 'x-api-key': `${generateSecret('osir', 'live').slice(0, -6)}000000` },
    { hashes: 1, lookUps: expect.any(Number), clockReadings: 1 },
  ],
])('costs the store and the event loop nothing to refuse %s', (_, headers, cost) => {
  const [guard, [req, res], next] = [authenticate(), request(headers), jest.fn()];
  const end = jest.spyOn(res, 'end').mockReturnThis();
  expect(costOf(() => guard(req, res, next))).toEqual({ ...NOTHING, ...cost });
  expect([end.mock.calls.length, next.mock.calls.length]).toEqual([1, 0]);
});

it('costs what a verifier can say at once no promise and no timer, cached or not', () => {
  for (const cache of [undefined, false] as const) {
    const { authenticate: own } = latchkey({
      verifiers: [ownVerifier()],
      ...(cache === false && { cache }),
    });
    const [guard, [req, res], next] = [
      own(),
      request({ authorization: 'Bearer token' }),
      jest.fn(),
    ];
    expect(costOf(() => guard(req, res, next))).toMatchObject({
      hashes: 1,
      promises: 0,
      timers: 0,
    });
    expect(next).toHaveBeenCalledTimes(1);
  }
});

it('costs no verifier a look at the form of what came the same way before', async () => {
  const accepts = jest.fn(() => true);
  const { ask } = asking([ownVerifier({ accepts })]);
  for (let n = 0; n < 3; n++) {
    await ask(underBearer('token'));
  }
  expect(accepts).toHaveBeenCalledTimes(1);
});

it('copies a principal once, not for each request', async () => {
  const verifier = ownVerifier();
  const { ask } = asking([verifier]);
  const answers = [await ask(underBearer('token')), await ask(underBearer('token'))];
  const [first, second] = answers.map((answer) =>
    answer.status === 'authenticated' ? answer.principal : undefined,
  );
  expect(second).toBe(first);
  expect(first).toEqual(proven.principal);
  expect(first).not.toBe(proven.principal);
});
