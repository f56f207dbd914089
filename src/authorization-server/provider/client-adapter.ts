import type { Adapter, AdapterPayload, errors, KoaContextWithOIDC } from 'oidc-provider';

import type { Client, ClientAuthMethod } from '../clients/client';
import { DocumentError } from '../clients/fetch-document';
import { toProviderMetadata } from './client-metadata';
import { UNAVAILABLE, type WithDeadline } from './deadlines';
import type { ProviderStorage } from './provider-options';

export interface ClientAdapterOptions {
  readonly storage: ProviderStorage;
  /** How clients may authenticate. */
  readonly methods: readonly ClientAuthMethod[];
  readonly deadline: WithDeadline;
  readonly errorClasses: typeof errors;
  /** Returns the request that oidc-provider is responding to. */
  readonly context: () => KoaContextWithOIDC | undefined;
}

/**
 * Returns the adapter through which oidc-provider finds clients. A registered client comes first,
 * so a metadata document cannot take its ID.
 */
export function clientAdapter(options: ClientAdapterOptions): Pick<Adapter, 'find'> {
  const { storage, methods, deadline, context } = options;
  // oidc-provider looks up the client again to respond with an error.
  const failures = new WeakMap<object, unknown>();
  return {
    async find(clientId): Promise<AdapterPayload | undefined> {
      const request = context() ?? {};
      if (failures.has(request)) {
        throw failures.get(request);
      }
      const registered = await deadline(() => storage.registry.clients.get(clientId));
      try {
        const client = registered ?? (await findDocument(options, clientId));
        return client && toProviderMetadata(client, methods);
      } catch (error) {
        failures.set(request, error);
        throw error;
      }
    },
  };
}

async function findDocument(
  options: ClientAdapterOptions,
  clientId: string,
): Promise<Client | undefined> {
  try {
    return await options.storage.unverified.documents?.find(clientId);
  } catch (error) {
    throw error instanceof DocumentError ? toProviderError(error, options) : error;
  }
}

/**
 * At the authorization endpoint, a user reads that the client is unknown. Elsewhere the client gets
 * the response for an unknown client, or 503 if the document may be available again later.
 */
function toProviderError(
  error: DocumentError,
  { context, errorClasses }: ClientAdapterOptions,
): errors.OIDCProviderError {
  const options = { detail: error.message, cause: error };
  if (context()?.oidc.route === 'authorization') {
    return new errorClasses.InvalidClient('the client cannot be identified', options);
  }
  if (error.isTemporary) {
    const unavailable = new errorClasses.TemporarilyUnavailable(
      'the client cannot be identified at the moment',
      options,
    );
    return Object.assign(unavailable, { statusCode: UNAVAILABLE });
  }
  return new errorClasses.InvalidClientAuth(options);
}
