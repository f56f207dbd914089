import type { Provider } from 'oidc-provider';

import type { Client } from '../clients/client';
import { toClient } from '../provider/client-metadata';
import { RefusedPage } from '../request/refused-request';

/**
 * Finds the client of a request in progress.
 * @throws {RefusedPage} if the client is not known any more
 */
export async function findClient(provider: Provider, clientId: string): Promise<Client> {
  const found = await provider.Client.find(clientId).catch((error: unknown) => {
    // The metadata document of the client is gone.
    if ((error as { error?: string }).error === 'invalid_client') {
      return undefined;
    }
    throw error;
  });
  if (!found) {
    throw new RefusedPage('removedApp');
  }
  return toClient(found);
}
