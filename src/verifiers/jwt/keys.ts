import { setImmediate as nextTurn } from 'node:timers/promises';

import { codedError, typeError } from '../../internal/errors';
import { isObject } from '../../internal/type-guards';
import { type JsonObject, withoutQuery } from '../issuer/fetch';
import type { Jwk } from '../jwk';
import { isJwk, isKnown, keyError, type KeyInput, readKey, type VerificationKey } from './read-key';
import type { Algorithm } from './signature';

export type { KeyInput, VerificationKey } from './read-key';

/**
 * A JWK Set.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7517#section-5
 */
export interface JwkSet {
  /** Keys that cannot verify signatures are skipped. */
  readonly keys: readonly Jwk[];
}

/** Keys by the `alg` and `kid` of a token. A rejection means that they could not be fetched. */
export interface KeySource {
  /** Returns the keys that may have signed a token with this `alg` and `kid`. */
  candidates(
    algorithm: Algorithm,
    kid: string | undefined,
  ): readonly VerificationKey[] | Promise<readonly VerificationKey[]>;
  /**
   * Returns candidates that were published after the ones that did not verify the token. Absent if
   * keys never change.
   */
  newer?(
    algorithm: Algorithm,
    kid: string | undefined,
    tried: readonly VerificationKey[],
  ): readonly VerificationKey[] | Promise<readonly VerificationKey[]>;
}

/** Keys in memory. */
export interface KeySet extends KeySource {
  candidates(algorithm: Algorithm, kid: string | undefined): readonly VerificationKey[];
}

/** The maximum number of keys in a fetched set. Issuers publish fewer than twenty. */
const MAX_KEYS = 100;
/**
 * The maximum number of fetched keys that are tried for one token. One attempt with the slowest
 * kind, P-521, takes 1 to 2 ms.
 */
const MAX_CANDIDATES = 8;
/** How long keys are read before the event loop continues, in milliseconds. */
const TURN_MS = 5;

/**
 * Creates a set of one key. It is tried for every token, unless the key has a `kid` and the token
 * another one.
 *
 * @throws {TypeError} `ERR_LATCHKEY_KEY` if the key is unsafe or does not fit the algorithms
 */
export function singleKey(input: KeyInput, algorithms: readonly Algorithm[]): KeySet {
  const key = readKey('key', input, algorithms);
  if (!key) {
    throw keyError(
      'key',
      `cannot verify ${algorithms.join(', ')}: its "use" or "key_ops" allows only something else`,
    );
  }
  const unfit = algorithms.filter((algorithm) => !key.algorithms.has(algorithm));
  if (unfit.length > 0) {
    const alg = isJwk(input) ? input.alg : undefined;
    const isRestricted = alg !== undefined && unfit.some((algorithm) => algorithm !== alg);
    const cause = isRestricted
      ? 'its "alg" allows only another'
      : 'a key fits one kind of algorithm; name only those in "algorithms"';
    throw keyError('key', `does not fit the algorithm ${unfit.join(', ')}: ${cause}`);
  }
  return createKeySet([key]);
}

/**
 * Creates a set of the keys that can verify signatures. Other keys are skipped (RFC 7517 §5).
 *
 * @throws {TypeError} `ERR_LATCHKEY_KEY` if a key is unsafe or no key can verify
 */
export function keySet(set: JwkSet, algorithms: readonly Algorithm[]): KeySet {
  const isHmac = algorithms.some((algorithm) => algorithm.startsWith('HS'));
  const keys = set.keys.flatMap((jwk, index) => {
    const isSkipped = !isKnown(jwk) || (jwk.kty === 'oct' && !isHmac);
    const key = isSkipped ? undefined : readKey(`jwks.keys.${index}`, jwk, algorithms);
    return isUsable(key) ? [key] : [];
  });
  if (keys.length === 0) {
    throw typeError(
      'ERR_LATCHKEY_KEY',
      `jwt(): option "jwks" must contain a key that verifies ${algorithms.join(', ')}`,
    );
  }
  return createKeySet(keys);
}

/**
 * Creates a set of keys that were fetched. Keys that are unsafe or cannot verify are skipped.
 *
 * @throws {Error} `ERR_LATCHKEY_ISSUER` if it is not a JWK Set, has too many keys, or has no usable
 * key
 */
export async function fetchedKeys(
  url: string,
  { keys }: JsonObject,
  algorithms: readonly Algorithm[],
): Promise<KeySet> {
  const issuerError = (problem: string) =>
    codedError('ERR_LATCHKEY_ISSUER', `${withoutQuery(url)} ${problem}`);
  if (!Array.isArray(keys)) {
    throw issuerError('responded with something that is not a JWK Set (RFC 7517 §5)');
  }
  if (keys.length > MAX_KEYS) {
    throw issuerError(`published ${keys.length} keys; at most ${MAX_KEYS} are accepted`);
  }
  const usable: VerificationKey[] = [];
  let turnEnds = performance.now() + TURN_MS;
  for (const jwk of keys as readonly unknown[]) {
    if (performance.now() >= turnEnds) {
      await nextTurn();
      turnEnds = performance.now() + TURN_MS;
    }
    const key = isObject(jwk) ? tryToRead(jwk, algorithms) : undefined;
    if (isUsable(key)) {
      usable.push(key);
    }
  }
  if (usable.length === 0) {
    throw issuerError(
      `published ${keys.length} keys, of which none can verify ${algorithms.join(', ')}`,
    );
  }
  return createKeySet(usable, MAX_CANDIDATES);
}

const isUsable = (key: VerificationKey | undefined): key is VerificationKey =>
  key !== undefined && key.algorithms.size > 0;

function tryToRead(jwk: Jwk, algorithms: readonly Algorithm[]): VerificationKey | undefined {
  try {
    return readKey('jwksUri', jwk, algorithms);
  } catch {
    return undefined;
  }
}

const createKeySet = (keys: readonly VerificationKey[], maxCandidates = Infinity): KeySet => ({
  candidates: (algorithm, kid) => selectKeys(keys, algorithm, kid).slice(0, maxCandidates),
});

/** Keys with the `kid` of the token come first, then keys without any. */
function selectKeys(
  keys: readonly VerificationKey[],
  algorithm: Algorithm,
  kid: string | undefined,
): readonly VerificationKey[] {
  const fitting = keys.filter((key) => key.algorithms.has(algorithm));
  return kid === undefined
    ? fitting
    : [
        ...fitting.filter((key) => key.kid === kid),
        ...fitting.filter((key) => key.kid === undefined),
      ];
}
