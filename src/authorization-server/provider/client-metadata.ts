import { randomUUID } from 'node:crypto';

import type { AdapterPayload, Client as ProviderClient } from 'oidc-provider';

import { omitUndefined } from '../../internal/objects';
import { type Client, hasSecret } from '../clients/client';

/**
 * Secrets are verified by their digests in the credential store. oidc-provider requires a value, so
 * it gets one that nobody knows.
 */
const UNKNOWN_SECRET = randomUUID();

/** Converts a client to oidc-provider's metadata. Our own record travels along as `latchkey`. */
export function toProviderMetadata(client: Client): AdapterPayload {
  const usesCode = client.grantTypes.includes('authorization_code');
  return {
    client_id: client.clientId,
    client_name: client.name,
    application_type: client.applicationType,
    token_endpoint_auth_method: client.authMethod,
    ...(hasSecret(client) && { client_secret: UNKNOWN_SECRET }),
    ...omitUndefined({ jwks: client.jwks, jwks_uri: client.jwksUri }),
    grant_types: client.grantTypes,
    response_types: usesCode ? ['code'] : [],
    redirect_uris: client.redirectUris,
    latchkey: client,
  };
}

/** Returns our own record of a client that oidc-provider loaded. */
export const toClient = (providerClient: ProviderClient): Client =>
  providerClient.latchkey as Client;
