import type { errors, KoaContextWithOIDC } from 'oidc-provider';

import type { ScopeCatalogue } from '../../credential/scopes';
import type { ScopesOf } from '../audiences';
import type { Client } from '../clients/client';

/** Which scopes a client may request. */
export interface ScopePolicy {
  /**
   * Returns the scopes that a client is registered for and those that they imply, as far as they
   * are still declared. An unverified client chose the scopes of its registration itself, and may
   * request others from users: MCP clients do, without registering again. Of these, it returns
   * those that tokens for one of the audiences may have.
   */
  allowedScopes(client: Client, audiences: readonly string[]): readonly string[];
  /**
   * Checks the `scope` of a request. A request without one requests all scopes that the client is
   * registered for.
   *
   * @throws InvalidScope if a scope is unknown, or the client may not have it
   */
  checkRequest(ctx: KoaContextWithOIDC, client: Client): void;
}

export function scopePolicy(
  scopes: ScopeCatalogue,
  scopesOf: ScopesOf,
  { InvalidScope }: typeof errors,
): ScopePolicy {
  const { names: declared = [] } = scopes;
  const allowedScopes = (client: Client, audiences: readonly string[]) => {
    const known = audiences.flatMap(scopesOf);
    const registered = client.verified ? client.scopes : declared;
    return scopes.expand(registered).filter((scope) => known.includes(scope));
  };

  return {
    allowedScopes,
    checkRequest(ctx, client) {
      const { params } = ctx.oidc;
      const allowed = allowedScopes(client, requestedResources(ctx));
      const requested = requestedScope(ctx);
      if (requested === undefined && params) {
        params.scope =
          client.scopes.filter((scope) => allowed.includes(scope)).join(' ') || undefined;
      }
      if (params?.scope === undefined && params?.grant_type === undefined) {
        throw new InvalidScope('the client may have no scope', '');
      }
      const unknown = requested?.split(' ').filter((scope) => !allowed.includes(scope)) ?? [];
      if (unknown.length > 0) {
        throw new InvalidScope(
          'the scope is unknown, or the client may not have it',
          unknown.join(' '),
        );
      }
    },
  };
}

/** Returns the resources of a request, or the default, which oidc-provider inserts. */
const requestedResources = ({ oidc }: KoaContextWithOIDC): string[] =>
  [oidc.params?.resource ?? []].flat() as string[];

/**
 * Reads the raw parameter: oidc-provider drops `offline_access` from its own copy, which would turn
 * it into a request without a scope.
 */
function requestedScope({ method, query, oidc }: KoaContextWithOIDC): string | undefined {
  // A pushed request was checked when it was pushed, and was completed then.
  if (oidc.entities.PushedAuthorizationRequest) {
    return oidc.params?.scope as string | undefined;
  }
  const parameters = method === 'POST' ? oidc.body : query;
  return (parameters?.scope as string | undefined) || undefined;
}
