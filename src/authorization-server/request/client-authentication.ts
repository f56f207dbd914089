import { challenge } from '../../http/challenge';
import type { ClientAuthMethod } from '../clients/client';
import { RefusedRequest } from './refused-request';

/** `Basic` with base64 (RFC 7617 §2, RFC 4648 §4), padded or not. */
const BASIC = /^basic ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?)$/i;

export interface ClientAuthenticationRules {
  /** Realm of the challenge. */
  readonly issuer: string;
  /** How clients may authenticate. */
  readonly methods: readonly ClientAuthMethod[];
}

/**
 * Refuses a request that names no client, or names it in an `Authorization` header of another
 * scheme or form. RFC 6749 §5.2 requires `invalid_client` for it, where oidc-provider sends
 * `invalid_request`. Secrets and assertions are verified by oidc-provider.
 *
 * @throws RefusedRequest if the request names no client in a form that is accepted
 */
export function checkClientAuthentication(
  authorization: string | undefined,
  parameters: URLSearchParams,
  { issuer, methods }: ClientAuthenticationRules,
): void {
  const has = (name: string) => Boolean(parameters.get(name));
  const hasAssertion = methods.includes('private_key_jwt') && has('client_assertion');
  const isNamed = authorization === undefined && (has('client_id') || hasAssertion);
  // With a secret or an assertion in the body too, it is a second mechanism, which is an invalid
  // request.
  const isNamedTwice = authorization !== undefined && (has('client_secret') || hasAssertion);
  const isNamedInHeader = methods.includes('client_secret_basic') && isBasic(authorization);
  if (isNamed || isNamedTwice || isNamedInHeader) {
    return;
  }
  throw new RefusedRequest(
    'client authentication is missing or malformed',
    401,
    { 'WWW-Authenticate': challenge('Basic', { realm: issuer, error: 'invalid_client' }) },
    'invalid_client',
  );
}

/** Whether there are an identifier and a secret in it, both form-encoded (RFC 6749 §2.3.1). */
function isBasic(authorization = ''): boolean {
  const [, encoded = ''] = BASIC.exec(authorization) ?? [];
  const [, id = '', secret = ''] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  return isFormEncoded(id) && isFormEncoded(secret);
}

/** One or more characters of visible ASCII and space (RFC 6749 §A.1, §A.2). */
function isFormEncoded(text: string): boolean {
  try {
    return /^[ -~]+$/.test(decodeURIComponent(text.replaceAll('+', '%20')));
  } catch {
    return false;
  }
}
