import { type ClientAuthMethod, DEVICE_CODE, type GrantType, hasSecret } from './client';
import { isPublicJwks } from './client-keys';
import { type ClientMetadata, MetadataError, type MetadataRules } from './client-metadata';
import {
  isAbsoluteUri,
  isLoopbackHttps,
  isNativeUri,
  isPrivateUseUri,
  isWebUri,
} from './redirect-uris';
import { toVisibleText } from './visible-text';

type Document = Readonly<Record<string, unknown>>;

const MAX_NAME_LENGTH = 200;
const MAX_REDIRECT_URIS = 50;
const MAX_URI_LENGTH = 2_000;

/** Grants in which a user consents. Without a user, a client that anyone can register gets none. */
const USER_GRANTS: readonly GrantType[] = ['authorization_code', 'refresh_token', DEVICE_CODE];

/**
 * Normalises the metadata of a client that nobody has verified. Unknown members, grant types,
 * response types and scopes are dropped; what is left must be usable.
 *
 * @param document The JSON object that the client sent or published.
 * @param rules What the server offers.
 * @param fallbackName The name of a client without `client_name`.
 * @throws {MetadataError} if the client cannot be registered with it
 * @see https://www.rfc-editor.org/rfc/rfc7591#section-2
 */
export function normalizeMetadata(
  document: Document,
  rules: MetadataRules,
  fallbackName: string,
): ClientMetadata {
  const grantTypes = toGrantTypes(document, rules);
  const usesCode = grantTypes.includes('authorization_code');
  const redirectUris = usesCode ? toRedirectUris(document) : [];
  const applicationType = toApplicationType(document, redirectUris);
  const authMethod = toAuthMethod(document, rules, applicationType);
  return {
    client_name: toName(document, fallbackName),
    redirect_uris: redirectUris,
    grant_types: grantTypes,
    response_types: usesCode ? toResponseTypes(document) : [],
    token_endpoint_auth_method: authMethod,
    application_type: applicationType,
    scope: toScopes(document, rules).join(' '),
    ...(authMethod === 'private_key_jwt' ? toKeys(document, rules) : {}),
  };
}

function toGrantTypes(document: Document, { grantTypes }: MetadataRules): readonly GrantType[] {
  const offered = USER_GRANTS.filter((one) => grantTypes.includes(one));
  // RFC 7591 §2: a client without the member uses only the authorization code.
  const asked = stringList(document, 'grant_types') ?? ['authorization_code'];
  const granted = offered.filter((one) => asked.includes(one));
  if (!granted.some(isNotRefresh)) {
    throw new MetadataError(
      `grant_types must have one of ${offered.filter(isNotRefresh).join(', ')}`,
    );
  }
  return granted;
}

const isNotRefresh = (grantType: GrantType): boolean => grantType !== 'refresh_token';

function toResponseTypes(document: Document): readonly string[] {
  const types = stringList(document, 'response_types') ?? ['code'];
  if (!types.includes('code')) {
    throw new MetadataError('response_types must have code');
  }
  return ['code'];
}

function toRedirectUris(document: Document): readonly string[] {
  const uris = document.redirect_uris;
  if (!Array.isArray(uris) || uris.length === 0) {
    throw new MetadataError('redirect_uris must be a non-empty list', 'invalid_redirect_uri');
  }
  if (uris.length > MAX_REDIRECT_URIS) {
    throw new MetadataError(
      `redirect_uris must have at most ${MAX_REDIRECT_URIS} members`,
      'invalid_redirect_uri',
    );
  }
  if (!uris.every(isRedirectUri)) {
    throw new MetadataError(
      'redirect_uris must be https, http on a loopback host, or of a private-use scheme, without a fragment',
      'invalid_redirect_uri',
    );
  }
  return [...new Set(uris)];
}

const isRedirectUri = (uri: unknown): uri is string =>
  isAbsoluteUri(uri) && uri.length <= MAX_URI_LENGTH && (isWebUri(uri) || isPrivateUseUri(uri));

/**
 * Only a native client may have private-use schemes and any port of a loopback host, so the
 * redirect URIs decide, whatever the client says.
 */
function toApplicationType(
  { application_type: said }: Document,
  redirectUris: readonly string[],
): 'native' | 'web' {
  if (redirectUris.some(isPrivateUseUri)) {
    if (redirectUris.some(isLoopbackHttps)) {
      throw new MetadataError(
        'redirect_uris must not have https on a loopback host next to a private-use scheme',
        'invalid_redirect_uri',
      );
    }
    return 'native';
  }
  // oidc-provider rejects https on a loopback host for native clients.
  if (redirectUris.some(isLoopbackHttps)) {
    return 'web';
  }
  return said === 'native' || redirectUris.some(isNativeUri) ? 'native' : 'web';
}

/**
 * RFC 7591 §2: a client without the member has a secret. A native app cannot keep one, so it is
 * public unless it requests a secret.
 */
function toAuthMethod(
  document: Document,
  { authMethods }: MetadataRules,
  applicationType: 'native' | 'web',
): ClientAuthMethod {
  const asked = document.token_endpoint_auth_method ?? defaultMethod(authMethods, applicationType);
  const method = authMethods.find((one) => one === asked);
  if (method === undefined) {
    throw new MetadataError(`token_endpoint_auth_method must be one of ${authMethods.join(', ')}`);
  }
  return method;
}

function defaultMethod(
  authMethods: readonly ClientAuthMethod[],
  applicationType: 'native' | 'web',
): ClientAuthMethod {
  const secret = authMethods.find((authMethod) => hasSecret({ authMethod }));
  return applicationType === 'native' ? 'none' : (secret ?? 'none');
}

function toScopes(document: Document, { scopes }: MetadataRules): readonly string[] {
  const scope = document.scope ?? '';
  if (typeof scope !== 'string') {
    throw new MetadataError('scope must be a string');
  }
  const asked = scope.split(' ').filter(Boolean);
  // Unknown scopes alone leave none: only a client that names no scope gets the default.
  return asked.length === 0 ? scopes : scopes.filter((one) => asked.includes(one));
}

function toKeys(
  { jwks, jwks_uri: jwksUri }: Document,
  { isKeysUrl }: MetadataRules,
): Pick<ClientMetadata, 'jwks'> | Pick<ClientMetadata, 'jwks_uri'> {
  if (isAbsent(jwksUri) && isPublicJwks(jwks)) {
    return { jwks: { keys: jwks.keys } };
  }
  if (isAbsent(jwks) && isAbsoluteUri(jwksUri) && isKeysUrl(jwksUri)) {
    return { jwks_uri: jwksUri };
  }
  throw new MetadataError(
    'private_key_jwt requires either jwks with public keys, or jwks_uri with an https URL',
  );
}

function toName({ client_name: name = null }: Document, fallbackName: string): string {
  if (name !== null && typeof name !== 'string') {
    throw new MetadataError('client_name must be a string');
  }
  const printable = toVisibleText(name ?? '');
  return [...printable].slice(0, MAX_NAME_LENGTH).join('').trim() || fallbackName;
}

function stringList(document: Document, member: string): readonly string[] | undefined {
  const value = document[member];
  if (isAbsent(value)) {
    return undefined;
  }
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
    throw new MetadataError(`${member} must be a list of strings`);
  }
  return value;
}

const isAbsent = (value: unknown): boolean => value === undefined || value === null;
