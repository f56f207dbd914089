import type { CredentialStore, StateStore } from '../../stores/store';
import { addingMany } from './adding-many';
import { changing } from './changing';
import { contract, type ContractCase, type OpenedStore } from './contract';
import { damage } from './damage';
import { forgetting } from './forgetting';
import { keeping } from './keeping';
import { listing } from './listing';
import { state } from './state';
import { watching } from './watching';

export interface StateStoreContractOptions {
  /** How far the clock by which the store ends things may be from that of this process; 0 by default. */
  readonly clockToleranceMs?: number;
}

export interface CredentialStoreContractOptions<O> extends StateStoreContractOptions {
  /** False for a store that cannot tell of what another machine did: a revocation made there is then seen when `ttlMs` is over. */
  readonly push?: boolean;
  /** Within how long `watch` has to tell; 2 000 by default. */
  readonly pushWithinMs?: number;
  /** Damages the row of a record, as a careless hand might. With it there is a case on what the store makes of that. */
  readonly corrupt?: (opened: O, id: string) => unknown;
}

/**
 * All that Latchkey demands of a `CredentialStore`, for any test runner. Each case opens the store anew. It uses names of its own,
 * so that the database need be neither empty nor cleared. No case takes longer than a few seconds on a database nearby.
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
    ...forgetting(clockToleranceMs),
    ...watching({ push, withinMs: pushWithinMs }),
    ...(corrupt && damage(corrupt)),
  });
}

/** The same for a `StateStore`. */
export function stateStoreContract<O extends OpenedStore<StateStore>>(
  open: () => O | Promise<O>,
  { clockToleranceMs = 0 }: StateStoreContractOptions = {},
): readonly ContractCase[] {
  return contract<O>(open, state(clockToleranceMs));
}
