import type { CredentialStore } from '../store';
import { createChanges } from './changes';
import type { SqlContext } from './context';
import { createInserts } from './inserts';
import { createReads } from './reads';
import { createUpkeep } from './upkeep';

type StoreMethods = Required<Omit<CredentialStore, 'name' | 'publish' | 'subscribe'>>;

/** Creates the methods for credentials. */
export const createCredentials = (context: SqlContext): StoreMethods => ({
  ...createReads(context),
  ...createInserts(context),
  ...createChanges(context),
  ...createUpkeep(context),
});
