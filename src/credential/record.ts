import { codedError } from '../internal/errors';
/**
 * What a credential is bound to: the members of `cnf` (RFC 7800), for example `{ jkt }` (RFC 9449
 * §6.1).
 */
export type Confirmation = Readonly<Record<string, unknown>>;

/**
 * One stored credential. Times are milliseconds since the epoch. A reader over your own table may
 * leave out the optional members.
 */
export interface CredentialRecord {
  /** Public, safe to log. */
  readonly id: string;
  /** `'api_key'`, `'access_token'` or `'session_token'`. */
  readonly kind: string;
  /** SHA-256 of the whole secret, base64url. */
  readonly digest: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** The visible start of the secret, to tell one key from another. */
  readonly hint?: string;
  readonly name?: string | null;
  readonly clientId?: string | null;
  /** The grant (RFC 6749 §1.3) that it came from: revoked with it. */
  readonly grantId?: string | null;
  readonly environment?: string | null;
  readonly issuedAt?: number;
  readonly lastUsedAt?: number | null;
  readonly useCount?: number;
  /** Id of the record that this one replaced. */
  readonly rotatedFrom?: string | null;
  readonly confirmation?: Confirmation | null;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const isTime = (value: unknown): boolean =>
  value === null || (typeof value === 'number' && Number.isFinite(value));
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isOptionalText = (value: unknown): boolean =>
  value === undefined || value === null || typeof value === 'string';
const isOptionalObject = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value));

/**
 * The record that a store answered for `digest`, or an Error: a store that talks nonsense is an
 * outage, and guessing what it meant would be to let someone in on a guess.
 */
export function checkRecord(record: unknown, digest: string): CredentialRecord {
  const r = record as CredentialRecord;
  const sound =
    typeof record === 'object' &&
    record !== null &&
    r.digest === digest &&
    isText(r.id) &&
    isText(r.kind) &&
    isText(r.subject) &&
    Array.isArray(r.scopes) &&
    r.scopes.every((scope) => typeof scope === 'string') &&
    isTime(r.expiresAt) &&
    isTime(r.revokedAt) &&
    isOptionalText(r.clientId) &&
    isOptionalText(r.grantId) &&
    isOptionalText(r.environment) &&
    isOptionalObject(r.confirmation) &&
    isOptionalObject(r.metadata);
  if (!sound) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'The credential store answered something that is not the record it was asked for',
    );
  }
  return r;
}
