import { typeError } from '../internal/errors';
import { isObject } from '../internal/type-guards';
import { frozenJson } from './freeze';

/**
 * Who calls, and with which scopes: the same shape for every kind of credential. It is deeply
 * frozen, shared between requests, and does not contain the secret.
 */
export interface Principal {
  /** What the credential is, regardless of its format. */
  readonly kind: 'api_key' | 'access_token' | 'session_token' | (string & {});
  /** Name of the verifier that verified it, such as `'api_keys'` or `'jwt'`. */
  readonly verifier: string;
  /** The owner of a key, or `sub` of a token. For a token without a user, its `client_id`. */
  readonly subject: string;
  /** `iss` of a token. A subject is unique only within its issuer. */
  readonly issuer?: string;
  /** The OAuth client that acts, if there is one. */
  readonly clientId?: string;
  /** ID of the record, or `jti`. Safe to log. */
  readonly credentialId?: string;
  /** Environment of an API key, such as `'live'` or `'test'`. */
  readonly environment?: string;
  /** Granted scopes, including implied ones. */
  readonly scopes: readonly string[];
  /** When the credential expires, in milliseconds since the epoch. */
  readonly expiresAt?: number;
  /** The claims of a token, or the metadata of a stored credential. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Returns a deeply frozen copy. Claims become JSON, so a Date becomes a string. */
export function freezePrincipal(principal: Principal): Principal {
  return frozenJson(principal) as Principal;
}

/** @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` unless the value is a principal */
export function checkPrincipal(where: string, value: unknown): void {
  if (!isObject(value) || typeof value.subject !== 'string' || !Array.isArray(value.scopes)) {
    throw typeError(
      'ERR_LATCHKEY_ARGUMENT',
      `${where}: "principal" must be a principal, as getAuth() returns it`,
    );
  }
}

/** What the SDK of the Model Context Protocol passes to tools as `authInfo`. */
export interface AuthInfo {
  /** The access token as presented. */
  token: string;
  /** The client, or the subject if there is none. */
  clientId: string;
  /** Granted scopes. */
  scopes: string[];
  /** Expiry, in seconds since the epoch. */
  expiresAt?: number;
  /** `subject`, `kind`, `issuer` and `claims` of the principal. */
  extra?: Record<string, unknown>;
}

/**
 * Converts a principal to the `AuthInfo` of the Model Context Protocol SDK. The SDK rejects a token
 * without an expiry, so a key that never expires gets one hour from now.
 * @param principal the principal, as `getAuth()` returns it
 * @param token the credential as presented: the SDK requires it, and a principal lacks it
 * @returns a new object, with `expiresAt` in seconds since the epoch
 * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` if `principal` is not a principal or `token` is not a
 * non-empty string
 * @see https://modelcontextprotocol.io/specification/2025-06-18/basic/authorization
 * @example
 * req.auth = toAuthInfo(getAuth(req), token);
 */
export function toAuthInfo(principal: Principal, token: string): AuthInfo & { expiresAt: number } {
  checkPrincipal('toAuthInfo()', principal);
  if (typeof token !== 'string' || token === '') {
    throw typeError('ERR_LATCHKEY_ARGUMENT', 'toAuthInfo(): "token" must be a non-empty string');
  }
  return {
    token,
    clientId: principal.clientId ?? principal.subject,
    scopes: [...principal.scopes],
    expiresAt: Math.floor((principal.expiresAt ?? Date.now() + 3_600_000) / 1000),
    extra: {
      subject: principal.subject,
      kind: principal.kind,
      issuer: principal.issuer,
      claims: principal.claims,
    },
  };
}
