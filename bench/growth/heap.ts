import { apiKeys, latchkey, memoryStore } from 'latchkey';

import { inAuthorization, PREFIX, SCOPE } from '../credentials';
import { heapInUse } from '../harness/own-process';
import { recordOf, secretOf } from '../records';

/** Returns the bytes of heap for each key in the memory store, and for each cached principal. */
export interface Heap {
  readonly perKey: number;
  readonly perPrincipal: number;
}

const PRINCIPALS = 10_000;
const size = Number(process.argv[2]);

const empty = heapInUse();
const store = memoryStore();
for (let n = 0; n < size; n++) {
  await store.insert(recordOf(n));
}
const filled = heapInUse();

const { check, close } = latchkey({
  scopes: [SCOPE],
  verifiers: [apiKeys({ prefix: PREFIX, store })],
});
await prove(PRINCIPALS, 1);
await close();
const one = heapInUse();
await prove(0, PRINCIPALS);
// Lets the counted uses be written, so that they are not measured.
await close();
const cached = heapInUse();
await prove(0, 1);

async function prove(from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n++) {
    const decision = await check({ headers: inAuthorization(secretOf(n)) }, { scopes: [SCOPE] });
    if (decision.status !== 'authenticated') {
      throw new Error('A good key was refused');
    }
  }
}

process.send?.({
  perKey: (filled - empty) / size,
  perPrincipal: (cached - one) / PRINCIPALS,
} satisfies Heap);
process.disconnect?.();
