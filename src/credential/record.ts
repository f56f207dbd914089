import { codedError } from '../internal/errors';
import { isNonEmptyString, isObject } from '../internal/type-guards';

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
  /** The public ID. It is safe to log. */
  readonly id: string;
  /** `'api_key'`, `'access_token'` or `'session_token'`. */
  readonly kind: string;
  /** SHA-256 of the whole secret, base64url. */
  readonly digest: string;
  /** The account or user that the credential belongs to. */
  readonly subject: string;
  /** The granted scopes. */
  readonly scopes: readonly string[];
  /** When it expires; null for never. */
  readonly expiresAt: number | null;
  /** When it was revoked; null if it is not revoked. */
  readonly revokedAt: number | null;
  /** When it was disabled: it is rejected until it is enabled. Null if it is not disabled. */
  readonly disabledAt?: number | null;
  /** The visible start of the secret, to distinguish keys in a list. */
  readonly hint?: string;
  /** The name that its owner gave it. */
  readonly name?: string | null;
  /** The OAuth client that it was issued to. */
  readonly clientId?: string | null;
  /** The grant (RFC 6749 §1.3) that it came from: revoked with it. */
  readonly grantId?: string | null;
  /** The environment of an API key, such as `'live'`. */
  readonly environment?: string | null;
  /** When it was issued. */
  readonly issuedAt?: number;
  /** When it was last used, accurate to a second or so; null if never. */
  readonly lastUsedAt?: number | null;
  /** How many requests it was used for. */
  readonly useCount?: number;
  /** The ID of the record that this one replaced. */
  readonly rotatedFrom?: string | null;
  /** The key or certificate that it is bound to. */
  readonly confirmation?: Confirmation | null;
  /** Data of your own, which becomes the `claims` of the principal. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const isTime = (value: unknown): boolean =>
  value === null || (typeof value === 'number' && Number.isFinite(value));
const isOptionalText = (value: unknown): boolean =>
  value === undefined || value === null || typeof value === 'string';
const isOptionalObject = (value: unknown): boolean =>
  value === undefined || value === null || isObject(value);

/**
 * Returns the record of a digest as the store returned it.
 * @throws {Error} `ERR_LATCHKEY_STORE` if it is not a valid record of that digest: the request is
 * then 503
 */
export function checkRecord(record: unknown, digest: string): CredentialRecord {
  if (!isRecord(record) || record.digest !== digest) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'The credential store returned something that is not the requested record',
    );
  }
  return record;
}

function isRecord(value: unknown): value is CredentialRecord {
  if (!isObject(value)) {
    return false;
  }
  const { id, kind, subject, scopes, clientId, grantId, environment } = value;
  return (
    [id, kind, subject].every(isNonEmptyString) &&
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === 'string') &&
    [value.expiresAt, value.revokedAt, value.disabledAt ?? null].every(isTime) &&
    [clientId, grantId, environment].every(isOptionalText) &&
    [value.confirmation, value.metadata].every(isOptionalObject)
  );
}
