const MAX_LENGTH = 512;

/** Scheme, authority, path and query of a URL as it is written. It has no fragment and no user. */
const CLIENT_ID_URL = /^(https?):\/\/[^/?#\\@]+(\/[^?#\\]+)(?:\?[^#\\]*)?$/;

/**
 * Whether a client ID is the URL of a metadata document: `https` with a path, and without fragment,
 * user, password and dot segments. It is compared as text, so it is checked as text.
 *
 * @param isInsecureHost Whether plain `http` is allowed for a host.
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document#section-3
 */
export function isClientIdUrl(
  clientId: string,
  isInsecureHost: (host: string) => boolean,
): boolean {
  const [, scheme, path = ''] = CLIENT_ID_URL.exec(clientId) ?? [];
  if (scheme === undefined || !/^[!-~]+$/.test(clientId) || clientId.length > MAX_LENGTH) {
    return false;
  }
  return (
    URL.canParse(clientId) &&
    (scheme === 'https' || isInsecureHost(new URL(clientId).host)) &&
    !path.split('/').some(isDotSegment)
  );
}

const isDotSegment = (segment: string): boolean => /^(?:\.|%2e){1,2}$/i.test(segment);
