import type { AdapterPayload } from 'oidc-provider';

import { toDigest, toRecordId } from '../credential/digest';
import type { Confirmation } from '../credential/record';
import type { CredentialOwner } from '../credentials/records';
import { membersIf, omitUndefined } from '../internal/objects';
import type { CredentialStore, StateStore } from '../stores/store';
import { jwt } from '../verifiers/jwt/jwt';
import type { ManagedVerifier } from '../verifiers/stored';
import type { Audiences } from './audiences';
import { publicJwk, type SigningJwk } from './signing-keys';

/** Access tokens that this server issued: records of a store, or JWTs. */
export interface IssuedTokens {
  /**
   * Returns what oidc-provider must know about a valid token. A token without a grant is a client's
   * own.
   */
  readonly find: (token: string) => Promise<AdapterPayload | undefined>;
  /** Revokes one token by the `jti` that `find` returned. */
  revoke(jti: string): Promise<unknown>;
  /** Revokes all tokens of a subject, a client or a grant. */
  revokeAll(owner: CredentialOwner): Promise<unknown>;
}

const kindOf = (grantId: string | null | undefined) =>
  grantId ? 'AccessToken' : 'ClientCredentials';

/** Finds and revokes opaque tokens, which are credentials of the store. */
export function opaqueTokens(verifier: ManagedVerifier, audiences: Audiences): IssuedTokens {
  const recordId = (token: string) => toRecordId(toDigest(token));
  return {
    async find(token) {
      const record = await verifier.get(recordId(token));
      if (!record || record.revokedAt !== null || record.disabledAt !== null) {
        return undefined;
      }
      const { subject, clientId, grantId, scopes, issuedAt, expiresAt, metadata } = record;
      return {
        kind: kindOf(grantId),
        jti: token,
        iat: Math.floor(issuedAt / 1000),
        ...membersIf(expiresAt !== null, { exp: Math.floor((expiresAt ?? 0) / 1000) }),
        ...omitUndefined({
          jkt: thumbprintOf(record.confirmation),
          clientId: clientId ?? undefined,
        }),
        ...ownerOf(grantId, subject),
        scope: scopes.join(' '),
        aud: (metadata.aud as string | undefined) ?? audiences[0],
        extra: { ...metadata, sub: subject },
      };
    },
    revoke: (token) => verifier.revoke(recordId(token)),
    revokeAll: (owner) => verifier.revokeAll(owner),
  };
}

export interface JwtTokensOptions {
  readonly issuer: string;
  readonly audiences: Audiences;
  readonly keys: readonly SigningJwk[];
  readonly store: CredentialStore & StateStore;
  readonly ttlMs: number;
}

interface JwtClaims {
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly aud: string;
  readonly scope?: string;
  readonly cnf?: Confirmation;
}

/** A client's own lifetime of JWTs is at most this, unless those of all clients are longer. */
const MAX_CLIENT_TTL_MS = 30 * 86_400_000;
/** Clock skew of guards. A revocation is stored until the token has expired for them, too. */
const TOLERANCE_MS = 300_000;

/**
 * Finds and revokes JWTs. They are verified as by every guard, with the revocations of every guard
 * that has the same store.
 */
export function jwtTokens({
  issuer,
  audiences,
  keys,
  store,
  ttlMs,
}: JwtTokensOptions): IssuedTokens {
  const verifier = jwt({
    issuer,
    audience: audiences,
    profile: 'rfc9068',
    revocations: store,
    // This server's own clock.
    clockToleranceMs: 0,
    algorithms: [...new Set(keys.map(({ alg }) => alg))],
    jwks: { keys: keys.map(publicJwk) },
    maxLifetimeMs: Math.max(ttlMs, MAX_CLIENT_TTL_MS) + 2 * TOLERANCE_MS,
  });
  return {
    async find(tilded) {
      const verification = await verifier.verify({
        extractor: 'bearer',
        token: tilded.replaceAll(SEPARATOR, '.'),
      });
      if (!verification.ok) {
        return undefined;
      }
      const { principal, grantId } = verification;
      const { jti, iat, exp, aud, scope = '', cnf } = principal.claims as unknown as JwtClaims;
      return {
        kind: kindOf(grantId),
        jti,
        iat,
        exp,
        scope,
        aud,
        extra: principal.claims,
        clientId: principal.clientId as string,
        ...omitUndefined({ jkt: thumbprintOf(cnf) }),
        ...ownerOf(grantId, principal.subject),
      };
    },
    revoke: (jti) => verifier.revoke({ credentialId: jti }),
    revokeAll: (owner) => verifier.revoke(owner),
  };
}

const thumbprintOf = (confirmation?: { readonly jkt?: unknown } | null): string | undefined =>
  typeof confirmation?.jkt === 'string' ? confirmation.jkt : undefined;

const ownerOf = (grantId: string | null | undefined, accountId: string) =>
  typeof grantId === 'string' ? { grantId, accountId } : {};

const SEPARATOR = '~';

/**
 * oidc-provider refuses anything that looks like a JWT at the revocation and introspection
 * endpoints. In this form it looks it up.
 */
export const withTildes = (value: string): string => value.replaceAll('.', SEPARATOR);
