import { randomUUID } from 'node:crypto';

import type { AdapterPayload, Client as ProviderClient } from 'oidc-provider';

import { membersIf, omitUndefined } from '../../internal/objects';
import { type Client, type ClientAuthMethod, hasSecret } from '../clients/client';

/**
 * Secrets are verified by their digests in the credential store. oidc-provider requires a value, so
 * it gets one that nobody knows.
 */
const UNKNOWN_SECRET = randomUUID();

/**
 * Converts a client to oidc-provider's metadata. Our own record travels along as `latchkey`.
 *
 * @param client
 * @param methods How clients may authenticate.
 * @returns The metadata, or undefined if the client can authenticate in none of these ways.
 */
export function toProviderMetadata(
  client: Client,
  methods: readonly ClientAuthMethod[],
): AdapterPayload | undefined {
  // A client with a secret may present it in either way.
  const method = methods.find((one) =>
    hasSecret(client) ? hasSecret({ authMethod: one }) : one === client.authMethod,
  );
  if (method === undefined) {
    return undefined;
  }
  const usesCode = client.grantTypes.includes('authorization_code');
  return {
    client_id: client.clientId,
    client_name: client.name,
    application_type: client.applicationType,
    token_endpoint_auth_method: method,
    ...membersIf(hasSecret(client), { client_secret: UNKNOWN_SECRET }),
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
