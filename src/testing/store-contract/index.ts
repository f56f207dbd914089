import * as z from 'zod/mini';

import { booleanOption, checkOptions, durationMs, functionOption } from '../../internal/options';
import type { CredentialStore, StateStore } from '../../stores/store';
import { addingMany } from './adding-many';
import { changing } from './changing';
import { contract, type ContractCase, type OpenedStore } from './contract';
import { dailyUsage } from './daily-usage';
import { damage } from './damage';
import { disabling } from './disabling';
import { fidelity } from './fidelity';
import { forgetting } from './forgetting';
import { keeping } from './keeping';
import { listing } from './listing';
import { notifying, notifyingPeers } from './notifying';
import { revoking } from './revoking';
import { searching } from './searching';
import { state } from './state';
import { usage } from './usage';

/** Options of `stateStoreContract()`. */
export interface StateStoreContractOptions {
  /**
   * How far the clock of the store may differ from the clock of this process, in milliseconds.
   * @default 0
   */
  readonly clockToleranceMs?: number;
}

/** Options of `credentialStoreContract()`. */
export interface CredentialStoreContractOptions<O> extends StateStoreContractOptions {
  /**
   * Whether the store notifies subscribers of changes by other instances.
   * @default true
   */
  readonly push?: boolean;
  /**
   * How soon `subscribe()` must notify, in milliseconds.
   * @default 2_000
   */
  readonly pushWithinMs?: number;
  /**
   * Damages the row of a record. With it, one more case checks that the record is rejected.
   * @default no such case
   */
  readonly corrupt?: (opened: O, id: string) => unknown;
}

const stateOptions = { clockToleranceMs: z.optional(durationMs(0)) };
const stateSchema = z.strictObject(stateOptions);
const credentialSchema = z.strictObject({
  ...stateOptions,
  push: z.optional(booleanOption),
  pushWithinMs: z.optional(durationMs(1)),
  corrupt: z.optional(functionOption),
});

/**
 * Returns the contract of a `CredentialStore` as test cases for any test runner. The database need
 * not be empty, because each case uses unique names. A case runs for a few seconds at most if the
 * database is near.
 *
 * @param open - opens two stores over one database; it is called for each case
 * @param options - what the store can do
 * @returns cases with a `name` and a `run()` that rejects with an `AssertionError`
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if `open` or an option is invalid or unknown
 *
 * @example
 * const open = () => ({ store: myStore(url), peer: myStore(url) });
 * for (const { name, run } of credentialStoreContract(open)) {
 *   test(name, run);
 * }
 */
export function credentialStoreContract<O extends OpenedStore<CredentialStore>>(
  open: () => O | Promise<O>,
  options: CredentialStoreContractOptions<O> = {},
): readonly ContractCase[] {
  checkOptions('credentialStoreContract(open): open', functionOption, open);
  checkOptions('credentialStoreContract()', credentialSchema, options);
  const { clockToleranceMs = 0, push = true, pushWithinMs = 2_000, corrupt } = options;
  const cases = {
    ...keeping,
    ...fidelity,
    ...addingMany,
    ...listing,
    ...changing,
    ...revoking,
    ...usage,
    ...disabling,
    ...searching,
    ...dailyUsage,
    ...forgetting,
    ...notifying,
    ...(push ? notifyingPeers : {}),
    ...(corrupt ? damage(corrupt) : {}),
  };
  return contract<O>(open, cases, { clockToleranceMs, withinMs: pushWithinMs });
}

/**
 * Returns the contract of a `StateStore` as test cases for any test runner. The database need not
 * be empty, because each case uses unique names.
 *
 * @param open - opens two stores over one database; it is called for each case
 * @param options - what the store can do
 * @returns cases with a `name` and a `run()` that rejects with an `AssertionError`
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if `open` or an option is invalid or unknown
 *
 * @example
 * const open = () => ({ store: myStore(url), peer: myStore(url) });
 * for (const { name, run } of stateStoreContract(open)) {
 *   test(name, run);
 * }
 */
export function stateStoreContract<O extends OpenedStore<StateStore>>(
  open: () => O | Promise<O>,
  options: StateStoreContractOptions = {},
): readonly ContractCase[] {
  checkOptions('stateStoreContract(open): open', functionOption, open);
  checkOptions('stateStoreContract()', stateSchema, options);
  const { clockToleranceMs = 0 } = options;
  return contract<O>(open, state, { clockToleranceMs, withinMs: 0 });
}
