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
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isOptionalText = (value: unknown): boolean =>
  value === undefined || value === null || typeof value === 'string';
const isOptionalObject = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value));

/**
 * Returns what a store returned for `digest`, if it is a valid record. Anything else is an outage:
 * interpreting a malformed record could accept a credential by mistake.
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
    isTime(r.disabledAt ?? null) &&
    isOptionalText(r.clientId) &&
    isOptionalText(r.grantId) &&
    isOptionalText(r.environment) &&
    isOptionalObject(r.confirmation) &&
    isOptionalObject(r.metadata);
  if (!sound) {
    throw codedError(
      'ERR_LATCHKEY_STORE',
      'The credential store returned something that is not the requested record',
    );
  }
  return r;
}
