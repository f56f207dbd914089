import { deepFreeze, frozenJson } from '../../src/credential/freeze';

it('freezes the value to the last object in it, and hands back the same', () => {
  const value = { list: [{ deep: { deeper: [] as unknown[] } }], empty: {}, text: 'x', none: null };
  expect(deepFreeze(value)).toBe(value);
  for (const object of [
    value,
    value.list,
    value.list[0],
    value.list[0]?.deep,
    value.list[0]?.deep.deeper,
    value.empty,
  ]) {
    expect(Object.isFrozen(object)).toBe(true);
  }
  expect(() => value.list[0]?.deep.deeper.push(1)).toThrow(TypeError);
});

it('freezes what is under names that look like those of a prototype', () => {
  const value = deepFreeze(
    JSON.parse('{"__proto__":{"a":{}},"constructor":{"prototype":{}}}') as Record<
      string,
      { a?: object }
    >,
  );
  const own = Object.values(value);
  expect(own).toEqual([{ a: {} }, { prototype: {} }]);
  expect(
    own
      .flatMap((object) => [object, ...Object.values(object)])
      .every((object) => Object.isFrozen(object)),
  ).toBe(true);
  expect(Object.isFrozen(Object.prototype)).toBe(false);
});

it('goes on below an object that is frozen already', () => {
  const inner = { open: true };
  deepFreeze(Object.freeze({ inner }));
  expect(Object.isFrozen(inner)).toBe(true);
});

test.each([undefined, null, 0, '', 'text', true, 1n])('leaves %p as it is', (value) =>
  expect(deepFreeze(value)).toBe(value),
);

describe('a frozen copy', () => {
  class Point {
    constructor(readonly x: number) {}
  }
  const sparse = (): unknown[] => [undefined, () => 1, Symbol('s'), NaN, -Infinity];

  it.each<[string, unknown]>([
    ['texts, numbers, flags and null', { a: 'x', b: -1.5, c: true, d: null }],
    ['lists and objects in one another', [{ a: [{ b: {} }, []] }]],
    ['no numbers that JSON has not', { a: NaN, b: Infinity }],
    ['no members without a value', { a: undefined, b: () => 1, c: Symbol('s'), d: 1 }],
    ['null for what a list cannot hold', sparse()],
    ['a Date as its text', { at: new Date(0), list: [new Date(1)] }],
    [
      'what an object says that it is',
      { url: new URL('https://osir.com/a'), own: { toJSON: () => ({ of: new Date(2) }) } },
    ],
    [
      'the members of an instance, a Map and bytes',
      [new Point(1), new Map([[1, 2]]), new Uint8Array([7])],
    ],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { a: {} })],
    ['no members that a symbol names', { a: {}, [Symbol('s')]: { open: true } }],
    [
      'names that look like those of a prototype',
      JSON.parse('{"constructor":1,"toJSON":"x","proto":{},"__proto":1}'),
    ],
  ])('holds %s', (_, value) => {
    const copy = frozenJson(value);
    expect(copy).toEqual(JSON.parse(JSON.stringify(value)));
    expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
    const objects = (one: unknown): object[] =>
      typeof one === 'object' && one !== null
        ? [one, ...Reflect.ownKeys(one).flatMap((key) => objects((one as never)[key]))]
        : [];
    expect(objects(copy).filter((one) => !Object.isFrozen(one))).toEqual([]);
    expect(objects(copy).filter((one) => objects(value).includes(one))).toEqual([]);
  });

  it.each<[string, unknown]>([
    [
      'a plain object',
      JSON.parse('{"__proto__":{"isAdmin":true},"a":{"__proto__":7},"b":[{"__proto__":{}}],"c":1}'),
    ],
    ['an instance', new Point(JSON.parse('{"__proto__":{"isAdmin":true},"a":{}}') as never)],
    [
      'what an object says that it is',
      { toJSON: () => JSON.parse('{"a":[{"__proto__":{"isAdmin":true}}]}') as object },
    ],
  ])('drops each own __proto__ of %s', (_, value) => {
    const copy = frozenJson(value);
    expect(JSON.stringify(copy)).not.toContain('__proto__');
    expect((Object.assign({}, copy) as { isAdmin?: unknown }).isAdmin).toBeUndefined();
  });

  it('is not to be had of what JSON has no text for', () => {
    expect(() => frozenJson({ big: 1n })).toThrow(TypeError);
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(() => frozenJson(circle)).toThrow(RangeError);
  });
});
