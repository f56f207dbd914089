import { sql } from 'kysely';
import type { Database } from './tables';

export type SqlDialect = 'postgres' | 'sqlite' | 'mysql';

const LANGUAGES: ReadonlyMap<string, SqlDialect> = new Map([
  ['"a" = $1', 'postgres'],
  ['"a" = ?', 'sqlite'],
  ['`a` = ?', 'mysql'],
]);

/**
 * Which SQL a Kysely instance writes, told by what it writes: no matter whose dialect it has, and from which copy of Kysely.
 * PGlite writes PostgreSQL's, MariaDB MySQL's.
 */
export const languageOf = (db: Database): SqlDialect | undefined => LANGUAGES.get(sql`${sql.id('a')} = ${1}`.compile(db).sql);
