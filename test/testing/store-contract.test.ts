import { execFileSync } from 'node:child_process';
import { memoryStore } from 'latchkey';
import { credentialStoreContract, stateStoreContract, type ContractCase } from 'latchkey/testing';
import { brokenStore, CREDENTIAL_FAULTS, STATE_FAULTS, type Fault } from './broken-stores';

const open = (plant: Fault['plant'] = () => ({})) => {
  const store = brokenStore(plant);
  return { store, peer: store };
};

/** Names of the cases that fail, with the time that they wait for passing at once. */
async function failing(cases: readonly ContractCase[]): Promise<string[]> {
  jest.useFakeTimers();
  try {
    const failed: string[] = [];
    for (const { name, run } of cases) {
      let over = false;
      const result = run().then(
        () => (over = true),
        () => (over = failed.push(name) > 0),
      );
      while (!over) await jest.advanceTimersToNextTimerAsync();
      await result;
    }
    return failed;
  } finally {
    jest.useRealTimers();
  }
}
void memoryStore;
void execFileSync;

test.each(CREDENTIAL_FAULTS)('the credential store contract notices that $mistake', async ({ plant, noticedBy }) => {
  expect(await failing(credentialStoreContract(() => open(plant)))).toEqual(noticedBy);
});

test.each(STATE_FAULTS)('the state store contract notices that $mistake', async ({ plant, noticedBy }) => {
  expect(await failing(stateStoreContract(() => open(plant)))).toEqual(noticedBy);
});
