import { AssertionError } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

import { memoryStore } from 'latchkey';
import { type ContractCase, credentialStoreContract, stateStoreContract } from 'latchkey/testing';

import {
  brokenStore,
  CREDENTIAL_FAULTS,
  type Fault,
  NOTIFICATIONS,
  NOTIFIES_PEERS,
  PUBLISHES_TO_PEERS,
  RETURNS_ONCE,
  STATE_FAULTS,
} from './broken-stores';

const open = (plant: Fault['plant'] = () => ({})) => {
  const store = brokenStore(plant);
  return { store, peer: store };
};
const returnsAndKeeps: Fault['plant'] = ({ store }) => ({
  getAndDelete: (group, key) => store.get(group, key),
});
const names = (cases: readonly ContractCase[]) => cases.map(({ name }) => name);

/** Names of the cases that fail. The time that a case waits for passes at once. */
async function failing(cases: readonly ContractCase[]): Promise<string[]> {
  jest.useFakeTimers({ now: 1_700_000_000_123 });
  try {
    const failed: string[] = [];
    for (const { name, run } of cases) {
      let over = false;
      const result = run()
        .catch(() => failed.push(name))
        .finally(() => (over = true));
      while (!over) {
        await jest.advanceTimersToNextTimerAsync();
      }
      await result;
    }
    return failed;
  } finally {
    jest.useRealTimers();
  }
}

describe('the contract for credential stores', () => {
  it('passes for a store without faults', async () => {
    expect(await failing(credentialStoreContract(open))).toEqual([]);
  });

  test.each(CREDENTIAL_FAULTS)('fails if $mistake', async ({ plant, noticedBy }) => {
    expect(await failing(credentialStoreContract(() => open(plant)))).toEqual(noticedBy);
  });

  it('has no case that never fails', () => {
    const noticing = new Set(CREDENTIAL_FAULTS.flatMap(({ noticedBy }) => noticedBy));
    expect(names(credentialStoreContract(open)).filter((name) => !noticing.has(name))).toEqual([]);
  });

  it('requires no notifications by other instances with push: false', async () => {
    const deaf = () => {
      const store = memoryStore();
      return { store, peer: { ...store, subscribe: () => () => {} } };
    };
    const ofOthers = [NOTIFIES_PEERS, PUBLISHES_TO_PEERS];
    expect(await failing(credentialStoreContract(deaf))).toEqual(ofOthers);
    const cases = credentialStoreContract(deaf, { push: false });
    expect(names(cases)).toEqual(
      names(credentialStoreContract(deaf)).filter((name) => !ofOthers.includes(name)),
    );
    expect(await failing(cases)).toEqual([]);
  });

  it('waits for notifications for pushWithinMs', async () => {
    const late = () =>
      open(({ store }) => ({
        subscribe: (listener) =>
          store.subscribe((mark) => {
            const tell = () => {
              try {
                listener(mark);
              } catch {
                // Its own fault.
              }
            };
            setTimeout(tell, 300);
          }),
      }));
    expect(await failing(credentialStoreContract(late, { pushWithinMs: 1_000 }))).toEqual([]);
    expect(await failing(credentialStoreContract(late, { pushWithinMs: 200 }))).toEqual(
      NOTIFICATIONS,
    );
  });

  describe('on a damaged record', () => {
    const DAMAGED = 'rejects a damaged record, and never returns it or reports it as absent';
    const withAnswer =
      (answer: (record: Awaited<ReturnType<ReturnType<typeof memoryStore>['find']>>) => unknown) =>
      () => {
        const damaged = new Set<string>();
        const { store } = open(({ store: sound }) => ({
          find: async (digest) => {
            const record = await sound.find(digest);
            return record && damaged.has(record.id) ? (answer(record) as typeof record) : record;
          },
        }));
        return { store, peer: store, damaged };
      };
    const cases = (answer: Parameters<typeof withAnswer>[0]) =>
      credentialStoreContract(withAnswer(answer), {
        corrupt: ({ damaged }, id) => damaged.add(id),
      });

    test.each<[string, Parameters<typeof withAnswer>[0], string[]]>([
      [
        'passes for a store that rejects',
        () => Promise.reject(new SyntaxError('Unexpected token')),
        [],
      ],
      [
        'passes for a store that returns an invalid record',
        (record) => ({ ...record, scopes: null }),
        [],
      ],
      ['fails for a store that returns undefined', () => undefined, [DAMAGED]],
      [
        'fails for a store that repairs the record',
        (record) => ({ ...record, scopes: [] }),
        [DAMAGED],
      ],
    ])('%s', async (_, answer, noticedBy) => {
      expect(await failing(cases(answer))).toEqual(noticedBy);
    });

    it('is not checked without `corrupt`', () => {
      expect(names(credentialStoreContract(open))).not.toContain(DAMAGED);
    });
  });
});

describe('the contract for state stores', () => {
  it('passes for a store without faults', async () => {
    expect(await failing(stateStoreContract(open))).toEqual([]);
  });

  test.each(STATE_FAULTS)('fails if $mistake', async ({ plant, noticedBy }) => {
    expect(await failing(stateStoreContract(() => open(plant)))).toEqual(noticedBy);
  });

  it('has no case that never fails', () => {
    const noticing = new Set(STATE_FAULTS.flatMap(({ noticedBy }) => noticedBy));
    expect(names(stateStoreContract(open)).filter((name) => !noticing.has(name))).toEqual([]);
  });

  it('fails if getAndDelete() locks only within one instance', async () => {
    const locking: Fault['plant'] = ({ store }) => {
      let queue: Promise<unknown> = Promise.resolve();
      return {
        getAndDelete(group, key) {
          const taken = queue.then(async () => {
            const value = await store.get(group, key);
            await store.getAndDelete(group, key);
            return value;
          });
          queue = taken;
          return taken;
        },
      };
    };
    const memory = memoryStore();
    const [store, peer] = [brokenStore(locking, memory), brokenStore(locking, memory)];
    expect(await failing(stateStoreContract(() => ({ store, peer: store })))).toEqual([]);
    expect(await failing(stateStoreContract(() => ({ store, peer })))).toEqual([RETURNS_ONCE]);
  });

  test.each([
    [40, []],
    [60, ['expires a value at its time, neither earlier nor later']],
  ])('compares a clock that is %d ms off with a tolerance of 50 ms', async (off, noticedBy) => {
    for (const by of [off, -off]) {
      const skewed = () =>
        open(({ store }) => ({
          setIfAbsent: (group, key, value, until) =>
            store.setIfAbsent(group, key, value, until + by),
        }));
      expect(await failing(stateStoreContract(skewed, { clockToleranceMs: 50 }))).toEqual(
        noticedBy,
      );
    }
  });
});

describe('a case', () => {
  it('opens a separate store, and closes it whether it passed or failed', async () => {
    const log: string[] = [];
    const opening = async () => {
      log.push('open');
      return { ...open(returnsAndKeeps), close: async () => void log.push('close') };
    };
    const cases = stateStoreContract(opening);
    expect(log).toEqual([]);
    expect(await failing(cases)).toContain(RETURNS_ONCE);
    expect(log).toEqual(cases.flatMap(() => ['open', 'close']));
  });

  it('fails if the store cannot be opened', async () => {
    const [first] = stateStoreContract(() => Promise.reject(new Error('connect ECONNREFUSED')));
    await expect(first?.run()).rejects.toThrow('connect ECONNREFUSED');
  });

  it('fails with the expected and the received value', async () => {
    const error: unknown = await stateStoreContract(() => open(returnsAndKeeps))
      .find(({ name }) => name === RETURNS_ONCE)
      ?.run()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AssertionError);
    expect((error as AssertionError).message).toMatch(
      /^of 50 concurrent getAndDelete\(\) calls, one returns the value\nexpected: \[ 'value 0' \]\nreceived: \[\n {2}'value 0', .* 40 more items\n\]$/s,
    );
    expect(error).toMatchObject({ expected: ['value 0'], actual: Array(50).fill('value 0') });
  });

  test.each([
    ['a store without faults', [], 0],
    ['a broken store', ['broken'], 1],
  ])('runs under node:test: %s', (_, args, status) => {
    // Jest's own options are not for another runner.
    const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env;
    const run = spawnSync(
      process.execPath,
      ['--import', 'tsx', '--test-reporter=tap', 'test/testing/run-by-node.ts', ...args],
      {
        env,
        encoding: 'utf8',
      },
    );
    expect(run.stdout).toContain(`# fail ${status}\n`);
    expect(run.stdout).toMatch(
      new RegExp(`${status === 0 ? '^ok' : '^not ok'} \\d+ - ${RETURNS_ONCE}$`, 'm'),
    );
    expect(run.status).toBe(status);
  });
});
