import { channel } from 'node:diagnostics_channel';
import type { errors, KoaContextWithOIDC } from 'oidc-provider';
import { isDebugging, printLine } from '../authentication/decisions';
import { GRANT_TYPES, type GrantType } from './clients';
import type { EndpointName } from './endpoints';

/** One request that was refused, as `node:diagnostics_channel` `latchkey:oauth-refusal` publishes it. Never a secret. */
export interface OAuthRefusal {
  readonly endpoint: EndpointName;
  /** Of the answer. Where the client is told by a redirect, of the error: 400 most often, 303 for `prompt=none` where a page is needed. */
  readonly status: number;
  /**
   * What the client was told: a code of RFC 6749 §4.1.2.1 or §5.2, or of the specifications that extend it, such as `invalid_target`
   * (RFC 8707 §2), `login_required` and `request_not_supported` (OpenID Connect Core §3.1.2.6). On a page, where nobody is sent
   * back, `invalid_redirect_uri` too.
   */
  readonly error: string;
  /** Why, in words that the client was not told. */
  readonly reason: string | undefined;
  /** The client that the request names, where it is a known one. It need not have proven that it is this one. */
  readonly clientId: string | undefined;
  readonly grantType: GrantType | undefined;
  /** What kept us from deciding: the store's own error, or what a function of the app threw. */
  readonly cause: unknown;
}

const refusals = channel('latchkey:oauth-refusal');

/** Tells who listens; `NODE_DEBUG=latchkey` prints one line. */
export function publishRefusal(refusal: OAuthRefusal): void {
  refusals.publish(refusal);
  if (!isDebugging) return;
  const { endpoint, status, error, reason = '-', clientId = '-', grantType = '-', cause } = refusal;
  const from = cause instanceof Error ? ` cause=${JSON.stringify(cause.message)}` : '';
  printLine(`${status} ${error} endpoint=${endpoint} client=${clientId} grant_type=${grantType} reason=${JSON.stringify(reason)}${from}`);
}

/** What the engine answers an error with, and what it keeps to itself. */
export function refusalOf({ oidc }: KoaContextWithOIDC, error: Error & Partial<errors.OIDCProviderError>): OAuthRefusal {
  const { statusCode: status = 500, error_description: description, error_detail: reason = description, cause } = error;
  const code = error.expose ? (error.error as string) : 'server_error';
  return {
    endpoint: (oidc.route === 'resume' ? 'authorization' : oidc.route) as EndpointName,
    status,
    error: codeFor(code, oidc),
    reason,
    clientId: oidc.client?.clientId,
    grantType: GRANT_TYPES.find((one) => one === oidc.params?.grant_type),
    cause: error.expose ? cause : error,
  };
}

/** What a client is told. For a grant type that it may not use the engine has no word, and RFC 6749 §5.2 has. */
export function codeFor(code: string, { client, params }: KoaContextWithOIDC['oidc']): string {
  const isNotAllowed = typeof params?.grant_type === 'string' && client?.grantTypeAllowed(params.grant_type) === false;
  return code === 'invalid_request' && isNotAllowed ? 'unauthorized_client' : code;
}
