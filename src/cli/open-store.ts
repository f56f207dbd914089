import { existsSync } from 'node:fs';
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

const OPENERS: ReadonlyMap<string, (url: string, mayCreate: boolean) => Promise<OpenStore>> = new Map([
  ['sqlite', sqlite],
  ['postgres', postgres],
  ['postgresql', postgres],
  ['mysql', mysql],
  ['mariadb', (url) => mysql(url.replace(/^mariadb/, 'mysql'))],
  ['redis', redis],
  ['rediss', redis],
]);

async function sqlite(url: string, mayCreate: boolean): Promise<OpenStore> {
  const { Kysely, SqliteDialect } = await driver('kysely', () => import('kysely'));
  const { default: Database } = await driver('better-sqlite3', () => import('better-sqlite3'));
  const file = url.slice('sqlite:'.length).replace(/^\/\/(?=.)/, '');
  if (!mayCreate && !existsSync(file)) throw new CommandError(`there is no database ${file} yet; "keys create" and "keys import" make one`);
  return migrated(new Kysely({ dialect: new SqliteDialect({ database: new Database(file) }) }));
}

async function postgres(url: string): Promise<OpenStore> {
  const { Kysely, PostgresDialect } = await driver('kysely', () => import('kysely'));
  const { Pool } = (await driver('pg', () => import('pg'))).default;
  return migrated(
    new Kysely({ dialect: new PostgresDialect({ pool: new Pool({ connectionString: url, connectionTimeoutMillis: 5_000 }) }) }),
  );
}

async function mysql(url: string): Promise<OpenStore> {
  const { Kysely, MysqlDialect } = await driver('kysely', () => import('kysely'));
  const { createPool } = (await driver('mysql2', () => import('mysql2'))).default;
  return migrated(new Kysely({ dialect: new MysqlDialect({ pool: createPool(url) }) }));
}

async function redis(url: string): Promise<OpenStore> {
  const { createClient } = await driver('redis', () => import('redis'));
  const client = createClient({ url, socket: { connectTimeout: 5_000, reconnectStrategy: false } });
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

async function driver<M>(name: string, load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (cause) {
    throw new CommandError(`the driver ${name} is missing: npm install ${name}`, { cause });
  }
}
