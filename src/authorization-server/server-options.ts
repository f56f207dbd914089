import * as z from 'zod';
import { typeError } from '../internal/errors';
import { isScopeToken, scopeCatalogue, type ScopeDeclaration } from '../credential/scopes';
import { aScopeDeclaration } from '../latchkey-options';
import {
  booleanOption,
  durationMs,
  functionOption,
  arrayOf,
  objectWithMethods,
  checkOptions,
  isIdentifier,
  check,
} from '../internal/options';
import type { CredentialStore, StateStore } from '../stores/store';
import { namesOneOwner, ONE_OWNER, ownerMembers } from '../credentials/credential-schemas';
import type { ManagedVerifier } from '../verifiers/stored';
import { endpointsSchema, type EndpointOptions } from './endpoints';
import type { Consent, Login } from './interaction/interaction';
import type { ClientCompatibility } from './request/client-compatibility';
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
  readonly audience?: string | readonly [string, ...string[]];
  /** Where the endpoints are; `/oauth/authorize`, `/oauth/token`, … by default. */
  readonly endpoints?: EndpointOptions;
  /** What clients were promised beside the RFCs; nothing by default. */
  readonly compatibility?: ClientCompatibility;
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

/** @see https://www.rfc-editor.org/rfc/rfc8707#section-2 */
const isResource = (value: unknown): boolean => typeof value === 'string' && URL.canParse(value) && !value.includes('#');

const LONGEST_MS = 100 * 365 * 24 * 3_600_000;

const schema = z.strictObject({
  issuer: check('an https URL without query and fragment (http on a loopback host)', isIdentifier),
  store: objectWithMethods(
    'find',
    'findById',
    'insert',
    'list',
    'update',
    'expireAt',
    'revoke',
    'revokeAll',
    'setIfAbsent',
    'set',
    'get',
    'getAndDelete',
  ),
  scopes: aScopeDeclaration,
  tokens: z.union(
    [objectWithMethods('issue', 'get', 'revoke', 'revokeAll'), z.strictObject({ keys: arrayOf('private keys', () => true) })],
    {
      error: 'must be accessTokens({ … }), or { keys: [ … ] } with at least one private key',
    },
  ),
  login: functionOption.optional(),
  consent: functionOption.optional(),
  audience: check('an absolute URL without fragment, or a non-empty list of them', (value) =>
    Array.isArray(value) ? value.length > 0 && value.every(isResource) : isResource(value),
  ).optional(),
  endpoints: endpointsSchema.optional(),
  compatibility: z
    .strictObject({
      jsonTokenRequests: booleanOption.optional(),
      formUnderJsonContentType: booleanOption.optional(),
      commaSeparatedScopes: booleanOption.optional(),
      tokenAtAuthorize: booleanOption.optional(),
      ignoreUnknownScopes: booleanOption.optional(),
    })
    .optional(),
  accessTokenTtlMs: durationMs(1_000, LONGEST_MS).optional(),
  refreshTokenTtlMs: durationMs(1_000, LONGEST_MS).optional(),
  refreshGraceMs: durationMs(0).optional(),
  grantTtlMs: durationMs(1_000, LONGEST_MS).optional(),
  timeoutMs: durationMs(1).optional(),
});

const WHOSE = `${ONE_OWNER}, a non-empty string`;
const whoseSchema = z
  .strictObject(ownerMembers, { error: ({ code }) => (code === 'invalid_type' ? WHOSE : undefined) })
  .refine(namesOneOwner, { error: WHOSE });

/** A TypeError unless it names one whose grants can be ended. */
export const checkOwner = (whose: unknown): void => checkOptions('server.revoke()', whoseSchema, whose);

/** Scopes that mean OpenID Connect to clients and to the engine. */
const RESERVED: readonly string[] = ['openid', 'offline_access'];

/** A TypeError for anything wrong, misspelt or unsafe; the names of the scopes otherwise. */
export function checkServerOptions(options: AuthorizationServerOptions): void {
  checkOptions('authorizationServer()', schema, options);
  const { names = [] } = scopeCatalogue(options.scopes);
  for (const name of names) {
    if (RESERVED.includes(name))
      throw typeError('ERR_LATCHKEY_OPTION', `authorizationServer(): scopes: ${name} is a word of OpenID Connect, which is not offered`);
    if (options.compatibility?.commaSeparatedScopes && name.includes(',') && isScopeToken(name))
      throw typeError(
        'ERR_LATCHKEY_OPTION',
        `authorizationServer(): scopes: ${name} has a comma, which compatibility.commaSeparatedScopes would split`,
      );
  }
}
