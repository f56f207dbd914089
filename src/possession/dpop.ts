import * as z from 'zod';

import { MAX_TOKEN_LENGTH } from '../credential/credential';
import { toDigest } from '../credential/digest';
import { authorization } from '../extractors/authorization';
import {
  type Extractor,
  headerRepeated,
  headerValue,
  type PossessionContext,
  type PossessionResult,
  type RequestLike,
} from '../extractors/extractor';
import { originalRequest } from '../extractors/to-request-like';
import { arrayOf, check, checkOptions, durationMs, objectWithMethods } from '../internal/options';
import type { StateStore } from '../stores/store';
import { type CompactJws, readCompactJws } from '../verifiers/jwt/parse-jws';
import { type Algorithm, ALGORITHMS, verifySignature } from '../verifiers/jwt/signature';
import { keyFor, publicMembers, thumbprintOf } from './jwk';
import { serverNonces } from './nonce';
import { firstUseIn, firstUseInMemory } from './replay';
import { normalisedUrl, requestUrl } from './request-url';

export interface DpopOptions {
  /**
   * Algorithms that may have signed a proof, asymmetric ones; `ES256`, `EdDSA`, `Ed25519`, `PS256`
   * and `RS256` by default.
   */
  readonly algorithms?: readonly Algorithm[];
  /**
   * What clients write before the path of a request, `https://api.example.com` for example, where
   * the connection and `Host` do not tell it: behind a proxy. Without it the origin of
   * `resource.url`, if there is one.
   */
  readonly baseUrl?: string;
  /**
   * How far a proof's `iat` may be from now, to either side: 1,000 to 300,000 ms. A clock that is
   * up to five seconds ahead is always tolerated.
   * @default 60_000
   */
  readonly windowMs?: number;
  /**
   * Remembers used proofs, for all machines that share it; the memory of this process by default.
   */
  readonly store?: StateStore;
  /**
   * Asks for nonces of this server (§9). `secret`, of 32 bytes or more, is the same on all
   * machines; `rotateMs` is 60 000 by default.
   */
  readonly nonce?: { readonly secret: string | Uint8Array; readonly rotateMs?: number };
}

const DEFAULT_ALGORITHMS: readonly Algorithm[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'];
const MAX_JTI_LENGTH = 256;
/**
 * How far a client's clock may be ahead, whatever the window (RFC 9449 §11.1), in milliseconds: as
 * for `exp` and `nbf`.
 */
const CLOCK_TOLERANCE_MS = 5_000;
const MIN_SECRET_LENGTH = 32;

const isAsymmetric = (value: unknown): boolean =>
  typeof value === 'string' && Object.hasOwn(ALGORITHMS, value) && !value.startsWith('HS');
const isBaseUrl = (value: unknown): boolean => {
  const normalised = normalisedUrl(value);
  return normalised !== undefined && !/[?#]/.test(value as string) && !normalised.endsWith('//');
};

const optionsSchema = z.strictObject({
  algorithms: arrayOf(
    `algorithms of ${Object.keys(ALGORITHMS).filter(isAsymmetric).join(', ')}`,
    isAsymmetric,
  ).optional(),
  baseUrl: check(
    'an http or https URL without query and fragment, such as "https://api.example.com"',
    isBaseUrl,
  ).optional(),
  windowMs: durationMs(1_000, 300_000).optional(),
  store: objectWithMethods('setIfAbsent').optional(),
  nonce: z
    .strictObject({
      secret: check(
        `a secret of at least ${MIN_SECRET_LENGTH} bytes`,
        (value) =>
          (typeof value === 'string' || value instanceof Uint8Array) &&
          Buffer.from(value).length >= MIN_SECRET_LENGTH,
      ),
      rotateMs: durationMs(1_000).optional(),
    })
    .optional(),
});

const NOT_BOUND: PossessionResult = { ok: false, reason: 'bad_proof' };
const BAD_PROOF: PossessionResult = {
  ok: false,
  reason: 'bad_proof',
  demand: { error: 'invalid_dpop_proof' },
};
const REPLAYED: PossessionResult = {
  ok: false,
  reason: 'replayed',
  demand: { error: 'invalid_dpop_proof' },
};

/**
 * `Authorization: DPoP <token>` with a proof in `DPoP` (RFC 9449 §7.1): tokens that are bound to a
 * key (`cnf.jkt`), which a thief cannot use without it. Tokens that are not bound are refused.
 * @throws TypeError for a wrong or misspelt option
 */
export function dpop(options: DpopOptions = {}): Extractor {
  checkOptions('dpop()', optionsSchema, options);
  const { algorithms = DEFAULT_ALGORITHMS, windowMs = 60_000, store, nonce } = options;
  const baseUrl = options.baseUrl?.replace(/\/$/, '');
  const aheadMs = Math.max(windowMs, CLOCK_TOLERANCE_MS);
  // A proof may come from the future end of the window, and the clocks of instances differ.
  const rememberMs = windowMs + aheadMs;
  const isFirstUse = store ? firstUseIn(store) : firstUseInMemory(rememberMs);
  const nonces = nonce && serverNonces(nonce.secret, nonce.rotateMs ?? 60_000);
  // Two instances, or `check()` behind a guard, may judge one request: it is one use of its proof.
  const accepted = new WeakMap<object, string>();

  const isRecent = (iat: unknown): iat is number => {
    const ageMs = typeof iat === 'number' ? Date.now() - iat * 1_000 : NaN;
    return ageMs <= windowMs && ageMs >= -aheadMs;
  };

  async function check(
    request: RequestLike,
    jkt: unknown,
    { digest, origin }: PossessionContext,
  ): Promise<PossessionResult> {
    if (typeof jkt !== 'string') {
      return NOT_BOUND;
    }
    const jws = headerRepeated(request, 'dpop')
      ? undefined
      : readProof(headerValue(request, 'dpop'), algorithms);
    const members = jws && publicMembers(jws.header.jwk);
    if (!members) {
      return BAD_PROOF;
    }
    // Before anything that costs: whoever has another key has no part in this.
    if (thumbprintOf(members) !== jkt) {
      return NOT_BOUND;
    }

    const { htm, htu, ath, iat, jti, nonce: used } = jws.payload;
    const url = normalisedUrl(htu);
    if (
      htm !== request.method ||
      url === undefined ||
      url !== requestUrl(request, baseUrl ?? origin) ||
      ath !== digest
    ) {
      return BAD_PROOF;
    }
    if (!isRecent(iat)) {
      return BAD_PROOF;
    }
    if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_LENGTH) {
      return BAD_PROOF;
    }
    const algorithm = jws.header.alg as Algorithm;
    const key = keyFor(algorithm, members);
    if (!key || !(await verifySignature(jws.token, algorithm, key))) {
      return BAD_PROOF;
    }

    const nonceIsGood = nonces?.judge(used);
    if (nonces && !nonceIsGood) {
      return {
        ok: false,
        reason: 'bad_proof',
        demand: { error: 'use_dpop_nonce', nonce: nonces.current() },
      };
    }
    const proof = toDigest(`${jkt} ${jti}`);
    const original = originalRequest(request);
    if (
      accepted.get(original) !== proof &&
      !(await isFirstUse(proof, Math.ceil(iat * 1_000) + rememberMs))
    ) {
      return REPLAYED;
    }
    accepted.set(original, proof);
    return { ok: true, nonce: nonceIsGood?.next };
  }

  return Object.freeze<Extractor>({
    name: 'dpop',
    ...authorization('DPoP'),
    algs: algorithms.join(' '),
    possession: Object.freeze({ member: 'jkt', check }),
  });
}

/**
 * A proof by its form (§4.2, §4.3), its signature not yet looked at. A header of several lines,
 * joined, is no compact JWS.
 */
function readProof(
  value: string | undefined,
  algorithms: readonly Algorithm[],
): (CompactJws & { readonly token: string }) | undefined {
  if (value === undefined || value.length > MAX_TOKEN_LENGTH) {
    return undefined;
  }
  const jws = readCompactJws(value);
  if (!jws) {
    return undefined;
  }
  const { typ, alg, crit, b64 } = jws.header;
  const isProof =
    typ === 'dpop+jwt' &&
    algorithms.includes(alg as Algorithm) &&
    crit === undefined &&
    b64 === undefined;
  return isProof ? { ...jws, token: value } : undefined;
}
