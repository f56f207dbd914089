import { AnswerError, getJson, type JsonObject, type Limits } from './fetch';

/**
 * What an authorization server publishes about itself: OpenID Connect Discovery §4, else RFC 8414 §3 and §5. Only a server that answers
 * is asked at another place: one that does not would be waited for twice.
 */
export async function fetchMetadata(issuer: string, limits: Limits): Promise<JsonObject> {
  const failures: string[] = [];
  for (const url of metadataUrls(issuer)) {
    try {
      const metadata = await getJson(url, limits);
      // Only the issuer itself says who it is: the value is compared as it stands (RFC 8414 §3.3).
      if (metadata.issuer === issuer) return metadata;
      failures.push(`${url} is the metadata of another issuer`);
    } catch (error) {
      if (!(error instanceof AnswerError)) throw error;
      failures.push(error.message);
    }
  }
  throw new AnswerError(failures.join('; '));
}

function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map((name) => `${origin}/.well-known/${name}${path}`);
  return [...new Set([`${origin}${path}/.well-known/openid-configuration`, ...inserted])];
}
