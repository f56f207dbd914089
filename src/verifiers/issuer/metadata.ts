import { fetchJson, type FetchLimits, type JsonObject, ResponseError } from './fetch';

/** The server responds, but has no metadata of that issuer at any of its well-known URLs. */
export class NoSuchIssuer extends ResponseError {
  override readonly name = 'NoSuchIssuer';
}

/** The status codes with which servers report that a tenant does not exist. */
const ABSENT: readonly unknown[] = [400, 404, 410];

/**
 * Fetches the metadata of an authorization server. The next well-known URL is tried only if the
 * server responds: otherwise the request would run into several timeouts.
 *
 * @throws {Error} `ERR_LATCHKEY_ISSUER` if the metadata cannot be fetched or is another issuer's
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 * @see https://www.rfc-editor.org/rfc/rfc8414#section-3
 */
export async function fetchMetadata(issuer: string, limits: FetchLimits): Promise<JsonObject> {
  const failures: string[] = [];
  let isAbsent = true;
  for (const url of wellKnownUrls(issuer)) {
    try {
      const metadata = await fetchJson(url, limits);
      // The value must be identical to the configured issuer (RFC 8414 §3.3).
      if (metadata.issuer === issuer) {
        return metadata;
      }
      failures.push(`${url} is the metadata of another issuer`);
      isAbsent = false;
    } catch (error) {
      if (!(error instanceof ResponseError)) {
        throw error;
      }
      failures.push(error.message);
      isAbsent &&= ABSENT.includes(error.status);
    }
  }
  const message = failures.join('; ');
  throw isAbsent ? new NoSuchIssuer(message) : new ResponseError(message);
}

/** OpenID Connect appends the well-known path; RFC 8414 inserts it before the issuer's path. */
function wellKnownUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map(
    (name) => `${origin}/.well-known/${name}${path}`,
  );
  return [...new Set([`${origin}${path}/.well-known/openid-configuration`, ...inserted])];
}
