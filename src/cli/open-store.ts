import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CredentialStore, StateStore } from '../stores/store';
import { redisStore } from '../stores/redis';
import type { SqlStoreOptions } from '../stores/sql';
import { CommandError } from './terminal';

export interface OpenStore {
  readonly store: CredentialStore & StateStore;
  readonly close: () => Promise<void>;
}

const FORMS = 'sqlite:./keys.db, postgres://…, mysql://… or redis://…';

/**
 * Opens the store that a URL names, with the driver that is installed beside Latchkey. SQL tables are made where they are not there
 * yet; a file for SQLite only if `mayCreate`, so that a misspelt path is not taken for an empty store.
 */
export async function openStore(url: string | undefined, mayCreate = false): Promise<OpenStore> {
  if (url === undefined) throw new TypeError(`no store: give --store or LATCHKEY_STORE, for example ${FORMS}`);
  const open = OPENERS.get(url.split(':')[0] as string);
  if (!open) throw new TypeError(`a store is named by ${FORMS}`);
  return open(url, mayCreate);
}

/** The URL itself is not said again: it may have a password. */
function read(url: string): URL {
  if (!URL.canParse(url)) throw new TypeError(`the URL of the store cannot be read: write ${FORMS}`);
  return new URL(url);
}

const OPENERS: ReadonlyMap<string, (url: string, mayCreate: boolean) => Promise<OpenStore>> = new Map([
  ['sqlite', sqlite],
  ['postgres', postgres],
  ['postgresql', postgres],
  ['mysql', mysql],
  ['mariadb', (url) => mysql(url.replace(/^mariadb/, 'mysql'))],
  ['redis', redis],
  ['rediss', redis],
]);

/** How long a server may be silent, in milliseconds: some clients would wait for ever. */
const SILENCE_MS = 5_000;

async function sqlite(url: string, mayCreate: boolean): Promise<OpenStore> {
  const file = url.slice('sqlite:'.length).replace(/^\/\//, '').trim();
  if (file === '' || file === ':memory:') throw new TypeError('a database in memory ends with the command: name a file, sqlite:./keys.db');
  const { kysely, 'better-sqlite3': sqlite3 } = await drivers({ kysely: import('kysely'), 'better-sqlite3': import('better-sqlite3') });
  if (!mayCreate && !existsSync(file)) throw new CommandError(`there is no database ${file} yet; "keys create" and "keys import" make one`);
  if (!existsSync(dirname(file))) throw new CommandError(`there is no folder ${dirname(file)}`);
  return migrated(new kysely.Kysely({ dialect: new kysely.SqliteDialect({ database: new sqlite3.default(file) }) }));
}

async function postgres(url: string): Promise<OpenStore> {
  const { kysely, pg } = await drivers({ kysely: import('kysely'), pg: import('pg') });
  const pool = new pg.default.Pool({ connectionString: url, connectionTimeoutMillis: SILENCE_MS });
  return migrated(new kysely.Kysely({ dialect: new kysely.PostgresDialect({ pool }) }));
}

async function mysql(url: string): Promise<OpenStore> {
  const { kysely, mysql2 } = await drivers({ kysely: import('kysely'), mysql2: import('mysql2') });
  const pool = mysql2.default.createPool({ uri: read(url).href, connectTimeout: SILENCE_MS });
  return migrated(new kysely.Kysely({ dialect: new kysely.MysqlDialect({ pool }) }));
}

async function redis(url: string): Promise<OpenStore> {
  const { redis: driver } = await drivers({ redis: import('redis') });
  if (!/^\/?\d*$/.test(read(url).pathname)) throw new TypeError('a database of Redis is a number: redis://host/0');
  const client = driver.createClient({
    url,
    pingInterval: SILENCE_MS / 5,
    socket: { connectTimeout: SILENCE_MS, socketTimeout: SILENCE_MS, reconnectStrategy: false },
  });
  await client.on('error', () => undefined).connect();
  return { store: redisStore({ client }), close: async () => void (await client.close()) };
}

async function migrated(db: SqlStoreOptions['db']): Promise<OpenStore> {
  // Imported here, for those who have no Kysely and want none.
  const { sqlStore } = await import('../stores/sql');
  const store = sqlStore({ db });
  await store.migrate();
  return { store, close: () => db.destroy() };
}

/** Drivers by their names; if any are missing, all that are. */
async function drivers<M extends Readonly<Record<string, unknown>>>(loading: { readonly [Name in keyof M]: Promise<M[Name]> }): Promise<M> {
  const names = Object.keys(loading);
  const loaded = await Promise.allSettled<unknown>(Object.values(loading));
  const missing = names.filter((_, index) => loaded[index]?.status === 'rejected');
  if (missing.length > 0) throw new CommandError(`a driver is missing: npm install ${missing.join(' ')}`);
  return Object.fromEntries(names.map((name, index) => [name, (loaded[index] as PromiseFulfilledResult<unknown>).value])) as M;
}
