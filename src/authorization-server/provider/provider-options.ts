import type { ScopeCatalogue } from '../../credential/scopes';
import type { StateStore } from '../../stores/store';
import type { ManagedVerifier } from '../../verifiers/stored';
import type { Audiences } from '../audiences';
import type { ClientRegistry } from '../clients/client-registry';
import type { EncryptedState } from '../encrypted-state';
import type { Endpoints } from '../endpoints';
import type { Grants } from '../grants';
import type { IssuedTokens } from '../issued-tokens';
import type { SigningJwk } from '../signing-keys';

export interface ProviderOptions {
  readonly issuer: string;
  /** The resources that tokens may be for. The first is the default. */
  readonly audiences: Audiences;
  readonly endpoints: Endpoints;
  readonly scopes: ScopeCatalogue;
  /** Whether users can log in. */
  readonly hasLogin: boolean;
  readonly storage: ProviderStorage;
  readonly tokens: ProviderTokens;
  readonly lifetimes: Lifetimes;
  /** Deadline of one store call, in milliseconds. */
  readonly timeoutMs: number;
}

/** Where the provider keeps its state. */
export interface ProviderStorage {
  readonly store: StateStore;
  readonly state: EncryptedState;
  readonly grants: Grants;
  readonly registry: ClientRegistry;
}

/** How access tokens are created and found again. */
export interface ProviderTokens {
  readonly issued: IssuedTokens;
  /** Issues opaque access tokens; undefined if access tokens are JWTs. */
  readonly opaque: ManagedVerifier | undefined;
  /** Signing keys for JWTs; undefined if access tokens are opaque. */
  readonly keys: readonly [SigningJwk, ...SigningJwk[]] | undefined;
}

/** Lifetimes in milliseconds. */
export interface Lifetimes {
  readonly accessTokenTtlMs: number;
  readonly refreshTokenTtlMs: number;
  /** How long a used refresh token may be used again. */
  readonly refreshGraceMs: number;
  readonly grantTtlMs: number;
}
