import * as z from 'zod';

import { typeError } from './errors';

/**
 * Checks the options of a function, and returns them as the schema types them. One error names
 * every invalid option. It never quotes a value, which may be a secret.
 *
 * @param where - the function, such as `jwt()`, for the message
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is invalid or unknown
 */
export function checkOptions<S extends z.ZodType>(
  where: string,
  schema: S,
  options: unknown,
): z.output<S> {
  const result = schema.safeParse(options, { error: noObject });
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

/** What is said where an object was wanted, unless the schema has words of its own. */
const noObject: z.core.$ZodErrorMap = (issue) => {
  if (issue.code !== 'invalid_type' || issue.expected !== 'object') {
    return undefined;
  }
  return issue.path?.length ? 'must be an object' : 'an object of options is wanted';
};

/**
 * Of a choice, the branch that was meant: the one whose members are wrong, not the value as a
 * whole.
 */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') {
    return [issue];
  }
  const meant = issue.errors.find((branch) =>
    branch.some(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  return meant
    ? meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
    : [issue];
}

function sentence(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys
      .map((key) => `"${[...issue.path.map(String), key].join('.')}"`)
      .join(', ');
    return `unknown option ${names}; allowed are ${allowedAt(schema, issue.path).join(', ')}`;
  }
  return path === '' ? issue.message : `option "${path}" ${issue.message}`;
}

/** Names of the options that stand beside an unknown one. */
function allowedAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const objects = unwrap(schema);
  const [next, ...rest] = path;
  if (next === undefined) {
    return objects.flatMap((object) => Object.keys(object.shape));
  }
  return objects.flatMap((object) => {
    const inner = object.shape[String(next)] as z.ZodType | undefined;
    return inner ? allowedAt(inner, rest) : [];
  });
}

function unwrap(schema: z.ZodType): z.ZodObject[] {
  if (schema instanceof z.ZodObject) {
    return [schema];
  }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  if (schema instanceof z.ZodUnion) {
    return schema.options.flatMap((option) => unwrap(option as z.ZodType));
  }
  return [];
}

/** A value that passes `test`; `expected` completes "option … must be". */
export const check = <T = unknown>(
  expected: string,
  test: (value: unknown) => boolean,
): z.ZodType<T> => z.custom<T>(test, { error: `must be ${expected}` });

export const functionOption = check('a function', (value) => typeof value === 'function');
export const nonEmptyString = check<string>('a non-empty string', (value) => isText(value));
export const booleanOption = check<boolean>('true or false', (value) => typeof value === 'boolean');

/** A duration in milliseconds from `min` on. */
export const durationMs = (min: number, max = 2 ** 31 - 1): z.ZodType<number> =>
  check(
    `a number of milliseconds from ${min} to ${max}`,
    (value) => typeof value === 'number' && value >= min && value <= max,
  );

/** How far another machine's clock may be off, in milliseconds. */
export const clockTolerance = durationMs(0, 300_000);

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
export const isTextOrList = (value: unknown): boolean =>
  isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText));
export const stringOrList = check('a non-empty string or a non-empty list of them', isTextOrList);

/** A list of at least one element, each of which passes. */
export const arrayOf = <T = unknown>(
  expected: string,
  test: (value: unknown) => boolean,
): z.ZodType<readonly T[]> =>
  check(
    `a non-empty list of ${expected}`,
    (value) => Array.isArray(value) && value.length > 0 && value.every(test),
  );

/** An object that has these methods. The error names the ones that it lacks. */
export const objectWithMethods = <T = unknown>(...methods: readonly string[]): z.ZodType<T> =>
  z.custom<T>(
    (value) =>
      typeof value === 'object' && value !== null && missingMethods(value, methods).length === 0,
    {
      error: ({ input }) => {
        const expected = `must be an object with ${methods.map(call).join(', ')}`;
        const missing =
          typeof input === 'object' && input !== null ? missingMethods(input, methods) : methods;
        return missing.length < methods.length
          ? `${expected}; it lacks ${missing.map(call).join(', ')}`
          : expected;
      },
    },
  );

/** The methods that an object lacks. */
export const missingMethods = <Name extends string>(
  value: object,
  methods: readonly Name[],
): readonly Name[] =>
  methods.filter((name) => typeof (value as Record<string, unknown>)[name] !== 'function');

const call = (name: string): string => `${name}()`;

/**
 * A string that may stand between quotes in a challenge: RFC 6750 §3 allows visible ASCII and space
 * without `"` and `\`.
 */
export const challengeText = check<string>(
  'a string of visible ASCII without " and \\ (RFC 6750 §3)',
  (value) => typeof value === 'string' && /^[ !#-[\]-~]+$/.test(value),
);

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a URL is of this machine. */
export const isLoopback = (url: string): boolean => LOOPBACK.has(new URL(url).hostname);

/** A URL that secrets may be sent to: `https`, or `http` on a loopback host. */
export function isSecureUrl(value: unknown): value is string {
  if (typeof value !== 'string' || !/^https?:\/\/[^\s#\\]+$/.test(value) || !URL.canParse(value)) {
    return false;
  }
  const { protocol, username, password } = new URL(value);
  return (protocol === 'https:' || isLoopback(value)) && `${username}${password}` === '';
}

/** An identifier of an issuer (RFC 8414 §2) or a resource (RFC 9728 §1.2). */
export const isIdentifier = (value: unknown): value is string =>
  isSecureUrl(value) && !value.includes('?');
