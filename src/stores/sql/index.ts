import { typeError } from '../../internal/errors';
import type { Kysely, TableNode } from 'kysely';
import * as z from 'zod';
import { functionOption, objectWithMethods, checkOptions } from '../../internal/options';
import type { CredentialStore, StateStore } from '../store';
import { credentialsIn } from './credentials';
import { guarded } from './errors';
import { languageOf } from './sql-dialect';
import type { ListenClient } from './listen-connection';
import { lockingWrites } from './locking-writes';
import { migrate } from './migrations';
import { createNotifications } from './notifications';
import { returningWrites } from './returning-writes';
import { createSessionCheck } from './session';
import { stateIn } from './state';
import type { Database } from './tables';
import { textAsHex } from './text-as-hex';

export type { ListenClient } from './listen-connection';
export type { Tables as SqlTables } from './tables';

export interface SqlStoreOptions {
  /**
   * A Kysely instance on PostgreSQL, PGlite, SQLite (from 3.35), MySQL (from 8.0.17) or MariaDB (from 10.2), whatever tables and
   * plugins it has. Of `withSchema()` the schema is kept.
   */
  // Kysely's type is of one set of tables and no other, and a user's has tables of its own.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly db: Kysely<any>;
  /**
   * PostgreSQL only: a new, unconnected `pg.Client`, for a connection of its own that hears of changes made on other machines
   * (LISTEN needs a direct one, not a transaction pooler's). It is opened with the first `watch`, opened anew when it is lost, and
   * closed with the last. What was said while there was none stays unheard: `ttlMs` of the cache is always the bound.
   */
  readonly listen?: () => ListenClient;
}

export interface SqlStore extends CredentialStore, StateStore {
  /**
   * Makes the tables, or brings them to this version. Safe to call from any number of processes at once, and quick where there is
   * nothing to do.
   */
  migrate(): Promise<void>;
}

/**
 * Credentials and state in a SQL database. Without `listen`, and on every database but PostgreSQL, only what this store did itself
 * is told to those who watch it. Ended rows stay until `prune()`: call it from time to time.
 */
export function sqlStore(options: SqlStoreOptions): SqlStore {
  checkOptions('sqlStore()', optionsOfStore, options);
  const { listen } = options;
  const plain = ownTables(options.db as Database);
  const language = languageOf(plain);
  if (!language) throw typeError('ERR_LATCHKEY_OPTION', 'sqlStore(): option "db" must write the SQL of PostgreSQL, SQLite or MySQL');
  if (listen && language !== 'postgres') throw typeError('ERR_LATCHKEY_OPTION', 'sqlStore(): option "listen" is for PostgreSQL');

  const db = language === 'mysql' ? plain.withPlugin(textAsHex()) : plain;
  const notifications = createNotifications(db, language === 'postgres', listen);
  const writes =
    language === 'mysql' ? lockingWrites(db) : returningWrites(db, language === 'postgres' ? notifications.notifyExpression : undefined);
  return {
    name: 'sql',
    ...guarded(
      {
        ...credentialsIn(db, writes, notifications),
        ...stateIn(db, writes),
        publish: notifications.publish,
        migrate: () => migrate(db, language),
      },
      createSessionCheck(db, language),
    ),
    subscribe: notifications.subscribe,
  };
}

const optionsOfStore = z.strictObject({
  db: objectWithMethods('selectFrom', 'withoutPlugins', 'withSchema', 'transaction', 'connection'),
  listen: functionOption.optional(),
});

/** Without the user's plugins, which would rename columns and parse JSON, but in the schema that `withSchema()` named. */
function ownTables(db: Database): Database {
  const [table] = db.selectFrom('latchkey_schema').toOperationNode().from?.froms ?? [];
  const schema = table?.kind === 'TableNode' ? (table as TableNode).table.schema?.name : undefined;
  const plain = db.withoutPlugins();
  return schema === undefined ? plain : plain.withSchema(schema);
}
