import * as z from 'zod/mini';

import { isScopeToken, scopeCatalogue, type ScopeDeclaration } from '../credential/scopes';
import { namesOneOwner, ONE_OWNER, ownerMembers } from '../credentials/credential-schemas';
import { typeError } from '../internal/errors';
import {
  arrayOf,
  booleanOption,
  check,
  checkOptions,
  durationMs,
  functionOption,
  isIdentifier,
  objectWithMethods,
} from '../internal/options';
import { isObject } from '../internal/type-guards';
import { scopeDeclaration } from '../latchkey-options';
import { type PagesOptions, pagesSchema } from '../pages/pages-options';
import type { CredentialStore, StateStore } from '../stores/store';
import { CREDENTIAL_STORE_METHODS, STATE_STORE_METHODS } from '../stores/store-methods';
import type { ManagedVerifier } from '../verifiers/stored';
import { type AudienceOption, toHref, toUrl } from './audiences';
import { contextSchema } from './clients/client-schemas';
import { type RegistrationOptions, registrationSchema } from './clients/registration-options';
import { type EndpointOptions, endpointsSchema } from './endpoints';
import { featureMembers, type FeatureOptions } from './feature-options';
import type { Consent, Login } from './interaction/interaction';
import { english } from './pages/texts/en';
import type { Texts } from './pages/texts/texts';
import type { ClientCompatibility } from './request/client-compatibility';
import type { JwtAccessTokens } from './signing-keys';

/** Options of `authorizationServer()`. */
export interface AuthorizationServerOptions<
  S extends ScopeDeclaration = ScopeDeclaration,
> extends FeatureOptions {
  /**
   * Identifier of this server (RFC 8414 §2): an `https` URL without query and fragment, or `http`
   * on a loopback host.
   */
  readonly issuer: string;
  /** Stores clients and requests in progress: Redis, SQL or memory. */
  readonly store: CredentialStore & StateStore;
  /** The declaration that you pass to `latchkey({ scopes })`. */
  readonly scopes: S;
  /**
   * Issues opaque access tokens of a verifier, `accessTokens({ … })`, or JWTs (RFC 9068) signed
   * with these keys.
   */
  readonly tokens: ManagedVerifier | JwtAccessTokens;
  /**
   * Finds out who the user is: `loginPage({ … })` or your function. @default none: only client
   * credentials are offered
   */
  readonly login?: Login;
  /** Asks the user for consent. @default consentPage(), which is shown every time */
  readonly consent?: Consent;
  /**
   * `aud` of the tokens: a URL, or a list of which each may be requested by `resource`, compared as
   * URLs. `{ url, scopes }` instead of a URL limits the scopes of tokens for it.
   * @default the issuer
   * @see https://www.rfc-editor.org/rfc/rfc8707#section-2
   */
  readonly audience?: AudienceOption | readonly [AudienceOption, ...AudienceOption[]];
  /** Locations of the endpoints. @default `/oauth/authorize`, `/oauth/token` and so on */
  readonly endpoints?: EndpointOptions;
  /**
   * Look, language and texts of the built-in pages.
   * @default plain pages in the language that the browser requests
   */
  readonly pages?: PagesOptions<Texts>;
  /** What clients may do that the RFCs do not allow. @default nothing */
  readonly compatibility?: ClientCompatibility;
  /** How clients that you did not register become known. @default not at all */
  readonly registration?: RegistrationOptions;
  /** Lifetime of an access token in milliseconds. @default 3_600_000 (one hour) */
  readonly accessTokenTtlMs?: number;
  /** How long a refresh token may stay unused, in milliseconds. @default 2_592_000_000 (30 days) */
  readonly refreshTokenTtlMs?: number;
  /**
   * How long a used refresh token may be used again, in milliseconds, for clients that lose
   * responses. @default 0
   */
  readonly refreshGraceMs?: number;
  /**
   * Lifetime of a grant in milliseconds, however often it is refreshed. @default 31_536_000_000
   * (365 days)
   */
  readonly grantTtlMs?: number;
  /**
   * Deadline of one store call or one call of `allow` in `registration`, in milliseconds. After it,
   * the response is 503. @default 1_000
   */
  readonly timeoutMs?: number;
}

/** @see https://www.rfc-editor.org/rfc/rfc8707#section-2 */
const isResource = (value: unknown): boolean =>
  typeof value === 'string' && URL.canParse(value) && !value.includes('#');

const isAudience = (value: unknown): value is AudienceOption =>
  isResource(value) ||
  (isObject(value) &&
    Object.keys(value).every((name) => name === 'url' || name === 'scopes') &&
    isResource(value.url) &&
    isTextList(value.scopes));

const isTextList = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string');

const LONGEST_MS = 100 * 365 * 24 * 3_600_000;

const schema = z.strictObject({
  issuer: check('an https URL without query and fragment (http on a loopback host)', isIdentifier),
  store: objectWithMethods(...CREDENTIAL_STORE_METHODS, ...STATE_STORE_METHODS),
  scopes: scopeDeclaration,
  tokens: z.union(
    [
      objectWithMethods('issue', 'get', 'revoke', 'revokeAll'),
      z.strictObject({ keys: arrayOf('private keys', () => true) }),
    ],
    {
      error: 'must be accessTokens({ … }), or { keys: [ … ] } with at least one private key',
    },
  ),
  login: z.optional(functionOption),
  consent: z.optional(functionOption),
  audience: z.optional(
    check(
      'an absolute URL without fragment, { url, scopes }, or a non-empty list of them without repetition',
      (value) => {
        const listed = [value].flat();
        const urls = listed.map((one) => (isAudience(one) ? toHref(toUrl(one)) : undefined));
        return urls.length > 0 && !urls.includes(undefined) && new Set(urls).size === urls.length;
      },
    ),
  ),
  endpoints: z.optional(endpointsSchema),
  pages: z.optional(pagesSchema({ ...english })),
  compatibility: z.optional(
    z.strictObject({
      jsonTokenRequests: z.optional(booleanOption),
      formUnderJsonContentType: z.optional(booleanOption),
      commaSeparatedScopes: z.optional(booleanOption),
      tokenAtAuthorize: z.optional(booleanOption),
      ignoreUnknownScopes: z.optional(booleanOption),
    }),
  ),
  registration: z.optional(registrationSchema),
  accessTokenTtlMs: z.optional(durationMs(1_000, LONGEST_MS)),
  refreshTokenTtlMs: z.optional(durationMs(1_000, LONGEST_MS)),
  refreshGraceMs: z.optional(durationMs(0)),
  grantTtlMs: z.optional(durationMs(1_000, LONGEST_MS)),
  timeoutMs: z.optional(durationMs(1)),
  ...featureMembers,
});

const ONE_OWNER_TEXT = `${ONE_OWNER}, a non-empty string`;
const ownerSchema = z
  .strictObject(ownerMembers, {
    error: ({ code }) => (code === 'invalid_type' ? ONE_OWNER_TEXT : undefined),
  })
  .check(z.refine(namesOneOwner, { error: ONE_OWNER_TEXT }));

/** @throws ERR_LATCHKEY_OPTION unless it names exactly one owner */
export function checkOwner(owner: unknown, context: unknown): void {
  checkOptions('server.revoke()', ownerSchema, owner);
  checkOptions('server.revoke()', contextSchema, context);
}

/** Scopes of OpenID Connect, which clients and oidc-provider treat specially. */
const RESERVED: readonly string[] = ['openid', 'offline_access'];

/** @throws ERR_LATCHKEY_OPTION if an option has no effect without a login */
function checkLogin(options: AuthorizationServerOptions): void {
  const { login, registration, pushedAuthorizationRequests, deviceFlow } = options;
  const needsLogin = {
    registration: registration?.dynamic || registration?.metadataDocuments,
    pushedAuthorizationRequests,
    deviceFlow,
  };
  const [name] = Object.entries(needsLogin).find(([, value]) => value) ?? [];
  if (name !== undefined && !login) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      `authorizationServer(): option "${name}" requires "login"`,
    );
  }
}

/** @throws ERR_LATCHKEY_SCOPE if an audience has a scope that is not declared */
function checkAudienceScopes(
  { issuer, audience = issuer }: AuthorizationServerOptions,
  names: readonly string[],
): void {
  const scopes = [audience].flat().flatMap((one) => (typeof one === 'string' ? [] : one.scopes));
  const unknown = scopes.find((scope) => !names.includes(scope));
  if (unknown !== undefined) {
    throw typeError(
      'ERR_LATCHKEY_SCOPE',
      `authorizationServer(): option "audience": ${unknown} is not declared in "scopes"`,
    );
  }
}

/** @throws ERR_LATCHKEY_OPTION if an option is missing, unknown, of the wrong type or unsafe */
export function checkServerOptions(options: AuthorizationServerOptions): void {
  checkOptions('authorizationServer()', schema, options);
  checkLogin(options);
  const { names = [] } = scopeCatalogue(options.scopes);
  checkAudienceScopes(options, names);
  for (const name of names) {
    if (RESERVED.includes(name)) {
      throw typeError(
        'ERR_LATCHKEY_OPTION',
        `authorizationServer(): scopes: ${name} belongs to OpenID Connect, which is not offered`,
      );
    }
    if (options.compatibility?.commaSeparatedScopes && name.includes(',') && isScopeToken(name)) {
      throw typeError(
        'ERR_LATCHKEY_OPTION',
        `authorizationServer(): scopes: ${name} has a comma, which compatibility.commaSeparatedScopes would split`,
      );
    }
  }
}
