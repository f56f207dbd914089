import { setImmediate as nextTurn } from 'node:timers/promises';

import { codedError, typeError } from '../../internal/errors';
import { type JsonObject, placeOf } from '../issuer/fetch';
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
  readonly keys: readonly Jwk[];
}

/** Keys by what a token's header says of them. A rejection means that they could not be fetched. */
export interface KeySource {
  /** Keys that may have signed a token of this `alg` and `kid`. */
  candidates(
    algorithm: Algorithm,
    kid: string | undefined,
  ): readonly VerificationKey[] | Promise<readonly VerificationKey[]>;
  /**
   * Candidates that were published since those that were tried in vain. Absent where keys never
   * change.
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

/** The most keys that a fetched set may hold. Issuers publish fewer than twenty. */
const MAX_KEYS = 100;
/**
 * The most keys of a fetched set that are tried for one token. Of the slowest kind, P-521, one
 * costs 1 to 2 ms.
 */
const MAX_CANDIDATES = 8;
/** For how long keys are read before other requests have a turn, in milliseconds. */
const TURN_MS = 5;

/**
 * Creates a set of one key, which verifies a token whatever its `kid`, unless the key has a `kid`
 * itself.
 */
export function singleKey(input: KeyInput, algorithms: readonly Algorithm[]): KeySet {
  const key = readKey('key', input, algorithms);
  if (!key) {
    throw keyError(
      'key',
      `cannot verify ${algorithms.join(', ')}: its "use" or "key_ops" reserves it for something else`,
    );
  }
  const unfit = algorithms.filter((algorithm) => !key.algorithms.has(algorithm));
  if (unfit.length > 0) {
    const alg = isJwk(input) ? input.alg : undefined;
    const isReserved = alg !== undefined && unfit.some((algorithm) => algorithm !== alg);
    const why = isReserved ? 'its "alg" reserves it for another' : 'one key, one kind of algorithm';
    throw keyError('key', `does not fit the algorithm ${unfit.join(', ')}; ${why}`);
  }
  return createKeySet([key]);
}

/**
 * Creates a set of the keys that can verify. Providers publish others beside them, which are
 * skipped (RFC 7517 §5).
 *
 * @throws TypeError (`ERR_LATCHKEY_KEY`) for a set that holds an unsafe key, or none that can
 * verify
 */
export function keySet(set: JwkSet, algorithms: readonly Algorithm[]): KeySet {
  const isHmac = algorithms.some((algorithm) => algorithm.startsWith('HS'));
  const keys = set.keys.flatMap((jwk, index) => {
    const isSkipped = !isKnown(jwk) || (jwk.kty === 'oct' && !isHmac);
    const key = isSkipped ? undefined : readKey(`jwks.keys.${index}`, jwk, algorithms);
    return key && key.algorithms.size > 0 ? [key] : [];
  });
  if (keys.length === 0) {
    throw typeError(
      'ERR_LATCHKEY_KEY',
      `jwt(): option "jwks" holds no key that verifies ${algorithms.join(', ')}`,
    );
  }
  return createKeySet(keys);
}

/**
 * Creates a set of keys that were fetched. Keys that cannot verify safely are skipped.
 *
 * @throws Error (`ERR_LATCHKEY_ISSUER`) for something other than a JWK Set, for too many keys, and
 * where no key is usable
 */
export async function fetchedKeys(
  url: string,
  { keys }: JsonObject,
  algorithms: readonly Algorithm[],
): Promise<KeySet> {
  const issuerError = (fault: string) =>
    codedError('ERR_LATCHKEY_ISSUER', `${placeOf(url)} ${fault}`);
  if (!Array.isArray(keys)) {
    throw issuerError('answered something that is no JWK Set (RFC 7517 §5)');
  }
  if (keys.length > MAX_KEYS) {
    throw issuerError(`published ${keys.length} keys; at most ${MAX_KEYS} are accepted`);
  }
  const usable: VerificationKey[] = [];
  let turnEnds = performance.now() + TURN_MS;
  for (const jwk of keys as unknown[]) {
    if (performance.now() >= turnEnds) {
      await nextTurn();
      turnEnds = performance.now() + TURN_MS;
    }
    const key = tryToRead(jwk, algorithms);
    if (key && key.algorithms.size > 0) {
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

function tryToRead(jwk: unknown, algorithms: readonly Algorithm[]): VerificationKey | undefined {
  try {
    return typeof jwk === 'object' && jwk !== null
      ? readKey('jwksUri', jwk, algorithms)
      : undefined;
  } catch {
    return undefined;
  }
}

function createKeySet(keys: readonly VerificationKey[], maxCandidates = Infinity): KeySet {
  return {
    candidates(algorithm, kid) {
      const fitting = keys.filter((key) => key.algorithms.has(algorithm));
      const named = fitting.filter((key) => kid === undefined || key.kid === kid);
      const unnamed = kid === undefined ? [] : fitting.filter((key) => key.kid === undefined);
      return [...named, ...unnamed].slice(0, maxCandidates);
    },
  };
}
