import type { KeyObject } from 'node:crypto';

/**
 * RSA keys below the minimum can be factored (RFC 7518 §3.3). Above the maximum, verifying one
 * signature costs milliseconds.
 */
const RSA_BITS = { min: 2_048, max: 8_192 };
/**
 * The largest accepted exponent. A larger one makes each verification slower, without a benefit.
 */
const MAX_RSA_EXPONENT = 2n ** 32n - 1n;

/**
 * The y coordinates of the points of small order on Ed25519: 0, 1, -1, the two of order 8, and the
 * unreduced 0 and 1. Anyone can sign for such a key, and OpenSSL accepts it.
 */
const ED25519_SMALL_ORDER: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

/**
 * Returns why a key must not be used, as the end of a sentence that begins with "is". Returns
 * undefined for a safe key.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8017#section-3.1
 */
export function findWeakness(key: KeyObject): string | undefined {
  const { modulusLength: bits, publicExponent: exponent } = key.asymmetricKeyDetails ?? {};
  if (bits !== undefined && bits < RSA_BITS.min) {
    return `an RSA key of ${bits} bits; at least ${RSA_BITS.min} are required (RFC 7518 §3.3)`;
  }
  if (bits !== undefined && bits > RSA_BITS.max) {
    return `an RSA key of ${bits} bits; at most ${RSA_BITS.max} are accepted`;
  }
  if (exponent !== undefined && !isSafeExponent(exponent)) {
    return `an RSA key with an unsafe exponent; it must be odd, at least 3 and at most ${MAX_RSA_EXPONENT} (RFC 8017 §3.1)`;
  }
  if (key.asymmetricKeyType === 'ed25519' && hasSmallOrder(key)) {
    return 'an Ed25519 key of small order, for which anyone can sign';
  }
  return undefined;
}

/**
 * With the exponent 1, a signature is the padded digest itself, which anyone can compute. RSA keys
 * have no even exponent.
 */
const isSafeExponent = (exponent: bigint): boolean =>
  exponent >= 3n && exponent % 2n === 1n && exponent <= MAX_RSA_EXPONENT;

function hasSmallOrder(key: KeyObject): boolean {
  const point = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
  point[31] = (point[31] ?? 0) & 0x7f;
  return ED25519_SMALL_ORDER.has(point.toString('hex'));
}
