import { codedError } from '../internal/errors';
import type { Principal } from '../credential/principal';

/** The principal that a guard put on the request; undefined for an anonymous request, or where no guard stood. */
export function findAuth(req: object): Principal | undefined {
  return (req as { auth?: Principal }).auth;
}

/**
 * The principal that a guard put on the request.
 * @throws Error where there is none: no guard stands before the handler, or it lets anonymous requests through
 */
export function getAuth(req: object): Principal {
  const principal = findAuth(req);
  if (principal === undefined)
    throw codedError(
      'ERR_LATCHKEY_NO_PRINCIPAL',
      'getAuth(): no principal on this request: put a guard before the handler, or use findAuth() where one is optional',
    );
  return principal;
}
