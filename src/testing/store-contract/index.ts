import type { CredentialStore, StateStore } from '../../stores/store';
import { addingMany } from './adding-many';
import { changing } from './changing';
import { contract, type ContractCase, type OpenedStore } from './contract';
import { dailyUsage } from './daily-usage';
import { damage } from './damage';
import { disabling } from './disabling';
import { forgetting } from './forgetting';
import { keeping } from './keeping';
import { listing } from './listing';
import { searching } from './searching';
import { state } from './state';
import { watching } from './watching';

export interface StateStoreContractOptions {
  /** How far the store's clock may differ from this process's, in milliseconds. @default 0 */
  readonly clockToleranceMs?: number;
}

export interface CredentialStoreContractOptions<O> extends StateStoreContractOptions {
  /** False if the store does not notify subscribers of changes by other instances. @default true */
  readonly push?: boolean;
  /** How soon `subscribe()` must notify, in milliseconds. @default 2_000 */
  readonly pushWithinMs?: number;
  /**
   * Damages the row of a record. With it, a case checks that the store does not return the record.
   */
  readonly corrupt?: (opened: O, id: string) => unknown;
}

/**
 * Returns the contract of a `CredentialStore` as test cases for any test runner. Each case opens
 * the store, and uses unique names: the database need not be empty. No case takes longer than a few
 * seconds with a database nearby.
 *
 * @param open opens two stores over one database
 * @param options what the store can do
 * @returns cases with a `name` and a `run()` that rejects with an `AssertionError`
 *
 * @example
 * const open = () => ({ store: myStore(url), peer: myStore(url) });
 * for (const { name, run } of credentialStoreContract(open)) test(name, run);
 */
export function credentialStoreContract<O extends OpenedStore<CredentialStore>>(
  open: () => O | Promise<O>,
  options: CredentialStoreContractOptions<O> = {},
): readonly ContractCase[] {
  const { clockToleranceMs = 0, push = true, pushWithinMs = 2_000, corrupt } = options;
  return contract<O>(open, {
    ...keeping,
    ...addingMany,
    ...listing,
    ...changing,
    ...disabling,
    ...searching,
    ...dailyUsage,
    ...forgetting(clockToleranceMs),
    ...watching({ push, withinMs: pushWithinMs }),
    ...(corrupt && damage(corrupt)),
  });
}

/**
 * Returns the contract of a `StateStore` as test cases for any test runner. @see
 * credentialStoreContract
 */
export function stateStoreContract<O extends OpenedStore<StateStore>>(
  open: () => O | Promise<O>,
  { clockToleranceMs = 0 }: StateStoreContractOptions = {},
): readonly ContractCase[] {
  return contract<O>(open, state(clockToleranceMs));
}
