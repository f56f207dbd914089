import { omitUndefined } from '../../internal/objects';
import { isLocal } from '../../verifiers/issuer/trusted-url';
import type { Client, ClientAuthMethod, GrantType } from './client';
import type { JsonWebKeySet } from './client-keys';

/**
 * Metadata of a client, by the names of RFC 7591.
 * @see https://www.rfc-editor.org/rfc/rfc7591#section-2
 */
export interface ClientMetadata {
  /** The name that the client gives itself. */
  readonly client_name: string;
  /** Where users are sent back to. */
  readonly redirect_uris: readonly string[];
  /** The grants that the client may use. */
  readonly grant_types: readonly GrantType[];
  /** `['code']`, or an empty list without the code flow. */
  readonly response_types: readonly string[];
  /** How the client authenticates. */
  readonly token_endpoint_auth_method: ClientAuthMethod;
  /** Whether the client is an app on a device or in the web. */
  readonly application_type: 'native' | 'web';
  /** The scopes that an authorization request without `scope` means, separated by spaces. */
  readonly scope: string;
  /** Public keys of a client with `private_key_jwt`. */
  readonly jwks?: JsonWebKeySet;
  /** URL of the public keys, instead of `jwks`. */
  readonly jwks_uri?: string;
}

/** What the server offers to clients that nobody has verified. */
export interface MetadataRules {
  readonly scopes: readonly string[];
  readonly grantTypes: readonly GrantType[];
  readonly authMethods: readonly ClientAuthMethod[];
  /** Whether keys may be fetched from a URL. */
  readonly isKeysUrl: (url: string) => boolean;
}

/** A client's metadata are invalid. The message is for the client. */
export class MetadataError extends Error {
  constructor(
    message: string,
    /** An error code of RFC 7591 §3.2.2. */
    readonly error: 'invalid_client_metadata' | 'invalid_redirect_uri' = 'invalid_client_metadata',
  ) {
    super(message);
  }
}

/** Converts metadata to the client that they describe, without its ID. */
export const describedClient = (
  metadata: ClientMetadata,
): Omit<Client, 'clientId' | 'registeredAt'> => ({
  name: metadata.client_name,
  scopes: metadata.scope.split(' ').filter(Boolean),
  redirectUris: metadata.redirect_uris,
  grantTypes: metadata.grant_types,
  type: metadata.token_endpoint_auth_method === 'none' ? 'public' : 'confidential',
  authMethod: metadata.token_endpoint_auth_method,
  applicationType: metadata.application_type,
  resourceServer: false,
  firstParty: false,
  verified: false,
  ...omitUndefined({ jwks: metadata.jwks, jwksUri: metadata.jwks_uri }),
});

/** Whether a URL is `https` and not of this machine. Its address is checked when it is fetched. */
export const isPublicHttpsUrl = (url: string): boolean =>
  url.startsWith('https://') && !url.includes('\\') && !isLocal(url);
