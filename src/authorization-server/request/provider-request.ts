import { IncomingMessage } from 'node:http';

import { membersIf } from '../../internal/objects';
import type { RoutedRequest } from '../provider/endpoint-urls';
import { clientAddress } from './client-address';
import { FORM_TYPE, JSON_TYPE } from './request-body';

export interface ProviderRequestOptions {
  /** Path and query. */
  readonly url: string;
  readonly issuer: string;
  /** The URL of the endpoint that the client used, if it is not at the issuer. */
  readonly endpointUrl?: string | undefined;
  readonly parameters?: URLSearchParams | undefined;
  /** Accepts JSON alone, as at the token endpoint, whatever the client accepts. @default false */
  readonly json?: boolean;
}

/**
 * Creates the request that oidc-provider sees. It is independent of what a router or a body parser
 * did to the original, and has the host and protocol of the issuer, whatever the client or a proxy
 * sent.
 */
export function providerRequest(
  req: IncomingMessage,
  { url, issuer, endpointUrl, parameters, json }: ProviderRequestOptions,
): RoutedRequest {
  const copy: RoutedRequest = new IncomingMessage(req.socket);
  copy.endpointUrl = endpointUrl;
  copy.address = clientAddress(req);
  const {
    'transfer-encoding': _,
    'content-encoding': _encoding,
    'content-length': _length,
    ...headers
  } = req.headers;
  const { host, protocol } = new URL(issuer);
  const body = parameters?.toString();
  copy.method = req.method;
  copy.url = url;
  copy.httpVersion = req.httpVersion;
  copy.headers = {
    ...headers,
    'x-forwarded-host': host,
    'x-forwarded-proto': protocol.slice(0, -1),
    ...membersIf(json === true, { accept: JSON_TYPE }),
    ...membersIf(body !== undefined, {
      'content-type': FORM_TYPE,
      'content-length': String(Buffer.byteLength(body ?? '')),
    }),
  };
  if (body) {
    copy.push(body);
  }
  copy.push(null);
  // Without this, Node destroys the connection when the copy ends.
  copy.complete = true;
  return copy;
}
