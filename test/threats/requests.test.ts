import { keptAlive, pipeline } from '../http/pipeline';
import { MOUNTS, rawRequest, type RawResponse, sendRaw } from '../support/servers';
import {
  ask,
  BAD_BEARER,
  BARE,
  BY_BEARER,
  BY_COOKIE,
  BY_HEADER,
  BY_QUERY,
  get,
  key,
  NODES_OWN,
  type Running,
  running,
  session,
  SEVERAL,
  sorted,
} from './guarded';

const MIB = 1024 * 1024;

/** What can stand in a header line, of Latin-1. */
const CHARACTERS = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(
  (character) => !'\r\n'.includes(character),
);
const isControl = (character: string) =>
  (character < ' ' && character !== '\t') || character === '\u007f';
const PUT = {
  'before the token': (character: string, token: string) => character + token,
  'inside the token': (character: string, token: string) =>
    token.slice(0, 20) + character + token.slice(20),
  'after the token': (character: string, token: string) => token + character,
};
const zip = <T>(names: readonly string[], values: readonly T[]) =>
  names.map((name, index) => [JSON.stringify(name), values[index]]);

describe.each(Object.entries(MOUNTS))('on %s', (_name, mount) => {
  describe.each(Object.entries(PUT))('one character %s', (where, put) => {
    /** Those that are trimmed where they stand leave the token as it was. */
    const leaves = (character: string, before: string, after: string) =>
      ({ 'before the token': before, 'after the token': after })[where]?.includes(character) ??
      false;

    test.each<[string, (character: string) => string, (character: string) => object]>([
      [
        'Authorization',
        (character) => `Authorization: Bearer ${put(character, key)}`,
        (character) => (leaves(character, ' ', ' \t') ? BY_BEARER : BAD_BEARER),
      ],
      [
        'X-API-Key',
        (character) => `X-API-Key: ${put(character, key)}`,
        (character) => (leaves(character, ' \t', ' \t') ? BY_HEADER : BARE),
      ],
      [
        'Cookie',
        (character) => `Cookie: sid=${put(character, session)}`,
        (character) => (leaves(character, '', ' \t;') ? BY_COOKIE : BARE),
      ],
    ])(
      'of %s makes another credential of it, under both parsers',
      async (_header, lineOf, expected) => {
        const lenient = await running(mount, { options: { insecureHTTPParser: true } });
        const strict = await running(mount);
        const answersTo = async ({ port }: Running, characters: readonly string[]) => {
          const requests = keptAlive(characters.map((character) => ['GET /', lineOf(character)]));
          return zip(characters, (await pipeline(port, requests)).map(sorted));
        };
        const wanted = (characters: readonly string[]) => zip(characters, characters.map(expected));
        const taken = CHARACTERS.filter((character) => !isControl(character));
        const controls = CHARACTERS.filter(isControl);
        try {
          expect(await answersTo(lenient, CHARACTERS)).toEqual(wanted(CHARACTERS));
          expect(await answersTo(strict, taken)).toEqual(wanted(taken));
          const lines = controls.map((character) => get(lineOf(character)));
          expect(await ask(strict, lines)).toEqual(controls.map(() => NODES_OWN));
        } finally {
          await Promise.all([lenient.close(), strict.close()]);
        }
      },
    );

    it('of the query makes another credential of it, escaped', async () => {
      const run = await running(mount);
      const escapes = Array.from(
        { length: 256 },
        (_, code) => `%${code.toString(16).padStart(2, '0')}`,
      );
      try {
        const answers = await pipeline(
          run.port,
          keptAlive(escapes.map((escaped) => [`GET /?api_key=${put(escaped, key)}`])),
        );
        expect(zip(escapes, answers.map(sorted))).toEqual(
          zip(
            escapes,
            escapes.map(() => BARE),
          ),
        );
      } finally {
        await run.close();
      }
    });
  });

  it('header lines that only a lenient parser accepts', async () => {
    const lenient = await running(mount, { options: { insecureHTTPParser: true } });
    const strict = await running(mount);
    const requests = [
      get(`Authorization: Bearer\r\n ${key}`),
      get(`Authorization: Bearer ${key.slice(0, 20)}\r\n ${key.slice(20)}`),
      get(`X-API-Key: ${key}\r\n\tx`),
      get(`X-Other: 1\nX-API-Key: ${key}`),
      get(`X-Other: 1\nX-API-Key: ${key}`, `X-API-Key: ${key}`),
    ];
    try {
      expect(await ask(strict, requests)).toEqual(requests.map(() => NODES_OWN));
      expect(await ask(lenient, requests)).toEqual([
        BY_BEARER,
        BAD_BEARER,
        BARE,
        BY_HEADER,
        SEVERAL,
      ]);
    } finally {
      await Promise.all([lenient.close(), strict.close()]);
    }
  });

  describe('a megabyte, with a raised maxHeaderSize', () => {
    let run: Running;
    beforeAll(async () => {
      run = await running(mount, { options: { maxHeaderSize: 8 * MIB } });
    });
    afterAll(() => run.close());
    const long = (text: string) => text.repeat(MIB / text.length);

    test.each<[string, string, RawResponse]>([
      ['of a token', get(`Authorization: Bearer ${long('a')}`), BAD_BEARER],
      ['of spaces before a token', get(`Authorization: Bearer ${long(' ')}${key}`), BY_BEARER],
      ['of spaces and no token', get(`Authorization: Bearer ${long(' ')}"`), BAD_BEARER],
      ['of tabs before a token', get(`Authorization: Bearer ${long('\t')}${key}`), BAD_BEARER],
      ['of padding', get(`Authorization: Bearer ${long('=')}`), BAD_BEARER],
      ['of a scheme', get(`Authorization: Bearer${long('r')} ${key}`), BARE],
      ['of dots', get(`Authorization: Bearer ${long('.')}`), BAD_BEARER],
      ['of JWTs', get(`Authorization: Bearer ${long('a.b.c, ')}`), BAD_BEARER],
      ['of a key', get(`X-API-Key: ${long('a')}`), BARE],
      ['of commas', get(`X-API-Key: ${key}${long(',')}`), BARE],
      ['of a cookie', get(`Cookie: sid=${long('a')}`), BARE],
      ['of cookies before the good one', get(`Cookie: ${long('a=b; ')} sid=${session}`), BY_COOKIE],
      ['of cookies of the same name', get(`Cookie: ${long('sid=a; ')}`), BARE],
      ['of semicolons', get(`Cookie: ${long(';')}`), BARE],
      ['of quotes', get(`Cookie: sid=${long('"')}x`), BARE],
      ['of a query', rawRequest(`GET /?api_key=${long('a')}`), BARE],
      [
        'of parameters before the good one',
        rawRequest(`GET /?${long('a=b&')}api_key=${key}`),
        BY_QUERY,
      ],
      ['of another header', get(`X-Other: ${long('a')}`, `X-API-Key: ${key}`), BY_HEADER],
    ])('%s', async (_what, request, expected) => {
      expect(await ask(run, [request])).toEqual([expected]);
    });
  });

  describe('2,100 headers', () => {
    const OTHERS = Array.from({ length: 2_100 }, (_, n) => `X-${n}: 1`);
    const requests = [
      get(`Authorization: Bearer ${key}`, ...OTHERS),
      get(...OTHERS, `Authorization: Bearer ${key}`),
      get(`X-API-Key: ${key}`, ...OTHERS, `X-API-Key: ${key}`),
      get('Authorization: Bearer bad', ...OTHERS, `X-API-Key: ${key}`),
      get('X-API-Key:', ...OTHERS),
    ];

    // Node drops what comes after about a thousand, where nobody can see a credential, good or bad;
    // from version 24 on it refuses them all.
    const DROPPED = [BY_BEARER, BARE, BY_HEADER, BAD_BEARER, BARE];
    const REFUSED = requests.map(() => ({ status: 431, headers: [], body: '' }));

    test.each<[string, number | undefined, readonly (readonly object[])[]]>([
      ['as Node takes them', undefined, [DROPPED, REFUSED]],
      [
        'all of them, where Node is told to take them',
        0,
        [[BY_BEARER, BY_BEARER, SEVERAL, SEVERAL, BARE]],
      ],
    ])('%s', async (_what, maxHeadersCount, expected) => {
      const run = await running(mount, { options: { maxHeaderSize: MIB }, maxHeadersCount });
      try {
        expect(expected).toContainEqual(await ask(run, requests));
      } finally {
        await run.close();
      }
    });
  });

  test.each<[string, string, RawResponse]>([
    ['HEAD', rawRequest('HEAD /'), { ...BARE, body: '' }],
    [
      'HEAD with a bad credential',
      rawRequest('HEAD /', 'Authorization: Bearer bad'),
      { ...BAD_BEARER, body: '' },
    ],
    [
      'HEAD with several',
      rawRequest('HEAD /', 'X-API-Key: a', 'X-API-Key: b'),
      { ...SEVERAL, body: '' },
    ],
    ['OPTIONS', rawRequest('OPTIONS /'), BARE],
    ['OPTIONS for the whole server', rawRequest('OPTIONS *'), BARE],
    ['OPTIONS with a good key', rawRequest('OPTIONS /', `X-API-Key: ${key}`), BY_HEADER],
    ['TRACE', rawRequest('TRACE /', 'Authorization: Bearer bad'), BAD_BEARER],
    ['a method of WebDAV', rawRequest('PROPFIND /', `Authorization: Bearer ${key}`), BY_BEARER],
    ['an absolute target', rawRequest(`GET http://api.example.com/?api_key=${key}`), BY_QUERY],
    ['two slashes', rawRequest(`GET //?api_key=${key}`), BY_QUERY],
    ['a fragment in the target', rawRequest(`GET /?api_key=${key}#x`), BARE],
    ['HTTP/1.0 without a Host', 'GET / HTTP/1.0\r\nX-API-Key: bad\r\n\r\n', BARE],
    [
      'a body that is never sent',
      rawRequest('POST /', 'X-API-Key: bad', 'Content-Length: 5'),
      BARE,
    ],
  ])('%s gets the response of the contract', async (_what, request, expected) => {
    const run = await running(mount);
    try {
      const answer = sorted(await sendRaw(run.port, request));
      expect(answer).toEqual(expected);
    } finally {
      await run.close();
    }
  });
});
