/** Whether a value is a string that is not empty. */
export const isNonEmptyString = (value: unknown): value is string =>
  typeof value === 'string' && value !== '';

/** Whether a value is an object, and neither null nor an array. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Creates a test that accepts undefined and every value that passes `test`. */
export const isAbsentOr =
  (test: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || test(value);
