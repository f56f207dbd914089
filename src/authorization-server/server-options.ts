import { isScopeToken, scopeCatalogue, type ScopeDeclaration } from '../credential/scopes';
import { aScopeDeclaration } from '../latchkey-options';
import { aBoolean, aDuration, aFunction, aListOf, anObjectWith, aText, checkOptions, isIdentifier, must, z } from '../internal/options';
import type { CredentialStore, StateStore } from '../stores/store';
import { namesOneOwner, ONE_OWNER, ownerMembers } from '../credentials/credential-schemas';
import type { ManagedVerifier } from '../verifiers/stored';
import { endpointsSchema, type EndpointOptions } from './endpoints';
import type { Consent, Login } from './login';
import type { Dialect } from './requests';
import type { JwtAccessTokens } from './signing-keys';

export interface AuthorizationServerOptions<S extends ScopeDeclaration = ScopeDeclaration> {
  /** Identifier of this server (RFC 8414 §2): an `https` URL without query and fragment; `http` on a loopback host. */
  readonly issuer: string;
  /** Clients, and what is in progress. Redis, SQL or memory. */
  readonly store: CredentialStore & StateStore;
  /** The same declaration as that of `latchkey({ scopes })`. */
  readonly scopes: S;
  /** Opaque access tokens of this verifier, `accessTokens({ … })`; or JWTs (RFC 9068) signed with these keys. */
  readonly tokens: ManagedVerifier | JwtAccessTokens;
  /** Who is this? `loginPage({ … })`, or a function of your own. Without it there are client credentials alone. */
  readonly login?: Login;
  /** Did they agree? `consentPage()` by default, which asks every time. */
  readonly consent?: Consent;
  /** `aud` of the tokens, and the only `resource` that may be asked for (RFC 8707); the issuer by default. */
  readonly audience?: string;
  /** Where the endpoints are; `/oauth/authorize`, `/oauth/token`, … by default. */
  readonly endpoints?: EndpointOptions;
  /** What clients were promised beside the RFCs; nothing by default. */
  readonly dialect?: Dialect;
  /** Life of an access token in milliseconds; one hour by default. */
  readonly accessTokenTtlMs?: number;
  /** How long a refresh token can lie unused; 30 days by default. */
  readonly refreshTokenTtlMs?: number;
  /** How long a refresh token that was used may be used again, for clients that lose answers; 0 by default. */
  readonly refreshGraceMs?: number;
  /** How long a grant lives, however often it is refreshed; one year by default. */
  readonly grantTtlMs?: number;
  /** Deadline of one call of the store in milliseconds, past which the answer is 503; 1 000 by default. */
  readonly timeoutMs?: number;
}

const LONGEST_MS = 100 * 365 * 24 * 3_600_000;

const schema = z.strictObject({
  issuer: must('an https URL without query and fragment (http on a loopback host)', isIdentifier),
  store: anObjectWith('find', 'findById', 'insert', 'list', 'update', 'end', 'revoke', 'revokeAll', 'put', 'replace', 'get', 'take'),
  scopes: aScopeDeclaration,
  tokens: z.union([anObjectWith('issue', 'get', 'revoke', 'revokeAll'), z.strictObject({ keys: aListOf('private keys', () => true) })], {
    error: 'must be accessTokens({ … }), or { keys: [ … ] } with at least one private key',
  }),
  login: aFunction.optional(),
  consent: aFunction.optional(),
  audience: aText.optional(),
  endpoints: endpointsSchema.optional(),
  dialect: z
    .strictObject({
      jsonTokenRequests: aBoolean.optional(),
      formUnderJsonContentType: aBoolean.optional(),
      commaSeparatedScopes: aBoolean.optional(),
      tokenAtAuthorize: aBoolean.optional(),
    })
    .optional(),
  accessTokenTtlMs: aDuration(1_000, LONGEST_MS).optional(),
  refreshTokenTtlMs: aDuration(1_000, LONGEST_MS).optional(),
  refreshGraceMs: aDuration(0).optional(),
  grantTtlMs: aDuration(1_000, LONGEST_MS).optional(),
  timeoutMs: aDuration(1).optional(),
});

const WHOSE = `${ONE_OWNER}, a non-empty string`;
const whoseSchema = z
  .strictObject(ownerMembers, { error: ({ code }) => (code === 'invalid_type' ? WHOSE : undefined) })
  .refine(namesOneOwner, { error: WHOSE });

/** A TypeError unless it names one whose grants can be ended. */
export const checkWhose = (whose: unknown): void => checkOptions('server.revoke()', whoseSchema, whose);

/** Scopes that mean OpenID Connect to clients and to the engine. */
const RESERVED: readonly string[] = ['openid', 'offline_access'];

/** A TypeError for anything wrong, misspelt or unsafe; the names of the scopes otherwise. */
export function checkServerOptions(options: AuthorizationServerOptions): void {
  checkOptions('authorizationServer()', schema, options);
  const { names = [] } = scopeCatalogue(options.scopes);
  for (const name of names) {
    if (RESERVED.includes(name))
      throw new TypeError(`authorizationServer(): scopes: ${name} is a word of OpenID Connect, which is not offered`);
    if (options.dialect?.commaSeparatedScopes && name.includes(',') && isScopeToken(name))
      throw new TypeError(`authorizationServer(): scopes: ${name} has a comma, which dialect.commaSeparatedScopes would split`);
  }
}
