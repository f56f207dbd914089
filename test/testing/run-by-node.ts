import { test } from 'node:test';

import { memoryStore } from 'latchkey';
import { stateStoreContract } from 'latchkey/testing';

const open = () => {
  const store = memoryStore();
  const broken = { ...store, getAndDelete: (group: string, key: string) => store.get(group, key) };
  return { store: process.argv.includes('broken') ? broken : store, peer: store };
};

for (const { name, run } of stateStoreContract(open)) {
  void test(name, run);
}
