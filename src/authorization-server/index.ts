export { authorizationServer, type AuthorizationServer } from './authorization-server';
export type { AuthorizationServerOptions } from './server-options';
export type { Client, ClientChanges, ClientOptions, Clients, GrantType, RegisteredClient } from './clients';
export type { EndpointName, EndpointOptions } from './endpoints';
export {
  consentPage,
  loginPage,
  type Consent,
  type Interaction,
  type Login,
  type LoginPageOptions,
  type RequestedScope,
  type User,
} from './login';
export type { OAuthRefusal } from './refusals';
export type { ClientCompatibility as ClientCompatibility } from './requests';
export type { JwtAccessTokens, SigningKey } from './signing-keys';
