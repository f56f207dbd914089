import type { Principal } from '../credential/principal';
import { codedError, typeError } from '../internal/errors';

/**
 * Returns the principal that a guard set on the request. Use it behind `authenticate({ optional:
 * true })`.
 * @param req the request that the handler received
 * @returns the principal, or undefined for an anonymous request or a route without a guard
 * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` if `req` is not an object
 * @example
 * const name = findAuth(req)?.subject ?? 'anonymous';
 */
export function findAuth(req: object): Principal | undefined {
  return readPrincipal('findAuth()', req);
}

/**
 * Returns the principal that a guard set on the request.
 * @param req the request that the handler received
 * @returns the principal
 * @throws {Error} `ERR_LATCHKEY_NO_PRINCIPAL` if there is none: the route has no guard, or the
 * request is anonymous
 * @throws {TypeError} `ERR_LATCHKEY_ARGUMENT` if `req` is not an object
 * @example
 * app.get('/me', authenticate(), (req, res) => res.json({ id: getAuth(req).subject }));
 */
export function getAuth(req: object): Principal {
  const principal = readPrincipal('getAuth()', req);
  if (principal === undefined) {
    throw codedError(
      'ERR_LATCHKEY_NO_PRINCIPAL',
      'getAuth(): no principal on this request: put a guard before the handler, or use findAuth() where one is optional',
    );
  }
  return principal;
}

function readPrincipal(where: string, req: { readonly auth?: Principal }): Principal | undefined {
  if (typeof req !== 'object' || req === null) {
    throw typeError('ERR_LATCHKEY_ARGUMENT', `${where}: "req" must be the request of the handler`);
  }
  return req.auth;
}
