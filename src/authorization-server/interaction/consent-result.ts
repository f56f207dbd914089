import { typeError } from '../../internal/errors';

/**
 * Converts what a `consent` function returned to the requested scopes that the user agreed to.
 * @throws {TypeError} `ERR_LATCHKEY_INTERACTION` if it is neither a boolean nor a list of scopes
 */
export function allowedScopes(agreed: unknown, requested: readonly string[]): string[] {
  if (typeof agreed === 'boolean') {
    return agreed ? [...requested] : [];
  }
  if (!Array.isArray(agreed) || !agreed.every((scope) => typeof scope === 'string')) {
    throw typeError(
      'ERR_LATCHKEY_INTERACTION',
      'authorizationServer(): consent must return true, false or a list of scopes',
    );
  }
  return requested.filter((scope) => agreed.includes(scope));
}
