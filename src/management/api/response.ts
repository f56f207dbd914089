import type { IncomingMessage, ServerResponse } from 'node:http';

import { endResponse } from '../../http/drain';
import type { Fault, Outcome } from '../faults';

/** A response before it is sent. */
export interface ApiResponse {
  readonly status: number;
  /** @default none but those that every response has */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default no content */
  readonly body?: object;
}

/** Converts the outcome of an operation. */
export const toResponse = <T>(
  outcome: Outcome<T>,
  succeeded: (value: T) => ApiResponse,
): ApiResponse => (outcome.ok ? succeeded(outcome.value) : faultResponse(outcome.fault));

export const faultResponse = (
  { status, error, message, field }: Fault,
  headers: Readonly<Record<string, string>> = {},
): ApiResponse => ({
  status,
  headers,
  body: field === undefined ? { error, message } : { error, message, field },
});

/** The bytes that every API of Latchkey responds with to a request without a valid credential. */
export const UNAUTHORIZED = faultResponse(
  { status: 401, error: 'unauthorized', message: 'Invalid or missing API key' },
  { 'WWW-Authenticate': 'ApiKey realm="api"' },
);

export const CROSS_SITE = faultResponse({
  status: 403,
  error: 'forbidden',
  message: 'The request comes from another site',
});

/** @param message What failed, for a user. */
export const unavailable = (message = 'Key management is temporarily unavailable'): ApiResponse =>
  faultResponse({ status: 503, error: 'service_unavailable', message }, { 'Retry-After': '1' });

export function sendResponse(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers = {}, body }: ApiResponse,
): void {
  res.statusCode = status;
  res.setHeader('Cache-Control', 'no-store');
  for (const [name, value] of Object.entries(headers)) {
    res.setHeader(name, value);
  }
  if (body === undefined) {
    endResponse(req, res, undefined);
    return;
  }
  const text = JSON.stringify(body);
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(text));
  endResponse(req, res, req.method === 'HEAD' ? undefined : text);
}
