import {
  accessTokens,
  type AuthenticationResult,
  bearer,
  dpop,
  type DpopOptions,
  latchkey,
  memoryStore,
  type StateStore,
} from 'latchkey';

import { firstUseInMemory } from '../../src/possession/replay';
import { clientKey, proofOf } from '../support/dpop';

const NOW = Date.UTC(2030, 0, 1);
beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: [
        'nextTick',
        'queueMicrotask',
        'setImmediate',
        'performance',
        'setTimeout',
        'clearTimeout',
      ],
    }),
);
afterEach(() => void jest.useRealTimers());

const key = clientKey();
const tokens = accessTokens({ prefix: 'osirat', store: memoryStore() });
afterAll(() => tokens.close?.());
const issue = async (jkt = key.jkt) =>
  (await tokens.issue({ subject: 'user_7', scopes: [], confirmation: { jkt } })).secret;
const requestOf = (token: string, proof: string) => ({
  method: 'GET',
  url: '/',
  headers: { host: 'api.example.com', authorization: `DPoP ${token}`, dpop: proof },
});
const guarded = (options?: DpopOptions, timeoutMs = 1_000) =>
  latchkey({ extractors: [bearer(), dpop(options)], verifiers: [tokens], timeoutMs });
const outcome = (answer: AuthenticationResult) =>
  answer.status === 'refused' ? answer.reason : answer.status;

describe.each<[string, () => DpopOptions]>([
  ['in memory', () => ({})],
  ['in a store', () => ({ store: memoryStore() })],
])('a proof that is remembered %s', (_where, options) => {
  it('is accepted once', async () => {
    const token = await issue();
    const { check } = guarded(options());
    const proof = proofOf({ key, token });
    const answers = [await check(requestOf(token, proof)), await check(requestOf(token, proof))];
    expect(answers.map(outcome)).toEqual(['authenticated', 'replayed']);
  });

  it('is accepted once in fifty concurrent requests', async () => {
    const token = await issue();
    const { check } = guarded(options());
    const proof = proofOf({ key, token });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => check(requestOf(token, proof))),
    );
    expect(answers.map(outcome).sort()).toEqual([
      'authenticated',
      ...Array.from({ length: 49 }, () => 'replayed'),
    ]);
  });

  it('is recognised by its jti, whatever its other members', async () => {
    const token = await issue();
    const { check } = guarded(options());
    const claims = { jti: 'again' };
    const first = await check(requestOf(token, proofOf({ key, token, claims })));
    const second = await check(
      requestOf(token, proofOf({ key, token, claims: { ...claims, iat: NOW / 1_000 + 1, x: 1 } })),
    );
    expect([first, second].map(outcome)).toEqual(['authenticated', 'replayed']);
  });

  it('does not affect another client with the same jti', async () => {
    const other = clientKey();
    const [token, others] = [await issue(), await issue(other.jkt)];
    const { check } = guarded(options());
    const claims = { jti: 'again' };
    expect(outcome(await check(requestOf(token, proofOf({ key, token, claims }))))).toBe(
      'authenticated',
    );
    expect(
      outcome(await check(requestOf(others, proofOf({ key: other, token: others, claims })))),
    ).toBe('authenticated');
  });

  test.each([
    ['its end', 0],
    ['its future end', 60],
    ['its past end', -60],
  ])(
    'is remembered for as long as it could come again, from %s of the window',
    async (_where2, ahead) => {
      const token = await issue();
      const { check } = guarded(options());
      const proof = proofOf({ key, token, claims: { iat: NOW / 1_000 + ahead } });
      expect(outcome(await check(requestOf(token, proof)))).toBe('authenticated');
      const lastMs = NOW + ahead * 1_000 + 60_000;
      jest.setSystemTime(lastMs);
      expect(outcome(await check(requestOf(token, proof)))).toBe('replayed');
      jest.setSystemTime(lastMs + 1);
      expect(outcome(await check(requestOf(token, proof)))).toBe('bad_proof');
    },
  );

  it('is one use if one request is checked several times', async () => {
    const token = await issue();
    const extractors = [bearer(), dpop(options())];
    const [one, other] = [0, 1].map(() => latchkey({ extractors, verifiers: [tokens] }));
    const request = requestOf(token, proofOf({ key, token }));
    expect(outcome(await one!.check(request))).toBe('authenticated');
    expect(outcome(await one!.check(request, { scopes: [] }))).toBe('authenticated');
    expect(outcome(await other!.check(request))).toBe('authenticated');
    expect(outcome(await other!.check({ ...request }))).toBe('replayed');
  });

  it('is not used up by a rejection', async () => {
    const token = await issue();
    const { check } = guarded(options());
    const claims = { jti: 'again' };
    expect(
      outcome(
        await check(
          requestOf(token, proofOf({ key, token, claims, signer: clientKey().privateKey })),
        ),
      ),
    ).toBe('bad_proof');
    expect(outcome(await check(requestOf(token, proofOf({ key, token, claims }))))).toBe(
      'authenticated',
    );
  });
});

describe('a store of proofs', () => {
  it('is shared: a proof that one machine took is refused by the other', async () => {
    const store = memoryStore();
    const token = await issue();
    const proof = proofOf({ key, token });
    const answers = [
      await guarded({ store }).check(requestOf(token, proof)),
      await guarded({ store }).check(requestOf(token, proof)),
    ];
    expect(answers.map(outcome)).toEqual(['authenticated', 'replayed']);
  });

  it('sees a digest of bounded length, and the time after which it may forget', async () => {
    const setIfAbsent = jest.fn(async () => true);
    const token = await issue();
    const iat = NOW / 1_000 - 0.0004;
    await guarded({ store: { setIfAbsent } as never }).check(
      requestOf(token, proofOf({ key, token, claims: { jti: 'x'.repeat(256), iat } })),
    );
    expect(setIfAbsent.mock.calls).toEqual([
      ['dpop', expect.stringMatching(/^[A-Za-z0-9_-]{43}$/), '1', NOW + 120_000],
    ]);
  });

  test.each<[string, StateStore['setIfAbsent'], RegExp]>([
    ['rejects', () => Promise.reject(new Error('connect ECONNREFUSED')), /ECONNREFUSED/],
    [
      'throws',
      () => {
        throw new Error('The client is closed');
      },
      /closed/,
    ],
    ['hangs', () => new Promise(() => {}), /No result within/],
    ['answers nothing', async () => undefined as never, /true or false/],
    ['answers OK', async () => 'OK' as never, /true or false/],
  ])('that %s is an outage, and no way in', async (_what, setIfAbsent, message) => {
    const errors: unknown[] = [];
    const { subscribe, unsubscribe } = await import('node:diagnostics_channel');
    const listener = (decision: unknown) =>
      void errors.push((decision as { error: Error }).error.message);
    subscribe('latchkey:decision', listener);
    const token = await issue();
    const answer = await guarded({ store: { setIfAbsent } as never }, 50).check(
      requestOf(token, proofOf({ key, token })),
    );
    unsubscribe('latchkey:decision', listener);
    expect(answer).toMatchObject({
      status: 'refused',
      reason: 'unavailable',
      refusal: {
        status: 503,
        headers: { 'Retry-After': '1' },
        body: '{"error":"service_unavailable","message":"Authentication is temporarily unavailable"}',
      },
    });
    expect(errors).toEqual([expect.stringMatching(message)]);
  });
});

describe('the memory of one process', () => {
  const LIFE_MS = 1_000;

  it('forgets what is over, and nothing else', () => {
    const isFirst = firstUseInMemory(LIFE_MS);
    expect([isFirst('a', 0), isFirst('b', 0), isFirst('a', 0)]).toEqual([true, true, false]);
    jest.setSystemTime(NOW + LIFE_MS);
    expect([isFirst('a', 0), isFirst('c', 0)]).toEqual([false, true]);
    jest.setSystemTime(NOW + LIFE_MS + 1);
    expect([isFirst('a', 0), isFirst('c', 0)]).toEqual([true, false]);
  });

  it('is bounded, and reports that rather than forget what could be replayed', () => {
    const isFirst = firstUseInMemory(LIFE_MS);
    for (let n = 0; n < 500_000; n++) {
      if (isFirst(String(n), 0) !== true) {
        throw new Error(`${n} was not the first`);
      }
    }
    expect(() => isFirst('one more', 0)).toThrow(
      'dpop(): too many proofs for the memory of one process; pass the option "store"',
    );
    expect(isFirst('0', 0)).toBe(false);
    jest.setSystemTime(NOW + LIFE_MS + 1);
    expect(isFirst('one more', 0)).toBe(true);
  });
});
