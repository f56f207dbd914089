/** `T` without undefined: a member that could be undefined is optional instead. */
export type OmitUndefined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Returns the members if the condition holds, and none otherwise. Spread the result. */
export const membersIf = <T extends object>(condition: boolean, members: T): Partial<T> =>
  condition ? members : {};

/**
 * Returns a copy without the members that are undefined or have a symbol as name. It allocates
 * several objects: do not call it on the path of a request with a cached credential.
 */
export const omitUndefined = <T extends object>(values: T): OmitUndefined<T> =>
  Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as OmitUndefined<T>;
