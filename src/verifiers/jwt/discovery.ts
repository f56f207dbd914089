import { codedError } from '../../internal/errors';
import { isLoopback } from '../../internal/options';
import type { FetchLimits } from '../issuer/fetch';
import { fetchMetadata } from '../issuer/metadata';
import type { UrlPolicy } from '../issuer/trusted-url';

/** Returns the URL of an issuer's JWK Set. */
export type JwksUriResolver = (limits: FetchLimits) => Promise<string>;

/**
 * Creates a resolver that reads the URL from the issuer's metadata. If the metadata cannot be
 * fetched again, the last known URL is used.
 */
export function discovery(issuer: string, urls: UrlPolicy): JwksUriResolver {
  let known: string | undefined;
  return async (limits) => {
    try {
      known = await discoverJwksUri(issuer, urls, limits);
      return known;
    } catch (error) {
      if (known === undefined) {
        throw error;
      }
      return known;
    }
  };
}

async function discoverJwksUri(
  issuer: string,
  urls: UrlPolicy,
  limits: FetchLimits,
): Promise<string> {
  const { jwks_uri: uri } = await fetchMetadata(issuer, limits);
  if (!urls.isTrustedEndpoint(issuer, uri)) {
    const allowed = isLoopback(issuer)
      ? 'an https URL, or http on a loopback host'
      : 'an https URL';
    throw codedError(
      'ERR_LATCHKEY_ISSUER',
      `The metadata of ${issuer} has no usable jwks_uri: it must be ${allowed}`,
    );
  }
  return uri;
}
