import * as z from 'zod/mini';

import {
  arrayOf,
  booleanOption,
  challengeText,
  check,
  checkOptions,
  durationMs,
  functionOption,
  nonEmptyString,
  objectWithMethods,
} from '../../src/internal/options';

const SECRET = 'hunter2-hunter2';

/** What is said about a value, or undefined where nothing is wrong. */
function complaint(schema: z.ZodMiniType, value: unknown, where = 'make()'): string | undefined {
  try {
    checkOptions(where, schema, value);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    return (error as TypeError).message;
  }
}

describe('a complaint about options', () => {
  const schema = z.strictObject({
    name: nonEmptyString,
    store: z.optional(objectWithMethods('find')),
    resource: z.optional(z.strictObject({ url: nonEmptyString, tag: z.optional(nonEmptyString) })),
    cache: z.optional(
      z.union(
        [
          z.literal(false),
          z.strictObject({ max: z.optional(durationMs(1)), ttlMs: z.optional(durationMs(1)) }),
        ],
        {
          error: 'must be false, or an object with max and ttlMs',
        },
      ),
    ),
  });

  test.each<[string, unknown, string]>([
    ['one that is wrong', { name: 7 }, 'option "name" must be a non-empty string'],
    ['one that is missing', {}, 'option "name" must be a non-empty string'],
    ['one that is undefined', { name: undefined }, 'option "name" must be a non-empty string'],
    [
      'one inside another',
      { name: 'n', resource: { url: '' } },
      'option "resource.url" must be a non-empty string',
    ],
    ['one that is no object', { name: 'n', resource: 'u' }, 'option "resource" must be an object'],
    [
      'one that is unknown',
      { name: 'n', nmae: 'n' },
      'unknown option "nmae"; allowed are name, store, resource, cache',
    ],
    [
      'two that are unknown',
      { name: 'n', a: 1, b: 2 },
      'unknown option "a", "b"; allowed are name, store, resource, cache',
    ],
    [
      'one that is unknown inside another',
      { name: 'n', resource: { url: 'u', uri: 'u' } },
      'unknown option "resource.uri"; allowed are url, tag',
    ],
    [
      'one that is unknown inside a choice',
      { name: 'n', cache: { ttl: 1 } },
      'unknown option "cache.ttl"; allowed are max, ttlMs',
    ],
    [
      'one that is wrong inside a choice',
      { name: 'n', cache: { ttlMs: 0 } },
      'option "cache.ttlMs" must be a number of milliseconds from 1 to 2147483647',
    ],
    [
      'a choice that is none',
      { name: 'n', cache: true },
      'option "cache" must be false, or an object with max and ttlMs',
    ],
    [
      'a choice that is null',
      { name: 'n', cache: null },
      'option "cache" must be false, or an object with max and ttlMs',
    ],
    [
      'several at once',
      { name: '', store: {}, cache: 'no' },
      'option "name" must be a non-empty string; option "store" must be an object with find(); option "cache" must be false, or an object with max and ttlMs',
    ],
  ])('names %s', (_, options, message) => {
    expect(complaint(schema, options)).toBe(`make(): ${message}`);
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a string', SECRET],
    ['a number', 7],
    ['a list', [SECRET]],
    ['a function', () => SECRET],
  ])('is thrown if options are %s', (_, options) => {
    expect(complaint(schema, options)).toBe('make(): options must be an object');
  });

  test.each<[string, unknown]>([
    ['a value', { name: [SECRET] }],
    ['a value inside another', { name: 'n', resource: { url: { secret: SECRET } } }],
    ['a value inside a choice', { name: 'n', cache: { ttlMs: SECRET } }],
    ['the value of an unknown option', { name: 'n', password: SECRET }],
    ['a value in the place of a choice', { name: 'n', cache: SECRET }],
  ])('never quotes %s, which may be a secret', (_, options) => {
    const message = complaint(schema, options);
    expect(message).toBeDefined();
    expect(message).not.toContain(SECRET);
  });

  it('is not thrown for valid options', () => {
    expect(complaint(schema, { name: 'n' })).toBeUndefined();
    expect(complaint(schema, { name: 'n', resource: undefined, cache: false })).toBeUndefined();
    expect(
      complaint(schema, {
        name: 'n',
        resource: { url: 'u' },
        cache: { max: 1 },
        store: { find: () => {} },
      }),
    ).toBeUndefined();
  });
});

const NUMBERS = [
  NaN,
  Infinity,
  -Infinity,
  -1,
  -0.001,
  1n,
  '60',
  '',
  'abc',
  [60],
  {},
  true,
  null,
  undefined,
  new Date(0),
  Symbol('60'),
];

test.each<[string, z.ZodMiniType, readonly unknown[], readonly unknown[], string]>([
  [
    'a duration from 0',
    durationMs(0),
    [0, 1, 0.5, 2 ** 31 - 1],
    [...NUMBERS, 2 ** 31],
    'a number of milliseconds from 0 to 2147483647',
  ],
  [
    'a duration from 1',
    durationMs(1),
    [1, 1.5, 2 ** 31 - 1],
    [...NUMBERS, 0, 0.999],
    'a number of milliseconds from 1 to 2147483647',
  ],
  [
    'a duration up to a bound',
    durationMs(0, 300_000),
    [0, 300_000],
    [...NUMBERS, 300_001],
    'a number of milliseconds from 0 to 300000',
  ],
  [
    'a text',
    nonEmptyString,
    ['a', ' ', '\0'],
    ['', 0, 1, null, undefined, {}, ['a'], Object('a')],
    'a non-empty string',
  ],
  [
    'a boolean',
    booleanOption,
    [true, false],
    [0, 1, 'true', '', null, undefined, Object(true)],
    'true or false',
  ],
  [
    'a function',
    functionOption,
    [() => {}, class {}],
    [null, undefined, {}, 'function', /x/],
    'a function',
  ],
  [
    'a list',
    arrayOf('words', (value) => value === 'a'),
    [['a'], ['a', 'a']],
    [[], ['a', 'b'], 'a', new Set(['a']), { 0: 'a', length: 1 }, null, undefined],
    'a non-empty list of words',
  ],
  [
    'an object with methods',
    objectWithMethods('find', 'close'),
    [{ find() {}, close() {} }, Object.create({ find() {}, close() {} })],
    [{}, { find: true }, null, undefined, 'store', 7],
    'an object with find(), close()',
  ],
  [
    'an object that lacks a method',
    objectWithMethods('find', 'close', 'get'),
    [{ find() {}, close() {}, get() {} }],
    [{ find() {} }, { find() {}, close: true, get: null }, Object.create({ find() {} })],
    'an object with find(), close(), get(); it lacks close(), get()',
  ],
  [
    'a text of a challenge',
    challengeText,
    ['api', 'The API', ' ', "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"],
    [
      '',
      'a"b',
      'a\\b',
      'a\nb',
      'a\r\nX: y',
      'a\tb',
      'a\0',
      'é',
      '\u007f',
      7,
      null,
      undefined,
      ['api'],
    ],
    'a string of visible ASCII without " and \\ (RFC 6750 §3)',
  ],
  [
    'anything of your own',
    check('even', (value) => Number(value) % 2 === 0),
    [0, 2],
    [1, NaN, undefined],
    'even',
  ],
])('%s is checked', (_, schema, good, bad, expected) => {
  expect(good.map((value) => complaint(schema, value))).toEqual(good.map(() => undefined));
  expect(bad.map((value) => complaint(schema, value, 'make(): it'))).toEqual(
    bad.map(() => `make(): it: must be ${expected}`),
  );
});
