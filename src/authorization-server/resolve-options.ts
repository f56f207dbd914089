import { type ScopeCatalogue, scopeCatalogue } from '../credential/scopes';
import type { CredentialStore, StateStore } from '../stores/store';
import type { ManagedVerifier } from '../verifiers/stored';
import { type Audiences, audienceScopes, type ScopesOf, toUrl } from './audiences';
import { type ResolvedRegistration, resolveRegistration } from './clients/registration-options';
import { type EndpointName, type Endpoints, resolveEndpoints } from './endpoints';
import { type ResolvedFeatures, resolveFeatures } from './feature-options';
import type { Consent, Login } from './interaction/interaction';
import { consentPage } from './pages/consent-page';
import { createServerPages, type ServerPages } from './pages/server-pages';
import type { ClientCompatibility } from './request/client-compatibility';
import type { AuthorizationServerOptions } from './server-options';
import { type SigningJwk, signingJwk } from './signing-keys';

/** The options of `authorizationServer()` with their defaults. */
export interface ResolvedServerOptions {
  readonly issuer: string;
  readonly audiences: Audiences;
  /** Which scopes a token for an audience may have. */
  readonly scopesOf: ScopesOf;
  readonly store: CredentialStore & StateStore;
  readonly endpoints: Endpoints;
  readonly pages: ServerPages;
  /** The endpoints that respond. The others are not published. */
  readonly offered: ReadonlySet<EndpointName>;
  readonly scopes: ScopeCatalogue;
  readonly signing: TokenKind;
  readonly compatibility: ClientCompatibility;
  readonly login: Login;
  readonly hasLogin: boolean;
  readonly consent: Consent;
  readonly registration: ResolvedRegistration;
  readonly features: ResolvedFeatures;
  readonly lifetimes: Lifetimes;
  /** Deadline of one store call, in milliseconds. */
  readonly timeoutMs: number;
}

/** Access tokens are opaque, of this verifier, or JWTs that these keys sign. */
export type TokenKind =
  | { readonly opaque: ManagedVerifier; readonly keys: undefined }
  | { readonly opaque: undefined; readonly keys: readonly [SigningJwk, ...SigningJwk[]] };

/** Lifetimes in milliseconds. */
export interface Lifetimes {
  readonly accessTokenTtlMs: number;
  readonly refreshTokenTtlMs: number;
  /** How long a used refresh token may be used again. */
  readonly refreshGraceMs: number;
  readonly grantTtlMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Completes checked options.
 * @throws {TypeError} `ERR_LATCHKEY_KEY` if a signing key cannot be used
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if colours of the pages have too little contrast
 */
export function resolveServerOptions(options: AuthorizationServerOptions): ResolvedServerOptions {
  const { issuer, audience = issuer, login, consent = consentPage() } = options;
  const listed = [audience].flat();
  const [first = issuer, ...others] = listed.map(toUrl);
  const scopes = scopeCatalogue(options.scopes);
  const signing = resolveTokens(options.tokens);
  const hasLogin = login !== undefined;
  const features = resolveFeatures(options, hasLogin);
  const registration = resolveRegistration(login ? options.registration : undefined);
  return {
    issuer,
    audiences: [first, ...others],
    scopesOf: audienceScopes(listed, scopes),
    store: options.store,
    endpoints: resolveEndpoints(issuer, options.endpoints),
    pages: createServerPages(options.pages),
    offered: offeredEndpoints(signing, hasLogin, { features, registration }),
    scopes,
    signing,
    compatibility: options.compatibility ?? {},
    login: login ?? (() => null),
    hasLogin,
    consent,
    features,
    registration,
    lifetimes: resolveLifetimes(options),
    timeoutMs: options.timeoutMs ?? 1_000,
  };
}

function resolveLifetimes(options: AuthorizationServerOptions): Lifetimes {
  return {
    accessTokenTtlMs: options.accessTokenTtlMs ?? HOUR_MS,
    refreshTokenTtlMs: options.refreshTokenTtlMs ?? 30 * DAY_MS,
    refreshGraceMs: options.refreshGraceMs ?? 0,
    grantTtlMs: options.grantTtlMs ?? 365 * DAY_MS,
  };
}

function resolveTokens(tokens: AuthorizationServerOptions['tokens']): TokenKind {
  if (!('keys' in tokens)) {
    return { opaque: tokens, keys: undefined };
  }
  const [first, ...others] = tokens.keys;
  const where = (index: number) => `authorizationServer(): option "tokens.keys.${index}"`;
  return {
    opaque: undefined,
    keys: [
      signingJwk(first, where(0)),
      ...others.map((key, index) => signingJwk(key, where(index + 1))),
    ],
  };
}

function offeredEndpoints(
  { keys }: TokenKind,
  hasLogin: boolean,
  { features, registration }: Pick<ResolvedServerOptions, 'features' | 'registration'>,
): ReadonlySet<EndpointName> {
  const optional: readonly (readonly [boolean, readonly EndpointName[]])[] = [
    [hasLogin, ['authorization', 'interaction']],
    [keys !== undefined, ['jwks']],
    [registration.dynamic !== undefined, ['registration']],
    [features.hasPushedRequests, ['pushedAuthorizationRequest']],
    [features.hasDeviceFlow, ['deviceAuthorization', 'deviceVerification']],
  ];
  return new Set([
    ...(['token', 'revocation', 'introspection'] as const),
    ...optional.flatMap(([isOn, names]) => names.filter(() => isOn)),
  ]);
}
