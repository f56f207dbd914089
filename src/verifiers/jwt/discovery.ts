import { codedError } from '../../internal/errors';
import { isLoopback } from '../../internal/options';
import type { Limits } from '../issuer/fetch';
import { fetchMetadata } from '../issuer/metadata';
import type { UrlPolicy } from '../issuer/trusted-url';

/** Finds the URL of an issuer's keys. */
export type JwksUriResolver = (limits: Limits) => Promise<string>;

/**
 * Reads the URL from the issuer's metadata. While that is unavailable, the last known URL is used.
 */
export function discovery(issuer: string, urls: UrlPolicy): JwksUriResolver {
  let known: string | undefined;
  return async (limits) => {
    try {
      const { jwks_uri: uri } = await fetchMetadata(issuer, limits);
      if (!urls.isTrustedEndpoint(issuer, uri)) {
        throw untrusted(issuer);
      }
      known = uri;
    } catch (error) {
      if (known === undefined) {
        throw error;
      }
    }
    return known;
  };
}

const untrusted = (issuer: string): Error =>
  codedError(
    'ERR_LATCHKEY_ISSUER',
    `The metadata of ${issuer} has no jwks_uri of https${isLoopback(issuer) ? ', or of http to this machine' : ''}`,
  );
