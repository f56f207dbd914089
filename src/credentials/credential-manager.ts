import { createBulkWrites } from './bulk-writes';
import { createChanges } from './changes';
import { createContext, type CredentialManagerOptions } from './manager-context';
import type { CredentialManager } from './manager-types';
import { createReads } from './reads';

export type { CredentialManagerOptions } from './manager-context';
export type {
  ChangeContext,
  CredentialChanges,
  CredentialManager,
  ListOptions,
  UsageOptions,
} from './manager-types';

/**
 * Creates the manager of one kind of credential. Credentials of other kinds in the same store do
 * not exist for it.
 */
export function createCredentialManager(options: CredentialManagerOptions): CredentialManager {
  const context = createContext(options);
  return { ...createReads(context), ...createChanges(context), ...createBulkWrites(context) };
}
