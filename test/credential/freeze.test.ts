import { deepFreeze } from '../../src/credential/freeze';

it('freezes the value to the last object in it, and hands back the same', () => {
  const value = { list: [{ deep: { deeper: [] as unknown[] } }], empty: {}, text: 'x', none: null };
  expect(deepFreeze(value)).toBe(value);
  for (const object of [value, value.list, value.list[0], value.list[0]?.deep, value.list[0]?.deep.deeper, value.empty]) {
    expect(Object.isFrozen(object)).toBe(true);
  }
  expect(() => value.list[0]?.deep.deeper.push(1)).toThrow(TypeError);
});

it('freezes what is under names that look like those of a prototype', () => {
  const value = deepFreeze(JSON.parse('{"__proto__":{"a":{}},"constructor":{"prototype":{}}}') as Record<string, { a?: object }>);
  const own = Object.values(value);
  expect(own).toEqual([{ a: {} }, { prototype: {} }]);
  expect(own.flatMap((object) => [object, ...Object.values(object)]).every((object) => Object.isFrozen(object))).toBe(true);
  expect(Object.isFrozen(Object.prototype)).toBe(false);
});

it('goes on below an object that is frozen already', () => {
  const inner = { open: true };
  deepFreeze(Object.freeze({ inner }));
  expect(Object.isFrozen(inner)).toBe(true);
});

test.each([undefined, null, 0, '', 'text', true, 1n])('leaves %p as it is', (value) => expect(deepFreeze(value)).toBe(value));
