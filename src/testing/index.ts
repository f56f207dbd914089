export { fakeAuth, type FakePrincipal } from './fake-auth';
export {
  credentialStoreContract,
  stateStoreContract,
  type CredentialStoreContractOptions,
  type StateStoreContractOptions,
} from './store-contract';
export type { ContractCase, OpenedStore } from './store-contract/contract';
export { unguardedRoutes, type UnguardedRoute } from './unguarded-routes';
