/** The value, frozen to the last object in it, so that all may share it. For JSON: freezing does not hold a Date. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
