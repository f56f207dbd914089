import { type CreateTableBuilder, type RawBuilder, sql } from 'kysely';

import { codedError } from '../../internal/errors';
import { isDuplicateIndex } from './errors';
import type { SqlDialect } from './sql-dialect';
import { type Database, MAX_LENGTHS, type Tables } from './tables';

type Type = RawBuilder<unknown>;

/**
 * The data definition of one dialect. Every statement can be repeated: what exists is left as it
 * is.
 */
export interface Ddl {
  /** Text in an index, compared byte by byte. */
  readonly key: (column: keyof typeof MAX_LENGTHS) => Type;
  readonly text: Type;
  readonly bigint: Type;
  readonly table: (name: keyof Tables) => CreateTableBuilder<string>;
  readonly index: (table: keyof Tables, ...columns: readonly string[]) => Promise<void>;
}

export async function createDdl(db: Database, dialect: SqlDialect): Promise<Ddl> {
  const table = (name: string) => db.schema.createTable(name).ifNotExists();
  const index = (table: string, columns: readonly string[]) =>
    db.schema
      .createIndex(`${table}_by_${columns.find((column) => column !== 'kind')}`)
      .on(table)
      .columns([...columns]);

  if (dialect !== 'mysql') {
    // PostgreSQL orders text by the locale of the database unless the column says otherwise, SQLite
    // by bytes.
    const key = dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
    return {
      key: () => key,
      text: sql`text`,
      bigint: sql`bigint`,
      table,
      index: async (table, ...columns) => index(table, columns).ifNotExists().execute(),
    };
  }
  const collation = await unpaddedCollation(db);
  return {
    key: (column) => sql`varchar(${sql.lit(MAX_LENGTHS[column])})`,
    text: sql`longtext`,
    bigint: sql`bigint`,
    table: (name) =>
      table(name).modifyEnd(
        sql`engine = InnoDB character set utf8mb4 collate ${sql.raw(collation)}`,
      ),
    index: async (table, ...columns) =>
      index(table, columns)
        .execute()
        .catch((error: unknown) => {
          if (!isDuplicateIndex(error)) {
            throw error;
          }
        }),
  };
}

/**
 * Finds the collation that compares every byte. MySQL and MariaDB name it differently;
 * `utf8mb4_bin` ignores trailing spaces.
 */
async function unpaddedCollation(db: Database): Promise<string> {
  const { rows } = await sql<{ name: string }>`
    select collation_name as name from information_schema.collations
    where collation_name in ('utf8mb4_0900_bin', 'utf8mb4_nopad_bin')`.execute(db);
  const [collation] = rows;
  if (!collation) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'MySQL 8.0.17 or MariaDB 10.2 is required: older versions have no collation that compares trailing spaces',
    );
  }
  return collation.name;
}
