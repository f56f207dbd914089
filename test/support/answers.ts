import type { Reason } from 'latchkey';

const refused = (
  status: number,
  reason: Reason,
  headers: Readonly<Record<string, string>>,
  body: string,
) => ({
  status: 'refused',
  reason,
  refusal: {
    status,
    headers: {
      ...headers,
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
    },
    body,
  },
});

const UNAUTHORIZED = '{"error":"unauthorized","message":"Invalid or missing API key"}';

/** The whole answer to a bad credential under `Authorization: Bearer`. */
export const badBearer = (reason: Reason) =>
  refused(
    401,
    reason,
    {
      'WWW-Authenticate':
        'Bearer realm="api", error="invalid_token", error_description="The access token is invalid or expired"',
    },
    UNAUTHORIZED,
  );

/** The whole answer to a bad credential in another place, or to none. */
export const badKey = (reason: Reason) =>
  refused(401, reason, { 'WWW-Authenticate': 'Bearer realm="api"' }, UNAUTHORIZED);

/** The whole answer where it could not be decided. */
export const OUTAGE = refused(
  503,
  'unavailable',
  { 'Retry-After': '1' },
  '{"error":"service_unavailable","message":"Authentication is temporarily unavailable"}',
);
