import { type CreateTableBuilder, type RawBuilder, sql } from 'kysely';

import { codedError } from '../../internal/errors';
import { isDuplicateColumn, isDuplicateIndex } from './errors';
import type { SqlDialect } from './sql-dialect';
import { createUsageView } from './sqlite-usage';
import { type Database, MAX_LENGTHS, type Tables } from './tables';

type Type = RawBuilder<unknown>;
type Columns = readonly string[];

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
  readonly addColumn: (table: keyof Tables, column: string, type: Type) => Promise<void>;
  /** An index, named after its first column other than `kind`. */
  readonly index: (table: keyof Tables, columns: Columns) => Promise<void>;
  /**
   * An index, named after `column`, of the rows in which that column is not null. In MySQL, which
   * has no partial indexes, it begins with `kind` and that column.
   */
  readonly indexOfSome: (table: keyof Tables, column: string, columns: Columns) => Promise<void>;
  /** What `recordUsage()` needs besides the tables. */
  readonly usage: () => Promise<void>;
}

const nameAfter = (table: string, column: string | undefined): string => `${table}_by_${column}`;
const isNotKind = (column: string): boolean => column !== 'kind';

export const createDdl = async (db: Database, dialect: SqlDialect): Promise<Ddl> =>
  dialect === 'mysql' ? mysqlDdl(db, await unpaddedCollation(db)) : standardDdl(db, dialect);

function standardDdl(db: Database, dialect: 'postgres' | 'sqlite'): Ddl {
  // PostgreSQL orders text by the locale of the database unless the column says otherwise, SQLite
  // by bytes.
  const key = dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
  const index = (table: keyof Tables, name: string | undefined, columns: Columns) =>
    db.schema
      .createIndex(nameAfter(table, name))
      .on(table)
      .columns([...columns])
      .ifNotExists();
  return {
    key: () => key,
    text: sql`text`,
    bigint: sql`bigint`,
    table: (name) => db.schema.createTable(name).ifNotExists(),
    async addColumn(table, column, type) {
      const alter = db.schema.alterTable(table);
      if (dialect === 'postgres') {
        await alter.addColumn(column, type, (added) => added.ifNotExists()).execute();
      } else {
        await unlessDuplicate(alter.addColumn(column, type).execute(), isDuplicateColumn);
      }
    },
    index: (table, columns) => index(table, columns.find(isNotKind), columns).execute(),
    indexOfSome: (table, column, columns) =>
      index(table, column, columns).where(sql.ref(column), 'is not', null).execute(),
    async usage() {
      if (dialect === 'sqlite') {
        await createUsageView(db);
      }
    },
  };
}

function mysqlDdl(db: Database, collation: string): Ddl {
  const options = sql`engine = InnoDB character set utf8mb4 collate ${sql.raw(collation)}`;
  const index = (table: keyof Tables, columns: Columns) =>
    unlessDuplicate(
      db.schema
        .createIndex(nameAfter(table, columns.find(isNotKind)))
        .on(table)
        .columns([...columns])
        .execute(),
      isDuplicateIndex,
    );
  return {
    key: (column) => sql`varchar(${sql.lit(MAX_LENGTHS[column])})`,
    text: sql`longtext`,
    bigint: sql`bigint`,
    table: (name) => db.schema.createTable(name).ifNotExists().modifyEnd(options),
    addColumn: (table, column, type) =>
      unlessDuplicate(
        db.schema.alterTable(table).addColumn(column, type).execute(),
        isDuplicateColumn,
      ),
    index,
    indexOfSome: (table, column) => index(table, ['kind', column]),
    usage: async () => {},
  };
}

async function unlessDuplicate(
  statement: Promise<void>,
  isDuplicate: (error: unknown) => boolean,
): Promise<void> {
  await statement.catch((error: unknown) => {
    if (!isDuplicate(error)) {
      throw error;
    }
  });
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
