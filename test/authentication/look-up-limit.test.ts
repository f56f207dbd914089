import { LookUpLimit } from '../../src/authentication/look-up-limit';
import { deferred } from '../support/deferred';

const never = new Promise<never>(() => {});
const microtasks = () => new Promise<void>((resolve) => process.nextTick(resolve));

let now: number;
beforeEach(() => {
  now = 1_000_000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => jest.restoreAllMocks());

const filled = (count: number, startedAt = now) => {
  const limit = new LookUpLimit();
  for (let n = 0; n < count; n++) {
    limit.track(never, startedAt);
  }
  return limit;
};

test.each([
  ['4,095 verifications leave room for one', 4_095, true, true],
  ['4,096 leave room for credentials that were verified before', 4_096, false, true],
  ['4,863 leave room for one of those', 4_863, false, true],
  ['4,864 leave room for none', 4_864, false, false],
])('%s', (_, count, forUnknown, forKnown) => {
  const limit = filled(count);
  expect([limit.hasRoom(false, now), limit.hasRoom(true, now)]).toEqual([forUnknown, forKnown]);
});

test.each([
  ['resolves', () => undefined],
  ['rejects', () => Promise.reject(new Error('down'))],
])('a verification counts until it %s', async (_, result) => {
  const limit = filled(4_095);
  const source = deferred<unknown>();
  limit.track(source.promise, now);
  expect(limit.hasRoom(false, now)).toBe(false);
  source.resolve(result());
  await microtasks();
  expect(limit.hasRoom(false, now)).toBe(true);
});

test.each([
  [1_023, false],
  [1_024, true],
])('%i verifications are pressure: %p', (count, isPressure) =>
  expect(filled(count).isUnderPressure).toBe(isPressure),
);

describe('verifications that never settle', () => {
  it('keep their places for a minute', () => {
    expect(filled(4_096).hasRoom(false, now + 59_999)).toBe(false);
    expect(filled(4_096).hasRoom(false, now + 60_000)).toBe(true);
  });

  it('then give up one place a second while the store does not respond', () => {
    const limit = filled(4_096);
    now += 60_000;
    const admitted = Array.from({ length: 50 }, (_, n) => {
      const at = now + n * 100;
      if (!limit.hasRoom(false, at)) {
        return false;
      }
      limit.track(never, at);
      return true;
    });
    expect(admitted.filter(Boolean)).toHaveLength(5);
  });

  it('give up as many places as are needed once the store responds', async () => {
    const limit = filled(4_096);
    now += 60_000;
    expect(limit.hasRoom(false, now)).toBe(true);
    limit.track(Promise.resolve(), now);
    await microtasks();
    for (let n = 0; n < 4_000; n++) {
      expect(limit.hasRoom(false, now)).toBe(true);
      limit.track(never, now);
    }
  });

  it('never give up the place of a younger one', () => {
    const limit = filled(4_000);
    now += 30_000;
    for (let n = 0; n < 96; n++) {
      limit.track(never, now);
    }
    expect(limit.hasRoom(false, now)).toBe(false);
  });
});
