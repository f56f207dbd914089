import type { CredentialStore } from '../store';
import { createChanges } from './changes';
import { createInserts } from './inserts';
import type { Notifications } from './notifications';
import { createReads } from './reads';
import type { SqlDialect } from './sql-dialect';
import type { Database } from './tables';
import { createUpkeep } from './upkeep';
import type { Writes } from './writes';

/** What the methods of the store share. */
export interface SqlContext {
  readonly db: Database;
  readonly dialect: SqlDialect;
  readonly writes: Writes;
  readonly notifications: Notifications;
}

type StoreMethods = Required<Omit<CredentialStore, 'name' | 'publish' | 'subscribe'>>;

/** Creates the methods for credentials. */
export const createCredentials = (context: SqlContext): StoreMethods => ({
  ...createReads(context),
  ...createInserts(context),
  ...createChanges(context),
  ...createUpkeep(context),
});
