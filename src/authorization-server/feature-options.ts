import * as z from 'zod/mini';

import { arrayOf, booleanOption, check, functionOption } from '../internal/options';
import { AUTH_METHODS, type Client, type ClientAuthMethod } from './clients/client';
import type { RegistrationOptions } from './clients/registration-options';

/** What an access token is issued for. */
export interface IssuedFor {
  /** `sub` of the token: the user, or the client if there is none. */
  readonly subject: string;
  /** The client that requested the token. */
  readonly client: Client;
  /** The scopes of the token. */
  readonly scopes: readonly string[];
  /** `aud` of the token. */
  readonly audience: string;
}

/**
 * Returns claims for an access token. JWTs and introspection responses have them, and so has the
 * principal of a guard.
 */
export type TokenClaims = (issued: IssuedFor) => object | Promise<object>;

/** How access tokens are bound to keys of clients (RFC 9449). */
export interface ServerDpopOptions {
  /**
   * Requires a nonce of this server in every proof. The secret, of 32 bytes or more, is the same on
   * all instances.
   * @default no nonce
   * @see https://www.rfc-editor.org/rfc/rfc9449#section-8
   */
  readonly nonce?: { readonly secret: string | Uint8Array };
}

/**
 * The configuration of oidc-provider. Its members are described by `Configuration` of
 * `@types/oidc-provider`.
 * @see https://github.com/panva/node-oidc-provider/blob/v9.x/docs/README.md#configuration-options
 */
export interface ProviderConfiguration {
  /** Optional parts of oidc-provider, by name. */
  readonly features?: Readonly<Record<string, object | undefined>> | undefined;
  /** Any other member. */
  readonly [member: string]: unknown;
}

/** Parts of the server that are off by default. */
export interface FeatureOptions {
  /**
   * Adds claims to access tokens. Members that RFCs define for access tokens, such as `sub` and
   * `scope`, are ignored.
   * @default none
   * @see https://www.rfc-editor.org/rfc/rfc9068#section-2.2
   */
  readonly claims?: TokenClaims;
  /**
   * How clients may authenticate.
   * @default `['client_secret_basic', 'client_secret_post', 'none']`, and `'private_key_jwt'` with
   * `registration.metadataDocuments`
   * @see https://www.rfc-editor.org/rfc/rfc7591#section-2
   */
  readonly clientAuthentication?: readonly ClientAuthMethod[];
  /**
   * Binds tokens to the key of a client that sends a proof.
   * @default false
   * @see https://www.rfc-editor.org/rfc/rfc9449#section-5
   */
  readonly dpop?: boolean | ServerDpopOptions;
  /**
   * Lets clients push an authorization request before they send the user.
   * @default false
   * @see https://www.rfc-editor.org/rfc/rfc9126
   */
  readonly pushedAuthorizationRequests?: boolean;
  /**
   * Lets users authorize a device that has no browser: they enter the code that it shows on a page
   * of the server.
   * @default false
   * @see https://www.rfc-editor.org/rfc/rfc8628
   */
  readonly deviceFlow?: boolean;
  /**
   * Requires PKCE of confidential clients as well. A function returns false for a client that is
   * exempt.
   * @default false: of public clients only
   * @see https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1
   */
  readonly requirePkce?: boolean | ((client: Client) => boolean);
  /**
   * Changes the configuration of oidc-provider, for what no option covers.
   * @default none
   * @see https://github.com/panva/node-oidc-provider/blob/v9.x/docs/README.md
   */
  readonly configure?: (configuration: ProviderConfiguration) => ProviderConfiguration;
}

const MIN_SECRET_LENGTH = 32;
const isSecret = (value: unknown): boolean =>
  (typeof value === 'string' || value instanceof Uint8Array) &&
  Buffer.byteLength(value) >= MIN_SECRET_LENGTH;

/** Members of the schema of the server's options. */
export const featureMembers = {
  claims: z.optional(functionOption),
  clientAuthentication: z.optional(
    arrayOf(AUTH_METHODS.join(', '), (value) => AUTH_METHODS.some((one) => one === value)).check(
      z.refine((methods) => new Set(methods).size === methods.length, {
        error: 'must not have a method twice',
      }),
    ),
  ),
  dpop: z.optional(
    z.union(
      [
        booleanOption,
        z.strictObject({
          nonce: z.optional(
            z.strictObject({
              secret: check(`a secret of at least ${MIN_SECRET_LENGTH} bytes`, isSecret),
            }),
          ),
        }),
      ],
      { error: 'must be true, false or { nonce: { secret } }' },
    ),
  ),
  pushedAuthorizationRequests: z.optional(booleanOption),
  deviceFlow: z.optional(booleanOption),
  requirePkce: z.optional(
    check(
      'true, false or a function of a client',
      (value) => typeof value === 'boolean' || typeof value === 'function',
    ),
  ),
  configure: z.optional(functionOption),
};

/** The features with their defaults. */
export interface ResolvedFeatures {
  readonly claims: TokenClaims;
  readonly clientAuthentication: readonly ClientAuthMethod[];
  readonly dpop: ServerDpopOptions | undefined;
  readonly hasPushedRequests: boolean;
  readonly hasDeviceFlow: boolean;
  readonly requirePkce: (client: Client) => boolean;
  readonly configure: ((configuration: ProviderConfiguration) => ProviderConfiguration) | undefined;
}

const DEFAULT_AUTHENTICATION: readonly ClientAuthMethod[] = [
  'client_secret_basic',
  'client_secret_post',
  'none',
];

/** Completes the options of the features. What needs a user is off without a login. */
export function resolveFeatures(
  options: FeatureOptions & { readonly registration?: RegistrationOptions },
  hasLogin: boolean,
): ResolvedFeatures {
  const { dpop, requirePkce = false } = options;
  const dpopOptions = dpop === true ? {} : dpop;
  return {
    claims: options.claims ?? (() => ({})),
    clientAuthentication: options.clientAuthentication ?? defaultAuthentication(options),
    dpop: dpopOptions === false ? undefined : dpopOptions,
    hasPushedRequests: hasLogin && options.pushedAuthorizationRequests === true,
    hasDeviceFlow: hasLogin && options.deviceFlow === true,
    requirePkce: typeof requirePkce === 'function' ? requirePkce : () => requirePkce,
    configure: options.configure,
  };
}

/** A client with a metadata document can authenticate by its keys alone. */
const defaultAuthentication = ({
  registration,
}: {
  readonly registration?: RegistrationOptions;
}): readonly ClientAuthMethod[] =>
  registration?.metadataDocuments
    ? [...DEFAULT_AUTHENTICATION, 'private_key_jwt']
    : DEFAULT_AUTHENTICATION;
