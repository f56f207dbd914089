import { AnswerError, getJson, type JsonObject, type Limits } from './fetch';

/** The server responds, but nowhere with metadata of that issuer. */
export class NoSuchIssuer extends AnswerError {
  override readonly name = 'NoSuchIssuer';
}

/** Status codes by which servers say that there is no such tenant. */
const ABSENT: readonly unknown[] = [400, 404, 410];

/**
 * Fetches the metadata of an authorization server: OpenID Connect Discovery §4, else RFC 8414 §3
 * and §5. The second place is tried only if the server responds: otherwise the request would wait
 * twice.
 */
export async function fetchMetadata(issuer: string, limits: Limits): Promise<JsonObject> {
  const failures: string[] = [];
  let isAbsent = true;
  for (const url of metadataUrls(issuer)) {
    try {
      const metadata = await getJson(url, limits);
      // The value must be identical to the configured issuer (RFC 8414 §3.3).
      if (metadata.issuer === issuer) {
        return metadata;
      }
      failures.push(`${url} is the metadata of another issuer`);
      isAbsent = false;
    } catch (error) {
      if (!(error instanceof AnswerError)) {
        throw error;
      }
      failures.push(error.message);
      isAbsent &&= ABSENT.includes(error.status);
    }
  }
  throw new (isAbsent ? NoSuchIssuer : AnswerError)(failures.join('; '));
}

function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map(
    (name) => `${origin}/.well-known/${name}${path}`,
  );
  return [...new Set([`${origin}${path}/.well-known/openid-configuration`, ...inserted])];
}
