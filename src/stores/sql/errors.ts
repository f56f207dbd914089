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

const of = (error: unknown): DriverError => (typeof error === 'object' && error !== null ? error : {});

/** MySQL refuses a second row of one primary key by an error alone. Of another index that somebody made, it is an error indeed. */
export const isDuplicateRow = (error: unknown): boolean => of(error).errno === 1062 && /[.']PRIMARY'/.test(String(of(error).sqlMessage));
export const isDuplicateIndex = (error: unknown): boolean => of(error).errno === 1061;

const MISSING: readonly unknown[] = ['42P01', '42703', 'ER_NO_SUCH_TABLE', 'ER_BAD_FIELD_ERROR'];

/** A table or column that `migrate()` would have made. */
export function isMissing(error: unknown): boolean {
  const { code, message } = of(error);
  return MISSING.includes(code) || (typeof message === 'string' && /no such (table|column): |has no column named /.test(message));
}

/** SQLite's lock is held by another connection. */
export const isBusy = (error: unknown): boolean => of(error).code === 'SQLITE_BUSY';

/** Two writers got into each other's way: the database undid one, and asks for it again. */
const isConflict = (error: unknown): boolean => {
  const { code } = of(error);
  return code === '40001' || code === '40P01' || code === 'ER_LOCK_DEADLOCK';
};

const ATTEMPTS = 5;

/**
 * Wraps the methods of the store: each waits for `ready()`, and is repeated if the database undid it in favour of another writer.
 * Errors say what failed and never quote a value: drivers quote parameters in messages and members.
 */
export function guarded<T extends Record<keyof T, (...args: never[]) => Promise<unknown>>>(
  methods: T,
  ready: () => Promise<void> = async () => {},
): T {
  const guard =
    (name: string, method: (...args: never[]) => Promise<unknown>) =>
    async (...args: never[]) => {
      for (let attempt = 1; ; attempt++) {
        try {
          await ready();
          return await method(...args);
        } catch (error) {
          if (attempt < ATTEMPTS && isConflict(error)) continue;
          throw withoutValues(name, error);
        }
      }
    };
  return Object.fromEntries(Object.entries(methods).map(([name, method]) => [name, guard(name, method as never)])) as T;
}

/** An error that says which method failed and why, without any value of a statement. */
export function withoutValues(name: string, error: unknown): Error {
  if (isMissing(error))
    return codedError('ERR_LATCHKEY_STORE', 'sqlStore: its tables are missing or of an older version: run `await store.migrate()` first');
  return codedError('ERR_LATCHKEY_STORE', `sqlStore: ${name}() failed: ${reasonOf(error)}`);
}

/** PostgreSQL's names of what operators meet (its manual, appendix A): its messages may not be repeated, and codes are hard to read. */
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

/** What a server says of a statement may quote the statement's values; of a connection (FATAL), and what a driver says itself, does not. */
function reasonOf(error: unknown): string {
  const { code, message, sqlState, severity } = of(error);
  const ofStatement = typeof sqlState === 'string' || (typeof severity === 'string' && severity !== 'FATAL');
  const isText = (text: unknown): text is string => typeof text === 'string' && text !== '';
  const named = isText(code) && CONDITIONS[code] !== undefined ? `${CONDITIONS[code]} (${code})` : code;
  return [ofStatement ? undefined : message, named].find(isText) ?? 'no reason was given';
}
