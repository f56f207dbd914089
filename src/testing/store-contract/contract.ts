import { AssertionError } from 'node:assert/strict';
import { inspect, isDeepStrictEqual } from 'node:util';

/**
 * Two stores over one database for a case of a contract. The database need not be empty, and others
 * may use it at the same time.
 */
export interface OpenedStore<S> {
  readonly store: S;
  /**
   * A second store over the same database, as another instance would open it; the store itself
   * where there can be none.
   */
  readonly peer: S;
  /** Called after the case, whether it passed or not. */
  readonly close?: () => unknown;
}

/** One case of a contract. `run()` rejects with an `AssertionError` if the store breaks it. */
export interface ContractCase {
  /** The title of the test. */
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** Cases by name. */
export type Cases<O> = Readonly<Record<string, (opened: O) => Promise<void>>>;

/** Returns the cases, each with a store of its own. */
export const contract = <O extends OpenedStore<unknown>>(
  open: () => O | Promise<O>,
  cases: Cases<O>,
): readonly ContractCase[] =>
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

/**
 * Throws an `AssertionError` that shows what is required and what was returned, unless they are
 * deeply equal.
 */
export function demand(sentence: string, came: unknown, demanded: unknown): void {
  // Clones, because under Jest objects of one process may have the prototypes of two realms.
  if (isDeepStrictEqual(structuredClone(came), structuredClone(demanded))) {
    return;
  }
  const show = (value: unknown) =>
    inspect(value, { depth: 8, maxArrayLength: 10, maxStringLength: 200 });
  throw new AssertionError({
    message: `${sentence}\ndemanded: ${show(demanded)}\ncame:     ${show(came)}`,
    actual: came,
    expected: demanded,
    operator: 'equal',
    stackStartFn: demand,
  });
}

/** Makes concurrent calls, alternating between the store and its peer. */
export const atOnce = <S, R>(
  { store, peer }: OpenedStore<S>,
  count: number,
  call: (store: S, index: number) => Promise<R>,
): Promise<R[]> =>
  Promise.all(
    Array.from({ length: count }, (_, index) => call(index % 2 === 0 ? store : peer, index)),
  );

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Whether a condition becomes true within `ms`. */
export async function comesTrue(condition: () => boolean, ms: number): Promise<boolean> {
  for (const deadline = Date.now() + ms; !condition(); await sleep(5)) {
    if (Date.now() >= deadline) {
      return false;
    }
  }
  return true;
}
