import { MAX_TOKEN_LENGTH } from '../credential/credential';
import { toDigest } from '../credential/digest';
import {
  headerRepeated,
  headerValue,
  type PossessionContext,
  type PossessionResult,
  type RequestLike,
} from '../extractors/extractor';
import { type CompactJws, parseCompactJws } from '../verifiers/jwt/parse-jws';
import { type Algorithm, verifySignature } from '../verifiers/jwt/signature';
import { importPublicKey, jwkThumbprint, publicMembers } from './jwk';
import { normalisedUrl, requestUrl } from './request-url';

/** Which proofs are valid. */
export interface ProofPolicy {
  readonly algorithms: readonly Algorithm[];
  readonly baseUrl: string | undefined;
  /** How old `iat` may be, in milliseconds. */
  readonly maxAgeMs: number;
  /** How far `iat` may be ahead, in milliseconds. */
  readonly maxAheadMs: number;
}

/** A proof whose key, claims and signature are valid for one request. */
export interface VerifiedProof {
  readonly ok: true;
  /** Digest of the key and `jti`, which identify a proof. */
  readonly id: string;
  /** `iat`, in milliseconds since the epoch. */
  readonly issuedAt: number;
  /** Not verified. */
  readonly nonce: unknown;
}

type Rejected = Extract<PossessionResult, { ok: false }>;

/** A proof as sent: nothing in it is verified. */
interface UnverifiedProof {
  readonly token: string;
  readonly algorithm: Algorithm;
  readonly key: Readonly<Record<string, string>>;
  readonly claims: CompactJws['payload'];
}

const MAX_JTI_LENGTH = 256;

const NOT_BOUND: Rejected = { ok: false, reason: 'bad_proof' };
const BAD_PROOF: Rejected = {
  ok: false,
  reason: 'bad_proof',
  demand: { error: 'invalid_dpop_proof' },
};

/**
 * Verifies the proof of a request, except for its nonce and its first use.
 *
 * @param jkt - the thumbprint that the access token is bound to
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-4.3
 */
export async function verifyProof(
  request: RequestLike,
  jkt: unknown,
  context: PossessionContext,
  policy: ProofPolicy,
): Promise<VerifiedProof | Rejected> {
  if (typeof jkt !== 'string') {
    return NOT_BOUND;
  }
  const proof = readProof(request, policy.algorithms);
  if (!proof) {
    return BAD_PROOF;
  }
  // First, because it is cheap: a proof by another key costs nothing else.
  if (jwkThumbprint(proof.key) !== jkt) {
    return NOT_BOUND;
  }
  const { claims } = proof;
  const { iat, jti, nonce } = claims;
  if (
    !isForRequest(claims, request, context, policy) ||
    !isRecent(iat, policy) ||
    !isTokenId(jti) ||
    !(await isSigned(proof))
  ) {
    return BAD_PROOF;
  }
  return { ok: true, id: toDigest(`${jkt} ${jti}`), issuedAt: iat * 1_000, nonce };
}

/** Reads the proof of a request. Several header lines, joined by Node, are not a compact JWS. */
function readProof(
  request: RequestLike,
  algorithms: readonly Algorithm[],
): UnverifiedProof | undefined {
  const token = headerValue(request, 'dpop');
  if (token === undefined || token.length > MAX_TOKEN_LENGTH || headerRepeated(request, 'dpop')) {
    return undefined;
  }
  const jws = parseCompactJws(token);
  if (!jws) {
    return undefined;
  }
  const { typ, alg, crit, b64, jwk } = jws.header;
  const algorithm = algorithms.find((one) => one === alg);
  const key = publicMembers(jwk);
  const isProof = typ === 'dpop+jwt' && crit === undefined && b64 === undefined;
  return isProof && algorithm && key ? { token, algorithm, key, claims: jws.payload } : undefined;
}

function isForRequest(
  { htm, htu, ath }: CompactJws['payload'],
  request: RequestLike,
  { digest, origin }: PossessionContext,
  { baseUrl }: ProofPolicy,
): boolean {
  const url = normalisedUrl(htu);
  return (
    htm === request.method &&
    url !== undefined &&
    url === requestUrl(request, baseUrl ?? origin) &&
    ath === digest
  );
}

function isRecent(iat: unknown, { maxAgeMs, maxAheadMs }: ProofPolicy): iat is number {
  const ageMs = typeof iat === 'number' ? Date.now() - iat * 1_000 : NaN;
  return ageMs <= maxAgeMs && ageMs >= -maxAheadMs;
}

const isTokenId = (jti: unknown): jti is string =>
  typeof jti === 'string' && jti !== '' && jti.length <= MAX_JTI_LENGTH;

async function isSigned({ token, algorithm, key }: UnverifiedProof): Promise<boolean> {
  const publicKey = importPublicKey(algorithm, key);
  return publicKey !== undefined && (await verifySignature(token, algorithm, publicKey));
}
