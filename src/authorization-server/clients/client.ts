import type { ChangeContext } from '../../credentials/manager-types';
import type { JsonWebKeySet } from './client-keys';

/**
 * `authorization_code` (RFC 6749 §4.1), `client_credentials` (§4.4), `refresh_token` (§6), device
 * code (RFC 8628) and token exchange (RFC 8693).
 */
export type GrantType =
  | 'authorization_code'
  | 'client_credentials'
  | 'refresh_token'
  | 'urn:ietf:params:oauth:grant-type:device_code'
  | 'urn:ietf:params:oauth:grant-type:token-exchange';

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

export const GRANT_TYPES: readonly GrantType[] = [
  'authorization_code',
  'client_credentials',
  'refresh_token',
  DEVICE_CODE,
  TOKEN_EXCHANGE,
];

/**
 * How a client authenticates at the token endpoint. A client with a secret may use either of the
 * two methods with a secret, whichever it is registered with.
 * @see https://www.rfc-editor.org/rfc/rfc7591#section-2
 */
export type ClientAuthMethod =
  'client_secret_basic' | 'client_secret_post' | 'private_key_jwt' | 'none';

export const AUTH_METHODS: readonly ClientAuthMethod[] = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'none',
];

/** What to register (RFC 6749 §2). */
export interface ClientOptions<Scope extends string = string> {
  /** The name on the consent page, without control characters. */
  readonly name: string;
  /** Scopes that the client may request. A request without `scope` means all of them. */
  readonly scopes: readonly Scope[];
  /**
   * Where users are sent back to, compared exactly: `https`, or `http` on a loopback host.
   * @default []
   */
  readonly redirectUris?: readonly string[];
  /**
   * The grants that the client may use.
   * @default the code flow with refresh tokens if there are redirect URIs, otherwise client
   * credentials
   */
  readonly grantTypes?: readonly GrantType[];
  /**
   * A `'confidential'` client can keep a secret or a private key. A `'public'` one, an app in a
   * browser or on a phone, cannot, and uses PKCE.
   * @default 'public' if `authMethod` is `'none'`, otherwise 'confidential'
   */
  readonly type?: 'confidential' | 'public';
  /**
   * How the client authenticates. `'private_key_jwt'` requires `jwks` or `jwksUri`, and
   * `clientAuthentication` of the server.
   * @default 'none' for a public client, otherwise 'client_secret_basic'
   */
  readonly authMethod?: ClientAuthMethod;
  /**
   * Public keys of a client with `private_key_jwt`. @default none
   * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
   */
  readonly jwks?: JsonWebKeySet;
  /**
   * URL of the public keys, instead of `jwks`: `https`, or `http` on a loopback host. @default none
   */
  readonly jwksUri?: string;
  /**
   * A `'native'` client may have private-use schemes, and any port of a loopback host (RFC 8252
   * §7). @default 'web'
   */
  readonly applicationType?: 'web' | 'native';
  /**
   * Whether the client is an API that may introspect all tokens, not only its own (RFC 7662 §4).
   * @default false
   */
  readonly resourceServer?: boolean;
  /**
   * Whether the client is your own app, whose users see no consent page. A public client has none
   * only for an `https` redirect URI, because any app can receive the others. @default false
   * @see https://www.rfc-editor.org/rfc/rfc8252#section-8.6
   */
  readonly firstParty?: boolean;
  /**
   * Lifetime of the client's access tokens, in milliseconds.
   * @default `accessTokenTtlMs` of the server
   */
  readonly accessTokenTtlMs?: number;
  /** @default a random ID of 32 characters */
  readonly clientId?: string;
  /**
   * The subject of the account that registered the client and may manage it: 1 to 512 characters.
   * @default none
   */
  readonly owner?: string;
}

/** Members that a client has only if they were registered. */
type OptionalMember = 'jwks' | 'jwksUri' | 'accessTokenTtlMs' | 'owner';

/** A client, without its secrets. */
export interface Client
  extends Required<Omit<ClientOptions, OptionalMember>>, Pick<ClientOptions, OptionalMember> {
  /**
   * When the client was registered, in milliseconds since the epoch. 0 for a client that a metadata
   * document describes.
   */
  readonly registeredAt: number;
  /**
   * Whether you registered the client. False for one that registered itself (RFC 7591) or that a
   * metadata document describes: its name is what it says of itself.
   */
  readonly verified: boolean;
  /** The host of the metadata document that describes the client. */
  readonly host?: string;
  /**
   * When a client that registered itself expires unless it gets a token, in milliseconds since the
   * epoch.
   */
  readonly expiresAt?: number;
}

/** A client, and its secret if it has one. The secret is never returned again. */
export interface RegisteredClient {
  /** The registered client. */
  readonly client: Client;
  /** The client's secret; undefined for a client without one. */
  readonly secret: string | undefined;
}

/** What may be changed of a client. */
export type ClientChanges<Scope extends string = string> = Partial<
  Pick<
    ClientOptions<Scope>,
    | 'name'
    | 'scopes'
    | 'redirectUris'
    | 'grantTypes'
    | 'resourceServer'
    | 'firstParty'
    | 'accessTokenTtlMs'
    | 'jwks'
    | 'jwksUri'
  >
>;

/**
 * Manages the clients of an authorization server. Methods reject with a `TypeError` for invalid
 * arguments, and with the store's error if the store fails.
 */
export interface Clients<Scope extends string = string> {
  /**
   * Registers a client. Its secret is returned only here.
   *
   * @param options
   * @param context `actor`: who makes the change, for the event on `latchkey:client`.
   * @returns The client, and its secret if it authenticates by one.
   * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is invalid, or the server does not offer
   * a grant type or method
   * @throws {TypeError} `ERR_LATCHKEY_SCOPE` if the server does not declare a scope
   * @throws {TypeError} `ERR_LATCHKEY_CLIENT_EXISTS` if `clientId` is taken
   * @example
   * const { client, secret } = await server.clients.register({
   *   name: 'Domain Watch',
   *   scopes: ['domains:read'],
   *   redirectUris: ['https://yourapp.com/callback'],
   * });
   */
  register(options: ClientOptions<Scope>, context?: ChangeContext): Promise<RegisteredClient>;
  /**
   * Returns a registered client.
   *
   * @param clientId
   * @returns The client, or undefined if it does not exist.
   */
  get(clientId: string): Promise<Client | undefined>;
  /**
   * Lists clients in the order of registration.
   *
   * @param page `owner`: only clients of this account. `after`: ID of the client that the page
   * begins after. `limit`: 1 to 1 000, 100 by default.
   * @returns The clients of the page.
   */
  list(page?: {
    readonly owner?: string;
    readonly after?: string;
    readonly limit?: number;
  }): Promise<readonly Client[]>;
  /**
   * Changes a client.
   *
   * @param clientId
   * @param changes The members to change.
   * @param context `actor`: who makes the change.
   * @returns The changed client, or undefined if it does not exist.
   * @throws {TypeError} `ERR_LATCHKEY_OPTION` if a change is invalid, or not offered by the server
   * @throws {TypeError} `ERR_LATCHKEY_SCOPE` if the server does not declare a scope
   */
  update(
    clientId: string,
    changes: ClientChanges<Scope>,
    context?: ChangeContext,
  ): Promise<Client | undefined>;
  /**
   * Gives a client with a secret a new one.
   *
   * @param clientId
   * @param options `overlapMs`: how long old secrets stay valid, in milliseconds, 0 by default.
   * @param context `actor`: who makes the change.
   * @returns The client and its new secret, or undefined if there is no client with a secret.
   */
  rotateSecret(
    clientId: string,
    options?: { readonly overlapMs?: number },
    context?: ChangeContext,
  ): Promise<RegisteredClient | undefined>;
  /**
   * Removes a client and ends its grants and tokens.
   *
   * @param clientId
   * @param context `actor`: who makes the change.
   * @returns True if this call removed it.
   */
  remove(clientId: string, context?: ChangeContext): Promise<boolean>;
}

/** Whether a client authenticates by a secret. */
export const hasSecret = ({ authMethod }: Pick<Client, 'authMethod'>): boolean =>
  authMethod === 'client_secret_basic' || authMethod === 'client_secret_post';
