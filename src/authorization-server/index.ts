export type { PageColors, SchemeColors } from '../pages/colors';
export type { PagesOptions } from '../pages/pages-options';
export type { PluralText } from '../pages/text-table';
export type { AudienceOption, AudienceOptions } from './audiences';
export type { ClientAction, ClientEvent, GrantAction, GrantEvent } from './audit';
export { type AuthorizationServer, authorizationServer } from './authorization-server';
export type {
  Client,
  ClientAuthMethod,
  ClientChanges,
  ClientOptions,
  Clients,
  GrantType,
  RegisteredClient,
} from './clients/client';
export type { JsonWebKeySet } from './clients/client-keys';
export type { ClientMetadata } from './clients/client-metadata';
export type {
  DynamicRegistrationOptions,
  MetadataDocumentOptions,
  RegistrationOptions,
} from './clients/registration-options';
export type { EndpointName, EndpointOptions } from './endpoints';
export type { FeatureOptions, IssuedFor, ServerDpopOptions, TokenClaims } from './feature-options';
export type { Grant, GrantPage } from './grant-records';
export type { AuthorizationRequest } from './interaction/authorization-request';
export type {
  Consent,
  ConsentInteraction,
  Interaction,
  Login,
  RequestedScope,
  User,
} from './interaction/interaction';
export { consentPage, type ConsentPageOptions } from './pages/consent-page';
export { loginPage, type LoginPageOptions } from './pages/login-page';
export type { Texts } from './pages/texts/texts';
export type { OAuthRefusal } from './refusals';
export type { ClientCompatibility } from './request/client-compatibility';
export type { RevokeGrantOptions, ServerGrants } from './server-grants';
export type { AuthorizationServerOptions } from './server-options';
export type { JwtAccessTokens, SigningKey } from './signing-keys';
