import { MAX_OWNER_LENGTH } from '../store';
import type { Kysely } from 'kysely';

/**
 * `latchkey_credentials`: one row for each credential. Others may read the tables; they are written by Latchkey alone.
 * Times are whole milliseconds since the epoch. JSON is kept as text, and no column ever holds a secret.
 * Texts are compared byte by byte: upper and lower case, accents and trailing spaces tell them apart.
 *
 * A credential is good while `revoked_at` is null and `expires_at` is null or yet to come. One that ended more than 30 days ago
 * counts as if it were not there, and stays until `prune()`.
 */
export interface CredentialsTable {
  /** Primary key: the first 22 characters of `digest`. Public. */
  id: string;
  /** `api_key`, `access_token` or `session_token`. At most 64 characters. */
  kind: string;
  /** SHA-256 of the whole secret, base64url without padding: 43 characters. */
  digest: string;
  /** At most 512 characters, as `client_id` and `grant_id`. Each of the three is indexed behind `kind`. */
  subject: string;
  client_id: string | null;
  grant_id: string | null;
  /** A JSON list of strings. */
  scopes: string;
  expires_at: number | null;
  revoked_at: number | null;
  /** The visible start of the secret. */
  hint: string;
  /** What its owner calls it. */
  name: string | null;
  environment: string | null;
  issued_at: number;
  last_used_at: number | null;
  use_count: number;
  /** The id of the credential that this one replaced. It may be gone. */
  rotated_from: string | null;
  /** A JSON object, the `cnf` of RFC 7800. */
  confirmation: string | null;
  /** A JSON object. */
  metadata: string;
}

/** `latchkey_state`: values that stand until a time. One that has ended counts as if it were not there, and stays until `prune()`. */
export interface StateTable {
  /** Primary key: SHA-256, base64url, of the JSON text `["group","key"]` without spaces. */
  id: string;
  value: string;
  /** The first millisecond at which the value is no longer there. Indexed. */
  ends_at: number;
}

/** `latchkey_schema`: one row for each version of these tables that was made here. The highest is the one they have. */
export interface SchemaTable {
  version: number;
  migrated_at: number;
}

/** For a Kysely of one's own that reads them. A driver may give a bigint as a string or a BigInt. */
export interface Tables {
  latchkey_credentials: CredentialsTable;
  latchkey_state: StateTable;
  latchkey_schema: SchemaTable;
}

export type Database = Kysely<Tables>;

/** Longest texts that stand in an index, in characters: what PostgreSQL and InnoDB can both index. */
export const LONGEST = {
  ...{ id: 64, kind: 64, digest: 64 },
  ...{ subject: MAX_OWNER_LENGTH, client_id: MAX_OWNER_LENGTH, grant_id: MAX_OWNER_LENGTH },
} as const;
