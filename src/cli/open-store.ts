import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { omitUndefined } from '../internal/objects';
import { redisStore } from '../stores/redis';
import type { SqlStoreOptions } from '../stores/sql';
import type { CredentialStore, StateStore } from '../stores/store';
import { type StoreTarget, URL_FORMS } from './store-options';
import { CommandError, usageError } from './terminal';

export interface OpenStore {
  readonly store: CredentialStore & StateStore;
  /** Where the store is, for messages. It contains no password. */
  readonly place: string;
  readonly close: () => Promise<void>;
}

type OptionName = 'prefix' | 'schema' | 'ca';

/** How one kind of store is opened, and which options it has. */
interface Opener {
  readonly open: (target: StoreTarget, mayCreate: boolean) => Promise<OpenStore>;
  readonly options: readonly OptionName[];
}

/**
 * Opens a store with the driver that is installed next to Latchkey. Missing SQL tables are created.
 * A SQLite file is created only if `mayCreate`, so that a misspelt path is not mistaken for an
 * empty store.
 */
export async function openStore(
  target: StoreTarget | string,
  mayCreate = false,
): Promise<OpenStore> {
  const resolved = typeof target === 'string' ? { url: target } : target;
  const opener = OPENERS.get(resolved.url.split(':')[0] as string);
  if (!opener) {
    throw usageError(`the URL of the store must be ${URL_FORMS}`);
  }
  for (const name of ['prefix', 'schema', 'ca'] as const) {
    if (resolved[name] !== undefined && !opener.options.includes(name)) {
      throw usageError(`--store-${name} ${NOT_ALLOWED[name]}`);
    }
  }
  return opener.open(resolved, mayCreate);
}

const NOT_ALLOWED: Readonly<Record<OptionName, string>> = {
  prefix: 'is only allowed for Redis: SQL stores have no prefix',
  schema: 'is only allowed for PostgreSQL: for MySQL, name the database in the URL',
  ca: 'is only allowed for servers: a SQLite file has no TLS',
};

/** Errors do not quote the URL, because it may contain a password. */
function parse(url: string): URL {
  if (!URL.canParse(url)) {
    throw usageError(`the URL of the store is invalid: pass ${URL_FORMS}`);
  }
  return new URL(url);
}

/** Reads CA certificates in PEM. */
function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CommandError(`the CA certificates in ${file} cannot be read`, { cause });
  }
}

/** How long a server may be silent, in milliseconds. Some clients wait forever by default. */
const SILENCE_MS = 5_000;

async function openSqlite({ url }: StoreTarget, mayCreate: boolean): Promise<OpenStore> {
  const file = url.slice('sqlite:'.length).replace(/^\/\//, '').trim();
  if (file === '' || file === ':memory:') {
    throw usageError(
      'a database in memory ends with the command: pass a file, such as sqlite:./keys.db',
    );
  }
  const { kysely, 'better-sqlite3': sqlite3 } = await drivers({
    kysely: import('kysely'),
    'better-sqlite3': import('better-sqlite3'),
  });
  if (!existsSync(file)) {
    if (!mayCreate) {
      throw new CommandError(
        `the database ${file} does not exist; "keys create", "keys import" and "clients register" create it`,
      );
    }
    if (!existsSync(dirname(file))) {
      throw new CommandError(`the folder ${dirname(file)} does not exist`);
    }
    // Readable by the owner only. SQLite creates its journals with the mode of the database.
    closeSync(openSync(file, 'a', 0o600));
  }
  return migrated(
    new kysely.Kysely({
      dialect: new kysely.SqliteDialect({ database: new sqlite3.default(file) }),
    }),
    `the file ${file}`,
  );
}

async function openPostgres({ url, schema, ca }: StoreTarget): Promise<OpenStore> {
  const { kysely, pg } = await drivers({ kysely: import('kysely'), pg: import('pg') });
  const pool = new pg.default.Pool({
    connectionString: ca === undefined ? url : withoutSslMode(url),
    connectionTimeoutMillis: SILENCE_MS,
    ...omitUndefined({ ssl: ca === undefined ? undefined : { ca: readCa(ca) } }),
  });
  const db = new kysely.Kysely({ dialect: new kysely.PostgresDialect({ pool }) });
  const place = schema === undefined ? 'PostgreSQL' : `the schema ${schema} of PostgreSQL`;
  return migrated(schema === undefined ? db : db.withSchema(schema), place);
}

/**
 * pg prefers the `sslmode` of the URL to its option `ssl`. With a CA, certificates are always
 * verified.
 */
function withoutSslMode(text: string): string {
  const url = parse(text);
  url.searchParams.delete('sslmode');
  return url.href;
}

async function openMysql({ url, ca }: StoreTarget): Promise<OpenStore> {
  const { kysely, mysql2 } = await drivers({ kysely: import('kysely'), mysql2: import('mysql2') });
  const pool = mysql2.default.createPool({
    uri: parse(url).href,
    connectTimeout: SILENCE_MS,
    ...omitUndefined({ ssl: ca === undefined ? undefined : mysqlTls(ca) }),
  });
  return migrated(new kysely.Kysely({ dialect: new kysely.MysqlDialect({ pool }) }), 'MySQL');
}

const mysqlTls = (file: string) => ({ ca: readCa(file), verifyIdentity: true });

async function openRedis({ url, prefix, ca }: StoreTarget): Promise<OpenStore> {
  const { redis: driver } = await drivers({ redis: import('redis') });
  const { protocol, pathname } = parse(url);
  if (!/^\/?\d*$/.test(pathname)) {
    throw usageError('the database of Redis must be a number: redis://host/0');
  }
  if (ca !== undefined && protocol !== 'rediss:') {
    throw usageError('--store-ca requires TLS: write rediss:// in the URL of the store');
  }
  const timeouts = {
    connectTimeout: SILENCE_MS,
    socketTimeout: SILENCE_MS,
    reconnectStrategy: false,
  } as const;
  const client = driver.createClient({
    url,
    pingInterval: SILENCE_MS / 5,
    socket: ca === undefined ? timeouts : { ...timeouts, tls: true, ca: readCa(ca) },
  });
  const store = redisStore({ client, subscribe: false, ...omitUndefined({ prefix }) });
  await client.on('error', () => undefined).connect();
  return {
    store,
    place: `Redis under the prefix ${prefix ?? 'latchkey:'}`,
    close: async () => void (await client.close()),
  };
}

const OPENERS: ReadonlyMap<string, Opener> = new Map<string, Opener>([
  ['sqlite', { open: openSqlite, options: [] }],
  ['postgres', { open: openPostgres, options: ['schema', 'ca'] }],
  ['postgresql', { open: openPostgres, options: ['schema', 'ca'] }],
  ['mysql', { open: openMysql, options: ['ca'] }],
  [
    'mariadb',
    {
      open: (target) => openMysql({ ...target, url: target.url.replace(/^mariadb/, 'mysql') }),
      options: ['ca'],
    },
  ],
  ['redis', { open: openRedis, options: ['prefix', 'ca'] }],
  ['rediss', { open: openRedis, options: ['prefix', 'ca'] }],
]);

async function migrated(db: SqlStoreOptions['db'], place: string): Promise<OpenStore> {
  // Imported here, because Kysely may not be installed.
  const { sqlStore } = await import('../stores/sql');
  const store = sqlStore({ db });
  try {
    await store.migrate();
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return { store, place, close: () => db.destroy() };
}

/** Returns drivers by their names. The error names all that are missing. */
async function drivers<M extends Readonly<Record<string, unknown>>>(loading: {
  readonly [Name in keyof M]: Promise<M[Name]>;
}): Promise<M> {
  const names = Object.keys(loading);
  const loaded = await Promise.allSettled<unknown>(Object.values(loading));
  const missing = names.filter((_, index) => loaded[index]?.status === 'rejected');
  if (missing.length > 0) {
    throw new CommandError(`a driver is missing: npm install ${missing.join(' ')}`);
  }
  return Object.fromEntries(
    names.map((name, index) => [name, (loaded[index] as PromiseFulfilledResult<unknown>).value]),
  ) as M;
}
