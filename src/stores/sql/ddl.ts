import { codedError } from '../../internal/errors';
import { sql, type CreateTableBuilder, type RawBuilder } from 'kysely';
import { isDuplicateIndex } from './errors';
import type { SqlDialect } from './sql-dialect';
import { LONGEST, type Database, type Tables } from './tables';

type Type = RawBuilder<unknown>;

/** The words in which a language makes tables. All can be said twice: what is there is left as it is. */
export interface Ddl {
  /** A text that stands in an index, compared byte by byte. */
  readonly key: (column: keyof typeof LONGEST) => Type;
  readonly text: Type;
  readonly whole: Type;
  readonly table: (name: keyof Tables) => CreateTableBuilder<string>;
  readonly index: (table: keyof Tables, ...columns: readonly string[]) => Promise<void>;
}

export async function ddlOf(db: Database, language: SqlDialect): Promise<Ddl> {
  const table = (name: string) => db.schema.createTable(name).ifNotExists();
  const index = (table: string, columns: readonly string[]) =>
    db.schema
      .createIndex(`${table}_by_${columns.find((column) => column !== 'kind')}`)
      .on(table)
      .columns([...columns]);

  if (language !== 'mysql') {
    // The order of PostgreSQL's texts is that of the database's locale unless it is told otherwise; SQLite's is that of bytes.
    const key = language === 'postgres' ? sql`text collate "C"` : sql`text`;
    return {
      key: () => key,
      text: sql`text`,
      whole: sql`bigint`,
      table,
      index: async (table, ...columns) => index(table, columns).ifNotExists().execute(),
    };
  }
  const collation = await unpaddedCollation(db);
  return {
    key: (column) => sql`varchar(${sql.lit(LONGEST[column])})`,
    text: sql`longtext`,
    whole: sql`bigint`,
    table: (name) => table(name).modifyEnd(sql`engine = InnoDB character set utf8mb4 collate ${sql.raw(collation)}`),
    index: async (table, ...columns) =>
      index(table, columns)
        .execute()
        .catch((error: unknown) => {
          if (!isDuplicateIndex(error)) throw error;
        }),
  };
}

/** The collation that tells texts apart by every byte: `utf8mb4_bin` takes `a` and `a␠` for one. MySQL and MariaDB each have their own. */
async function unpaddedCollation(db: Database): Promise<string> {
  const { rows } = await sql<{ name: string }>`
    select collation_name as name from information_schema.collations
    where collation_name in ('utf8mb4_0900_bin', 'utf8mb4_nopad_bin')`.execute(db);
  const [collation] = rows;
  if (!collation)
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'MySQL 8.0.17 or MariaDB 10.2 is needed: older ones have no collation that compares trailing spaces',
    );
  return collation.name;
}
