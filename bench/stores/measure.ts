import { setImmediate } from 'node:timers/promises';

import { apiKeys, type Authentication, latchkey, type RequestLike } from 'latchkey';

import { inAuthorization, PREFIX, SCOPE } from '../credentials';
import { median, quantile } from '../harness/statistics';
import { anyOf, recordOf, secretOf } from '../records';
import { type Database, DATABASES } from './databases';

/** Measures one database, with few keys and then with many. */
export interface StoreFigures {
  readonly few: LookUps;
  readonly many: LookUps;
  readonly loadSeconds: number;
  readonly bytesPerKey: number;
}
export interface LookUps {
  /** Look-ups of keys that are not cached, by `AT_ONCE` clients. */
  readonly perSecond: number;
  readonly p99Ms: number;
  /** Look-ups one after the other. */
  readonly aloneMs: number;
  /** Look-ups of cached keys, by the same number of clients. */
  readonly cachedPerSecond: number;
  readonly cachedP99Ms: number;
}

const AT_ONCE = 16;
const WRITERS = 32;
const FEW = 1_000;
const REQUESTS = 100_000;
/** One in this many requests is timed. A prime number, so that each client is measured. */
const SAMPLED = 7;
const [, , name, many, milliseconds] = process.argv as [string, string, string, string, string];
const { store, bytes, close } = (await DATABASES[name]?.()) as Database;

const startedAt = performance.now();
await load(0, FEW);
const afterFew = performance.now();
const few = await lookUps(FEW);
const resumedAt = performance.now();
await load(FEW, Number(many));
const loadSeconds = (performance.now() - resumedAt + afterFew - startedAt) / 1_000;
const bytesPerKey = (await bytes()) / Number(many);
const figures: StoreFigures = { few, many: await lookUps(Number(many)), loadSeconds, bytesPerKey };
await close();
process.send?.(figures);
process.disconnect?.();

async function load(from: number, to: number): Promise<void> {
  let next = from;
  const writer = async () => {
    while (next < to) {
      if (!(await store.insert(recordOf(next++)))) {
        throw new Error('A key was there already');
      }
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
}

async function lookUps(size: number): Promise<LookUps> {
  const verifiers = [apiKeys({ prefix: PREFIX, store })];
  const uncached = latchkey({ scopes: [SCOPE], verifiers, cache: false });
  const cached = latchkey({ scopes: [SCOPE], verifiers, cache: { ttlMs: 3_600_000 } });
  const any = await requestsWith(
    Array.from({ length: Math.min(size, REQUESTS) }, () => anyOf(size)),
  );
  const same = await requestsWith(Array.from({ length: FEW }, (_, number) => number));
  const missing = await underLoad(
    (request) => uncached.check(request, { scopes: [SCOPE] }),
    any,
    AT_ONCE,
  );
  const alone = await underLoad((request) => uncached.check(request, { scopes: [SCOPE] }), any, 1);
  for (const request of same) {
    await cached.check(request, { scopes: [SCOPE] });
  }
  const known = await underLoad(
    (request) => cached.check(request, { scopes: [SCOPE] }),
    same,
    AT_ONCE,
  );
  await uncached.close();
  await cached.close();
  return {
    perSecond: missing.perSecond,
    p99Ms: missing.p99Ms,
    aloneMs: alone.medianMs,
    cachedPerSecond: known.perSecond,
    cachedP99Ms: known.p99Ms,
  };
}

async function requestsWith(numbers: readonly number[]): Promise<readonly RequestLike[]> {
  const requests: RequestLike[] = [];
  for (const number of numbers) {
    // A blocked process loses its connections.
    if (requests.length % FEW === 0) {
      await setImmediate();
    }
    requests.push({ headers: inAuthorization(secretOf(number)) });
  }
  return requests;
}

async function underLoad(
  check: (request: RequestLike) => Promise<Authentication>,
  requests: readonly RequestLike[],
  clients: number,
) {
  // Lets the compiler optimize first.
  await decisionsFor(Number(milliseconds) / 2);
  const before = performance.now();
  const { count, times } = await decisionsFor(Number(milliseconds));
  const seconds = (performance.now() - before) / 1_000;
  return { perSecond: count / seconds, p99Ms: quantile(times, 0.99), medianMs: median(times) };

  async function decisionsFor(
    ms: number,
  ): Promise<{ readonly count: number; readonly times: readonly number[] }> {
    const times: number[] = [];
    let next = 0;
    const end = performance.now() + ms;
    const client = async () => {
      do {
        // Lets the event loop run timers, as it does between real requests.
        if (next % 64 === 0) {
          await setImmediate();
        }
        const before = performance.now();
        const number = next++;
        const { status } = await check(requests[number % requests.length] as RequestLike);
        if (status !== 'authenticated') {
          throw new Error(`A good key was ${status}`);
        }
        if (number % SAMPLED === 0) {
          times.push(performance.now() - before);
        }
      } while (performance.now() < end);
    };
    await Promise.all(Array.from({ length: clients }, client));
    return { count: next, times };
  }
}
