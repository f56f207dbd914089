import { createHash } from 'node:crypto';

import { readDigest, toDigest, toStoredDigest } from '../../src/credential/digest';

const sha256 = (text: string, encoding: 'hex' | 'base64' | 'base64url') =>
  createHash('sha256').update(text).digest(encoding);

it('is SHA-256 of the whole secret, in base64url', () => {
  expect(toDigest('osir_live_x')).toBe(sha256('osir_live_x', 'base64url'));
  expect(toDigest('')).toBe('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
});

it('reads every spelling of a digest as the same', () => {
  // Its base64 has both characters in which the alphabets differ.
  const key = Array.from({ length: 1_000 }, (_, n) => `key ${n}`).find((one) =>
    /\+.*\/|\/.*\+/.test(sha256(one, 'base64')),
  ) as string;
  const hex = sha256(key, 'hex');
  const base64 = sha256(key, 'base64');
  const spellings = [
    hex,
    hex.toUpperCase(),
    toDigest(key),
    `${toDigest(key)}=`,
    base64,
    base64.slice(0, -1),
  ];
  expect(spellings.map(readDigest)).toEqual(spellings.map(() => toDigest(key)));
  expect(spellings.map(toStoredDigest)).toEqual(spellings.map(() => toDigest(key)));
});

it('keeps a longer or shorter hash as its SHA-256, whatever its spelling', () => {
  for (const algorithm of ['sha512', 'sha1', 'md5']) {
    const hash = createHash(algorithm).update('key').digest();
    const stored = (['hex', 'base64', 'base64url'] as const).map((encoding) =>
      toStoredDigest(hash.toString(encoding)),
    );
    expect(new Set([...stored, toStoredDigest(hash.toString('hex').toUpperCase())]).size).toBe(1);
    expect(stored[0]).toMatch(/^[\w-]{43}$/);
  }
});

test.each([
  ['nothing', ''],
  ['42 characters', 'a'.repeat(42)],
  ['44 characters', 'a'.repeat(44)],
  ['63 digits of hex', '0'.repeat(63)],
  ['65 digits of hex', '0'.repeat(65)],
  ['64 characters that are not hex', 'g'.repeat(64)],
  ['base64 with too much padding', `${toDigest('key')}==`],
  ['both alphabets of base64', `${'a'.repeat(41)}+-`],
  ['a line feed after it', `${'a'.repeat(43)}\n`],
  ['a longer hash', createHash('sha512').update('key').digest('hex')],
])('does not accept %s as a digest', (_, text) => {
  expect(readDigest(text)).toBeUndefined();
});
