import type { Kysely, TableNode } from 'kysely';
import * as z from 'zod/mini';

import { typeError } from '../../internal/errors';
import { checkOptions, functionOption, objectWithMethods } from '../../internal/options';
import type { CredentialStore, StateStore } from '../store';
import { createCredentials } from './credentials';
import { guarded } from './errors';
import type { ListenClient } from './listen-connection';
import { lockingWrites } from './locking-writes';
import { migrate } from './migrations';
import { createNotifications } from './notifications';
import { returningWrites } from './returning-writes';
import { createSessionCheck } from './session';
import { detectDialect } from './sql-dialect';
import { sqliteUsage } from './sqlite-usage';
import { createState } from './state';
import type { Database } from './tables';
import { textAsHex } from './text-as-hex';

export type { ListenClient } from './listen-connection';
export type { Tables as SqlTables } from './tables';

/** Options of `sqlStore()`. */
export interface SqlStoreOptions {
  /**
   * A Kysely instance on PostgreSQL, PGlite, SQLite (from 3.35), MySQL (from 8.0.17) or MariaDB
   * (from 10.2). It may have tables and plugins of your own. The schema of `withSchema()` is kept.
   */
  // The type of a Kysely instance depends on its tables, and yours has other tables.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly db: Kysely<any>;
  /**
   * PostgreSQL only: returns a new, unconnected `pg.Client`. The store listens on it for changes by
   * other instances, from the first subscription to the end of the last, and replaces it if it is
   * lost. LISTEN needs a direct connection, not a transaction pooler. Notifications that are sent
   * while the connection is lost do not arrive: `ttlMs` of the cache is always the bound.
   * @default none: other instances' changes take effect when `ttlMs` has passed
   */
  readonly listen?: () => ListenClient;
}

/** A store in a SQL database, as `sqlStore()` returns it. */
export interface SqlStore extends CredentialStore, StateStore {
  /**
   * Creates the tables, or brings them to this version. Any number of processes may call it at the
   * same time. It takes one query if there is nothing to do.
   * @throws Error `ERR_LATCHKEY_STORE` if the database fails, or if its connection changes text or
   * escapes it unsafely
   * @example
   * await store.migrate();
   */
  migrate(): Promise<void>;
}

/**
 * Creates a store of credentials and state in a SQL database. Subscribers are notified of the
 * changes of this store; of those by other instances only on PostgreSQL, with `listen`. Expired and
 * revoked rows remain until you call `prune()`.
 *
 * @param options the database, and how to listen for changes
 * @returns a `CredentialStore` and `StateStore` with `migrate()`. Its methods reject with
 * `ERR_LATCHKEY_STORE` if the database fails.
 * @throws TypeError `ERR_LATCHKEY_OPTION` for a wrong option
 * @example
 * const db = new Kysely({ dialect: new SqliteDialect({ database: new SQLite('keys.db') }) });
 * const store = sqlStore({ db });
 * await store.migrate();
 * const keys = apiKeys({ prefix: 'acme', store });
 */
export function sqlStore(options: SqlStoreOptions): SqlStore {
  checkOptions('sqlStore()', optionsSchema, options);
  const { listen } = options;
  const plain = withoutUserPlugins(options.db as Database);
  const dialect = detectDialect(plain);
  if (!dialect) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      'sqlStore(): option "db" must write the SQL of PostgreSQL, SQLite or MySQL',
    );
  }
  if (listen && dialect !== 'postgres') {
    throw typeError('ERR_LATCHKEY_OPTION', 'sqlStore(): option "listen" is for PostgreSQL');
  }

  const db = dialect === 'mysql' ? plain.withPlugin(textAsHex()) : plain;
  const notifications = createNotifications(db, dialect === 'postgres', listen);
  const writes = {
    postgres: () => returningWrites(db, notifications.notifyExpression),
    sqlite: () => ({ ...returningWrites(db, undefined), ...sqliteUsage(db) }),
    mysql: () => lockingWrites(db),
  }[dialect]();
  return {
    name: 'sql',
    ...guarded(
      {
        ...createCredentials({ db, dialect, writes, notifications }),
        ...createState(db, writes),
        publish: notifications.publish,
        migrate: () => migrate(db, dialect),
      },
      createSessionCheck(db, dialect),
    ),
    subscribe: notifications.subscribe,
  };
}

const optionsSchema = z.strictObject({
  db: objectWithMethods('selectFrom', 'withoutPlugins', 'withSchema', 'transaction', 'connection'),
  listen: z.optional(functionOption),
});

/**
 * Removes the user's plugins, which may rename columns and parse JSON. The schema of `withSchema()`
 * is kept.
 */
function withoutUserPlugins(db: Database): Database {
  const [table] = db.selectFrom('latchkey_schema').toOperationNode().from?.froms ?? [];
  const schema = table?.kind === 'TableNode' ? (table as TableNode).table.schema?.name : undefined;
  const plain = db.withoutPlugins();
  return schema === undefined ? plain : plain.withSchema(schema);
}
