import { checkOptions, noOptions } from '../../internal/options';
import type { CredentialStore, StateStore } from '../store';
import { createCredentials } from './credentials';
import { createState } from './state';

/**
 * Stores credentials and state in the memory of this process: for development, tests and programs
 * of one process. Everything is lost when the process exits. `redisStore()` and `sqlStore()` keep
 * it.
 *
 * @returns a store for credentials and for state
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if options are passed: it has none
 * @example
 * const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
 */
export function memoryStore(): CredentialStore & StateStore;
export function memoryStore(options?: unknown): CredentialStore & StateStore {
  checkOptions('memoryStore()', noOptions, options);
  return { ...createCredentials(), ...createState() };
}
