import { AssertionError } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

import { memoryStore } from 'latchkey';
import { type ContractCase, credentialStoreContract, stateStoreContract } from 'latchkey/testing';

import {
  ANNOUNCES_TO_OTHERS,
  brokenStore,
  CREDENTIAL_FAULTS,
  type Fault,
  STATE_FAULTS,
  TAKES_ONCE,
  TELLS_OTHERS,
  WATCHES,
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
  it('finds nothing in a sound store', async () => {
    expect(await failing(credentialStoreContract(open))).toEqual([]);
  });

  test.each(CREDENTIAL_FAULTS)('notices that $mistake', async ({ plant, noticedBy }) => {
    expect(await failing(credentialStoreContract(() => open(plant)))).toEqual(noticedBy);
  });

  it('has no case that notices nothing', () => {
    const noticing = new Set(CREDENTIAL_FAULTS.flatMap(({ noticedBy }) => noticedBy));
    expect(names(credentialStoreContract(open)).filter((name) => !noticing.has(name))).toEqual([]);
  });

  it('asks a store that cannot push for no news of another machine', async () => {
    const deaf = () => {
      const store = memoryStore();
      return { store, peer: { ...store, subscribe: () => () => {} } };
    };
    const ofOthers = [TELLS_OTHERS, ANNOUNCES_TO_OTHERS];
    expect(await failing(credentialStoreContract(deaf))).toEqual(ofOthers);
    const cases = credentialStoreContract(deaf, { push: false });
    expect(names(cases)).toEqual(
      names(credentialStoreContract(deaf)).filter((name) => !ofOthers.includes(name)),
    );
    expect(await failing(cases)).toEqual([]);
  });

  it('waits for news as long as it is told to', async () => {
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
    expect(await failing(credentialStoreContract(late, { pushWithinMs: 200 }))).toEqual(WATCHES);
  });

  describe('on a damaged record', () => {
    const DAMAGED = 'takes a damaged record for a fault, never for a record or for none';
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
        'passes a store that rejects',
        () => Promise.reject(new SyntaxError('Unexpected token')),
        [],
      ],
      [
        'passes a store that hands out what is no record',
        (record) => ({ ...record, scopes: null }),
        [],
      ],
      ['notices a store that knows none', () => undefined, [DAMAGED]],
      [
        'notices a store that makes the best of it',
        (record) => ({ ...record, scopes: [] }),
        [DAMAGED],
      ],
    ])('%s', async (_, answer, noticedBy) => {
      expect(await failing(cases(answer))).toEqual(noticedBy);
    });

    it('is not asked without a way to damage one', () => {
      expect(names(credentialStoreContract(open))).not.toContain(DAMAGED);
    });
  });
});

describe('the contract for state stores', () => {
  it('finds nothing in a sound store', async () => {
    expect(await failing(stateStoreContract(open))).toEqual([]);
  });

  test.each(STATE_FAULTS)('notices that $mistake', async ({ plant, noticedBy }) => {
    expect(await failing(stateStoreContract(() => open(plant)))).toEqual(noticedBy);
  });

  it('has no case that notices nothing', () => {
    const noticing = new Set(STATE_FAULTS.flatMap(({ noticedBy }) => noticedBy));
    expect(names(stateStoreContract(open)).filter((name) => !noticing.has(name))).toEqual([]);
  });

  it('notices that getAndDelete() has a lock on each machine, and none between them', async () => {
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
    expect(await failing(stateStoreContract(() => ({ store, peer })))).toEqual([TAKES_ONCE]);
  });

  test.each([
    [40, []],
    [60, ['ends a value at its time, neither sooner nor later']],
  ])(
    'takes a clock that is %d ms off, with a tolerance of 50 ms, as it is',
    async (off, noticedBy) => {
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
    },
  );
});

describe('a case', () => {
  it('opens a store for itself, and closes it however it went', async () => {
    const log: string[] = [];
    const opening = async () => {
      log.push('open');
      return { ...open(returnsAndKeeps), close: async () => void log.push('close') };
    };
    const cases = stateStoreContract(opening);
    expect(log).toEqual([]);
    expect(await failing(cases)).toContain(TAKES_ONCE);
    expect(log).toEqual(cases.flatMap(() => ['open', 'close']));
  });

  it('fails where the store does not open', async () => {
    const [first] = stateStoreContract(() => Promise.reject(new Error('connect ECONNREFUSED')));
    await expect(first?.run()).rejects.toThrow('connect ECONNREFUSED');
  });

  it('fails with what the port demands, and what came', async () => {
    const error: unknown = await stateStoreContract(() => open(returnsAndKeeps))
      .find(({ name }) => name === TAKES_ONCE)
      ?.run()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AssertionError);
    expect((error as AssertionError).message).toMatch(
      /^getAndDelete\(\) 50 times at once gives the value once\ndemanded: \[ 'value 0' \]\ncame: {5}\[\n {2}'value 0', .* 40 more items\n\]$/s,
    );
    expect(error).toMatchObject({ expected: ['value 0'], actual: Array(50).fill('value 0') });
  });

  test.each([
    ['a sound store', [], 0],
    ['a broken one', ['broken'], 1],
  ])('runs under node:test, on %s', (_, args, status) => {
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
      new RegExp(`${status === 0 ? '^ok' : '^not ok'} \\d+ - ${TAKES_ONCE}$`, 'm'),
    );
    expect(run.status).toBe(status);
  });
});
