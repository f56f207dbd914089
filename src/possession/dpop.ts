import { authorization } from '../extractors/authorization';
import type {
  Extractor,
  PossessionResult,
  ProofOfPossession,
  RequestLike,
} from '../extractors/extractor';
import { originalRequest } from '../extractors/to-request-like';
import { type DpopOptions, resolveDpopOptions } from './dpop-options';
import { type ProofPolicy, verifyProof } from './dpop-proof';
import { serverNonces } from './nonce';
import { type FirstUse, firstUseInMemory, firstUseInStore } from './replay';

/**
 * How far the clock of a client may be ahead, whatever the window (RFC 9449 §11.1), in
 * milliseconds: the same as for `exp` and `nbf`.
 */
const CLOCK_TOLERANCE_MS = 5_000;

const REPLAYED: PossessionResult = {
  ok: false,
  reason: 'replayed',
  demand: { error: 'invalid_dpop_proof' },
};

/**
 * Reads an access token from `Authorization: DPoP <token>` and verifies the proof in the header
 * `DPoP`. The token must be bound to the key of the proof (`cnf.jkt`), so a thief who lacks the key
 * cannot use it.
 * @param options algorithms, the time window, where used proofs are recorded, and nonces
 * @returns an extractor for the option `extractors` of `latchkey()`
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is invalid or unknown
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-7.1
 * @example
 * latchkey({
 *   extractors: [bearer(), dpop({ baseUrl: 'https://api.example.com' })],
 *   verifiers: [jwt({ issuer: 'https://login.example.com', audience: 'https://api.example.com' })],
 * });
 */
export function dpop(options: DpopOptions = {}): Extractor {
  const { algorithms, baseUrl, windowMs, store, nonce } = resolveDpopOptions(options);
  const maxAheadMs = Math.max(windowMs, CLOCK_TOLERANCE_MS);
  const policy: ProofPolicy = { algorithms, baseUrl, maxAgeMs: windowMs, maxAheadMs };
  // A proof may be issued at the future end of the window, and the clocks of instances differ.
  const retentionMs = windowMs + maxAheadMs;
  const isFirstRequest = firstRequestOnly(
    store ? firstUseInStore(store) : firstUseInMemory(retentionMs),
  );
  const nonces = nonce && serverNonces(nonce.secret, nonce.rotateMs);

  return Object.freeze<Extractor>({
    name: 'dpop',
    ...authorization('DPoP'),
    algs: algorithms.join(' '),
    possession: Object.freeze<ProofOfPossession>({
      member: 'jkt',
      async check(request, jkt, context) {
        const proof = await verifyProof(request, jkt, context, policy);
        if (!proof.ok) {
          return proof;
        }
        const known = nonces?.verify(proof.nonce);
        if (nonces && !known) {
          const demand = { error: 'use_dpop_nonce', nonce: nonces.current() } as const;
          return { ok: false, reason: 'bad_proof', demand };
        }
        const expiresAt = Math.ceil(proof.issuedAt) + retentionMs;
        return (await isFirstRequest(request, proof.id, expiresAt))
          ? { ok: true, nonce: known?.next }
          : REPLAYED;
      },
    }),
  });
}

/**
 * Limits a proof to one request. Two `latchkey()` instances, or `check()` after a guard, may verify
 * the same request: that is one use.
 */
function firstRequestOnly(isFirstUse: FirstUse) {
  const accepted = new WeakMap<object, string>();
  return async (request: RequestLike, proof: string, expiresAt: number): Promise<boolean> => {
    const original = originalRequest(request);
    if (accepted.get(original) === proof) {
      return true;
    }
    const isFirst = await isFirstUse(proof, expiresAt);
    if (isFirst) {
      accepted.set(original, proof);
    }
    return isFirst;
  };
}
