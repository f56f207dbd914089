export type { Decision } from './authentication/decisions';
export type { CacheLimits } from './authentication/verification-cache';
export type { Credential } from './credential/credential';
export { type AuthInfo, type Principal, toAuthInfo } from './credential/principal';
export type { Reason } from './credential/reason';
export type { Confirmation, CredentialRecord } from './credential/record';
export type { RevocationEvent as RevocationEvent } from './credential/revocation';
export {
  hasScopes,
  type ScopeDeclaration,
  type ScopeDefinition,
  type ScopeName,
} from './credential/scopes';
export type { CredentialAction, CredentialEvent, MemberChange } from './credentials/audit';
export type {
  ChangeContext,
  CredentialChanges,
  CredentialManager,
  ListOptions,
  UsageOptions,
} from './credentials/credential-manager';
export type { ImportError } from './credentials/import-records';
export type {
  CredentialOwner,
  ImportedRecord,
  Issued,
  IssueOptions,
  PublicRecord,
} from './credentials/records';
export { bearer } from './extractors/bearer';
export { cookie } from './extractors/cookie';
export type { Extractor, RequestLike } from './extractors/extractor';
export { apiKeyHeader } from './extractors/header';
export { queryParameter } from './extractors/query';
export type { RequestInput } from './extractors/to-request-like';
export { findAuth, getAuth } from './http/auth';
export type { AuthenticationResult } from './http/check';
export type { FreshAuthOptions, Policy } from './http/guards';
export type { Middleware } from './http/middleware';
export type { Refusal, RefusalBody } from './http/refusals';
export type { ResourceOptions } from './http/resource-metadata';
export type { ResponseHeaders } from './http/response-headers';
export { type Latchkey, latchkey } from './latchkey';
export type { LatchkeyOptions } from './latchkey-options';
export { dpop } from './possession/dpop';
export type { DpopNonceOptions, DpopOptions } from './possession/dpop-options';
export type { ClientCertificate } from './possession/mtls';
export { memoryStore } from './stores/memory/index';
export type { CredentialFilter, CredentialStatus } from './stores/store';
export type {
  ChangedRecord,
  CredentialReader,
  CredentialStore,
  Owner,
  Page,
  RecordChanges,
  RecordedUsage as RecordedUsage,
  StateStore,
  StoredRecord,
} from './stores/store';
export { CREDENTIAL_STORE_METHODS, STATE_STORE_METHODS } from './stores/store-methods';
export type { DailyUsage, DayRange } from './stores/usage-days';
export { accessTokens, type AccessTokensOptions } from './verifiers/access-tokens';
export { apiKeys, type ApiKeysOptions } from './verifiers/api-keys';
export type { Jwk } from './verifiers/jwk';
export { jwt } from './verifiers/jwt/jwt';
export type { JwtOptions, RemoteOptions } from './verifiers/jwt/jwt-options';
export type {
  RevocableVerifier,
  RevocationStore,
  RevokedTokens,
} from './verifiers/jwt/jwt-revocations';
export type { JwkSet, KeyInput } from './verifiers/jwt/keys';
export type { Algorithm } from './verifiers/jwt/signature';
export type { LegacyForm } from './verifiers/legacy';
export { sessionTokens, type SessionTokensOptions } from './verifiers/session-tokens';
export type { ManagedVerifier, StoredVerifier } from './verifiers/stored';
export type { Verification, Verifier } from './verifiers/verifier';
