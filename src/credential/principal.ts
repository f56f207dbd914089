import { frozenJson } from './freeze';

/**
 * Who calls, and with which scopes: the same shape whatever credential the client brought.
 * Deeply frozen, shared between requests, and without the secret.
 */
export interface Principal {
  /** What the credential means, not its format. */
  readonly kind: 'api_key' | 'access_token' | 'session_token' | (string & {});
  /** Name of the verifier that proved it: `'api_keys'`, `'jwt'`, … */
  readonly verifier: string;
  /** `sub` (RFC 7519 §4.1.2); `client_id` for a token without one. */
  readonly subject: string;
  /** `iss`: a subject is unique only within its issuer. */
  readonly issuer?: string;
  readonly clientId?: string;
  /** Record id or `jti`: safe to log. */
  readonly credentialId?: string;
  readonly environment?: string;
  /** Granted scopes, implied ones included. */
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
  /** The JWT's claims, or the record's metadata. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * A frozen copy that shares nothing with `principal`. Claims are JSON: a Date (which freezing
 * cannot hold) becomes its text.
 */
export function freezePrincipal(principal: Principal): Principal {
  return frozenJson(principal) as Principal;
}

/** The authentication information that the Model Context Protocol's SDK hands to its tools. */
export interface AuthInfo {
  token: string;
  clientId: string;
  scopes: string[];
  /** Seconds since the epoch. */
  expiresAt?: number;
  extra?: Record<string, unknown>;
}

/**
 * A principal as the Model Context Protocol SDK's `AuthInfo`. `token` is what the client presented:
 * the SDK keeps it, a principal does not. The SDK refuses a token without an expiry, so a key that
 * never expires is given an hour from now.
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
