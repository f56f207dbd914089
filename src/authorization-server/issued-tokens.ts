import type { AdapterPayload } from 'oidc-provider';
import { digestOf, idOf } from '../credential/digest';
import type { CredentialStore, StateStore } from '../stores/store';
import { jwt } from '../verifiers/jwt/jwt';
import type { CredentialOwner } from '../credentials/credential-manager';
import type { ManagedVerifier } from '../verifiers/stored';
import type { Audiences } from './audiences';
import { publicJwk, type SigningJwk } from './signing-keys';

/** Access tokens that this server issued, be they records of a store or JWTs. */
export interface IssuedTokens {
  /** What the engine is to know of a token that is good. Those without a grant are a client's own. */
  readonly find: (token: string) => Promise<AdapterPayload | undefined>;
  /** Ends one, by the `jti` that `find` gave it. */
  revoke(jti: string): Promise<unknown>;
  /** Ends all that a subject, a client or a grant holds. */
  revokeAll(whose: CredentialOwner): Promise<unknown>;
}

const kindOf = (grantId: string | null | undefined) => (grantId ? 'AccessToken' : 'ClientCredentials');

/** Access tokens as the credentials that they are. */
export function opaqueTokens(verifier: ManagedVerifier, audiences: Audiences): IssuedTokens {
  const recordId = (token: string) => idOf(digestOf(token));
  return {
    async find(token) {
      const record = await verifier.get(recordId(token));
      if (!record || record.revokedAt !== null) return undefined;
      const { subject, clientId, grantId, scopes, issuedAt, expiresAt, metadata } = record;
      return {
        kind: kindOf(grantId),
        jti: token,
        iat: Math.floor(issuedAt / 1000),
        ...(expiresAt !== null && { exp: Math.floor(expiresAt / 1000) }),
        ...(clientId !== null && { clientId }),
        ...(grantId !== null && { grantId, accountId: subject }),
        scope: scopes.join(' '),
        aud: (metadata.aud as string | undefined) ?? audiences[0],
        extra: { ...metadata, sub: subject },
      };
    },
    revoke: (token) => verifier.revoke(recordId(token)),
    revokeAll: (whose) => verifier.revokeAll(whose),
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
}

const DAY_MS = 86_400_000;
/** As far as a guard's clock may be off: a revocation is kept until what it is about is over there, too. */
const TOLERANCE_MS = 300_000;

/** JWTs, proven as every guard proves them, with the marks that every guard with the same store looks at. */
export function jwtTokens({ issuer, audiences, keys, store, ttlMs }: JwtTokensOptions): IssuedTokens {
  const verifier = jwt({
    ...{ issuer, audience: audiences, profile: 'rfc9068', revocations: store },
    algorithms: [...new Set(keys.map(({ alg }) => alg))],
    jwks: { keys: keys.map(publicJwk) },
    maxLifetimeMs: Math.max(ttlMs, DAY_MS) + 2 * TOLERANCE_MS,
  });
  return {
    async find(tilded) {
      const verification = await verifier.verify({ extractor: 'bearer', token: tilded.replaceAll(SEPARATOR, '.') });
      if (!verification.ok) return undefined;
      const { principal, grantId } = verification;
      const { jti, iat, exp, aud, scope = '' } = principal.claims as unknown as JwtClaims;
      return {
        ...{ kind: kindOf(grantId), jti, iat, exp, scope, aud, extra: principal.claims },
        clientId: principal.clientId as string,
        ...(grantId !== undefined && { grantId, accountId: principal.subject }),
      };
    },
    revoke: (jti) => verifier.revoke({ credentialId: jti }),
    revokeAll: (whose) => verifier.revoke(whose),
  };
}

const SEPARATOR = '~';

/** oidc-provider refuses anything that looks like a JWT at the revocation and introspection endpoints. In this form it looks it up. */
export const withTildes = (value: string): string => value.replaceAll('.', SEPARATOR);
