import { isLoopback, isSecureUrl } from '../../internal/options';
import { AnswerError, getJson, type JsonObject, type Limits } from './fetch';

/** The server answers, and nowhere with metadata of that issuer. */
export class NoSuchIssuer extends AnswerError {
  override readonly name = 'NoSuchIssuer';
}

/** How servers say that there is no such tenant. */
const ABSENT: readonly unknown[] = [400, 404, 410];

/**
 * What an authorization server publishes about itself: OpenID Connect Discovery §4, else RFC 8414 §3 and §5. Only a server that answers
 * is asked at another place: one that does not would be waited for twice.
 */
export async function fetchMetadata(issuer: string, limits: Limits): Promise<JsonObject> {
  const failures: string[] = [];
  let isAbsent = true;
  for (const url of metadataUrls(issuer)) {
    try {
      const metadata = await getJson(url, limits);
      // Only the issuer itself says who it is: the value is compared as it stands (RFC 8414 §3.3).
      if (metadata.issuer === issuer) return metadata;
      failures.push(`${url} is the metadata of another issuer`);
      isAbsent = false;
    } catch (error) {
      if (!(error instanceof AnswerError)) throw error;
      failures.push(error.message);
      isAbsent &&= ABSENT.includes(error.status);
    }
  }
  throw new (isAbsent ? NoSuchIssuer : AnswerError)(failures.join('; '));
}

/** Whether we may go where an issuer sends us. No server far away may send us to this machine. */
export const isTrustedEndpoint = (issuer: string, url: unknown): url is string =>
  isSecureUrl(url) && (!isLoopback(url) || isLoopback(issuer));

function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map((name) => `${origin}/.well-known/${name}${path}`);
  return [...new Set([`${origin}${path}/.well-known/openid-configuration`, ...inserted])];
}
