import * as z from 'zod/mini';

import { typeError } from './errors';
import { isNonEmptyString } from './type-guards';

/**
 * Checks the options of a function, and returns them as the schema types them. One error names
 * every invalid option. It never quotes a value, which may be a secret.
 *
 * @param where - the function, such as `jwt()`, for the message
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is invalid or unknown
 */
export function checkOptions<S extends z.ZodMiniType>(
  where: string,
  schema: S,
  options: unknown,
): z.output<S> {
  const result = schema.safeParse(options, { error: objectError });
  if (!result.success) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      `${where}: ${result.error.issues
        .flatMap(innermost)
        .map((issue) => sentence(issue, schema))
        .join('; ')}`,
    );
  }
  return result.data;
}

/** The message where an object is expected, unless the schema has its own. */
const objectError: z.core.$ZodErrorMap = (issue) => {
  if (issue.code !== 'invalid_type' || issue.expected !== 'object') {
    return undefined;
  }
  return issue.path?.length ? 'must be an object' : 'options must be an object';
};

/**
 * Returns the issues of the branch of a union that was most likely meant: the one with invalid
 * members, rather than one that rejects the value as a whole.
 */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') {
    return [issue];
  }
  const meant = issue.errors.find((branch) =>
    branch.some(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  return meant?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })) ?? [issue];
}

function sentence(issue: z.core.$ZodIssue, schema: z.ZodMiniType): string {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => `"${[...path, key].join('.')}"`).join(', ');
    return `unknown option ${names}; allowed are ${optionNames(schema, issue.path).join(', ')}`;
  }
  return path.length === 0 ? issue.message : `option "${path.join('.')}" ${issue.message}`;
}

/** The names that the schema allows at a path. */
function optionNames(schema: z.core.$ZodType, [next, ...rest]: readonly PropertyKey[]): string[] {
  const { def } = unwrapped(schema);
  if (def.type === 'record') {
    return optionNames(def.valueType, rest);
  }
  const shapes = objectShapes(schema);
  return next === undefined
    ? shapes.flatMap(Object.keys)
    : shapes.flatMap((shape) => {
        const member = shape[String(next)];
        return member ? optionNames(member, rest) : [];
      });
}

/** The shapes of the object schemas inside a schema: several in a union, none in any other. */
function objectShapes(schema: z.core.$ZodType): z.core.$ZodShape[] {
  const { def } = unwrapped(schema);
  if (def.type === 'object') {
    return [def.shape];
  }
  return def.type === 'union' ? def.options.flatMap(objectShapes) : [];
}

/** The schema inside an optional one. Classes of zod would enlarge bundles, so its type decides. */
function unwrapped(schema: z.core.$ZodType): z.core.$ZodTypes['_zod'] {
  const inner = (schema as z.core.$ZodTypes)._zod;
  return inner.def.type === 'optional' || inner.def.type === 'default'
    ? unwrapped(inner.def.innerType)
    : inner;
}

/**
 * Creates a schema for a value that passes `test`.
 *
 * @param expected - completes "option … must be"
 * @param test - a type guard gives the schema its type
 */
export function check<T>(expected: string, test: (value: unknown) => value is T): z.ZodMiniType<T>;
export function check<T = unknown>(
  expected: string,
  test: (value: unknown) => boolean,
): z.ZodMiniType<T>;
export function check(expected: string, test: (value: unknown) => boolean): z.ZodMiniType {
  return z.custom(test, { error: `must be ${expected}` });
}

/** For functions that have no options, so that one that is passed is not ignored. */
export const noOptions = z.custom<undefined>((value) => value === undefined, {
  error: 'options must be omitted: there are none',
});

export const isFunction = (value: unknown): boolean => typeof value === 'function';

export const functionOption = check('a function', isFunction);
export const nonEmptyString = check('a non-empty string', isNonEmptyString);
export const booleanOption = check<boolean>('true or false', (value) => typeof value === 'boolean');

/** A duration in milliseconds, from `min` to `max`. */
export const durationMs = (min: number, max = 2 ** 31 - 1): z.ZodMiniType<number> =>
  check<number>(
    `a number of milliseconds from ${min} to ${max}`,
    (value) => typeof value === 'number' && value >= min && value <= max,
  );

/** How far the clock of another machine may differ, in milliseconds. */
export const clockTolerance = durationMs(0, 300_000);

/** A list of at least one element, each of which passes `test`. */
export function arrayOf<T>(
  expected: string,
  test: (value: unknown) => value is T,
): z.ZodMiniType<readonly T[]>;
export function arrayOf<T = unknown>(
  expected: string,
  test: (value: unknown) => boolean,
): z.ZodMiniType<readonly T[]>;
export function arrayOf(expected: string, test: (value: unknown) => boolean): z.ZodMiniType {
  return check(`a non-empty list of ${expected}`, (value) => isFilledList(value, test));
}

const isFilledList = (value: unknown, test: (value: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((item) => test(item));

export const isTextOrList = (value: unknown): value is string | readonly string[] =>
  isNonEmptyString(value) || isFilledList(value, isNonEmptyString);
export const stringOrList = check('a non-empty string or a non-empty list of them', isTextOrList);

/** An object that has these methods. The error names the missing ones. */
export const objectWithMethods = <T = unknown>(...methods: readonly string[]): z.ZodMiniType<T> =>
  z.custom<T>((value) => isAnyObject(value) && missingMethods(value, methods).length === 0, {
    error: ({ input }) => missingMethodsError(input, methods),
  });

function missingMethodsError(input: unknown, methods: readonly string[]): string {
  const expected = `must be an object with ${methods.map(call).join(', ')}`;
  const missing = isAnyObject(input) ? missingMethods(input, methods) : methods;
  return missing.length < methods.length
    ? `${expected}; it lacks ${missing.map(call).join(', ')}`
    : expected;
}

const isAnyObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null;

/** Returns the names of the methods that an object lacks. */
export const missingMethods = <Name extends string>(
  value: object,
  methods: readonly Name[],
): readonly Name[] => methods.filter((name) => typeof Reflect.get(value, name) !== 'function');

const call = (name: string): string => `${name}()`;

/**
 * A string that may be quoted in a challenge (RFC 6750 §3): visible ASCII and space without `"` and
 * `\`.
 */
export const challengeText = check<string>(
  'a string of visible ASCII without " and \\ (RFC 6750 §3)',
  (value) => typeof value === 'string' && /^[ !#-[\]-~]+$/.test(value),
);

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether the host of a URL is this machine. */
export const isLoopback = (url: string): boolean => LOOPBACK.has(new URL(url).hostname);

/** Whether a value is a URL that secrets may be sent to: `https`, or `http` on a loopback host. */
export function isSecureUrl(value: unknown): value is string {
  if (typeof value !== 'string' || !/^https?:\/\/[^\s#\\]+$/.test(value) || !URL.canParse(value)) {
    return false;
  }
  const { protocol, username, password } = new URL(value);
  return (protocol === 'https:' || isLoopback(value)) && `${username}${password}` === '';
}

/** Whether a value may identify an issuer (RFC 8414 §2) or a resource (RFC 9728 §1.2). */
export const isIdentifier = (value: unknown): value is string =>
  isSecureUrl(value) && !value.includes('?');
