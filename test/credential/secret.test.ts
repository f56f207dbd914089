import { crc32 } from 'node:zlib';

import {
  generateSecret,
  isSecretWord,
  secretHint,
  secretPattern,
  secretReader,
} from '../../src/credential/secret';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The checksum as the plan words it, reckoned by another way than the source's. */
function base62OfCrc32(body: string): string {
  let digits = '';
  for (let rest = BigInt(crc32(Buffer.from(body))); rest > 0n; rest /= 62n) {
    digits = DIGITS.charAt(Number(rest % 62n)) + digits;
  }
  return digits.padStart(6, '0');
}

const sealed = (body: string) => body + base62OfCrc32(body);

describe('a secret', () => {
  test.each([
    ['osir', 'live'],
    ['a', 'z'],
    ['k9', 'eu1'],
    ['p'.repeat(32), 'e'.repeat(32)],
  ])('of %s in %s has the published form and checksum', (prefix, environment) => {
    const secret = generateSecret(prefix, environment);
    const [, head, random] = /^(.+_.+_)([0-9A-Za-z]{43})[0-9A-Za-z]{6}$/.exec(secret) ?? [];
    expect(head).toBe(`${prefix}_${environment}_`);
    expect(secret).toBe(sealed(`${head}${random}`));
    expect(secretReader(prefix)(secret)).toBe(environment);
  });

  it('is never the same twice, and uses every digit at every place', () => {
    const randoms = Array.from({ length: 3_000 }, () =>
      generateSecret('osir', 'live').slice('osir_live_'.length, -6),
    );
    expect(new Set(randoms).size).toBe(randoms.length);
    for (let place = 0; place < 43; place++) {
      expect(new Set(randoms.map((random) => random.charAt(place))).size).toBe(62);
    }
  });

  it('is read by its checksum, however many zeros that begins with', () => {
    const bodies = Array.from(
      { length: 20_000 },
      (_, n) => `osir_live_${String(n).padStart(43, '0')}`,
    );
    const padded = bodies.find((body) => base62OfCrc32(body).startsWith('00')) as string;
    expect(secretReader('osir')(sealed(padded))).toBe('live');
  });

  it('has a checksum over the prefix and the environment too', () => {
    const random = 'x'.repeat(43);
    const checksumOf = (body: string) => sealed(body).slice(-6);
    const read = secretReader('osir');
    expect(read(`osir_live_${random}${checksumOf(`osir_live_${random}`)}`)).toBe('live');
    expect(read(`osir_live_${random}${checksumOf(`osir_test_${random}`)}`)).toBeUndefined();
    expect(read(`osir_live_${random}${checksumOf(`osir2_live_${random}`)}`)).toBeUndefined();
    expect(read(`osir_live_${random}${checksumOf(random)}`)).toBeUndefined();
  });

  it('is refused with any one character changed, left out or put in', () => {
    const secret = generateSecret('osir', 'live');
    const read = secretReader('osir');
    const taken: string[] = [];
    for (let at = 0; at <= secret.length; at++) {
      const before = secret.slice(0, at);
      for (const other of ['0', 'a', 'A', 'z', '_', '-', '.', '%', '\0', '\n', 'é']) {
        if (at < secret.length && secret[at] !== other) {
          taken.push(before + other + secret.slice(at + 1));
        }
        taken.push(before + other + secret.slice(at));
      }
      if (at < secret.length) {
        taken.push(before + secret.slice(at + 1));
      }
    }
    expect(taken.filter((token) => read(token) !== undefined)).toEqual([]);
  });

  const body = `osir_live_${'x'.repeat(43)}`;
  test.each([
    ['nothing', ''],
    ['its start alone', 'osir_live_'],
    ['one digit too few, with the right checksum', sealed(body.slice(0, -1))],
    ['one digit too many, with the right checksum', sealed(`${body}x`)],
    ['another prefix', sealed(body.replace('osir', 'other'))],
    ['a longer prefix', sealed(`x${body}`)],
    ['a prefix in capitals', sealed(body.replace('osir', 'OSIR'))],
    ['an environment in capitals', sealed(body.replace('live', 'Live'))],
    ['no environment', sealed(body.replace('live', ''))],
    ['an environment that begins with a digit', sealed(body.replace('live', '1ive'))],
    ['an environment of 33 letters', sealed(body.replace('live', 'e'.repeat(33)))],
    ['a line feed at the end', `${sealed(body)}\n`],
    ['a line feed at the start', `\n${sealed(body)}`],
    ['a second line', `${sealed(body)}\n${sealed(body)}`],
    ['a space around it', ` ${sealed(body)} `],
    ['digits outside base62', sealed(body.replace('xxx', '-_.'))],
    ['full-width letters', sealed(body).replaceAll('x', 'ｘ')],
  ])('is not %s', (_, token) => {
    expect(secretReader('osir')(token)).toBeUndefined();
  });

  it('is read the same way each time', () => {
    const secret = generateSecret('osir', 'live');
    const read = secretReader('osir');
    expect([read(secret), read('junk'), read(secret), read(secret)]).toEqual([
      'live',
      undefined,
      'live',
      'live',
    ]);
  });
});

describe('the hint', () => {
  test.each(['osir_live_', 'a_b_', `${'p'.repeat(32)}_${'e'.repeat(32)}_`])(
    'shows four characters of randomness after %s',
    (start) => {
      const [prefix = '', environment = ''] = start.split('_');
      const secret = generateSecret(prefix, environment);
      expect(secretHint(secret)).toBe(start + secret.slice(start.length, start.length + 4));
    },
  );
});

describe('the pattern for scanners', () => {
  const pattern = secretPattern('osir');
  const found = (text: string) => text.match(new RegExp(pattern, 'g')) ?? [];

  it('finds every secret in code, logs and URLs', () => {
    const [one, two, three] = [
      generateSecret('osir', 'live'),
      generateSecret('osir', 'test'),
      generateSecret('osir', 'eu1'),
    ];
    const text = `const key = '${one}';\n[info] Authorization: Bearer ${two}\nGET /v1?api_key=${three}&x=1 "${one}"\n(${two}),${three}`;
    expect(found(text)).toEqual([one, two, three, one, two, three]);
    expect(found(generateSecret('osir', 'live'))).toHaveLength(1);
  });

  it('finds nothing that is no secret', () => {
    const secret = generateSecret('osir', 'live');
    const others = [
      generateSecret('other', 'live'),
      `x${secret}`,
      `${secret}x`,
      secret.slice(0, -1),
      secret.toUpperCase(),
      secret.replace('_live_', '_'),
      secret.replace('_live_', '__'),
      secretHint(secret),
      'osir_live_',
      'const osir_live_key = process.env.OSIR_LIVE_KEY;',
    ];
    expect(others.filter((text) => pattern.test(text))).toEqual([]);
  });

  it('remembers nothing between two texts', () => {
    const secret = generateSecret('osir', 'live');
    expect([pattern.test(secret), pattern.test(secret), pattern.global, pattern.sticky]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('a word of a secret', () => {
  test.each(['a', 'osir', 'k9', 'a'.repeat(32)])('may be %s', (word) =>
    expect(isSecretWord(word)).toBe(true),
  );
  test.each([
    ['empty', ''],
    ['a digit first', '1a'],
    ['a capital', 'Osir'],
    ['an underscore', 'a_b'],
    ['a dash', 'a-b'],
    ['a dot', 'a.b'],
    ['a regular expression', 'a|b'],
    ['a line feed', 'osir\n'],
    ['33 letters', 'a'.repeat(33)],
    ['a letter that looks like one', 'оsir'],
    ['a number', 1],
    ['null', null],
    ['a list', ['osir']],
  ])('is not %s', (_, word) => expect(isSecretWord(word)).toBe(false));
});
