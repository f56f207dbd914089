import { isLoopback } from '../../internal/options';
import type { Prune } from '../prune';
import type { ResolvedServerOptions } from '../resolve-options';
import { DEVICE_CODE, GRANT_TYPES } from './client';
import { isPublicHttpsUrl, type MetadataRules } from './client-metadata';
import type { ClientSecrets } from './client-secrets';
import { type DynamicClients, dynamicClients } from './dynamic-clients';
import { insecureHosts, type MetadataDocuments, metadataDocuments } from './metadata-documents';
import { publicFetch } from './public-fetch';
import { registrationEndpoint, type RespondToRegistration } from './registration-endpoint';
import type { MetadataDocumentOptions } from './registration-options';

/** Clients that the operator did not register, as far as `registration` allows them. */
export interface UnverifiedClients {
  readonly documents: MetadataDocuments | undefined;
  readonly dynamic: DynamicRegistration | undefined;
  /** Fetches the keys of clients with `jwks_uri`. */
  readonly fetchKeys: typeof fetch;
}

export interface DynamicRegistration {
  readonly clients: DynamicClients;
  /** Responds at the registration endpoint. */
  readonly respond: RespondToRegistration;
}

/** Creates what `registration` enables. */
export function unverifiedClients(
  options: ResolvedServerOptions,
  secrets: ClientSecrets,
  prune: Prune,
): UnverifiedClients {
  const { metadataDocuments: documents } = options.registration;
  return {
    documents: documents && metadataDocuments(documents, metadataRules(options), options.timeoutMs),
    dynamic: dynamicRegistration(options, secrets, prune),
    fetchKeys: keysFetch(documents),
  };
}

function dynamicRegistration(
  options: ResolvedServerOptions,
  secrets: ClientSecrets,
  prune: Prune,
): DynamicRegistration | undefined {
  const { store, registration, lifetimes, timeoutMs } = options;
  if (!registration.dynamic) {
    return undefined;
  }
  const { ttlMs, maxClients, allow } = registration.dynamic;
  const usedTtlMs = Math.max(ttlMs, lifetimes.refreshTokenTtlMs, lifetimes.accessTokenTtlMs);
  const clients = dynamicClients({ store, secrets, ttlMs, usedTtlMs, maxClients, prune });
  const rules = metadataRules(options);
  return { clients, respond: registrationEndpoint({ clients, rules, allow, timeoutMs }) };
}

const metadataRules = ({ scopes, features }: ResolvedServerOptions): MetadataRules => ({
  scopes: scopes.names ?? [],
  grantTypes: GRANT_TYPES.filter((one) => one !== DEVICE_CODE || features.hasDeviceFlow),
  authMethods: features.clientAuthentication,
  isKeysUrl: isPublicHttpsUrl,
});

/**
 * Keys may be on a loopback host, because only the operator can register such a client. No other
 * private address is fetched.
 */
function keysFetch(documents?: MetadataDocumentOptions): typeof fetch {
  const isInsecureHost = insecureHosts(documents);
  return documents?.fetch ?? publicFetch((url) => isInsecureHost(url.host) || isLoopback(url.href));
}
