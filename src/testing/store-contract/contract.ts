import { AssertionError } from 'node:assert/strict';
import { inspect, isDeepStrictEqual } from 'node:util';

/** What a case of a contract works on: two stores over one database. It need not be empty, and others may use it meanwhile. */
export interface OpenedStore<S> {
  readonly store: S;
  /** A second store over the same database, as another machine would open it; where there can be none, the store itself. */
  readonly peer: S;
  /** Called when the case is over, however it went. */
  readonly close?: () => unknown;
}

/** One demand of a contract. `run` rejects with an `AssertionError` where it is not kept. */
export interface ContractCase {
  /** A sentence, for the name of a test. */
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** Cases by name. */
export type Cases<O> = Readonly<Record<string, (opened: O) => Promise<void>>>;

/** The cases, each with a store opened for it alone. */
export const contract = <O extends OpenedStore<unknown>>(open: () => O | Promise<O>, cases: Cases<O>): readonly ContractCase[] =>
  Object.entries(cases).map(([name, check]) => ({
    name,
    async run() {
      const opened = await open();
      try {
        await check(opened);
      } finally {
        await opened.close?.();
      }
    },
  }));

/** An `AssertionError` that says what the port demands and what came, unless they are the same to the last member. */
export function demand(sentence: string, came: unknown, demanded: unknown): void {
  // Clones, because under Jest objects of one process may have the prototypes of two realms.
  if (isDeepStrictEqual(structuredClone(came), structuredClone(demanded))) return;
  const show = (value: unknown) => inspect(value, { depth: 8, maxArrayLength: 10, maxStringLength: 200 });
  throw new AssertionError({
    message: `${sentence}\ndemanded: ${show(demanded)}\ncame:     ${show(came)}`,
    actual: came,
    expected: demanded,
    operator: 'equal',
    stackStartFn: demand,
  });
}

/** Calls made at the same time, by turns on the store and on its peer. */
export const atOnce = <S, R>({ store, peer }: OpenedStore<S>, count: number, call: (store: S, index: number) => Promise<R>): Promise<R[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index % 2 === 0 ? store : peer, index)));

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether it comes true within `ms`. */
export async function comesTrue(condition: () => boolean, ms: number): Promise<boolean> {
  for (const deadline = Date.now() + ms; !condition(); await sleep(5)) if (Date.now() >= deadline) return false;
  return true;
}
