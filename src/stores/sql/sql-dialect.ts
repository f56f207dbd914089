import { sql } from 'kysely';

import type { Database } from './tables';

export type SqlDialect = 'postgres' | 'sqlite' | 'mysql';

const DIALECTS: ReadonlyMap<string, SqlDialect> = new Map([
  ['"a" = $1', 'postgres'],
  ['"a" = ?', 'sqlite'],
  ['`a` = ?', 'mysql'],
]);

/**
 * Detects the dialect of a Kysely instance by the SQL that it generates, so that dialects of third
 * parties and other copies of Kysely work. PGlite generates PostgreSQL, MariaDB generates MySQL.
 */
export const detectDialect = (db: Database): SqlDialect | undefined =>
  DIALECTS.get(sql`${sql.id('a')} = ${1}`.compile(db).sql);
