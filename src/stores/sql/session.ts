import { sql } from 'kysely';

import { codedError } from '../../internal/errors';
import type { SqlDialect } from './sql-dialect';
import type { Database } from './tables';

/**
 * Checks that the connections keep text as it is, before the first statement and in `migrate()`.
 * One connection is checked, once: the connections of a pool are configured alike. Until the check
 * has succeeded it is repeated with every call.
 */
export function createSessionCheck(db: Database, dialect: SqlDialect): () => Promise<void> {
  const check = CHECKS[dialect];
  let checked: Promise<void> | undefined;
  return () =>
    (checked ??= check(db).catch((error: unknown) => {
      checked = undefined;
      throw error;
    }));
}

const CHECKS: Readonly<Record<SqlDialect, (db: Database) => Promise<void>>> = {
  mysql: checkMysql,
  postgres: checkPostgres,
  // SQLite binds parameters and converts between UTF-8 and UTF-16 without loss.
  sqlite: async () => {},
};

/** Characters of two, three and four bytes, and what escaping may damage. */
const SAMPLE = 'é☃😀\'"\\';

async function checkMysql(db: Database): Promise<void> {
  const { rows } = await sql<{
    mode: unknown;
    sample: unknown;
  }>`select @@session.sql_mode as mode, ${SAMPLE} as sample`.execute(db);
  const [session] = rows;
  // Our own statements are safe in this mode (see text-as-hex.ts). Those of the application on the
  // same pool are not.
  if (/NO_BACKSLASH_ESCAPES/i.test(String(session?.mode))) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'the SQL mode NO_BACKSLASH_ESCAPES makes values escaped by mysql2 open to SQL injection: remove it from sql_mode',
    );
  }
  if (session?.sample !== SAMPLE) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'the character set of the connection changes text: set `charset: "utf8mb4"` on the pool',
    );
  }
}

/**
 * PostgreSQL binds parameters, so `standard_conforming_strings` does not matter. A wrong
 * `client_encoding` does: the client would read back what it wrote, and other instances something
 * else. The encoding of the database is free: it rejects what it cannot keep.
 */
async function checkPostgres(db: Database): Promise<void> {
  const sample = 'é';
  const { rows } = await sql<{ sample: unknown; bytes: unknown }>`
    select ${sample}::text as sample, encode(convert_to(${sample}::text, 'UTF8'), 'hex') as bytes`
    .execute(db)
    .catch((error: unknown) => {
      if (UNTRANSLATABLE.includes((error as { code?: unknown } | null)?.code)) {
        return { rows: [] };
      }
      throw error;
    });
  const [session] = rows;
  if (
    session &&
    (session.sample !== sample || session.bytes !== Buffer.from(sample).toString('hex'))
  ) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'the client_encoding of the connection changes text: set it to UTF8',
    );
  }
}

/**
 * The database's encoding lacks the character: an error, so nothing is changed silently (PostgreSQL
 * manual, appendix A).
 */
const UNTRANSLATABLE: readonly unknown[] = ['22P05', '22021'];
