import type { ServerResponse } from 'node:http';

import type { EndpointName } from './endpoints';
import { sendOutagePage, sendRefusedPage } from './pages/message-pages';
import { publishRefusal } from './refusals';
import { RefusedRequest } from './request/refused-request';

/** Endpoints that users visit. Their responses are pages. */
export const isPage = (endpoint: EndpointName): boolean =>
  endpoint === 'interaction' || endpoint === 'deviceVerification';

/**
 * Responds to a request that failed: with a refusal or an outage, or through the app's own error
 * handler.
 */
export function respondToFailure(
  res: ServerResponse,
  endpoint: EndpointName,
  error: unknown,
  next: (error?: unknown) => void,
): void {
  const refusal = {
    endpoint,
    reason: undefined,
    clientId: undefined,
    grantType: undefined,
    cause: undefined,
  };
  if (error instanceof RefusedRequest) {
    const { status, error: code, message: reason, cause } = error;
    publishRefusal({ ...refusal, status, error: code, reason, cause });
    return isPage(endpoint) ? sendRefusedPage(res, error) : sendError(res, error);
  }
  if ((error as { error?: unknown } | null)?.error === 'temporarily_unavailable') {
    publishRefusal({
      ...refusal,
      status: 503,
      error: 'temporarily_unavailable',
      cause: (error as Error).cause,
    });
    return sendOutagePage(res);
  }
  publishRefusal({ ...refusal, status: 500, error: 'server_error', cause: error });
  next(error);
}

/** @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
function sendError(res: ServerResponse, { message, status, headers, error }: RefusedRequest): void {
  const body = JSON.stringify({ error, error_description: message });
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers)) {
    res.setHeader(name, value);
  }
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.setHeader('Cache-Control', 'no-store');
  res.end(body);
}
