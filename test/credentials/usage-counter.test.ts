import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import {
  apiKeys,
  type CredentialStore,
  latchkey,
  type ManagedVerifier,
  memoryStore,
  type RecordedUsage,
} from 'latchkey';

import type { StoreEvent } from '../../src/stores/store-events';
import { deferred } from '../support/deferred';
import { asking, ownVerifier, principal, underBearer } from '../support/own-verifier';

const NOW = Date.UTC(2030, 0, 1);
const SUBJECT = { subject: 'acct_42', scopes: ['domains:read'] };
const macrotask = () => new Promise((resolve) => setImmediate(resolve));

const READ_ONLY = new Error('cannot execute UPDATE in a read-only transaction');

let events: StoreEvent[] = [];
const onEvent = (event: unknown) => void events.push(event as StoreEvent);
const lost = () => events.filter(({ event }) => event === 'usage_lost').map(({ count }) => count);
beforeEach(() => {
  events = [];
  subscribe('latchkey:store', onEvent);
});
afterEach(() => void unsubscribe('latchkey:store', onEvent));

beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'],
    }),
);
afterEach(() => void jest.useRealTimers());

/**
 * A guard over a store of which it is seen what uses it is told to write, and a way to use a key so
 * many times.
 */
async function counted() {
  const inner = memoryStore();
  const recordUsage = jest.fn(async (uses: readonly RecordedUsage[]) => inner.recordUsage(uses));
  const store: CredentialStore = { ...inner, recordUsage: recordUsage };
  const keys: ManagedVerifier = apiKeys({ prefix: 'osir', store });
  const { ask, close, flush } = asking([keys]);
  const { secret, record } = await keys.issue(SUBJECT);
  const use = async (times: number, token = secret) => {
    for (let n = 0; n < times; n++) {
      await ask(underBearer(token));
    }
  };
  /** What the store knows, without the verifier writing first what it knows better. */
  const written = async (id = record.id) => {
    const kept = await inner.findById(id);
    return [kept?.useCount, kept?.lastUsedAt];
  };
  return { keys, record, recordUsage, use, written, close, flush };
}

it('counts every use, cache hits included, and writes them in one batch', async () => {
  const { keys, record, recordUsage, use, written } = await counted();
  const { secret: other, record: otherRecord } = await keys.issue(SUBJECT);
  await use(100);
  jest.setSystemTime(NOW + 500);
  await use(3, other);
  expect(recordUsage).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(1_000);
  expect(recordUsage.mock.calls).toEqual([
    [
      [
        { id: record.id, count: 100, lastUsedAt: NOW },
        { id: otherRecord.id, count: 3, lastUsedAt: NOW + 500 },
      ],
    ],
  ]);
  expect([await written(), await written(otherRecord.id)]).toEqual([
    [100, NOW],
    [3, NOW + 500],
  ]);
});

it('writes again only when there is something new to write', async () => {
  const { recordUsage, use, written } = await counted();
  await use(1);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(recordUsage).toHaveBeenCalledTimes(1);
  await use(2);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(recordUsage).toHaveBeenCalledTimes(2);
  expect(await written()).toEqual([3, NOW + 60_000]);
});

it('counts no use of a key that is refused', async () => {
  const { keys, record, recordUsage, use } = await counted();
  await keys.revoke(record.id);
  await use(3);
  await jest.advanceTimersByTimeAsync(60_000);
  expect(recordUsage).not.toHaveBeenCalled();
});

it('keeps no process alive by what is left to write', async () => {
  const timers = jest.spyOn(global, 'setTimeout');
  const { keys, record } = await counted();
  keys.onUsed?.({ ...principal, credentialId: record.id });
  expect(timers.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef())).toEqual([
    false,
  ]);
});

it('counts at most 100,000 credentials while the store rejects writes', async () => {
  const { keys, recordUsage } = await counted();
  recordUsage.mockRejectedValueOnce(new Error('connect ECONNREFUSED'));
  for (const round of [1, 2]) {
    for (let n = 0; n < 60_000; n++) {
      keys.onUsed?.({ ...principal, credentialId: `${round} ${n}` });
    }
    await jest.advanceTimersByTimeAsync(1_000);
  }
  expect(recordUsage.mock.calls.map(([uses]) => uses.length)).toEqual([60_000, 100_000]);
});

describe('close()', () => {
  it('writes what is left to write', async () => {
    const { use, written, close } = await counted();
    await use(7);
    await close();
    expect(await written()).toEqual([7, NOW]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('waits for what is being written', async () => {
    const { recordUsage, use, close } = await counted();
    const write = deferred<void>();
    recordUsage.mockReturnValueOnce(write.promise);
    await use(1);
    await jest.advanceTimersByTimeAsync(1_000);
    const closed = jest.fn();
    const closing = close().then(closed);
    await macrotask();
    expect(closed).not.toHaveBeenCalled();
    write.resolve();
    await closing;
  });

  it('tries once more what could not be written', async () => {
    const { recordUsage, use, written, close } = await counted();
    recordUsage.mockRejectedValueOnce(new Error('connect ECONNREFUSED'));
    await use(5);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(await written()).toEqual([0, null]);
    await close();
    expect(await written()).toEqual([5, NOW]);
  });

  test.each([
    ['fails', () => Promise.reject(new Error('connect ECONNREFUSED'))],
    ['hangs', () => new Promise<never>(() => {})],
  ])('rejects with the number of uses that were not written if the store %s', async (_, fault) => {
    const { recordUsage, use, close } = await counted();
    recordUsage.mockImplementation(fault);
    await use(3);
    const closed = jest.fn();
    void close().catch(closed);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(closed.mock.calls).toEqual([
      [expect.objectContaining({ code: 'ERR_LATCHKEY_USAGE', count: 3 })],
    ]);
    expect(lost()).toEqual([3]);
  });

  it('writes nothing twice that a slow store has yet to write', async () => {
    const { recordUsage, use, written, close } = await counted();
    const isDone = deferred();
    const write = recordUsage.getMockImplementation();
    recordUsage.mockImplementationOnce(async (uses) => {
      await isDone.promise;
      return write?.(uses);
    });
    await use(3);
    await jest.advanceTimersByTimeAsync(12_000);
    await use(2);
    expect(recordUsage).toHaveBeenCalledTimes(1);
    isDone.resolve(undefined);
    await jest.advanceTimersByTimeAsync(10_000);
    await close();
    expect(await written()).toEqual([5, expect.any(Number)]);
    expect(lost()).toEqual([3]);
  });

  it('writes again what the store never acknowledges', async () => {
    const { recordUsage, use, written } = await counted();
    recordUsage.mockReturnValueOnce(new Promise<never>(() => {}));
    await use(3);
    await jest.advanceTimersByTimeAsync(120_000);
    expect(await written()).toEqual([3, NOW]);
    expect(lost()).toEqual([3]);
  });

  it('resolves if all that is unwritten was already reported', async () => {
    const { recordUsage, use, close } = await counted();
    recordUsage.mockRejectedValue(READ_ONLY);
    await use(100);
    await jest.advanceTimersByTimeAsync(10_000);
    await close();
    expect(lost()).toEqual([100]);
  });

  it('rejects with what was used since the last report', async () => {
    const { recordUsage, use, close } = await counted();
    recordUsage.mockRejectedValue(READ_ONLY);
    await use(100);
    await jest.advanceTimersByTimeAsync(2_500);
    await use(5);
    await expect(close()).rejects.toMatchObject({
      code: 'ERR_LATCHKEY_USAGE',
      count: 5,
      cause: READ_ONLY,
    });
    expect(lost()).toEqual([100, 5]);
  });

  it('ends all verifiers, and rejects with every failure, if several cannot write', async () => {
    const stores = [1, 2].map(() => ({
      ...memoryStore(),
      recordUsage: () => Promise.reject(READ_ONLY),
    }));
    const verifiers = stores.map((store, n) =>
      apiKeys({ prefix: `osir${n}`, name: `keys${n}`, store }),
    );
    const guard = latchkey({ verifiers });
    for (const keys of verifiers) {
      await guard.check(underBearer((await keys.issue(SUBJECT)).secret));
    }
    await expect(guard.close()).rejects.toMatchObject({
      code: 'ERR_LATCHKEY_USAGE',
      errors: [{ count: 1 }, { count: 1 }],
    });
  });
});

describe('flush()', () => {
  it('writes what is counted, and the guard goes on working', async () => {
    const { flush, use, written } = await counted();
    await use(7);
    await flush();
    expect(await written()).toEqual([7, NOW]);
    await use(1);
    await flush();
    expect(await written()).toEqual([8, NOW]);
  });

  it('rejects with the number of uses that were not written, and writes them the next time', async () => {
    const { recordUsage, flush, use, written } = await counted();
    recordUsage.mockRejectedValueOnce(READ_ONLY);
    await use(7);
    await expect(flush()).rejects.toMatchObject({ code: 'ERR_LATCHKEY_USAGE', count: 7 });
    expect(lost()).toEqual([7]);
    await flush();
    expect(await written()).toEqual([7, NOW]);
  });

  it('is there on verifiers too, and passes over those that have nothing to write', async () => {
    const { keys, use, written } = await counted();
    await use(2);
    await keys.flush?.();
    expect(await written()).toEqual([2, NOW]);
    await latchkey({
      verifiers: [
        apiKeys({ prefix: 'osir', store: { find: async () => undefined } }),
        ownVerifier(),
      ],
    }).flush();
  });
});

describe('uses that cannot be written', () => {
  it('are reported once, by the name of the store, and written when it works again', async () => {
    const { recordUsage, use, written } = await counted();
    const inner = recordUsage.getMockImplementation() as (
      uses: readonly RecordedUsage[],
    ) => Promise<void>;
    recordUsage.mockRejectedValue(READ_ONLY);
    await use(100);
    await jest.advanceTimersByTimeAsync(4_000);
    expect(events).toEqual([
      { store: 'memory', event: 'usage_lost', error: READ_ONLY, count: 100 },
    ]);
    await use(7);
    await jest.advanceTimersByTimeAsync(600_000);
    expect(lost()).toEqual([100, 7]);
    recordUsage.mockImplementation(inner);
    await jest.advanceTimersByTimeAsync(30_000);
    expect(await written()).toEqual([107, NOW + 4_000]);
    await use(1);
    await jest.advanceTimersByTimeAsync(1_000);
    expect((await written())[0]).toBe(108);
    expect(lost()).toEqual([100, 7]);
  });

  it('are not reported after a single failure', async () => {
    const { recordUsage, use } = await counted();
    recordUsage.mockRejectedValueOnce(READ_ONLY);
    await use(100);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(events).toEqual([]);
  });

  it('are retried less and less often, at least every half minute', async () => {
    const { recordUsage, use } = await counted();
    const times: number[] = [];
    recordUsage.mockImplementation(async () => {
      times.push((Date.now() - NOW) / 1_000);
      throw READ_ONLY;
    });
    await use(1);
    await jest.advanceTimersByTimeAsync(125_000);
    expect(times).toEqual([1, 2, 4, 8, 16, 32, 62, 92, 122]);
  });

  it('are retried without those that the store wrote', async () => {
    const { keys, recordUsage, record, written } = await counted();
    const { record: other } = await keys.issue(SUBJECT);
    const inner = recordUsage.getMockImplementation() as (
      uses: readonly RecordedUsage[],
    ) => Promise<void>;
    recordUsage.mockImplementationOnce(async ([first, ...others]) => {
      await inner([first as RecordedUsage]);
      throw Object.assign(new Error('one node is down'), { unwritten: others });
    });
    for (const { id } of [record, other, other]) {
      keys.onUsed?.({ ...principal, credentialId: id });
    }
    await jest.advanceTimersByTimeAsync(10_000);
    expect(
      recordUsage.mock.calls.map(([uses]) => uses.map(({ id, count }) => [id, count])),
    ).toEqual([
      [
        [record.id, 1],
        [other.id, 2],
      ],
      [[other.id, 2]],
    ]);
    expect([await written(), await written(other.id)].map(([count]) => count)).toEqual([1, 2]);
  });

  it('are reported if there are too many to keep', async () => {
    const { keys, recordUsage } = await counted();
    recordUsage.mockRejectedValue(READ_ONLY);
    for (let n = 0; n < 100_010; n++) {
      keys.onUsed?.({ ...principal, credentialId: String(n) });
    }
    await jest.advanceTimersByTimeAsync(3_000);
    expect(lost()).toEqual([10, 100_000]);
  });

  it('do not keep a reader waiting for more than a second', async () => {
    const { keys, record, recordUsage, use } = await counted();
    recordUsage.mockImplementation(() => new Promise<never>(() => {}));
    await use(5);
    const read = jest.fn();
    void keys.get(record.id).then(read);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(read).toHaveBeenCalledWith(expect.objectContaining({ id: record.id }));
  });
});

describe('a write that', () => {
  test.each<[string, () => Promise<void>]>([
    ['rejects', () => Promise.reject(new Error('connect ECONNREFUSED'))],
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    ['rejects with null', () => Promise.reject(null)],
    [
      'throws synchronously',
      () => {
        throw new Error('connect ECONNREFUSED');
      },
    ],
  ])('%s loses nothing, and no request fails by it', async (_, fault) => {
    const { keys, record, recordUsage, use, written } = await counted();
    recordUsage.mockImplementationOnce(fault).mockImplementationOnce(fault);
    await use(5);
    await jest.advanceTimersByTimeAsync(1_000);
    jest.setSystemTime(NOW + 1_500);
    await use(2);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(recordUsage).toHaveBeenCalledTimes(3);
    expect(await written()).toEqual([7, NOW + 1_500]);
    expect(await keys.get(record.id)).toMatchObject({ useCount: 7, lastUsedAt: NOW + 1_500 });
  });

  it('is slow loses nothing of what is used meanwhile, and is not made a second time', async () => {
    const { recordUsage, use, written, close } = await counted();
    const write = deferred<void>();
    const inner = recordUsage.getMockImplementation() as (
      uses: readonly RecordedUsage[],
    ) => Promise<void>;
    recordUsage.mockImplementationOnce((uses) => write.promise.then(() => inner(uses)));
    await use(5);
    await jest.advanceTimersByTimeAsync(1_000);
    await use(2);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(recordUsage).toHaveBeenCalledTimes(1);
    write.resolve();
    await close();
    expect((await written())[0]).toBe(7);
    expect(recordUsage).toHaveBeenCalledTimes(2);
  });

  it('fails late does not make the last use older than it is', async () => {
    const { recordUsage, use, written, close } = await counted();
    const write = deferred<void>();
    recordUsage.mockReturnValueOnce(write.promise);
    await use(5);
    await jest.advanceTimersByTimeAsync(1_000);
    await use(2);
    write.resolve(Promise.reject(new Error('connection reset')));
    await macrotask();
    await close();
    expect(await written()).toEqual([7, NOW + 1_000]);
  });

  it('returns no promise counts as a successful write', async () => {
    const { recordUsage, use } = await counted();
    recordUsage.mockImplementation(() => undefined as never);
    await use(5);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(recordUsage).toHaveBeenCalledTimes(1);
  });
});

describe('what is read of a record', () => {
  it('holds the uses of a moment ago', async () => {
    const { keys, record, use } = await counted();
    await use(5);
    expect(await keys.get(record.id)).toMatchObject({ useCount: 5, lastUsedAt: NOW });
    jest.setSystemTime(NOW + 10);
    await use(1);
    expect(await keys.list({ subject: 'acct_42' })).toMatchObject([
      { useCount: 6, lastUsedAt: NOW + 10 },
    ]);
  });

  it('is read though the uses cannot be written', async () => {
    const { keys, record, recordUsage, use } = await counted();
    recordUsage.mockRejectedValue(new Error('connect ECONNREFUSED'));
    await use(5);
    expect(await keys.get(record.id)).toMatchObject({ id: record.id, useCount: 0 });
  });

  it('is not changed by use in any other way', async () => {
    const { keys, record, use } = await counted();
    await use(5);
    expect(await keys.get(record.id)).toEqual({ ...record, useCount: 5, lastUsedAt: NOW });
  });

  it('is that of the new one after a rotation, from nothing', async () => {
    const { keys, record, use } = await counted();
    await use(5);
    const next = await keys.rotate(record.id);
    expect(next?.record).toMatchObject({ useCount: 0, lastUsedAt: null });
    expect(await keys.get(record.id)).toMatchObject({ useCount: 5 });
  });
});

it('counts for every guard that uses the same verifier', async () => {
  const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
  const guards = [latchkey({ verifiers: [keys] }), latchkey({ verifiers: [keys], cache: false })];
  const { secret, record } = await keys.issue(SUBJECT);
  for (const { check } of guards) {
    for (let n = 0; n < 2; n++) {
      await check(underBearer(secret), { scopes: ['domains:read'] });
    }
  }
  expect(await keys.get(record.id)).toMatchObject({ useCount: 4 });
});
