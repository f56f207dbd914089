export { fakeAuth, type FakePrincipal } from './fake-auth';
export {
  credentialStoreContract,
  type CredentialStoreContractOptions,
  stateStoreContract,
  type StateStoreContractOptions,
} from './store-contract';
export type { ContractCase, OpenedStore } from './store-contract/contract';
export { type UnguardedRoute, unguardedRoutes } from './unguarded-routes';
