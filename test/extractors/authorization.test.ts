import { bearer, dpop } from 'latchkey';

describe.each([
  ['bearer', 'Bearer', 'DPoP', bearer()],
  ['dpop', 'DPoP', 'Bearer', dpop()],
] as const)('%s()', (name, scheme, otherScheme, extractor) => {
  // The tables are written for Bearer.
  const written = (text: string): string =>
    text
      .replace(/DPoP|Bearer/g, (word) => (word === 'Bearer' ? scheme : otherScheme))
      .replaceAll('BEARER', scheme.toUpperCase())
      .replaceAll('bearer', scheme.toLowerCase());
  const extract = (authorization: string | readonly string[] | undefined) =>
    extractor.extract({
      headers: {
        authorization:
          typeof authorization === 'string' ? written(authorization) : authorization?.map(written),
      },
    });

  it('is a scheme of Authorization', () => {
    expect(extractor).toMatchObject({ name, scheme, header: 'Authorization' });
    expect(extractor.ambient).toBeUndefined();
    expect(Object.isFrozen(extractor)).toBe(true);
  });

  test.each<[string, string | string[], string]>([
    ['one space', 'Bearer abc', 'abc'],
    ['many spaces', 'Bearer      abc', 'abc'],
    ['the scheme in lower case', 'bearer abc', 'abc'],
    ['the scheme in capitals', 'BEARER abc', 'abc'],
    ['every character of b64token', 'Bearer AZaz09-._~+/==', 'AZaz09-._~+/=='],
    ['a token that says Bearer', 'Bearer Bearer', 'Bearer'],
    ['a list of one', ['Bearer abc'], 'abc'],
  ])('finds the token after %s', (_, value, token) => {
    expect(extract(value)).toBe(written(token));
  });

  // Presented and not a token: what is found must not pass the grammar, but it must be found, or
  // the request would be anonymous.
  test.each<[string, string | string[]]>([
    ['the scheme alone', 'Bearer'],
    ['the scheme and spaces', 'Bearer   '],
    ['a tab in place of the space', 'Bearer\tabc'],
    ['a tab after the space', 'Bearer \tabc'],
    ['a tab after the token', 'Bearer abc\t'],
    ['a no-break space in place of the space', 'Bearer\u00a0abc'],
    ['a slash in place of the space', 'Bearer/abc'],
    ['an equals sign in place of the space', 'Bearer=abc'],
    ['a colon in place of the space', 'Bearer:abc'],
    ['a comma in place of the space', 'Bearer,abc'],
    ['a quote in place of the space', 'Bearer"abc"'],
    ['a control character in place of the space', 'Bearer\u0001abc'],
    ['a letter beyond ASCII in place of the space', 'Bearer\u00e9abc'],
    ['two tokens', 'Bearer abc def'],
    ['a space after the token', 'Bearer abc '],
    ['parameters', 'Bearer token="abc"'],
    ['two credentials in one line', 'Bearer abc, Bearer abc'],
    ['another scheme after it', 'Bearer abc, Basic YTpi'],
    ['two lines as a list', ['Bearer abc', 'Bearer abc']],
    ['a line feed', 'Bearer abc\ndef'],
    ['a NUL', 'Bearer abc\0'],
  ])('finds an invalid token in %s', (_, value) => {
    const token = extract(value);
    expect(token).toBeDefined();
    expect(token).not.toMatch(/^[A-Za-z0-9._~+/-]+=*$/);
  });

  test.each<[string, string | string[] | undefined]>([
    ['no header', undefined],
    ['an empty header', ''],
    ['an empty list', []],
    ['Basic', 'Basic YTpi'],
    ['another scheme that may be configured', 'DPoP abc'],
    ['a scheme that begins so', 'Bearerer abc'],
    ['a scheme that begins so, with a dash', 'Bearer-2 abc'],
    ['a scheme that begins so, with a dot', 'Bearer.x abc'],
    ['a scheme that begins so, with a plus', 'Bearer+x abc'],
    ['a scheme that ends so', 'XBearer abc'],
    ['a space before the scheme', ' Bearer abc'],
    ['another scheme before it', 'Basic YTpi, Bearer abc'],
    ['a look-alike', 'Веarer abc'],
  ])('finds nothing in %s', (_, value) => {
    expect(extract(value)).toBeUndefined();
  });

  test.each<[string, string[], boolean]>([
    ['one line', ['Authorization', 'Bearer a'], false],
    ['two lines', ['Authorization', 'Bearer a', 'Authorization', 'Bearer a'], true],
    ['two lines of two schemes', ['Authorization', 'Basic a', 'authorization', 'Bearer a'], true],
    [
      'another header twice',
      ['Authorization', 'Bearer a', 'X-API-Key', 'a', 'X-API-Key', 'a'],
      false,
    ],
  ])('is repeated by %s: %s', (_, rawHeaders, repeated) => {
    expect(extractor.isRepeated?.({ headers: { authorization: rawHeaders[1] }, rawHeaders })).toBe(
      repeated,
    );
  });
});

it('knows a scheme in mixed case', () => {
  expect(bearer().extract({ headers: { authorization: 'bEaReR abc' } })).toBe('abc');
  expect(dpop().extract({ headers: { authorization: 'dpOp abc' } })).toBe('abc');
});
