import { createHash } from 'node:crypto';
import { digestOf, readDigest } from '../../src/credential/digest';

const sha256 = (text: string, encoding: 'hex' | 'base64url') => createHash('sha256').update(text).digest(encoding);

it('is SHA-256 of the whole secret, in base64url', () => {
  expect(digestOf('osir_live_x')).toBe(sha256('osir_live_x', 'base64url'));
  expect(digestOf('')).toBe('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
});

it('reads the three spellings of one digest as the same', () => {
  const hex = sha256('key', 'hex');
  expect([hex, hex.toUpperCase(), digestOf('key')].map(readDigest)).toEqual(Array(3).fill(digestOf('key')));
});

test.each([
  ['nothing', ''],
  ['42 characters', 'a'.repeat(42)],
  ['44 characters', 'a'.repeat(44)],
  ['63 digits of hex', '0'.repeat(63)],
  ['65 digits of hex', '0'.repeat(65)],
  ['64 characters that are not hex', 'g'.repeat(64)],
  ['base64 with padding', Buffer.from(sha256('key', 'hex'), 'hex').toString('base64')],
  ['the other alphabet of base64', `${'a'.repeat(42)}+`],
  ['a line feed after it', `${'a'.repeat(43)}\n`],
  ['a longer hash', createHash('sha512').update('key').digest('hex')],
])('takes %s for no digest', (_, text) => {
  expect(readDigest(text)).toBeUndefined();
});
