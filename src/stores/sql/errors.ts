import { codedError } from '../../internal/errors';
interface DriverError {
  readonly message?: unknown;
  readonly code?: unknown;
  /** MySQL's number of an error. */
  readonly errno?: unknown;
  readonly sqlMessage?: unknown;
  /** Set by MySQL's server. */
  readonly sqlState?: unknown;
  /** Set by PostgreSQL's server. */
  readonly severity?: unknown;
}

const toMembers = (error: unknown): DriverError =>
  typeof error === 'object' && error !== null ? error : {};

/**
 * MySQL reports a duplicate primary key as an error. A duplicate in an index that the user added is
 * a real error.
 */
export const isDuplicateRow = (error: unknown): boolean =>
  toMembers(error).errno === 1062 && /[.']PRIMARY'/.test(String(toMembers(error).sqlMessage));
export const isDuplicateIndex = (error: unknown): boolean => toMembers(error).errno === 1061;
/** In MySQL, or in SQLite, which has no number for it. */
export const isDuplicateColumn = (error: unknown): boolean =>
  toMembers(error).errno === 1060 ||
  String(toMembers(error).message).startsWith('duplicate column name');

const MISSING: readonly unknown[] = ['42P01', '42703', 'ER_NO_SUCH_TABLE', 'ER_BAD_FIELD_ERROR'];

/** Whether a table or column is missing that `migrate()` creates. */
export function isMissing(error: unknown): boolean {
  const { code, message } = toMembers(error);
  return (
    MISSING.includes(code) ||
    (typeof message === 'string' && /no such (table|column): |has no column named /.test(message))
  );
}

/** Whether another connection holds SQLite's lock. */
export const isBusy = (error: unknown): boolean => toMembers(error).code === 'SQLITE_BUSY';

/** Whether the database undid a write in favour of another one, and requires a retry. */
const isConflict = (error: unknown): boolean => {
  const { code } = toMembers(error);
  return code === '40001' || code === '40P01' || code === 'ER_LOCK_DEADLOCK';
};

const ATTEMPTS = 5;

type Method = (...args: never[]) => Promise<unknown>;

/**
 * Wraps the methods of the store: each waits for `ready()`, and is repeated if the database undid
 * it in favour of another writer. Errors say what failed and never quote a value: drivers quote
 * parameters in messages and members.
 */
export function guarded<T extends Record<keyof T, Method>>(
  methods: T,
  ready: () => Promise<void> = async () => {},
): T {
  const guardedMethods = Object.entries<Method>(methods).map(([name, method]) => [
    name,
    guard(name, method, ready),
  ]);
  return Object.fromEntries(guardedMethods) as T;
}

const guard =
  (name: string, method: Method, ready: () => Promise<void>): Method =>
  async (...args) => {
    for (let attempt = 1; ; attempt++) {
      try {
        await ready();
        return await method(...args);
      } catch (error) {
        if (attempt < ATTEMPTS && isConflict(error)) {
          continue;
        }
        throw withoutValues(name, error);
      }
    }
  };

/** Returns an error that says which method failed and why, without any value of the statement. */
export function withoutValues(name: string, error: unknown): Error {
  if (isMissing(error)) {
    return codedError(
      'ERR_LATCHKEY_STORE',
      'sqlStore: its tables are missing or of an older version: run `await store.migrate()` first',
    );
  }
  return codedError('ERR_LATCHKEY_STORE', `sqlStore: ${name}() failed: ${toReason(error)}`);
}

/**
 * Names of PostgreSQL's codes (its manual, appendix A). Its messages may quote values, and codes
 * alone are hard to read.
 */
const CONDITIONS: Readonly<Record<string, string>> = {
  '25006': 'read_only_sql_transaction',
  '3F000': 'invalid_schema_name',
  '42501': 'insufficient_privilege',
  '53100': 'disk_full',
  '53300': 'too_many_connections',
  '55P03': 'lock_not_available',
  '57014': 'query_canceled',
  '57P01': 'admin_shutdown',
};

/**
 * Messages of a server about a statement may quote its values. Those about a connection (FATAL),
 * and those of a driver, do not.
 */
function toReason(error: unknown): string {
  const { code, message, sqlState, severity } = toMembers(error);
  const ofStatement =
    typeof sqlState === 'string' || (typeof severity === 'string' && severity !== 'FATAL');
  const isText = (text: unknown): text is string => typeof text === 'string' && text !== '';
  const named =
    isText(code) && CONDITIONS[code] !== undefined ? `${CONDITIONS[code]} (${code})` : code;
  return [ofStatement ? undefined : message, named].find(isText) ?? 'no reason was given';
}
