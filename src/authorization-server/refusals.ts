import { channel } from 'node:diagnostics_channel';

import type { errors, KoaContextWithOIDC } from 'oidc-provider';

import { isDebugging, printLine } from '../authentication/decisions';
import { DEVICE_CODE, GRANT_TYPES, type GrantType } from './clients/client';
import type { EndpointName } from './endpoints';

/**
 * A refused request, as `node:diagnostics_channel` `latchkey:oauth-refusal` publishes it. Never
 * contains a secret.
 */
export interface OAuthRefusal {
  /** The endpoint that rejected the request. */
  readonly endpoint: EndpointName;
  /**
   * Status of the response. For an error sent by a redirect, the status of the error: mostly 400;
   * 303 for `prompt=none`.
   */
  readonly status: number;
  /**
   * The error code that the client got, of RFC 6749 §4.1.2.1 or §5.2 or a specification that
   * extends it, such as `invalid_target` (RFC 8707 §2), `login_required` and
   * `request_not_supported` (OpenID Connect Core §3.1.2.6). On a page also
   * `invalid_redirect_uri`.
   */
  readonly error: string;
  /** The reason, which the client did not get. */
  readonly reason: string | undefined;
  /** The registered client that the request names. It may not have authenticated. */
  readonly clientId: string | undefined;
  /** The requested grant type, if the request has one. */
  readonly grantType: GrantType | undefined;
  /**
   * Why the request could not be decided: the store's error, or what a function of the app threw.
   */
  readonly cause: unknown;
}

const refusals = channel('latchkey:oauth-refusal');

/** Publishes a refusal to subscribers, and prints one line with `NODE_DEBUG=latchkey`. */
export function publishRefusal(refusal: OAuthRefusal): void {
  refusals.publish(refusal);
  if (!isDebugging) {
    return;
  }
  const { endpoint, status, error, reason = '-', clientId = '-', grantType = '-', cause } = refusal;
  const from = cause instanceof Error ? ` cause=${JSON.stringify(cause.message)}` : '';
  printLine(
    `${status} ${error} endpoint=${endpoint} client=${clientId} grant_type=${grantType} reason=${JSON.stringify(reason)}${from}`,
  );
}

/** Routes of oidc-provider that are not named like their endpoint. */
const ENDPOINTS: Readonly<Record<string, EndpointName>> = {
  resume: 'authorization',
  device_authorization: 'deviceAuthorization',
  pushed_authorization_request: 'pushedAuthorizationRequest',
};

/** Converts an error of oidc-provider. */
export function toRefusal(
  { oidc }: KoaContextWithOIDC,
  error: Error & Partial<errors.OIDCProviderError>,
): OAuthRefusal {
  const {
    statusCode: status = 500,
    error_description: description,
    error_detail: reason = description,
    cause,
  } = error;
  const code = error.expose ? (error.error as string) : 'server_error';
  return {
    endpoint: ENDPOINTS[oidc.route] ?? (oidc.route as EndpointName),
    status,
    error: toErrorCode(code, oidc),
    reason,
    clientId: oidc.client?.clientId,
    grantType: GRANT_TYPES.find((one) => one === oidc.params?.grant_type),
    cause: error.expose ? cause : error,
  };
}

/**
 * Returns the error code for the client. oidc-provider reports a disallowed grant type as
 * `invalid_request`, where RFC 6749 §5.2 requires `unauthorized_client`.
 */
export function toErrorCode(
  code: string,
  { client, params, route }: KoaContextWithOIDC['oidc'],
): string {
  const grantType = route === 'device_authorization' ? DEVICE_CODE : params?.grant_type;
  const isNotAllowed =
    typeof grantType === 'string' && client?.grantTypeAllowed(grantType) === false;
  return code === 'invalid_request' && isNotAllowed ? 'unauthorized_client' : code;
}
