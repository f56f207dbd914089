import { isLoopback } from '../../internal/options';
import type { Limits } from '../issuer/fetch';
import { fetchMetadata, maySendTo } from '../issuer/metadata';

/** Tells where keys are published. */
export type Locate = (limits: Limits) => Promise<string>;

/** By the issuer's metadata; while that cannot be had, where they were before. */
export function discovery(issuer: string): Locate {
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
  if (maySendTo(issuer, uri)) return uri;
  throw new Error(`The metadata of ${issuer} has no jwks_uri of https${isLoopback(issuer) ? ', or of http to this machine' : ''}`);
}
