import { rawRequest } from '../support/servers';

/** How the guard under test was made. */
export interface Mode {
  readonly guard:
    | 'authenticate'
    | 'optional'
    | 'scopes'
    | 'anyScope'
    | 'heldScope'
    | 'authorize'
    | 'stepUp'
    | 'authenticate, then scopes'
    | 'authenticate, then held scope';
  readonly extractors?:
    | 'default'
    | 'all'
    | 'header only'
    | 'dpop'
    | 'dpop only'
    | 'dpop with nonces'
    | 'dpop without its store';
  readonly resource?: true;
  readonly body?: 'problem' | 'message';
  readonly realm?: string;
}

/**
 * One line of the contract: a raw request in, an exact answer out. `{key}` and the like stand for
 * credentials and proofs.
 */
export interface Row {
  readonly row: number | 'success';
  readonly when: string;
  readonly mode?: Partial<Mode>;
  readonly request: string;
  /** How often it is sent; the last answer counts. */
  readonly times?: number;
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

export const get = (...headers: string[]) => rawRequest('GET /v1/domains', ...headers);
const upgrade = (...headers: string[]) =>
  get('Connection: Upgrade', 'Upgrade: websocket', ...headers);

export const UNAUTHORIZED = '{"error":"unauthorized","message":"Invalid or missing API key"}';
export const BAD_REQUEST =
  '{"error":"bad_request","message":"Multiple credentials in one request"}';
export const FORBIDDEN =
  '{"error":"forbidden","message":"Insufficient permissions for this action"}';
const UNAVAILABLE =
  '{"error":"service_unavailable","message":"Authentication is temporarily unavailable"}';

const content = (body: string) => [
  'Content-Type: application/json; charset=utf-8',
  `Content-Length: ${Buffer.byteLength(body)}`,
  'Cache-Control: no-store',
];
export const refused = (
  status: number,
  body: string,
  challenges: readonly string[],
  more: readonly string[] = [],
) => ({
  status,
  headers: [
    ...challenges.map((challenge) => `WWW-Authenticate: ${challenge}`),
    ...more,
    ...content(body),
  ],
  body,
});

const problem = (status: number, challenges: readonly string[], more: readonly string[] = []) => {
  const body = `{"type":"https://docs.example.com/${status}","status":${status}}`;
  const answer = refused(status, body, challenges, more);
  return {
    ...answer,
    headers: answer.headers.map((line) =>
      line.replace('application/json; charset=utf-8', 'application/problem+json'),
    ),
  };
};

const BARE = 'Bearer realm="api"';
const BARE_SCOPE = 'Bearer realm="api", scope="domains:write"';
const INVALID =
  'Bearer realm="api", error="invalid_token", error_description="The access token is invalid or expired"';
const MULTIPLE =
  'Bearer realm="api", error="invalid_request", error_description="Multiple credentials in one request"';
const SCOPE =
  'Bearer realm="api", error="insufficient_scope", error_description="The request requires higher privileges", scope="domains:write"';
const STEP_UP =
  'Bearer realm="api", error="insufficient_user_authentication", error_description="A stronger or more recent authentication is required", acr_values="urn:mfa urn:hw", max_age="300"';
const METADATA = 'resource_metadata="https://api.osir.com/.well-known/oauth-protected-resource/v1"';

const none = refused(401, UNAUTHORIZED, [BARE]);
const badBearer = refused(401, UNAUTHORIZED, [INVALID]);
const badOther = refused(401, UNAUTHORIZED, [BARE]);
const several = refused(400, BAD_REQUEST, [MULTIPLE]);
export const outage = refused(503, UNAVAILABLE, [], ['Retry-After: 1']);
export const passes = (...headers: string[]) => ({
  status: 200,
  headers: [...headers, 'Transfer-Encoding: chunked'],
  body: 'acct_42',
});
export const anonymous = (...headers: string[]) => ({
  status: 200,
  headers: [...headers, 'Transfer-Encoding: chunked'],
  body: 'anonymous',
});

const all = { extractors: 'all' } as const;
const scopes = { guard: 'scopes' } as const;
const optional = { guard: 'optional' } as const;

export const ROWS: readonly Row[] = [
  // No credential
  { row: 1, when: 'no header', request: get(), ...none },
  {
    row: 1,
    when: 'a scheme that is not configured',
    request: get('Authorization: Basic YTpi'),
    ...none,
  },
  {
    row: 1,
    when: 'a scheme that only starts with Bearer',
    request: get('Authorization: Bearerer {key}'),
    ...none,
  },
  { row: 1, when: 'an empty Authorization', request: get('Authorization:'), ...none },
  {
    row: 1,
    when: 'a guard that knows its scopes',
    mode: scopes,
    request: get(),
    ...refused(401, UNAUTHORIZED, [BARE_SCOPE]),
  },
  {
    row: 1,
    when: 'one of several scopes',
    mode: { guard: 'anyScope' },
    request: get(),
    ...refused(401, UNAUTHORIZED, ['Bearer realm="api", scope="domains:write billing:write"']),
  },
  {
    row: 1,
    when: 'authenticate() first',
    mode: { guard: 'authenticate, then scopes' },
    request: get(),
    ...none,
  },
  {
    row: 1,
    when: 'a realm',
    mode: { realm: 'The API' },
    request: get(),
    ...refused(401, UNAUTHORIZED, ['Bearer realm="The API"']),
  },
  {
    row: 1,
    when: 'a resource',
    mode: { resource: true },
    request: get(),
    ...refused(401, UNAUTHORIZED, [`${BARE}, ${METADATA}`]),
  },
  {
    row: 1,
    when: 'a resource and scopes',
    mode: { resource: true, guard: 'scopes' },
    request: get(),
    ...refused(401, UNAUTHORIZED, [`${BARE_SCOPE}, ${METADATA}`]),
  },
  {
    row: 1,
    when: 'no extractor with a scheme',
    mode: { extractors: 'header only' },
    request: get(),
    ...refused(401, UNAUTHORIZED, ['ApiKey realm="api"']),
  },
  {
    row: 1,
    when: 'a bearer where none is configured',
    mode: { extractors: 'header only' },
    request: get('Authorization: Bearer {key}'),
    ...refused(401, UNAUTHORIZED, ['ApiKey realm="api"']),
  },
  {
    row: 1,
    when: 'two bearers where none is configured',
    mode: { extractors: 'header only' },
    request: get('Authorization: Bearer {key}', 'Authorization: Bearer {key}'),
    ...refused(401, UNAUTHORIZED, ['ApiKey realm="api"']),
  },
  { row: 1, when: 'a policy', mode: { guard: 'authorize' }, request: get(), ...none },
  {
    row: 1,
    when: 'a wanted login, which tells nothing of scopes',
    mode: { guard: 'stepUp' },
    request: get(),
    ...none,
  },
  { row: 1, when: 'all extractors', mode: all, request: get(), ...none },
  {
    row: 1,
    when: 'the name of a parameter in other case',
    mode: all,
    request: rawRequest('GET /?API_KEY={key}'),
    ...none,
  },
  {
    row: 1,
    when: 'the name of a cookie in other case',
    mode: all,
    request: get('Cookie: SID={session}'),
    ...none,
  },
  {
    row: 1,
    when: 'a cookie whose name ends so',
    mode: all,
    request: get('Cookie: xsid={session}'),
    ...none,
  },
  { row: 1, when: 'HEAD', request: rawRequest('HEAD /v1/domains'), ...none, body: '' },
  { row: 1, when: 'OPTIONS', request: rawRequest('OPTIONS /v1/domains'), ...none },
  {
    row: 1,
    when: 'a problem document',
    mode: { body: 'problem' },
    request: get(),
    ...problem(401, [BARE]),
  },
  {
    row: 1,
    when: 'another message',
    mode: { body: 'message' },
    request: get(),
    ...refused(401, '{"error":"unauthorized","message":"Schlüssel fehlt"}', [BARE]),
    body: Buffer.from('{"error":"unauthorized","message":"Schlüssel fehlt"}').toString('latin1'),
  },
  {
    row: 1,
    when: 'the query parameter where it is not enabled',
    request: rawRequest('GET /v1/domains?api_key={key}'),
    ...none,
  },
  {
    row: 1,
    when: 'the cookie where it is not enabled',
    request: get('Cookie: sid={session}'),
    ...none,
  },

  // A bad bearer credential
  { row: 2, when: 'empty', request: get('Authorization: Bearer'), ...badBearer },
  { row: 2, when: 'empty, with spaces', request: get('Authorization: Bearer    '), ...badBearer },
  {
    row: 2,
    when: 'a tab after the scheme',
    request: get('Authorization: Bearer\t{key}'),
    ...badBearer,
  },
  { row: 2, when: 'two tokens', request: get('Authorization: Bearer {key} x'), ...badBearer },
  { row: 2, when: 'a comma', request: get('Authorization: Bearer {key},x'), ...badBearer },
  { row: 2, when: 'quotes', request: get('Authorization: Bearer "{key}"'), ...badBearer },
  { row: 2, when: 'not ASCII', request: get('Authorization: Bearer {key}\xe9'), ...badBearer },
  {
    row: 2,
    when: 'a tab before the token',
    request: get('Authorization: Bearer \t{key}'),
    ...badBearer,
  },
  {
    row: 2,
    when: 'a slash in place of the space',
    request: get('Authorization: Bearer/{key}'),
    ...badBearer,
  },
  {
    row: 2,
    when: 'an equals sign in place of the space',
    request: get('Authorization: Bearer={key}'),
    ...badBearer,
  },
  {
    row: 2,
    when: 'two bearers in one line',
    request: get('Authorization: Bearer {key}, Bearer {key}'),
    ...badBearer,
  },
  { row: 2, when: 'padding alone', request: get('Authorization: Bearer =='), ...badBearer },
  { row: 2, when: 'padding inside', request: get('Authorization: Bearer a=b'), ...badBearer },
  {
    row: 2,
    when: 'too long',
    request: get(`Authorization: Bearer ${'a'.repeat(8193)}`),
    ...badBearer,
  },
  {
    row: 2,
    when: 'as long as a token may be',
    request: get(`Authorization: Bearer ${'a'.repeat(8192)}`),
    ...badBearer,
  },
  { row: 2, when: 'of no known form', request: get('Authorization: Bearer abc'), ...badBearer },
  { row: 2, when: 'unknown', request: get('Authorization: Bearer {unknown}'), ...badBearer },
  { row: 2, when: 'expired', request: get('Authorization: Bearer {expired}'), ...badBearer },
  { row: 2, when: 'revoked', request: get('Authorization: Bearer {revoked}'), ...badBearer },
  {
    row: 2,
    when: 'a checksum that is wrong',
    request: get('Authorization: Bearer {key}A'),
    ...badBearer,
  },
  { row: 2, when: 'a stored digest', request: get('Authorization: Bearer {digest}'), ...badBearer },
  {
    row: 2,
    when: 'a JWT that expired',
    request: get('Authorization: Bearer {expiredJwt}'),
    ...badBearer,
  },
  {
    row: 2,
    when: 'a JWT that is not valid yet',
    request: get('Authorization: Bearer {earlyJwt}'),
    ...badBearer,
  },
  {
    row: 2,
    when: 'a JWT of another key',
    request: get('Authorization: Bearer {forgedJwt}'),
    ...badBearer,
  },
  {
    row: 2,
    when: 'a JWT of another type',
    request: get('Authorization: Bearer {idToken}'),
    ...badBearer,
  },
  {
    row: 2,
    when: 'a JWT of another issuer',
    request: get('Authorization: Bearer {foreignJwt}'),
    ...badBearer,
  },
  {
    row: 2,
    when: 'a JWT for another audience',
    request: get('Authorization: Bearer {misdirectedJwt}'),
    ...badBearer,
  },
  {
    row: 2,
    when: 'expired and without the scope: 401',
    mode: scopes,
    request: get('Authorization: Bearer {expired}'),
    ...refused(401, UNAUTHORIZED, [`${INVALID}, scope="domains:write"`]),
  },
  {
    row: 2,
    when: 'a resource',
    mode: { resource: true },
    request: get('Authorization: Bearer {unknown}'),
    ...refused(401, UNAUTHORIZED, [`${INVALID}, ${METADATA}`]),
  },
  {
    row: 2,
    when: 'a resource and scopes',
    mode: { resource: true, guard: 'scopes' },
    request: get('Authorization: Bearer {unknown}'),
    ...refused(401, UNAUTHORIZED, [`${INVALID}, scope="domains:write", ${METADATA}`]),
  },
  {
    row: 2,
    when: 'a realm',
    mode: { realm: 'The API' },
    request: get('Authorization: Bearer {unknown}'),
    ...refused(401, UNAUTHORIZED, [INVALID.replace('"api"', '"The API"')]),
  },
  {
    row: 2,
    when: 'HEAD',
    request: rawRequest('HEAD /', 'Authorization: Bearer {unknown}'),
    ...badBearer,
    body: '',
  },
  {
    row: 2,
    when: 'on an optional route',
    mode: optional,
    request: get('Authorization: Bearer {unknown}'),
    ...badBearer,
  },
  {
    row: 2,
    when: 'beside a good cookie',
    mode: all,
    request: get('Authorization: Bearer {unknown}', 'Cookie: sid={session}'),
    ...badBearer,
  },

  // A bad credential that came otherwise
  { row: 3, when: 'an unknown key', request: get('X-API-Key: {unknown}'), ...badOther },
  { row: 3, when: 'an expired key', request: get('X-API-Key: {expired}'), ...badOther },
  { row: 3, when: 'a revoked key', request: get('X-API-Key: {revoked}'), ...badOther },
  { row: 3, when: 'an empty key', request: get('X-API-Key:'), ...badOther },
  { row: 3, when: 'a key with a space', request: get('X-API-Key: {key} x'), ...badOther },
  { row: 3, when: 'a key with a comma', request: get('X-API-Key: {key},{key}'), ...badOther },
  {
    row: 3,
    when: 'a key that is too long',
    request: get(`X-API-Key: ${'a'.repeat(513)}`),
    ...badOther,
  },
  { row: 3, when: 'a JWT in the key header', request: get('X-API-Key: {jwt}'), ...badOther },
  { row: 3, when: 'a key that is not ASCII', request: get('X-API-Key: {key}\xe9'), ...badOther },
  { row: 3, when: 'a key with a tab', request: get('X-API-Key: {key}\tx'), ...badOther },
  { row: 3, when: 'a key in quotes', request: get('X-API-Key: "{key}"'), ...badOther },
  { row: 3, when: 'a key after a scheme', request: get('X-API-Key: Bearer {key}'), ...badOther },
  { row: 3, when: 'a stored digest', request: get('X-API-Key: {digest}'), ...badOther },
  {
    row: 3,
    when: 'an access token in the key header',
    request: get('X-API-Key: {accessToken}'),
    ...badOther,
  },
  {
    row: 3,
    when: 'a session token in the key header',
    request: get('X-API-Key: {session}'),
    ...badOther,
  },
  {
    row: 3,
    when: 'a guard that knows its scopes',
    mode: scopes,
    request: get('X-API-Key: {unknown}'),
    ...refused(401, UNAUTHORIZED, [BARE_SCOPE]),
  },
  {
    row: 3,
    when: 'no extractor with a scheme',
    mode: { extractors: 'header only' },
    request: get('X-API-Key: {unknown}'),
    ...refused(401, UNAUTHORIZED, ['ApiKey realm="api"']),
  },
  {
    row: 3,
    when: 'a bad query parameter',
    mode: all,
    request: rawRequest('GET /v1/domains?api_key={unknown}'),
    ...badOther,
  },
  {
    row: 3,
    when: 'an empty query parameter',
    mode: all,
    request: rawRequest('GET /?api_key='),
    ...badOther,
  },
  {
    row: 3,
    when: 'a query parameter without a value',
    mode: all,
    request: rawRequest('GET /?api_key'),
    ...badOther,
  },
  {
    row: 3,
    when: 'a query parameter with a space',
    mode: all,
    request: rawRequest('GET /?api_key={key}+x'),
    ...badOther,
  },
  {
    row: 3,
    when: 'a query parameter that is too long',
    mode: all,
    request: rawRequest(`GET /?api_key=${'a'.repeat(513)}`),
    ...badOther,
  },
  {
    row: 3,
    when: 'a session token in the query',
    mode: all,
    request: rawRequest('GET /?api_key={session}'),
    ...badOther,
  },
  {
    row: 3,
    when: 'a JWT in the query',
    mode: all,
    request: rawRequest('GET /?api_key={jwt}'),
    ...badOther,
  },
  { row: 3, when: 'an empty cookie', mode: all, request: get('Cookie: sid='), ...badOther },
  {
    row: 3,
    when: 'a JWT in the cookie',
    mode: all,
    request: get('Cookie: sid={jwt}'),
    ...badOther,
  },
  {
    row: 3,
    when: 'a resource',
    mode: { resource: true },
    request: get('X-API-Key: x'),
    ...refused(401, UNAUTHORIZED, [`${BARE}, ${METADATA}`]),
  },
  {
    row: 3,
    when: 'HEAD',
    request: rawRequest('HEAD /', 'X-API-Key: {unknown}'),
    ...badOther,
    body: '',
  },
  { row: 3, when: 'a bad cookie', mode: all, request: get('Cookie: sid={unknown}'), ...badOther },
  {
    row: 3,
    when: 'an API key in the cookie',
    mode: all,
    request: get('Cookie: sid={key}'),
    ...badOther,
  },
  {
    row: 3,
    when: 'two cookies of one name',
    mode: all,
    request: get('Cookie: sid={session}; sid={session}'),
    ...badOther,
  },
  {
    row: 3,
    when: 'a bad key on an optional route',
    mode: optional,
    request: get('X-API-Key: {unknown}'),
    ...badOther,
  },

  // Several credentials
  {
    row: 4,
    when: 'bearer and X-API-Key',
    request: get('Authorization: Bearer {key}', 'X-API-Key: {key}'),
    ...several,
  },
  {
    row: 4,
    when: 'bearer and an empty X-API-Key',
    request: get('Authorization: Bearer {key}', 'X-API-Key:'),
    ...several,
  },
  {
    row: 4,
    when: 'X-API-Key and bearer',
    request: get('X-API-Key: {key}', 'Authorization: Bearer {key}'),
    ...several,
  },
  {
    row: 4,
    when: 'an empty bearer and X-API-Key',
    request: get('Authorization: Bearer', 'X-API-Key: {key}'),
    ...several,
  },
  {
    row: 4,
    when: 'two bad ones',
    request: get('Authorization: Bearer x', 'X-API-Key: y'),
    ...several,
  },
  {
    row: 4,
    when: 'two Authorization lines',
    request: get('Authorization: Bearer {key}', 'Authorization: Bearer {key}'),
    ...several,
  },
  {
    row: 4,
    when: 'Basic, then Bearer',
    request: get('Authorization: Basic YTpi', 'authorization: Bearer {key}'),
    ...several,
  },
  {
    row: 4,
    when: 'Bearer, then Basic',
    request: get('Authorization: Bearer {key}', 'AUTHORIZATION: Basic YTpi'),
    ...several,
  },
  {
    row: 4,
    when: 'two Authorization lines of another scheme',
    request: get('Authorization: Basic YTpi', 'Authorization: Basic YTpi'),
    ...several,
  },
  {
    row: 4,
    when: 'an empty Authorization line, then another',
    request: get('Authorization:', 'Authorization: Bearer {key}'),
    ...several,
  },
  {
    row: 4,
    when: 'two empty X-API-Key lines',
    request: get('X-API-Key:', 'X-API-Key:'),
    ...several,
  },
  {
    row: 4,
    when: 'two X-API-Key lines with others between',
    request: get('X-API-Key: {key}', 'A: b', 'X-API-KEY: {key}'),
    ...several,
  },
  {
    row: 4,
    when: 'two X-API-Key lines',
    request: get('X-API-Key: {key}', 'x-api-key: {key}'),
    ...several,
  },
  {
    row: 4,
    when: 'a query parameter beside a header',
    mode: all,
    request: rawRequest('GET /v1/domains?api_key={key}', 'X-API-Key: {key}'),
    ...several,
  },
  {
    row: 4,
    when: 'a query parameter beside a bearer',
    mode: all,
    request: rawRequest('GET /v1/domains?api_key={key}', 'Authorization: Bearer {key}'),
    ...several,
  },
  {
    row: 4,
    when: 'an empty query parameter beside a bearer',
    mode: all,
    request: rawRequest('GET /v1/domains?api_key=', 'Authorization: Bearer {key}'),
    ...several,
  },
  {
    row: 4,
    when: 'two explicit ones beside a good cookie',
    mode: all,
    request: get('Authorization: Bearer {key}', 'X-API-Key: {key}', 'Cookie: sid={session}'),
    ...several,
  },
  {
    row: 4,
    when: 'a query parameter once empty',
    mode: all,
    request: rawRequest('GET /?api_key=&api_key={key}'),
    ...several,
  },
  {
    row: 4,
    when: 'a query parameter once escaped',
    mode: all,
    request: rawRequest('GET /?api_key={key}&api%5Fkey={key}'),
    ...several,
  },
  {
    row: 4,
    when: 'HEAD',
    request: rawRequest('HEAD /', 'X-API-Key: {key}', 'X-API-Key: {key}'),
    ...several,
    body: '',
  },
  {
    row: 4,
    when: 'a problem document',
    mode: { body: 'problem' },
    request: get('X-API-Key: {key}', 'X-API-Key: {key}'),
    ...problem(400, [MULTIPLE]),
  },
  {
    row: 4,
    when: 'a realm',
    mode: { realm: 'The API' },
    request: get('X-API-Key: {key}', 'X-API-Key: {key}'),
    ...refused(400, BAD_REQUEST, [MULTIPLE.replace('"api"', '"The API"')]),
  },
  {
    row: 4,
    when: 'a query parameter twice',
    mode: all,
    request: rawRequest('GET /v1/domains?api_key={key}&api_key={key}'),
    ...several,
  },
  {
    row: 4,
    when: 'no scope is told',
    mode: scopes,
    request: get('Authorization: Bearer {key}', 'X-API-Key: {key}'),
    ...several,
  },
  {
    row: 4,
    when: 'a resource',
    mode: { resource: true },
    request: get('X-API-Key: {key}', 'X-API-Key: {key}'),
    ...refused(400, BAD_REQUEST, [`${MULTIPLE}, ${METADATA}`]),
  },
  {
    row: 4,
    when: 'no extractor with a scheme',
    mode: { extractors: 'header only' },
    request: get('X-API-Key: {key}', 'X-API-Key: {key}'),
    ...refused(400, BAD_REQUEST, ['ApiKey realm="api"']),
  },
  {
    row: 4,
    when: 'on an optional route',
    mode: optional,
    request: get('Authorization: Bearer {key}', 'X-API-Key: {key}'),
    ...several,
  },

  // A missing scope
  {
    row: 5,
    when: 'as bearer',
    mode: scopes,
    request: get('Authorization: Bearer {key}'),
    ...refused(403, FORBIDDEN, [SCOPE]),
  },
  {
    row: 5,
    when: 'as X-API-Key',
    mode: scopes,
    request: get('X-API-Key: {key}'),
    ...refused(403, FORBIDDEN, []),
  },
  {
    row: 5,
    when: 'by cookie',
    mode: { ...all, guard: 'scopes' },
    request: get('Cookie: sid={session}'),
    ...refused(403, FORBIDDEN, []),
  },
  {
    row: 5,
    when: 'by query',
    mode: { ...all, guard: 'scopes' },
    request: rawRequest('GET /?api_key={key}'),
    ...refused(403, FORBIDDEN, []),
  },
  {
    row: 5,
    when: 'a JWT',
    mode: scopes,
    request: get('Authorization: Bearer {jwt}'),
    ...refused(403, FORBIDDEN, [SCOPE]),
  },
  {
    row: 5,
    when: 'a resource',
    mode: { guard: 'scopes', resource: true },
    request: get('Authorization: Bearer {key}'),
    ...refused(403, FORBIDDEN, [`${SCOPE}, ${METADATA}`]),
  },
  {
    row: 5,
    when: 'none of several',
    mode: { guard: 'anyScope' },
    request: get('Authorization: Bearer {key}'),
    ...refused(403, FORBIDDEN, [SCOPE.replace('domains:write', 'domains:write billing:write')]),
  },
  {
    row: 5,
    when: 'none of several, as X-API-Key',
    mode: { guard: 'anyScope' },
    request: get('X-API-Key: {key}'),
    ...refused(403, FORBIDDEN, []),
  },
  {
    row: 5,
    when: 'a resource, as X-API-Key',
    mode: { guard: 'scopes', resource: true },
    request: get('X-API-Key: {key}'),
    ...refused(403, FORBIDDEN, []),
  },
  {
    row: 5,
    when: 'a problem document',
    mode: { guard: 'scopes', body: 'problem' },
    request: get('Authorization: Bearer {key}'),
    ...problem(403, [SCOPE]),
  },
  {
    row: 5,
    when: 'HEAD',
    mode: scopes,
    request: rawRequest('HEAD /', 'Authorization: Bearer {key}'),
    ...refused(403, FORBIDDEN, [SCOPE]),
    body: '',
  },
  {
    row: 5,
    when: 'authenticate() first',
    mode: { guard: 'authenticate, then scopes' },
    request: get('Authorization: Bearer {key}'),
    ...refused(403, FORBIDDEN, [SCOPE]),
  },

  // A policy that says no
  {
    row: 6,
    when: 'as bearer',
    mode: { guard: 'authorize' },
    request: get('Authorization: Bearer {key}'),
    ...refused(403, FORBIDDEN, []),
  },
  {
    row: 6,
    when: 'as X-API-Key',
    mode: { guard: 'authorize' },
    request: get('X-API-Key: {key}'),
    ...refused(403, FORBIDDEN, []),
  },
  {
    row: 6,
    when: 'a resource',
    mode: { guard: 'authorize', resource: true },
    request: get('Authorization: Bearer {key}'),
    ...refused(403, FORBIDDEN, []),
  },
  {
    row: 6,
    when: 'by cookie',
    mode: { ...all, guard: 'authorize' },
    request: get('Cookie: sid={session}'),
    ...refused(403, FORBIDDEN, []),
  },
  {
    row: 6,
    when: 'a session cannot log in anew',
    mode: { guard: 'stepUp' },
    request: get('Authorization: Bearer {session}'),
    ...refused(403, FORBIDDEN, []),
  },
  {
    row: 6,
    when: 'a key cannot log in anew',
    mode: { guard: 'stepUp' },
    request: get('Authorization: Bearer {key}'),
    ...refused(403, FORBIDDEN, []),
  },
  {
    row: 6,
    when: 'a client without a user cannot log in anew',
    mode: { guard: 'stepUp' },
    request: get('Authorization: Bearer {clientJwt}'),
    ...refused(403, FORBIDDEN, []),
  },

  // A stronger or fresher login
  {
    row: 7,
    when: 'a user’s access token',
    mode: { guard: 'stepUp' },
    request: get('Authorization: Bearer {jwt}'),
    ...refused(401, UNAUTHORIZED, [STEP_UP]),
  },
  {
    row: 7,
    when: 'a login that is fresh but weak',
    mode: { guard: 'stepUp' },
    request: get('Authorization: Bearer {weakJwt}'),
    ...refused(401, UNAUTHORIZED, [STEP_UP]),
  },
  {
    row: 7,
    when: 'a login that is strong but old',
    mode: { guard: 'stepUp' },
    request: get('Authorization: Bearer {oldJwt}'),
    ...refused(401, UNAUTHORIZED, [STEP_UP]),
  },
  {
    row: 7,
    when: 'an opaque access token',
    mode: { guard: 'stepUp' },
    request: get('Authorization: Bearer {accessToken}'),
    ...refused(401, UNAUTHORIZED, [STEP_UP]),
  },
  {
    row: 7,
    when: 'HEAD',
    mode: { guard: 'stepUp' },
    request: rawRequest('HEAD /', 'Authorization: Bearer {jwt}'),
    ...refused(401, UNAUTHORIZED, [STEP_UP]),
    body: '',
  },
  {
    row: 7,
    when: 'a resource',
    mode: { guard: 'stepUp', resource: true },
    request: get('Authorization: Bearer {jwt}'),
    ...refused(401, UNAUTHORIZED, [`${STEP_UP}, ${METADATA}`]),
  },

  // No decision
  {
    row: 9,
    when: 'the store rejects, as bearer',
    request: get('Authorization: Bearer {outage}'),
    ...outage,
  },
  {
    row: 9,
    when: 'the store rejects, as X-API-Key',
    request: get('X-API-Key: {outage}'),
    ...outage,
  },
  { row: 9, when: 'the store hangs', request: get('X-API-Key: {hanging}'), ...outage },
  { row: 9, when: 'the store talks nonsense', request: get('X-API-Key: {nonsense}'), ...outage },
  {
    row: 9,
    when: 'the store hangs, as bearer',
    request: get('Authorization: Bearer {hanging}'),
    ...outage,
  },
  {
    row: 9,
    when: 'the store answers another record',
    request: get('X-API-Key: {other}'),
    ...outage,
  },
  {
    row: 9,
    when: 'a resource',
    mode: { resource: true },
    request: get('Authorization: Bearer {outage}'),
    ...outage,
  },
  {
    row: 9,
    when: 'no extractor with a scheme',
    mode: { extractors: 'header only' },
    request: get('X-API-Key: {outage}'),
    ...outage,
  },
  {
    row: 9,
    when: 'a problem document',
    mode: { body: 'problem' },
    request: get('X-API-Key: {outage}'),
    ...problem(503, [], ['Retry-After: 1']),
  },
  {
    row: 9,
    when: 'on an optional route',
    mode: optional,
    request: get('X-API-Key: {outage}'),
    ...outage,
  },
  {
    row: 9,
    when: 'a guard with scopes',
    mode: scopes,
    request: get('Authorization: Bearer {outage}'),
    ...outage,
  },
  {
    row: 9,
    when: 'HEAD',
    request: rawRequest('HEAD /', 'X-API-Key: {outage}'),
    ...outage,
    body: '',
  },

  // Success
  {
    row: 'success',
    when: 'a key as bearer',
    request: get('Authorization: Bearer {key}'),
    ...passes(),
  },
  {
    row: 'success',
    when: 'the scheme in lower case, many spaces',
    request: get('authorization: bearer    {key}'),
    ...passes(),
  },
  {
    row: 'success',
    when: 'a key in its header',
    request: get('X-API-Key: {key}'),
    ...passes('Cache-Control: private', 'Vary: X-API-Key'),
  },
  {
    row: 'success',
    when: 'a key in the query',
    mode: all,
    request: rawRequest('GET /v1/domains?x=1&api_key={key}'),
    ...passes('Cache-Control: private'),
  },
  {
    row: 'success',
    when: 'a session in the cookie',
    mode: all,
    request: get('Cookie: a=b; sid={session}'),
    ...passes('Cache-Control: private', 'Vary: Cookie'),
  },
  {
    row: 'success',
    when: 'a key in the query, escaped',
    mode: all,
    request: rawRequest('GET /?api%5Fkey={key}'),
    ...passes('Cache-Control: private'),
  },
  {
    row: 'success',
    when: 'a session in quotes in the cookie',
    mode: all,
    request: get('Cookie: sid="{session}"'),
    ...passes('Cache-Control: private', 'Vary: Cookie'),
  },
  {
    row: 'success',
    when: 'a cookie beside another scheme',
    mode: all,
    request: get('Authorization: Basic YTpi', 'Cookie: sid={session}'),
    ...passes('Cache-Control: private', 'Vary: Cookie'),
  },
  {
    row: 'success',
    when: 'a key beside another scheme',
    request: get('Authorization: Basic YTpi', 'X-API-Key: {key}'),
    ...passes('Cache-Control: private', 'Vary: X-API-Key'),
  },
  {
    row: 'success',
    when: 'a key beside a parameter that is not enabled',
    request: rawRequest('GET /?api_key={key}', 'X-API-Key: {key}'),
    ...passes('Cache-Control: private', 'Vary: X-API-Key'),
  },
  {
    row: 'success',
    when: 'a key that is left over by tabs and spaces around it',
    request: get('X-API-Key: \t {key} \t'),
    ...passes('Cache-Control: private', 'Vary: X-API-Key'),
  },
  {
    row: 'success',
    when: 'HEAD',
    request: rawRequest('HEAD /', 'X-API-Key: {key}'),
    status: 200,
    headers: ['Cache-Control: private', 'Vary: X-API-Key'],
    body: '',
  },
  {
    row: 'success',
    when: 'OPTIONS',
    request: rawRequest('OPTIONS /', 'X-API-Key: {key}'),
    ...passes('Cache-Control: private', 'Vary: X-API-Key'),
  },
  {
    row: 'success',
    when: 'a scope that is held',
    mode: { guard: 'heldScope' },
    request: get('Authorization: Bearer {key}'),
    ...passes(),
  },
  {
    row: 'success',
    when: 'no extractor with a scheme',
    mode: { extractors: 'header only' },
    request: get('X-API-Key: {key}'),
    ...passes('Cache-Control: private', 'Vary: X-API-Key'),
  },
  {
    row: 'success',
    when: 'a session as bearer',
    request: get('Authorization: Bearer {session}'),
    ...passes(),
  },
  {
    row: 'success',
    when: 'an opaque access token',
    request: get('Authorization: Bearer {accessToken}'),
    ...passes(),
  },
  { row: 'success', when: 'a JWT', request: get('Authorization: Bearer {jwt}'), ...passes() },
  {
    row: 'success',
    when: 'a good bearer beside a bad cookie',
    mode: all,
    request: get('Authorization: Bearer {key}', 'Cookie: sid=bad'),
    ...passes(),
  },
  {
    row: 'success',
    when: 'a fresh and strong login',
    mode: { guard: 'stepUp' },
    request: get('Authorization: Bearer {freshJwt}'),
    ...passes(),
  },
  {
    row: 'success',
    when: 'optional and anonymous',
    mode: optional,
    request: get(),
    ...anonymous('Vary: Authorization, X-API-Key'),
  },
  {
    row: 'success',
    when: 'optional, all extractors',
    mode: { ...all, guard: 'optional' },
    request: get(),
    ...anonymous('Vary: Authorization, X-API-Key, Cookie'),
  },
  {
    row: 'success',
    when: 'optional, with a cookie',
    mode: { ...all, guard: 'optional' },
    request: get('Cookie: sid={session}'),
    ...passes('Vary: Authorization, X-API-Key, Cookie', 'Cache-Control: private'),
  },
  {
    row: 'success',
    when: 'optional, with a bearer',
    mode: optional,
    request: get('Authorization: Bearer {key}'),
    ...passes('Vary: Authorization, X-API-Key'),
  },
  {
    row: 'success',
    when: 'optional, with a key',
    mode: optional,
    request: get('X-API-Key: {key}'),
    ...passes('Vary: Authorization, X-API-Key', 'Cache-Control: private'),
  },
  {
    row: 'success',
    when: 'optional, another scheme',
    mode: optional,
    request: get('Authorization: Basic YTpi'),
    ...anonymous('Vary: Authorization, X-API-Key'),
  },

  // The CSRF rule
  {
    row: 1,
    when: 'a cookie sent cross-site on POST',
    mode: all,
    request: rawRequest(
      'POST /',
      'Cookie: sid={session}',
      'Sec-Fetch-Site: cross-site',
      'Content-Length: 0',
    ),
    ...none,
  },
  {
    row: 1,
    when: 'a cookie from another origin on POST',
    mode: all,
    request: rawRequest(
      'POST /',
      'Cookie: sid={session}',
      'Origin: https://evil.example',
      'Content-Length: 0',
    ),
    ...none,
  },
  {
    row: 1,
    when: 'a cookie from a null origin on POST',
    mode: all,
    request: rawRequest('POST /', 'Cookie: sid={session}', 'Origin: null', 'Content-Length: 0'),
    ...none,
  },
  {
    row: 1,
    when: 'a cookie sent cross-site on an upgrade',
    mode: all,
    request: upgrade('Cookie: sid={session}', 'Sec-Fetch-Site: cross-site'),
    ...none,
  },
  {
    row: 1,
    when: 'a cookie from another origin on an upgrade',
    mode: all,
    request: upgrade('Cookie: sid={session}', 'Origin: https://evil.example'),
    ...none,
  },
  {
    row: 'success',
    when: 'a cookie of the same origin on an upgrade',
    mode: all,
    request: upgrade('Cookie: sid={session}', 'Sec-Fetch-Site: same-origin'),
    ...passes('Cache-Control: private', 'Vary: Cookie'),
  },
  {
    row: 'success',
    when: 'a cookie sent cross-site on an optional route: no credential at all',
    mode: { ...all, guard: 'optional' },
    request: rawRequest(
      'POST /',
      'Cookie: sid={session}',
      'Sec-Fetch-Site: cross-site',
      'Content-Length: 0',
    ),
    ...anonymous('Vary: Authorization, X-API-Key, Cookie'),
  },
  {
    row: 1,
    when: 'a bad cookie sent cross-site on POST',
    mode: all,
    request: rawRequest(
      'POST /',
      'Cookie: sid={unknown}',
      'Sec-Fetch-Site: cross-site',
      'Content-Length: 0',
    ),
    ...none,
  },
  {
    row: 'success',
    when: 'a cookie on POST from what is no browser',
    mode: all,
    request: rawRequest('POST /', 'Cookie: sid={session}', 'Content-Length: 0'),
    ...passes('Cache-Control: private', 'Vary: Cookie'),
  },
  {
    row: 'success',
    when: 'a cookie of the same origin on POST',
    mode: all,
    request: rawRequest(
      'POST /',
      'Cookie: sid={session}',
      'Sec-Fetch-Site: same-origin',
      'Content-Length: 0',
    ),
    ...passes('Cache-Control: private', 'Vary: Cookie'),
  },
  {
    row: 'success',
    when: 'a cookie from the host’s own origin on POST',
    mode: all,
    request: rawRequest(
      'POST /',
      'Cookie: sid={session}',
      'Origin: https://api.example.com',
      'Content-Length: 0',
    ),
    ...passes('Cache-Control: private', 'Vary: Cookie'),
  },
  {
    row: 'success',
    when: 'a cookie from a listed origin on POST',
    mode: all,
    request: rawRequest(
      'POST /',
      'Cookie: sid={session}',
      'Origin: https://app.example.org',
      'Sec-Fetch-Site: cross-site',
      'Content-Length: 0',
    ),
    ...passes('Cache-Control: private', 'Vary: Cookie'),
  },
  {
    row: 'success',
    when: 'a cookie sent cross-site on GET',
    mode: all,
    request: get('Cookie: sid={session}', 'Sec-Fetch-Site: cross-site'),
    ...passes('Cache-Control: private', 'Vary: Cookie'),
  },
  {
    row: 'success',
    when: 'a key sent cross-site on POST',
    mode: all,
    request: rawRequest(
      'POST /',
      'X-API-Key: {key}',
      'Sec-Fetch-Site: cross-site',
      'Content-Length: 0',
    ),
    ...passes('Cache-Control: private', 'Vary: X-API-Key'),
  },
];
