import { rawRequest } from '../support/servers';
import {
  anonymous,
  BAD_REQUEST,
  FORBIDDEN,
  get,
  outage,
  passes,
  refused,
  type Row,
  UNAUTHORIZED,
} from './rows';

const ALGS = 'algs="ES256 EdDSA Ed25519 PS256 RS256"';
const BARE = 'Bearer realm="api"';
const BAD_BEARER =
  'Bearer realm="api", error="invalid_token", error_description="The access token is invalid or expired"';
const METADATA = 'resource_metadata="https://api.osir.com/.well-known/oauth-protected-resource/v1"';
const SCOPE =
  'error="insufficient_scope", error_description="The request requires higher privileges", scope="domains:write"';
const LOGIN =
  'error="insufficient_user_authentication", error_description="A stronger or more recent authentication is required", acr_values="urn:mfa urn:hw", max_age="300"';
const SEVERAL = 'error="invalid_request", error_description="Multiple credentials in one request"';

const dpop = { extractors: 'dpop' } as const;
const nonces = { extractors: 'dpop with nonces' } as const;
const none = refused(401, UNAUTHORIZED, [BARE, `DPoP ${ALGS}`]);
const badProof = refused(401, UNAUTHORIZED, [`DPoP error="invalid_dpop_proof", ${ALGS}`]);
const badToken = refused(401, UNAUTHORIZED, [`DPoP error="invalid_token", ${ALGS}`]);
const badBearer = refused(401, UNAUTHORIZED, [BAD_BEARER, `DPoP ${ALGS}`]);
const several = refused(400, BAD_REQUEST, [
  `Bearer realm="api", ${SEVERAL}`,
  `DPoP realm="api", ${SEVERAL}, ${ALGS}`,
]);
const wantsNonce = refused(
  401,
  UNAUTHORIZED,
  [`DPoP error="use_dpop_nonce", ${ALGS}`],
  ['DPoP-Nonce: {nonce}'],
);

const bound = 'Authorization: DPoP {bound}';

/** The contract's table for RFC 9449 §7. */
export const DPOP_ROWS: readonly Row[] = [
  // No credential
  { row: 8, when: 'no credential', mode: dpop, request: get(), ...none },
  { row: 8, when: 'a proof without a token', mode: dpop, request: get('DPoP: {proof}'), ...none },
  {
    row: 8,
    when: 'another scheme',
    mode: dpop,
    request: get('Authorization: Basic YTpi'),
    ...none,
  },
  {
    row: 8,
    when: 'HEAD without a credential',
    mode: dpop,
    request: rawRequest('HEAD /v1/domains'),
    ...none,
    body: '',
  },
  {
    row: 8,
    when: 'no credential, a guard that knows its scopes',
    mode: { ...dpop, guard: 'scopes' },
    request: get(),
    ...refused(401, UNAUTHORIZED, [
      `${BARE}, scope="domains:write"`,
      `DPoP scope="domains:write", ${ALGS}`,
    ]),
  },
  {
    row: 8,
    when: 'no credential, a resource',
    mode: { ...dpop, resource: true },
    request: get(),
    ...refused(401, UNAUTHORIZED, [`${BARE}, ${METADATA}`, `DPoP ${ALGS}, ${METADATA}`]),
  },
  {
    row: 8,
    when: 'no credential, no other scheme, algorithms of its own',
    mode: { extractors: 'dpop only' },
    request: get(),
    ...refused(401, UNAUTHORIZED, ['DPoP algs="ES256 PS256"']),
  },
  {
    row: 8,
    when: 'a bearer where only DPoP is configured',
    mode: { extractors: 'dpop only' },
    request: get('Authorization: Bearer {bound}'),
    ...refused(401, UNAUTHORIZED, ['DPoP algs="ES256 PS256"']),
  },

  // A proof that is missing or bad
  { row: 8, when: 'no proof', mode: dpop, request: get(bound), ...badProof },
  { row: 8, when: 'an empty proof', mode: dpop, request: get(bound, 'DPoP:'), ...badProof },
  {
    row: 8,
    when: 'a proof that is no JWT',
    mode: dpop,
    request: get(bound, 'DPoP: abc'),
    ...badProof,
  },
  {
    row: 8,
    when: 'a JWT that is no proof',
    mode: dpop,
    request: get(bound, 'DPoP: {jwt}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'two proofs',
    mode: dpop,
    request: get(bound, 'DPoP: {proof}', 'DPoP: {proof}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'two proofs in one line',
    mode: dpop,
    request: get(bound, 'DPoP: {proof}, {proof}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'a bad proof before a good one',
    mode: dpop,
    request: get(bound, 'DPoP: abc', 'DPoP: {proof}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'a good proof before an empty one',
    mode: dpop,
    request: get(bound, 'DPoP: {proof}', 'dpop:'),
    ...badProof,
  },
  {
    row: 8,
    when: 'a proof in the cookie',
    mode: dpop,
    request: get(bound, 'Cookie: DPoP={proof}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'a proof in the query',
    mode: dpop,
    request: rawRequest('GET /v1/domains?DPoP={proof}', bound),
    ...badProof,
  },
  {
    row: 8,
    when: 'a forged proof',
    mode: dpop,
    request: get(bound, 'DPoP: {forgedProof}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'a proof with a private key',
    mode: dpop,
    request: get(bound, 'DPoP: {proofWithPrivateKey}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'a proof without jti',
    mode: dpop,
    request: get(bound, 'DPoP: {proofWithoutId}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'another htm',
    mode: dpop,
    request: get(bound, 'DPoP: {proofOfAnotherMethod}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'another htu',
    mode: dpop,
    request: get(bound, 'DPoP: {proofOfAnotherUrl}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'another ath',
    mode: dpop,
    request: get(bound, 'DPoP: {proofOfAnotherToken}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'an old proof',
    mode: dpop,
    request: get(bound, 'DPoP: {oldProof}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'a proof of the future',
    mode: dpop,
    request: get(bound, 'DPoP: {earlyProof}'),
    ...badProof,
  },
  {
    row: 8,
    when: 'a proof that was used',
    mode: dpop,
    request: get(bound, 'DPoP: {proofAgain}'),
    times: 2,
    ...badProof,
  },
  {
    row: 8,
    when: 'a bad proof, a guard that knows its scopes',
    mode: { ...dpop, guard: 'scopes' },
    request: get(bound),
    ...badProof,
  },
  {
    row: 8,
    when: 'no proof on an optional route',
    mode: { ...dpop, guard: 'optional' },
    request: get(bound),
    ...badProof,
  },
  {
    row: 8,
    when: 'a bad proof, a resource',
    mode: { ...dpop, resource: true },
    request: get(bound),
    ...refused(401, UNAUTHORIZED, [`DPoP error="invalid_dpop_proof", ${ALGS}, ${METADATA}`]),
  },

  // A token that is bad under DPoP
  {
    row: 8,
    when: 'an empty token',
    mode: dpop,
    request: get('Authorization: DPoP', 'DPoP: {proof}'),
    ...badToken,
  },
  {
    row: 8,
    when: 'two tokens',
    mode: dpop,
    request: get(`${bound} x`, 'DPoP: {proof}'),
    ...badToken,
  },
  {
    row: 8,
    when: 'an unknown token',
    mode: dpop,
    request: get('Authorization: DPoP abc', 'DPoP: {proof}'),
    ...badToken,
  },
  {
    row: 8,
    when: 'an API key',
    mode: dpop,
    request: get('Authorization: DPoP {key}', 'DPoP: {proof}'),
    ...badToken,
  },
  {
    row: 8,
    when: 'an expired token',
    mode: dpop,
    request: get('Authorization: DPoP {boundAndExpired}', 'DPoP: {expiredProof}'),
    ...badToken,
  },
  {
    row: 8,
    when: 'an unbound token',
    mode: dpop,
    request: get('Authorization: DPoP {accessToken}', 'DPoP: {unboundProof}'),
    ...badToken,
  },
  {
    row: 8,
    when: 'another key than that of the token',
    mode: dpop,
    request: get(bound, 'DPoP: {proofOfAnotherKey}'),
    ...badToken,
  },
  {
    row: 8,
    when: 'a token that is bound to something that nobody here knows as well',
    mode: dpop,
    request: get('Authorization: DPoP {boundToMore}', 'DPoP: {proofOfBothKinds}'),
    ...badToken,
  },
  {
    row: 8,
    when: 'a bad token, a guard that knows its scopes',
    mode: { ...dpop, guard: 'scopes' },
    request: get('Authorization: DPoP abc'),
    ...refused(401, UNAUTHORIZED, [`DPoP error="invalid_token", scope="domains:write", ${ALGS}`]),
  },

  // Under another scheme
  {
    row: 8,
    when: 'a bound token as bearer',
    mode: dpop,
    request: get('Authorization: Bearer {bound}', 'DPoP: {proof}'),
    ...badBearer,
  },
  {
    row: 8,
    when: 'a bound JWT as bearer',
    mode: dpop,
    request: get('Authorization: Bearer {boundJwt}', 'DPoP: {jwtProof}'),
    ...badBearer,
  },
  {
    row: 8,
    when: 'an unknown bearer, which gets the same answer',
    mode: dpop,
    request: get('Authorization: Bearer abc'),
    ...badBearer,
  },
  {
    row: 2,
    when: 'a bound token where DPoP is not configured',
    request: get('Authorization: Bearer {bound}'),
    ...refused(401, UNAUTHORIZED, [BAD_BEARER]),
  },
  {
    row: 1,
    when: 'a bound token under DPoP where it is not configured',
    request: get(bound, 'DPoP: {proof}'),
    ...refused(401, UNAUTHORIZED, [BARE]),
  },
  { row: 3, when: 'a bad key beside DPoP', mode: dpop, request: get('X-API-Key: abc'), ...none },

  // Nonces
  { row: 8, when: 'no nonce', mode: nonces, request: get(bound, 'DPoP: {proof}'), ...wantsNonce },
  {
    row: 8,
    when: 'an old nonce',
    mode: nonces,
    request: get(bound, 'DPoP: {proofWithOldNonce}'),
    ...wantsNonce,
  },
  {
    row: 8,
    when: 'a bad proof without a nonce',
    mode: nonces,
    request: get(bound, 'DPoP: {forgedProof}'),
    ...badProof,
  },
  {
    row: 'success',
    when: 'a nonce',
    mode: nonces,
    request: get(bound, 'DPoP: {proofWithNonce}'),
    ...passes(),
  },

  // Several
  {
    row: 4,
    when: 'bearer, then DPoP',
    mode: dpop,
    request: get('Authorization: Bearer {key}', bound, 'DPoP: {proof}'),
    ...several,
  },
  {
    row: 4,
    when: 'DPoP, then bearer',
    mode: dpop,
    request: get(bound, 'Authorization: Bearer {key}', 'DPoP: {proof}'),
    ...several,
  },
  {
    row: 4,
    when: 'DPoP twice',
    mode: dpop,
    request: get(bound, bound, 'DPoP: {proof}'),
    ...several,
  },
  {
    row: 4,
    when: 'DPoP and a key',
    mode: dpop,
    request: get(bound, 'X-API-Key: {key}', 'DPoP: {proof}'),
    ...several,
  },

  // A good token, and more is asked
  {
    row: 5,
    when: 'DPoP without the scope',
    mode: { ...dpop, guard: 'scopes' },
    request: get(bound, 'DPoP: {proof}'),
    ...refused(403, FORBIDDEN, [`DPoP realm="api", ${SCOPE}, ${ALGS}`]),
  },
  {
    row: 5,
    when: 'bearer without the scope, beside DPoP',
    mode: { ...dpop, guard: 'scopes' },
    request: get('Authorization: Bearer {accessToken}'),
    ...refused(403, FORBIDDEN, [`Bearer realm="api", ${SCOPE}`]),
  },
  {
    row: 6,
    when: 'DPoP',
    mode: { ...dpop, guard: 'authorize' },
    request: get(bound, 'DPoP: {proof}'),
    ...refused(403, FORBIDDEN, []),
  },
  {
    row: 7,
    when: 'DPoP, an old login',
    mode: { ...dpop, guard: 'stepUp' },
    request: get('Authorization: DPoP {oldBoundJwt}', 'DPoP: {oldJwtProof}'),
    ...refused(401, UNAUTHORIZED, [`DPoP realm="api", ${LOGIN}, ${ALGS}`]),
  },
  {
    row: 7,
    when: 'bearer, an old login, beside DPoP',
    mode: { ...dpop, guard: 'stepUp' },
    request: get('Authorization: Bearer {oldJwt}'),
    ...refused(401, UNAUTHORIZED, [`Bearer realm="api", ${LOGIN}`]),
  },
  {
    row: 8,
    when: 'an old login without a proof',
    mode: { ...dpop, guard: 'stepUp' },
    request: get('Authorization: DPoP {oldBoundJwt}'),
    ...badProof,
  },

  // An outage
  {
    row: 9,
    when: 'the store of proofs',
    mode: { extractors: 'dpop without its store' },
    request: get(bound, 'DPoP: {proof}'),
    ...outage,
  },
  {
    row: 8,
    when: 'a bad proof, which is not asked for',
    mode: { extractors: 'dpop without its store' },
    request: get(bound, 'DPoP: {oldProof}'),
    ...badProof,
  },

  // Success
  { row: 'success', when: 'DPoP', mode: dpop, request: get(bound, 'DPoP: {proof}'), ...passes() },
  {
    row: 'success',
    when: 'DPoP in lower case',
    mode: dpop,
    request: get('authorization: dpop {bound}', 'dpop: {proof}'),
    ...passes(),
  },
  {
    row: 'success',
    when: 'DPoP, a query',
    mode: dpop,
    request: rawRequest('GET /v1/domains?a=b', bound, 'DPoP: {proof}'),
    ...passes(),
  },
  {
    row: 'success',
    when: 'DPoP on HEAD',
    mode: dpop,
    request: rawRequest('HEAD /v1/domains', bound, 'DPoP: {headProof}'),
    status: 200,
    headers: [],
    body: '',
  },
  {
    row: 'success',
    when: 'a bound JWT',
    mode: dpop,
    request: get('Authorization: DPoP {boundJwt}', 'DPoP: {jwtProof}'),
    ...passes(),
  },
  {
    row: 'success',
    when: 'a bound JWT of a fresh login',
    mode: { ...dpop, guard: 'stepUp' },
    request: get('Authorization: DPoP {freshBoundJwt}', 'DPoP: {freshJwtProof}'),
    ...passes(),
  },
  {
    row: 'success',
    when: 'several guards, which look at one proof once',
    mode: { ...dpop, guard: 'authenticate, then held scope' },
    request: get(bound, 'DPoP: {proof}'),
    ...passes(),
  },
  {
    row: 'success',
    when: 'a bearer that is not bound, beside DPoP',
    mode: dpop,
    request: get('Authorization: Bearer {accessToken}'),
    ...passes(),
  },
  {
    row: 'success',
    when: 'optional, DPoP',
    mode: { ...dpop, guard: 'optional' },
    request: get(bound, 'DPoP: {proof}'),
    ...passes('Vary: Authorization, X-API-Key'),
  },
  {
    row: 'success',
    when: 'optional, no credential, DPoP',
    mode: { ...dpop, guard: 'optional' },
    request: get(),
    ...anonymous('Vary: Authorization, X-API-Key'),
  },
];
