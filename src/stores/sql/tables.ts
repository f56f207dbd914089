import type { Kysely } from 'kysely';

import { MAX_OWNER_LENGTH } from '../store';

/**
 * `latchkey_credentials`: one row for each credential. Others may read the tables. Only Latchkey
 * writes them. Times are in whole milliseconds since the epoch. JSON is stored as text, and no
 * column ever holds a secret. Texts are compared byte by byte: case, accents and trailing spaces
 * are significant.
 *
 * A credential is valid while `revoked_at` is null and `expires_at` is null or in the future. One
 * that expired or was revoked more than 30 days ago is treated as absent. Its row remains until
 * `prune()`.
 */
export interface CredentialsTable {
  /** Primary key: the first 22 characters of `digest`. Public. */
  id: string;
  /** `api_key`, `access_token` or `session_token`. At most 64 characters. */
  kind: string;
  /** SHA-256 of the whole secret, base64url without padding: 43 characters. */
  digest: string;
  /**
   * At most 512 characters, as `client_id` and `grant_id`. Each of the three is indexed after
   * `kind`.
   */
  subject: string;
  client_id: string | null;
  grant_id: string | null;
  /** A JSON list of strings. */
  scopes: string;
  expires_at: number | null;
  revoked_at: number | null;
  /** Set while the credential is disabled. Since version 2 of the tables. */
  disabled_at: number | null;
  /** The visible start of the secret. */
  hint: string;
  /** A label for the owner. */
  name: string | null;
  environment: string | null;
  issued_at: number;
  last_used_at: number | null;
  use_count: number;
  /** The ID of the credential that this one replaced. Its row may be gone. */
  rotated_from: string | null;
  /** A JSON object, the `cnf` of RFC 7800. */
  confirmation: string | null;
  /** A JSON object. */
  metadata: string;
}

/**
 * `latchkey_usage`: how often a credential was accepted on a UTC day, for 90 days. Since version 2
 * of the tables. The primary key is `id` and `day`.
 */
export interface UsageTable {
  /** The ID of the credential. */
  id: string;
  /** For example `2026-11-30`. Indexed. */
  day: string;
  uses: number;
}

/**
 * `latchkey_state`: values that expire. An expired value is treated as absent. Its row remains
 * until `prune()`.
 */
export interface StateTable {
  /** Primary key: SHA-256, base64url, of the JSON text `["group","key"]` without spaces. */
  id: string;
  value: string;
  /** The first millisecond at which the value has expired. Indexed. */
  ends_at: number;
}

/**
 * `latchkey_schema`: a row for each version that was migrated to. The highest is the current one.
 */
export interface SchemaTable {
  version: number;
  migrated_at: number;
}

/**
 * The types of the tables, for a Kysely instance of yours that reads them. Drivers may return a
 * bigint as a string or BigInt.
 */
export interface Tables {
  /** One row for each credential. */
  latchkey_credentials: CredentialsTable;
  /** How often a credential was used on each UTC day. */
  latchkey_usage: UsageTable;
  /** Values that expire. */
  latchkey_state: StateTable;
  /** The versions that the tables were migrated to. */
  latchkey_schema: SchemaTable;
}

export type Database = Kysely<Tables>;

/**
 * The maximum lengths of indexed text in characters, which PostgreSQL and InnoDB can both index.
 */
export const MAX_LENGTHS = {
  id: 64,
  kind: 64,
  digest: 64,
  day: 10,
  subject: MAX_OWNER_LENGTH,
  client_id: MAX_OWNER_LENGTH,
  grant_id: MAX_OWNER_LENGTH,
} as const;
