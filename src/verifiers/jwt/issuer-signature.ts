import { andThen, isPromise } from '../../internal/promises';
import type { KeySource, VerificationKey } from './keys';
import type { CompactJws } from './parse-jws';
import { type Algorithm, isAlgorithm, verifySignature } from './signature';

interface SignedToken {
  readonly token: string;
  readonly algorithm: Algorithm;
  readonly kid: string | undefined;
  readonly source: KeySource;
}

type MaybePromise<T> = T | Promise<T>;

/**
 * Whether one of the issuer's keys verifies the signature of a token. If no known key does, newer
 * keys are tried: a new key may have no `kid`, or the `kid` of the old one.
 */
export function isSignedByIssuer(
  token: string,
  { alg: algorithm, kid }: CompactJws['header'],
  source: KeySource,
): MaybePromise<boolean> {
  if (!isAlgorithm(algorithm)) {
    return false;
  }
  const signed = { token, algorithm, kid: typeof kid === 'string' ? kid : undefined, source };
  const known = source.candidates(algorithm, signed.kid);
  return andThen(known, (keys) => isSignedByKnownOrNewer(signed, keys));
}

function isSignedByKnownOrNewer(
  signed: SignedToken,
  known: readonly VerificationKey[],
): MaybePromise<boolean> {
  return andThen(isSignedByAny(signed, known), (isValid) =>
    isValid || known.length === 0 ? isValid : isSignedByNewer(signed, known),
  );
}

function isSignedByNewer(
  signed: SignedToken,
  tried: readonly VerificationKey[],
): MaybePromise<boolean> {
  const { algorithm, kid, source } = signed;
  const newer = source.newer?.(algorithm, kid, tried) ?? [];
  return andThen(newer, (keys) => isSignedByAny(signed, keys));
}

function isSignedByAny(
  { token, algorithm }: SignedToken,
  keys: readonly VerificationKey[],
): MaybePromise<boolean> {
  const results = keys.map(({ key }) => verifySignature(token, algorithm, key));
  return results.some(isPromise) ? includesTrue(results) : results.includes(true);
}

async function includesTrue(results: readonly MaybePromise<boolean>[]): Promise<boolean> {
  const settled = await Promise.all(results.map(async (result) => result));
  return settled.includes(true);
}
