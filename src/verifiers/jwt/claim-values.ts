import { isScopeToken } from '../../credential/scopes';
import { isNonEmptyString, isObject } from '../../internal/type-guards';

/** The claims of a JWT, or the members of an introspection response. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * Whether a value is a NumericDate: seconds since the epoch that are finite in milliseconds too.
 */
export const isNumericDate = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && Number.isFinite(value * 1000);

/** Converts a NumericDate to milliseconds since the epoch. Returns undefined for anything else. */
export const toMilliseconds = (value: unknown): number | undefined =>
  isNumericDate(value) ? value * 1000 : undefined;

/** Reads a claim by a configured name, which may be that of an inherited member of objects. */
export const readClaim = (claims: Claims, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined;

/** Reads a claim as a string. Returns undefined for anything but a non-empty string. */
export const readText = (claims: Claims, name: string): string | undefined => {
  const value = readClaim(claims, name);
  return isNonEmptyString(value) ? value : undefined;
};

/**
 * Returns the subject: `sub`, or the client if the token shows that there is no user. Only the
 * registered claim `client_id` shows that (RFC 9068 §2.2). Tokens of users have claims such as
 * `azp` too: as the subject, `azp` would make one subject of all users of a client.
 */
export function readSubject(claims: Claims, clientIdClaim: string): string | undefined {
  if (claims.sub !== undefined) {
    return readText(claims, 'sub');
  }
  const isOfClient = clientIdClaim === 'client_id' && !hasUsername(claims);
  return isOfClient ? readText(claims, 'client_id') : undefined;
}

/** Whether the claims name a user by `username`. */
export const hasUsername = ({ username }: Claims): boolean =>
  username !== undefined && username !== null && username !== '';

/**
 * Reads the scopes: a space-separated string (RFC 8693 §4.2) or a list. Entries that are not scope
 * tokens are skipped. A claim that is null counts as absent.
 *
 * @param names - the claims that may hold the scopes; the first one present does
 * @returns undefined if the claim is neither a string nor a list
 */
export function readScopes(
  claims: Claims,
  names: readonly string[],
): readonly string[] | undefined {
  const values = names.map((name) => readClaim(claims, name) ?? undefined);
  const value = values.find((one) => one !== undefined) ?? '';
  const scopes: unknown = typeof value === 'string' ? value.split(' ') : value;
  return Array.isArray(scopes) ? [...new Set(scopes.filter(isScopeToken))] : undefined;
}

/** Whether `aud`, a string or a list (RFC 7519 §4.1.3), names one of the audiences. */
export function namesAudience(aud: unknown, audiences: ReadonlySet<string>): boolean {
  const named: unknown = typeof aud === 'string' ? [aud] : aud;
  return (
    Array.isArray(named) &&
    named.every((one) => typeof one === 'string') &&
    named.some((one) => audiences.has(one))
  );
}

/** Whether `cnf` has no member, so that nothing could be verified. */
export const isEmptyConfirmation = (cnf: unknown): boolean =>
  isObject(cnf) && Object.keys(cnf).length === 0;

/** Removes the optional `application/` of a media type, and its case (RFC 7515 §4.1.9). */
export const toBareType = (typ: string): string => typ.toLowerCase().replace(/^application\//, '');
