import {
  AUDIENCE,
  claimsOf,
  part,
  seal,
  signatureOf,
  tokenOf,
  verdict,
  verifierOf,
} from './tokens';

const HEADER = part({ alg: 'HS256' });
const PAYLOAD = part(claimsOf());
const claims = JSON.stringify(claimsOf());
const bytes = (...texts: (string | number)[]) =>
  Buffer.concat(
    texts.map((text) => (typeof text === 'string' ? Buffer.from(text) : Buffer.of(text))),
  );

/** Lists or objects that stand in one another, `depth` of them. */
const nested = (depth: number, open: string, close: string) =>
  `${open.repeat(depth)}0${close.repeat(depth)}`;

/**
 * The same bytes in another spelling: the bits that the last character has too many are not zero.
 */
function loosened(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.charAt(alphabet.indexOf(text.slice(-1)) + 1);
  const other = text.slice(0, -1) + last;
  expect(Buffer.from(other, 'base64url')).toEqual(Buffer.from(text, 'base64url'));
  return other;
}

it('is accepted as the RFC writes it', async () => {
  expect(await verdict(seal(HEADER, PAYLOAD))).toBe('good');
});

describe('a token that is not three parts, each with something in it', () => {
  const [header, payload, signature] = tokenOf().split('.') as [string, string, string];

  it.each<[string, string]>([
    ['nothing', ''],
    ['one part', header],
    ['two parts', `${header}.${payload}`],
    ['four parts', `${header}.${payload}.${signature}.${signature}`],
    [
      'five, as a JWE has',
      `${part({ alg: 'dir', enc: 'A256GCM' })}.${payload}.${signature}.${payload}.${signature}`,
    ],
    ['a dot before it', `.${header}.${payload}.${signature}`],
    ['a dot after it', `${header}.${payload}.${signature}.`],
    ['the flattened JSON serialisation', JSON.stringify({ payload, protected: header, signature })],
    [
      'the general JSON serialisation',
      JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
    ],
  ])('is malformed, and not even taken: %s', async (_, token) => {
    const verifier = verifierOf();
    expect(await verdict(token, verifier)).toBe('malformed');
    expect(verifier.accepts({ extractor: 'bearer', token })).toBe(false);
  });

  it.each<[string, string]>([
    ['dots alone', '..'],
    ['no signature', `${header}.${payload}.`],
    ['no payload, as a detached one', `${header}..${signature}`],
    ['no payload, and signed so', seal(header, '')],
    ['no header', `.${payload}.${signature}`],
    ['no signature that could be read', `${header}.${payload}.=`],
  ])('is malformed: %s', async (_, token) => {
    const verifier = verifierOf();
    expect(await verdict(token, verifier)).toBe('malformed');
    // Whoever takes JWTs may say so.
    expect(verifier.accepts({ extractor: 'bearer', token })).toBe(true);
  });
});

describe('a part that is not base64url in its one spelling', () => {
  // Of a length that leaves bits over in the last character.
  const header = part('{"alg":"HS256"} ');
  const payload = part(claims + ' '.repeat((4 - (claims.length % 3)) % 3));
  const spellings: [string, (text: string) => string][] = [
    ['padding', (text) => `${text}=`],
    ['all its padding', (text) => text.padEnd(Math.ceil(text.length / 4) * 4, '=')],
    ['padding alone', () => '===='],
    ['bits left over that are not zero', loosened],
    ['the other alphabet', (text) => `${text.slice(0, 4)}+/${text.slice(6)}`],
    [
      'a character too many',
      (text) => `${text}AAA`.slice(0, Math.floor((text.length + 3) / 4) * 4 + 1),
    ],
    ['a space before it', (text) => ` ${text}`],
    ['a space inside', (text) => `${text.slice(0, 4)} ${text.slice(4)}`],
    ['a line feed after it', (text) => `${text}\n`],
    ['a NUL', (text) => `${text}\0`],
    ['a character outside ASCII', (text) => `${text}é`],
    [
      'a full-width letter',
      (text) =>
        text.replace(/[A-Za-z]/, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)),
    ],
    ['percent-encoding', (text) => `%${text.charCodeAt(0).toString(16)}${text.slice(1)}`],
  ];

  it('is of a length that leaves bits over', async () => {
    expect([header.length % 4, payload.length % 4]).toEqual([2, 2]);
    expect(await verdict(seal(header, payload))).toBe('good');
  });

  it.each(spellings)('is malformed: %s', async (_, spelt) => {
    expect(await verdict(seal(spelt(header), payload))).toBe('malformed');
    expect(await verdict(seal(header, spelt(payload)))).toBe('malformed');
    expect(
      await verdict(`${header}.${payload}.${spelt(part(signatureOf(`${header}.${payload}`)))}`),
    ).toBe('malformed');
  });
});

const NO_OBJECTS: [string, string | Uint8Array][] = [
  ['null', 'null'],
  ['true', 'true'],
  ['a number', '7'],
  ['a text', '"text"'],
  ['a text that holds an object', JSON.stringify('{}')],
  ['a list', '[]'],
  ['a list of objects', '[{}]'],
  ['no JSON', 'claims'],
  ['JSON that breaks off', '{"iss":"https://osir.com"'],
  ['two objects', '{}{}'],
  ['a comma too many', '{"a":1,}'],
  ['single quotes', "{'a':1}"],
  ['a comment', '{}//'],
  ['NaN', '{"exp":NaN}'],
  ['Infinity', '{"exp":Infinity}'],
  ['a hexadecimal number', '{"exp":0xffffffff}'],
  ['a zero before a number', '{"exp":01}'],
  ['a NUL after it', '{}\0'],
  ['a space that JSON does not know', '{}\u00a0'],
  ['a byte order mark before it', '\ufeff{}'],
  ['a bare control character', '{"a":"\u0001"}'],
  ['one byte', bytes(0)],
  ['bytes that are no UTF-8', bytes('{"sub":"', 0xff, '"}')],
  ['UTF-8 that breaks off', bytes('{"sub":"', 0xe2, 0x82, '"}')],
  ['a slash in two bytes', bytes('{"sub":"', 0xc0, 0xaf, '"}')],
  ['half a surrogate pair', bytes('{"sub":"', 0xed, 0xa0, 0x80, '"}')],
  ['UTF-16', Buffer.from(claims, 'utf16le')],
  ['UTF-16 with a byte order mark', Buffer.from(`\ufeff${claims}`, 'utf16le')],
];

describe('a payload that is not a JSON object', () => {
  it.each(NO_OBJECTS)('is malformed: %s', async (_, payload) => {
    const verifier = verifierOf();
    for (const typ of [undefined, 'JWT']) {
      const token = seal(part({ alg: 'HS256', typ }), part(payload));
      expect(await verdict(token, verifier)).toBe('malformed');
      expect(verifier.accepts({ extractor: 'bearer', token })).toBe(true);
    }
  });

  it.each(NO_OBJECTS)('is malformed under EdDSA too: %s', async (_, payload) => {
    expect(
      await verdict(
        seal(part({ alg: 'EdDSA' }), part(payload), 'EdDSA'),
        verifierOf({ algorithms: ['EdDSA'] }),
      ),
    ).toBe('malformed');
  });

  it('is malformed with an object that is preceded or followed by something else', async () => {
    for (const payload of [
      `[${claims}]`,
      `"${part(claims)}"`,
      `\ufeff${claims}`,
      `${claims}\0`,
      `${claims}${claims}`,
    ]) {
      expect(await verdict(seal(HEADER, part(payload)))).toBe('malformed');
    }
  });

  it('may have the white space that JSON knows', async () => {
    expect(await verdict(seal(part(' {\t"alg" :\r\n"HS256"} '), part(`\n ${claims}\t`)))).toBe(
      'good',
    );
  });
});

describe('a header that is not a JSON object', () => {
  it.each(NO_OBJECTS)('is malformed: %s', async (_, header) => {
    expect(await verdict(seal(part(header), PAYLOAD))).toBe('malformed');
  });
});

describe('nesting', () => {
  const shapes: [string, string, string][] = [
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
  ];

  it.each(shapes)('may go sixteen deep, and no deeper: %s', async (_, open, close) => {
    // The payload itself is the first.
    const payload = (depth: number) =>
      part(claims.replace('{', `{"x":${nested(depth - 1, open, close)},`));
    expect(await verdict(seal(HEADER, payload(16)))).toBe('good');
    for (const depth of [17, 100, 3_000, 100_000]) {
      expect(await verdict(seal(HEADER, payload(depth)))).toBe('malformed');
    }
  });

  it.each(shapes)('of a header may go sixteen deep, and no deeper: %s', async (_, open, close) => {
    const header = (depth: number) => part(`{"alg":"HS256","x":${nested(depth - 1, open, close)}}`);
    expect(await verdict(seal(header(16), PAYLOAD))).toBe('good');
    for (const depth of [17, 100_000]) {
      expect(await verdict(seal(header(depth), PAYLOAD))).toBe('malformed');
    }
  });

  it('may be as wide as it likes', async () => {
    expect(
      await verdict(tokenOf({ groups: Array.from({ length: 10_000 }, (_, n) => ({ n })) })),
    ).toBe('good');
  });
});

describe('a header that changes what a token is', () => {
  it.each<[string, unknown]>([
    ['crit', ['exp']],
    ['crit', []],
    ['crit', ['b64']],
    ['crit', ['alg']],
    ['crit', 'exp'],
    ['crit', null],
    ['crit', false],
    ['crit', {}],
    ['b64', false],
    ['b64', true],
    ['b64', null],
    ['zip', 'DEF'],
    ['zip', null],
    ['enc', 'A256GCM'],
    ['enc', null],
  ])('is malformed: %s %j', async (name, value) => {
    expect(await verdict(tokenOf({}, { [name]: value }))).toBe('malformed');
    expect(
      await verdict(tokenOf({}, { [name]: value }, 'EdDSA'), verifierOf({ algorithms: ['EdDSA'] })),
    ).toBe('malformed');
  });

  it('is malformed: b64 and crit together, with the payload as it is', async () => {
    const header = part({ alg: 'HS256', b64: false, crit: ['b64'] });
    expect(await verdict(seal(header, PAYLOAD))).toBe('malformed');
    expect(await verdict(`${header}.${claims}.${part(signatureOf(`${header}.${claims}`))}`)).toBe(
      'malformed',
    );
  });

  it('is not one that says nothing of the kind', async () => {
    expect(
      await verdict(
        tokenOf(
          {},
          { kid: 'k1', x5t: 'abc', cty: 'JWT', 'x-custom': { a: [1] }, constructor: 'x' },
        ),
      ),
    ).toBe('good');
    const header = part(
      '{"alg":"HS256","__proto__":{"crit":["exp"],"jku":"https://evil.example"}}',
    );
    expect(await verdict(seal(header, PAYLOAD))).toBe('good');
  });
});

describe('a name that occurs twice', () => {
  it('counts once, for routing and for proof: the last', async () => {
    const verifier = verifierOf();
    const twice = (name: string, first: string, last: string) =>
      seal(
        HEADER,
        part(claims.replace('{', `{"${name}":"${first}",`).replace('}', `,"${name}":"${last}"}`)),
      );
    expect(await verdict(twice('aud', AUDIENCE, 'https://other.example'), verifier)).toBe(
      'bad_audience',
    );
    expect(await verdict(twice('aud', 'https://other.example', AUDIENCE), verifier)).toBe('good');
    const token = twice('iss', 'https://osir.com', 'https://evil.example');
    expect(verifier.accepts({ extractor: 'bearer', token })).toBe(false);
    expect(await verdict(token, verifier)).toBe('bad_issuer');
  });

  it('counts once for the algorithm too', async () => {
    expect(await verdict(seal(part('{"alg":"none","alg":"HS256"}'), PAYLOAD))).toBe('good');
    expect(await verdict(seal(part('{"alg":"HS256","alg":"none"}'), PAYLOAD))).toBe(
      'bad_signature',
    );
    expect(await verdict(seal(part('{"\\u0061lg":"HS256"}'), PAYLOAD))).toBe('good');
  });
});
