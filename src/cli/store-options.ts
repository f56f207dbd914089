import type { Command } from 'commander';

import { nonEmpty } from './option-parsers';
import { usageError } from './terminal';

/** The options that name the store. Every command has them. */
export interface StoreOptions {
  readonly store?: string;
  readonly storePrefix?: string;
  readonly storeSchema?: string;
  readonly storeCa?: string;
}

/** A store, as the options, its URL and the environment describe it. */
export interface StoreTarget {
  /** The URL, without the query parameters of Latchkey. */
  readonly url: string;
  /** The `prefix` of `redisStore()`. */
  readonly prefix?: string | undefined;
  /** The schema of the tables in PostgreSQL. */
  readonly schema?: string | undefined;
  /** A file with the CA certificates that verify the certificate of the server. */
  readonly ca?: string | undefined;
}

/** The forms of a store's URL, for messages. */
export const URL_FORMS = 'sqlite:./keys.db, postgres://…, mysql://… or redis://…';

/** Adds the options that name the store to a command. */
export const withStoreOptions = (command: Command): Command =>
  command
    .option('--store <url>', `where the credentials are: ${URL_FORMS} (or LATCHKEY_STORE)`)
    .option(
      '--store-prefix <prefix>',
      'the prefix of redisStore(), or ?prefix= in the URL (or LATCHKEY_STORE_PREFIX)',
      nonEmpty,
    )
    .option(
      '--store-schema <name>',
      'the schema of the tables in PostgreSQL, or ?schema= in the URL (or LATCHKEY_STORE_SCHEMA)',
      nonEmpty,
    )
    .option(
      '--store-ca <file>',
      'CA certificates (PEM) for TLS to the server (or LATCHKEY_STORE_CA)',
      nonEmpty,
    );

/**
 * Returns the store that the options name. An option takes precedence over the URL, and the URL
 * over the environment.
 */
export function storeTarget(
  options: StoreOptions,
  env: Readonly<Record<string, string | undefined>>,
): StoreTarget {
  const url = options.store ?? env.LATCHKEY_STORE;
  if (url === undefined) {
    throw usageError(`no store: pass --store or set LATCHKEY_STORE, for example ${URL_FORMS}`);
  }
  const { bare, prefix, schema } = splitUrl(url);
  return {
    url: bare,
    prefix: options.storePrefix ?? prefix ?? (env.LATCHKEY_STORE_PREFIX || undefined),
    schema: options.storeSchema ?? schema ?? (env.LATCHKEY_STORE_SCHEMA || undefined),
    ca: options.storeCa ?? (env.LATCHKEY_STORE_CA || undefined),
  };
}

/**
 * Removes `prefix` and `schema` from a URL, because drivers do not know them. The URL of a SQLite
 * file has no query.
 */
function splitUrl(text: string): SplitUrl {
  if (text.startsWith('sqlite:') || !URL.canParse(text)) {
    return { bare: text };
  }
  const url = new URL(text);
  const [prefix, schema] = [url.searchParams.get('prefix'), url.searchParams.get('schema')];
  if (prefix === null && schema === null) {
    return { bare: text };
  }
  if (prefix === '' || schema === '') {
    throw usageError('"prefix" and "schema" in the URL of the store must not be empty');
  }
  url.searchParams.delete('prefix');
  url.searchParams.delete('schema');
  return { bare: url.href, prefix: prefix ?? undefined, schema: schema ?? undefined };
}

interface SplitUrl {
  /** The URL without the two. */
  readonly bare: string;
  readonly prefix?: string | undefined;
  readonly schema?: string | undefined;
}
