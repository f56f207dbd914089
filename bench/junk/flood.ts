import { apiKeys, latchkey, memoryStore } from 'latchkey';

import { inAuthorization, PREFIX, SCOPE } from '../credentials';
import { heapInUse } from '../harness/own-process';
import { secretOf } from '../records';

/** Puts valid keys in the cache, then sends a flood of well-formed unknown keys. */
export interface Flood {
  readonly unknown: number;
  readonly good: number;
  /** Valid keys that were looked up again after the flood. */
  readonly askedAgain: number;
  readonly heapBefore: number;
  readonly heapAfter: number;
}

const GOOD = 1_000;
const unknown = Number(process.argv[2]);
const store = memoryStore();
let asked = 0;
const find = store.find.bind(store);
store.find = (digest) => {
  asked++;
  return find(digest);
};
const keys = apiKeys({ prefix: PREFIX, store });
const { check } = latchkey({ scopes: [SCOPE], verifiers: [keys], cache: { ttlMs: 3_600_000 } });
const good: string[] = [];
for (let n = 0; n < GOOD; n++) {
  good.push((await keys.issue({ subject: 'acct_42', scopes: [SCOPE] })).secret);
}

async function expectAll(
  secrets: Iterable<string>,
  status: 'authenticated' | 'refused',
): Promise<void> {
  for (const secret of secrets) {
    const decision = await check({ headers: inAuthorization(secret) }, { scopes: [SCOPE] });
    if (decision.status !== status) {
      throw new Error(`A key was ${decision.status}`);
    }
  }
}
function* flood(): Iterable<string> {
  for (let n = 0; n < unknown; n++) {
    yield secretOf(n);
  }
}

await expectAll(good, 'authenticated');
const heapBefore = heapInUse();
await expectAll(flood(), 'refused');
const heapAfter = heapInUse();
asked = 0;
await expectAll(good, 'authenticated');
process.send?.({ unknown, good: GOOD, askedAgain: asked, heapBefore, heapAfter } satisfies Flood);
process.disconnect?.();
