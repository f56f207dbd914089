import { typeError } from '../../internal/errors';
import { type ClientAuthMethod, type ClientOptions, type GrantType, hasSecret } from './client';

/** What the server offers to the clients that its operator registers. */
export interface Offered {
  /** The declared scopes. */
  readonly scopes: readonly string[];
  readonly grantTypes: readonly GrantType[];
  readonly authMethods: readonly ClientAuthMethod[];
}

/**
 * Checks that a client can use what it is registered for. Only members that are passed are checked,
 * so that a client can be renamed after the server's options changed.
 *
 * @param where The method, for the message.
 * @param given The members that the caller passed.
 * @throws {TypeError} `ERR_LATCHKEY_SCOPE` for a scope that is not declared
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` for a grant type or a method that is not offered
 */
export function checkOffered(
  where: string,
  given: Partial<ClientOptions>,
  { scopes, grantTypes, authMethods }: Offered,
): void {
  const scope = (given.scopes ?? []).find((one) => !scopes.includes(one));
  if (scope !== undefined) {
    throw typeError(
      'ERR_LATCHKEY_SCOPE',
      `${where}: option "scopes": ${scope} is not a scope of the authorization server`,
    );
  }
  const grantType = (given.grantTypes ?? []).find((one) => !grantTypes.includes(one));
  if (grantType !== undefined) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      `${where}: option "grantTypes": ${grantType} is not enabled at the authorization server`,
    );
  }
  const { authMethod } = given;
  if (authMethod !== undefined && !authMethods.some((one) => isSameMethod(one, authMethod))) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      `${where}: option "authMethod": ${authMethod} is not in "clientAuthentication" of the authorization server`,
    );
  }
}

/** A client with a secret may present it in either way. */
const isSameMethod = (one: ClientAuthMethod, other: ClientAuthMethod): boolean =>
  one === other || (hasSecret({ authMethod: one }) && hasSecret({ authMethod: other }));
