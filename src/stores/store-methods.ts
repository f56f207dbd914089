import { typeError } from '../internal/errors';
import { missingMethods } from '../internal/options';
import type { CredentialReader, CredentialStore, StateStore } from './store';

/** The methods that every `CredentialStore` must have. */
export const CREDENTIAL_STORE_METHODS = [
  'find',
  'findById',
  'insert',
  'list',
  'update',
  'expireAt',
  'revoke',
  'revokeAll',
  'recordUsage',
  'prune',
  'publish',
  'subscribe',
  'disable',
  'enable',
  'search',
  'usage',
] as const satisfies readonly (keyof CredentialStore)[];

/** The methods that every `StateStore` must have. */
export const STATE_STORE_METHODS = [
  'setIfAbsent',
  'set',
  'get',
  'getAndDelete',
] as const satisfies readonly (keyof StateStore)[];

type NewMethod = 'disable' | 'enable' | 'search' | 'usage';

/** A store that may be written for Latchkey 0.1, whose contract lacked these methods. */
export type ManagedStore = Omit<CredentialStore, NewMethod> &
  Partial<Pick<CredentialStore, NewMethod>>;

const NEW_METHODS: readonly NewMethod[] = ['disable', 'enable', 'search', 'usage'];
const METHODS_OF_0_1 = CREDENTIAL_STORE_METHODS.filter(
  (method) => !(NEW_METHODS as readonly string[]).includes(method),
);

/**
 * The methods that a store lacks to manage credentials. One that has none of the new methods is
 * written for Latchkey 0.1: the operations that need them are rejected, and all others work.
 */
function missingFor(store: CredentialReader): readonly string[] {
  const missing = missingMethods(store, CREDENTIAL_STORE_METHODS);
  const isOf01 = NEW_METHODS.every((method) => missing.includes(method));
  return isOf01 ? missingMethods(store, METHODS_OF_0_1) : missing;
}

/** Whether a store can do more than find records: then its credentials can be managed. */
export const isCredentialStore = (store: CredentialReader): store is ManagedStore =>
  missingFor(store).length === 0;

/** Whether a store has every method of `CREDENTIAL_STORE_METHODS`. */
export const isComplete = (store: ManagedStore): store is CredentialStore =>
  missingMethods(store, CREDENTIAL_STORE_METHODS).length === 0;

/**
 * Returns the store of a verifier whose credentials are to be managed.
 * @throws {TypeError} `ERR_LATCHKEY_STORE_METHODS` if the store lacks methods. The message names
 * them.
 */
export function toCredentialStore(store: CredentialReader, verifier: string): ManagedStore {
  if (isCredentialStore(store)) {
    return store;
  }
  throw missingError(
    missingFor(store),
    `${verifier}: its store can only verify credentials`,
    'to issue, list or revoke',
  );
}

/**
 * Returns a store for an operation that stores for Latchkey 0.1 do not support.
 * @throws {TypeError} `ERR_LATCHKEY_STORE_METHODS` if the store lacks methods. The message names
 * them.
 */
export function toCompleteStore(store: ManagedStore, operation: string): CredentialStore {
  if (isComplete(store)) {
    return store;
  }
  throw missingError(
    missingMethods(store, CREDENTIAL_STORE_METHODS),
    `${operation}: the store does not support it`,
    'to use it',
  );
}

function missingError(missing: readonly string[], problem: string, purpose: string): TypeError {
  const names = missing.map((method) => `${method}()`).join(', ');
  return typeError(
    'ERR_LATCHKEY_STORE_METHODS',
    `${problem}, since it lacks ${names}; ${purpose}, pass a CredentialStore such as memoryStore()`,
  );
}
