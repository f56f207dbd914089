import type { Notifications } from './notifications';
import type { SqlDialect } from './sql-dialect';
import type { Database } from './tables';
import type { Writes } from './writes';

/** What the methods of the store share. */
export interface SqlContext {
  readonly db: Database;
  readonly dialect: SqlDialect;
  readonly writes: Writes;
  readonly notifications: Notifications;
}
