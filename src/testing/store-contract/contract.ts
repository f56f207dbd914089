import { AssertionError } from 'node:assert/strict';
import { inspect, isDeepStrictEqual } from 'node:util';

/** Two stores over one database, for one case of a contract. */
export interface OpenedStore<S> {
  /** The store. Its database need not be empty, and may be in use. */
  readonly store: S;
  /**
   * A second store over the same database, as another instance would open it. The store itself if
   * there can be no second one.
   */
  readonly peer: S;
  /** Is called after the case, whether it passed or failed. */
  readonly close?: () => unknown;
}

/** One case of a contract. */
export interface ContractCase {
  /** The title of the test. */
  readonly name: string;
  /**
   * Runs the case.
   * @throws {AssertionError} if the store breaks the contract
   */
  readonly run: () => Promise<void>;
}

/** What differs between stores. */
export interface ContractSettings {
  /** How far the clock of the store may differ, in milliseconds. */
  readonly clockToleranceMs: number;
  /** How soon `subscribe()` must notify, in milliseconds. */
  readonly withinMs: number;
}

/** Cases by title. */
export type Cases<O> = Readonly<
  Record<string, (opened: O, settings: ContractSettings) => Promise<void>>
>;

/** Returns the cases. Each opens its own store. */
export const contract = <O extends OpenedStore<unknown>>(
  open: () => O | Promise<O>,
  cases: Cases<O>,
  settings: ContractSettings,
): readonly ContractCase[] =>
  Object.entries(cases).map(([name, check]) => ({
    name,
    run: () => runCase(open, (opened) => check(opened, settings)),
  }));

async function runCase<O extends OpenedStore<unknown>>(
  open: () => O | Promise<O>,
  check: (opened: O) => Promise<void>,
): Promise<void> {
  const opened = await open();
  try {
    await check(opened);
  } finally {
    await opened.close?.();
  }
}

/** Throws an `AssertionError` with both values unless they are deeply equal. */
export function demand(requirement: string, received: unknown, expected: unknown): void {
  // Clones, because under Jest objects of one process may have the prototypes of two realms.
  if (isDeepStrictEqual(structuredClone(received), structuredClone(expected))) {
    return;
  }
  const show = (value: unknown) =>
    inspect(value, { depth: 8, maxArrayLength: 10, maxStringLength: 200 });
  throw new AssertionError({
    message: `${requirement}\nexpected: ${show(expected)}\nreceived: ${show(received)}`,
    actual: received,
    expected,
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

/** Returns whether a condition becomes true within `ms` milliseconds. */
export async function becomesTrue(condition: () => boolean, ms: number): Promise<boolean> {
  for (const deadline = Date.now() + ms; !condition(); await sleep(5)) {
    if (Date.now() >= deadline) {
      return false;
    }
  }
  return true;
}
