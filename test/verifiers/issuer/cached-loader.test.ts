import { setImmediate } from 'node:timers/promises';

import { cachedLoader } from '../../../src/verifiers/issuer/cached-loader';
import { deferred } from '../../support/deferred';

beforeEach(
  () =>
    void jest.useFakeTimers({ now: 0, doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] }),
);
afterEach(() => void jest.useRealTimers());

const FRESHNESS = { maxAgeMs: 60_000, cooldownMs: 1_000 };
const later = (ms: number) => jest.advanceTimersByTime(ms);

/** Something that is loaded by hand: each load waits to be told. */
function loadedByHand() {
  const loads: ReturnType<typeof deferred<string>>[] = [];
  const load = jest.fn(() => {
    const answer = deferred<string>();
    loads.push(answer);
    return answer.promise;
  });
  return {
    get: cachedLoader(load, FRESHNESS),
    load,
    bring: async (value: string) => {
      loads.at(-1)?.resolve(value);
      await setImmediate();
    },
    fail: async (why: string) => {
      loads.at(-1)?.resolve(Promise.reject(new Error(why)));
      await setImmediate();
    },
  };
}

it('loads nothing before the first call, and once for concurrent calls', async () => {
  const { get, load, bring } = loadedByHand();
  expect(load).not.toHaveBeenCalled();
  const all = Promise.all([get(), get(), get()]);
  await bring('one');
  expect(await all).toEqual(['one', 'one', 'one']);
  expect(await get()).toBe('one');
  expect(load).toHaveBeenCalledTimes(1);
});

it('rejects all waiting calls after a failure, and does not load until the cool-down is over', async () => {
  const { get, load, bring, fail } = loadedByHand();
  const all = Promise.allSettled([get(), get()]);
  await fail('down');
  expect(await all).toMatchObject([
    { reason: { message: 'down' } },
    { reason: { message: 'down' } },
  ]);
  later(999);
  await expect(get()).rejects.toThrow('down');
  expect(load).toHaveBeenCalledTimes(1);
  later(1);
  const again = get();
  await bring('up');
  expect(await again).toBe('up');
  expect(load).toHaveBeenCalledTimes(2);
});

it('serves a stale value while it is reloaded, and the new one afterwards', async () => {
  const { get, load, bring } = loadedByHand();
  void get();
  await bring('one');
  later(59_999);
  expect(await get()).toBe('one');
  expect(load).toHaveBeenCalledTimes(1);
  later(1);
  expect([await get(), await get()]).toEqual(['one', 'one']);
  expect(load).toHaveBeenCalledTimes(2);
  await bring('two');
  expect(await get()).toBe('two');
});

it('keeps the stale value while reloading fails, and tries again after the cool-down', async () => {
  const { get, load, bring, fail } = loadedByHand();
  void get();
  await bring('one');
  later(60_000);
  expect(await get()).toBe('one');
  await fail('down');
  expect(await get()).toBe('one');
  expect(load).toHaveBeenCalledTimes(2);
  later(1_000);
  expect(await get()).toBe('one');
  expect(load).toHaveBeenCalledTimes(3);
});
