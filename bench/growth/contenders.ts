import { memoryStore, type StoredRecord } from 'latchkey';

import type { Contender, Contenders } from '../harness/contender';
import { anyOf, recordOf, secretOf, toDigest } from '../records';

export const SIZES = [1_000, 100_000, 1_000_000] as const;
export const BARE = 'a bare Map';
export const BARE_AGAIN = 'a bare Map, again';
export const AWAITED = 'a bare Map behind a promise';
export const STORE = 'memoryStore().find()';
export const among = (what: string, size: number) => `${what}, ${size.toLocaleString('en')} keys`;

export const contenders: Contenders = Object.fromEntries(
  SIZES.flatMap((size) => [
    [among(BARE, size), () => bareMap(size)],
    [among(BARE_AGAIN, size), () => bareMap(size)],
    [among(AWAITED, size), () => awaitedMap(size)],
    [among(STORE, size), () => store(size)],
  ]),
);

function bareMap(size: number): Contender {
  const records = mapOf(size);
  return async (calls) => {
    const digests = someDigests(size, calls);
    return () => {
      for (const digest of digests) {
        found(records.get(digest));
      }
    };
  };
}

function awaitedMap(size: number): Contender {
  const records = mapOf(size);
  return lookingUp(size, async (digest) => records.get(digest));
}

async function store(size: number): Promise<Contender> {
  const filled = memoryStore();
  for (let n = 0; n < size; n++) {
    await filled.insert(recordOf(n));
  }
  return lookingUp(size, (digest) => filled.find(digest));
}

const lookingUp =
  (size: number, find: (digest: string) => Promise<StoredRecord | undefined>): Contender =>
  async (calls) => {
    const digests = someDigests(size, calls);
    return async () => {
      for (const digest of digests) {
        found(await find(digest));
      }
    };
  };

/** Known keys in random order, as new strings, as requests bring them. */
const someDigests = (size: number, count: number): readonly string[] =>
  Array.from({ length: count }, () => toDigest(secretOf(anyOf(size))));

function mapOf(size: number): ReadonlyMap<string, StoredRecord> {
  const records = new Map<string, StoredRecord>();
  for (let n = 0; n < size; n++) {
    const record = recordOf(n);
    records.set(record.digest, record);
  }
  return records;
}

function found(record: StoredRecord | undefined): void {
  if (!record) {
    throw new Error('A key was not found');
  }
}
