import type { CredentialStore, StateStore } from '../../stores/store';
import type { ClientRegistry } from '../clients/client-registry';
import type { UnverifiedClients } from '../clients/unverified-clients';
import type { DeviceRequests } from '../device/device-requests';
import type { EncryptedState } from '../encrypted-state';
import type { Grants } from '../grants';
import type { IssuedTokens } from '../issued-tokens';
import type { ResolvedServerOptions } from '../resolve-options';

/** The options of the server, and where it keeps its state. */
export interface ProviderOptions extends ResolvedServerOptions {
  readonly storage: ProviderStorage;
}

/** Where the provider keeps its state. */
export interface ProviderStorage {
  readonly store: CredentialStore & StateStore;
  readonly state: EncryptedState;
  /** Access tokens that were issued. */
  readonly issued: IssuedTokens;
  readonly grants: Grants;
  readonly registry: ClientRegistry;
  readonly unverified: UnverifiedClients;
  /** Devices that wait for their users. */
  readonly devices: DeviceRequests;
}
