import { codedError } from '../../internal/errors';
import { isLoopback } from '../../internal/options';
import type { Limits } from '../issuer/fetch';
import { fetchMetadata, isTrustedEndpoint } from '../issuer/metadata';

/** Tells where keys are published. */
export type JwksUriResolver = (limits: Limits) => Promise<string>;

/** By the issuer's metadata; while that cannot be had, where they were before. */
export function discovery(issuer: string): JwksUriResolver {
  let known: string | undefined;
  return async (limits) => {
    try {
      known = jwksUriOf(await fetchMetadata(issuer, limits), issuer);
    } catch (error) {
      if (known === undefined) throw error;
    }
    return known;
  };
}

function jwksUriOf({ jwks_uri: uri }: { readonly jwks_uri?: unknown }, issuer: string): string {
  if (isTrustedEndpoint(issuer, uri)) return uri;
  throw codedError(
    'ERR_LATCHKEY_ISSUER',
    `The metadata of ${issuer} has no jwks_uri of https${isLoopback(issuer) ? ', or of http to this machine' : ''}`,
  );
}
