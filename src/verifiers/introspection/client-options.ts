import type { Algorithm } from '../jwt/signature';
import type { PrivateKeyInput } from '../private-key';

/**
 * A client that authenticates with a secret.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
export interface SecretClient {
  /** The `client_id`. */
  readonly id: string;
  /** The client secret. */
  readonly secret: string;
  /**
   * Where the secret is sent: in the `Authorization` header or in the form.
   * @default 'basic'
   */
  readonly auth?: 'basic' | 'post';
  /** The same by its registered name (RFC 7591 §2). Pass one of the two. */
  readonly method?: 'client_secret_basic' | 'client_secret_post';
}

/** The private key of a client, and how it signs. */
export interface AssertionKey {
  /** The `client_id`. */
  readonly id: string;
  /** The private key: a PEM without a passphrase, a JWK or a `KeyObject`. */
  readonly key: PrivateKeyInput;
  /** The `kid` of the assertion, for a server that knows several keys of this client. */
  readonly kid?: string;
  /**
   * The `alg` of the assertion.
   * @default the first algorithm that fits the key: RS256, ES256 to ES512 by the curve, or EdDSA
   */
  readonly algorithm?: Algorithm;
}

/**
 * A client that authenticates with an assertion, which it signs with its private key.
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-2.2
 */
export type KeyClient = AssertionKey &
  (
    | { readonly auth: 'private_key_jwt'; readonly method?: never }
    | { readonly method: 'private_key_jwt'; readonly auth?: never }
  );

/** No authentication: for an endpoint that is only reachable in a private network. */
export interface NoClient {
  /** The client does not authenticate. */
  readonly auth: 'none';
  /** The `client_id`, for a server that requires it from public clients. */
  readonly id?: string;
}

/**
 * A client that authenticates with an access token.
 * @see https://www.rfc-editor.org/rfc/rfc7662#section-2.1
 */
export interface BearerClient {
  /** The client authenticates with a bearer token. */
  readonly auth: 'bearer';
  /** The token, or a function that returns the current one. */
  readonly token: string | (() => string | Promise<string>);
}

/** How this API authenticates to the introspection endpoint. */
export type IntrospectionClient = SecretClient | KeyClient | NoClient | BearerClient;
