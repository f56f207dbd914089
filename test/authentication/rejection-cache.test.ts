import { apiKeys, memoryStore, type Verifier } from 'latchkey';

import { toDigest } from '../../src/credential/digest';
import { generateSecret } from '../../src/credential/secret';
import { badBearer, OUTAGE } from '../support/answers';
import { deferred } from '../support/deferred';
import { guardedTable } from '../support/guarded-table';
import { asking, ownVerifier, proven, underBearer } from '../support/own-verifier';

const NOW = Date.UTC(2030, 0, 1);

beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'],
    }),
);
afterEach(() => void jest.useRealTimers());

const secret = generateSecret('osir', 'live');
const repeatedly = async <T>(times: number, ask: () => Promise<T>): Promise<T[]> => {
  const answers: T[] = [];
  for (let n = 0; n < times; n++) {
    answers.push(await ask());
  }
  return answers;
};

describe('a rejected credential that is sent again and again', () => {
  it('costs its store two reads a second', async () => {
    const { find, ask } = guardedTable();
    for (const answer of await repeatedly(300, () => ask(secret))) {
      expect(answer).toEqual(badBearer('unknown'));
    }
    expect(find).toHaveBeenCalledTimes(2);
    jest.advanceTimersByTime(999);
    await repeatedly(300, () => ask(secret));
    expect(find).toHaveBeenCalledTimes(2);
    jest.advanceTimersByTime(1);
    await repeatedly(300, () => ask(secret));
    expect(find).toHaveBeenCalledTimes(4);
  });

  test.each(['unknown', 'expired', 'revoked', 'bad_audience', 'wrong_environment'] as const)(
    'costs a verifier that rejects it as %s two verifications, with the detail of the second',
    async (reason) => {
      const verifier = ownVerifier();
      verifier.verify.mockResolvedValue({ ok: false, reason, detail: 'why' });
      const { ask } = asking([verifier]);
      for (const answer of await repeatedly(300, () => ask())) {
        expect(answer).toEqual(badBearer(reason));
      }
      expect(verifier.verify).toHaveBeenCalledTimes(2);
    },
  );

  test.each(['not_yet_valid', 'bad_signature'] as const)(
    'is verified each time if the reason may disappear by itself: %s',
    async (reason) => {
      const verifier = ownVerifier();
      verifier.verify.mockResolvedValue({ ok: false, reason });
      const { ask } = asking([verifier]);
      await repeatedly(10, () => ask());
      expect(verifier.verify).toHaveBeenCalledTimes(10);
    },
  );

  it('is verified each time if that costs nothing to wait for', async () => {
    const verifier = ownVerifier();
    verifier.verify.mockReturnValue({ ok: false, reason: 'unknown' });
    const { ask } = asking([verifier]);
    await repeatedly(10, () => ask());
    expect(verifier.verify).toHaveBeenCalledTimes(10);
  });

  it('is verified each time without a cache', async () => {
    const { find, ask } = guardedTable({ cache: false });
    await repeatedly(10, () => ask(secret));
    expect(find).toHaveBeenCalledTimes(10);
  });

  it('is not rejected for longer than a verification is cached', async () => {
    const { find, ask } = guardedTable({ cache: { ttlMs: 100 } });
    await repeatedly(10, () => ask(secret));
    jest.advanceTimersByTime(100);
    await repeatedly(10, () => ask(secret));
    expect(find).toHaveBeenCalledTimes(4);
  });

  it('is not rejected for longer if the clock is set back', async () => {
    const { find, ask } = guardedTable();
    await repeatedly(10, () => ask(secret));
    jest.setSystemTime(NOW - 1);
    await ask(secret);
    expect(find).toHaveBeenCalledTimes(3);
  });

  it('is rejected only by the verifier that rejected it', async () => {
    const [first, second] = [
      ownVerifier({ extractors: ['bearer'] }),
      ownVerifier({ extractors: ['api-key-header'] }),
    ];
    first.verify.mockResolvedValue({ ok: false, reason: 'unknown' });
    const { ask } = asking([first, second]);
    await repeatedly(10, () => ask());
    expect(await ask({ headers: { 'x-api-key': 'token' } })).toMatchObject({
      status: 'authenticated',
    });
  });

  it('is forgotten if many others are rejected, so that memory stays bounded', async () => {
    const { find, ask } = guardedTable();
    await repeatedly(2, () => ask(secret));
    for (let n = 0; n < 1_000; n++) {
      await ask(generateSecret('osir', 'live'));
    }
    find.mockClear();
    await ask(secret);
    expect(find).toHaveBeenCalledTimes(1);
  });
});

it('never keeps an outage', async () => {
  const { find, put, ask } = guardedTable();
  find
    .mockRejectedValueOnce(new Error('down'))
    .mockRejectedValueOnce(new Error('down'))
    .mockRejectedValueOnce(new Error('down'));
  for (const answer of await repeatedly(3, () => ask(secret))) {
    expect(answer).toEqual(OUTAGE);
  }
  put(secret);
  expect(await ask(secret)).toMatchObject({ status: 'authenticated' });
});

describe('is over at once on this instance', () => {
  const digest = toDigest(secret);
  const keysOf = () => apiKeys({ prefix: 'osir', store: memoryStore() });
  const dead = async (keys: Verifier, more: readonly Verifier[] = []) => {
    const { ask } = asking([keys, ...more]);
    const again = () => ask(underBearer(secret));
    await repeatedly(5, again);
    return again;
  };

  it('by import()', async () => {
    const keys = keysOf();
    const ask = await dead(keys);
    await keys.import([{ digest, subject: 'acct_42', scopes: [] }]);
    expect(await ask()).toMatchObject({ status: 'authenticated' });
  });

  it('by import() while a look-up is pending', async () => {
    const store = memoryStore();
    const find = store.find.bind(store);
    const keys = apiKeys({ prefix: 'osir', store });
    const ask = await dead(keys);
    jest.advanceTimersByTime(1_000);
    const source = deferred<void>();
    for (let n = 0; n < 2; n++) {
      jest.spyOn(store, 'find').mockImplementationOnce(async (asked) => {
        const record = await find(asked);
        await source.promise;
        return record;
      });
    }
    const pending = [ask()];
    await keys.import([{ digest, subject: 'acct_42', scopes: [] }]);
    pending.push(ask());
    source.resolve();
    const [before, after] = await Promise.all(pending);
    expect(before).toEqual(badBearer('unknown'));
    expect(after).toMatchObject({ status: 'authenticated' });
    expect(await ask()).toMatchObject({ status: 'authenticated' });
  });

  it('by issue(), whatever verifier rejected it', async () => {
    const keys = apiKeys({ prefix: 'other', store: memoryStore() });
    const introspected = ownVerifier({ accepts: ({ token }) => token === secret });
    introspected.verify.mockResolvedValue({ ok: false, reason: 'unknown' });
    const ask = await dead(keys, [introspected]);
    introspected.verify.mockResolvedValue(proven);
    expect(await ask()).toEqual(badBearer('unknown'));
    await keys.issue({ subject: 'acct_42', scopes: [] });
    expect(await ask()).toMatchObject({ status: 'authenticated' });
  });
});

it('a key that another verifier of the same store imports is accepted at once', async () => {
  const store = memoryStore();
  const legacy = /^old_\w+$/;
  const { ask } = asking([apiKeys({ prefix: 'osir', store, legacy })]);
  for (const answer of await repeatedly(3, () => ask(underBearer('old_key')))) {
    expect(answer).toEqual(badBearer('unknown'));
  }
  await apiKeys({ prefix: 'osir', store, legacy }).import([
    { digest: toDigest('old_key'), subject: 'acct_42', scopes: ['domains:read'] },
  ]);
  expect((await ask(underBearer('old_key'))).status).toBe('authenticated');
});
