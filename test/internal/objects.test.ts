import { omitUndefined } from '../../src/internal/objects';

describe('omitUndefined()', () => {
  it('omits members that are undefined', () => {
    expect(Object.keys(omitUndefined({ name: undefined, id: 'a' }))).toEqual(['id']);
  });

  it('keeps null, false, zero and the empty string', () => {
    const values = { a: null, b: false, c: 0, d: '' };
    expect(omitUndefined(values)).toEqual(values);
  });

  it('keeps an own member named __proto__ without changing the prototype', () => {
    const copy = omitUndefined(JSON.parse('{ "__proto__": { "admin": true } }') as object);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(Object.hasOwn(copy, '__proto__')).toBe(true);
  });

  it('returns a type in which a member that could be undefined is optional', () => {
    const exact: { id: string; name?: string } = omitUndefined({
      id: 'a',
      name: undefined as string | undefined,
    });
    expect(exact).toEqual({ id: 'a' });
  });
});
