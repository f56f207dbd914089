import { frozenJson } from './freeze';

/**
 * Who calls, and with which scopes. It has the same shape for every kind of credential. It is deeply
 * frozen, shared between requests, and never contains the secret.
 */
export interface Principal {
  /** The kind of credential, such as `'access_token'` for opaque tokens and JWTs. */
  readonly kind: 'api_key' | 'access_token' | 'session_token' | (string & {});
  /** The name of the verifier that verified it: `'api_keys'`, `'jwt'`, … */
  readonly verifier: string;
  /**
   * The user, account or client: `sub` of a token, or `client_id` for a token of a client.
   * @see https://www.rfc-editor.org/rfc/rfc9068#section-2.2
   */
  readonly subject: string;
  /** The issuer of a token (`iss`). A subject is unique only within its issuer. */
  readonly issuer?: string;
  /** The OAuth client that the credential was issued to. */
  readonly clientId?: string;
  /** The ID of the record, or `jti` of a token. It is safe to log. */
  readonly credentialId?: string;
  /** The environment of an API key, such as `'live'` or `'test'`. */
  readonly environment?: string;
  /** The granted scopes, including those that they imply. */
  readonly scopes: readonly string[];
  /** When the credential expires, in milliseconds since the epoch. */
  readonly expiresAt?: number;
  /** The JWT's claims, or the record's metadata. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Returns a frozen copy that shares nothing with `principal`. Claims become JSON: a Date becomes its
 * text, because a frozen Date can still be changed.
 */
export function freezePrincipal(principal: Principal): Principal {
  return frozenJson(principal) as Principal;
}

/** The authentication information that the MCP SDK passes to its tools. */
export interface AuthInfo {
  /** The token as the client sent it. */
  token: string;
  /** The OAuth client, or the subject if there is none. */
  clientId: string;
  /** The granted scopes. */
  scopes: string[];
  /** When the token expires, in seconds since the epoch. */
  expiresAt?: number;
  /** The `subject`, `kind`, `issuer` and `claims` of the principal. */
  extra?: Record<string, unknown>;
}

/**
 * Converts a principal to the `AuthInfo` of the MCP SDK. The SDK rejects a token without an expiry,
 * so a key that never expires gets one in an hour. It never throws.
 * @param principal the principal, as `getAuth()` returns it
 * @param token the token as the client sent it, which a principal does not contain
 * @returns the information for the SDK
 * @example
 * req.auth = toAuthInfo(getAuth(req), token);
 */
export function toAuthInfo(principal: Principal, token: string): AuthInfo & { expiresAt: number } {
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
