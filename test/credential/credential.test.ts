import { isB64Token, isCompactJws, isPlainToken } from '../../src/credential/credential';

const ascii = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
const allowedBy = (grammar: (token: string) => boolean) =>
  ascii.filter((char) => grammar(`a${char}a`)).join('');

describe('b64token', () => {
  it('consists of the characters that RFC 6750 §2.1 names', () => {
    expect(allowedBy(isB64Token)).toBe(
      '+-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~',
    );
  });

  test.each(['a', 'abc=', 'abc==', 'a.b.c', '-._~+/'])('may be %s', (token) =>
    expect(isB64Token(token)).toBe(true),
  );

  it('may have 8,192 characters', () => expect(isB64Token('a'.repeat(8_192))).toBe(true));

  test.each([
    ['empty', ''],
    ['padding alone', '='],
    ['padding in front', '=abc'],
    ['padding in the middle', 'a=b'],
    ['two words', 'a b'],
    ['a leading space', ' a'],
    ['a leading tab', '\ta'],
    ['a trailing line feed', 'a\n'],
    ['a second line', 'a\na'],
    ['quoted', '"a"'],
    ['joined by a comma', 'a,a'],
    ['a letter outside ASCII', 'é'],
    ['a full-width letter', 'ａ'],
    ['a letter that looks like one', 'оsir'],
  ])('is not %s', (_, token) => expect(isB64Token(token)).toBe(false));
});

describe('a token outside Authorization', () => {
  it('is visible ASCII without comma or space', () => {
    expect(allowedBy(isPlainToken)).toBe(ascii.slice(0x21, 0x7f).join('').replace(',', ''));
  });

  test.each([
    ['empty', ''],
    ['two joined lines', 'one, two'],
    ['a trailing space', 'a '],
    ['a trailing line feed', 'a\n'],
    ['a control character', 'a\0a'],
    ['delete', 'a\x7f'],
    ['Latin-1', 'a\xe9'],
    ['a full-width letter', 'ａ'],
  ])('is not %s', (_, token) => expect(isPlainToken(token)).toBe(false));
});

describe('a compact JWS', () => {
  test.each(['a.b.c', 'eyJ-_.eyJ0.c2ln'])('is three parts: %s', (token) =>
    expect(isCompactJws(token)).toBe(true),
  );

  test.each([
    ['one part', 'abc'],
    ['two parts', 'a.b'],
    ['four parts', 'a.b.c.d'],
    ['an empty header', '.b.c'],
    ['an empty payload', 'a..c'],
    ['an empty signature', 'a.b.'],
    ['padding', 'a=.b.c'],
    ['the other alphabet of base64', 'a+.b.c/'],
    ['a line feed at the end', 'a.b.c\n'],
    ['a key of ours', `osir_live_${'x'.repeat(49)}`],
  ])('is not %s', (_, token) => expect(isCompactJws(token)).toBe(false));
});
