import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { memoryStore } from 'latchkey';
import { credentialStoreContract, stateStoreContract } from 'latchkey/testing';

import { newRecord } from '../../src/testing/store-contract/samples';

const open = () => {
  const store = memoryStore();
  return { store, peer: store };
};
for (const { name, run } of credentialStoreContract(open)) {
  test(name, run);
}
for (const { name, run } of stateStoreContract(open)) {
  test(name, run);
}

it('hands out the same frozen record to all, without a copy for each', async () => {
  const store = memoryStore();
  const record = newRecord({ metadata: { plan: { limits: [1] } } });
  await store.insert(record);
  const found = await store.find(record.digest);
  expect(await store.findById(record.id)).toBe(found);
  expect([found, found?.scopes, found?.metadata.plan].every(Object.isFrozen)).toBe(true);
});

it('shares nothing with another memory store', async () => {
  const [one, other] = [memoryStore(), memoryStore()];
  const record = newRecord();
  await one.insert(record);
  await one.setIfAbsent('group', 'key', 'value', Date.now() + 60_000);
  expect([await other.find(record.digest), await other.get('group', 'key')]).toEqual([
    undefined,
    undefined,
  ]);
});

it('discards expired state, whatever other state lives longer', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heapUsed = () => {
    collect();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  jest.useFakeTimers({ now: 0 });
  const store = memoryStore();
  for (let n = 0; n < 100; n++) {
    await store.setIfAbsent('long', `key ${n}`, 'value', 1e12);
  }
  const before = heapUsed();
  for (let n = 0; n < 50_000; n++) {
    jest.setSystemTime(n);
    await store.setIfAbsent(`group ${n % 1_000}`, `key ${n}`, 'x'.repeat(1_000) + n, n + 10);
  }
  // Kept, they would be 50 MB.
  expect(heapUsed() - before).toBeLessThan(10);
  expect(await store.get('long', 'key 99')).toBe('value');
  jest.useRealTimers();
});
