/** Returns the class of an error for `error.type`: its code or its name, never its message. */
export function errorType(error: unknown): string {
  const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown };
  return [code, name].find(isWord) ?? '_OTHER';
}

/** Longer values could contain something that differs every time. */
const isWord = (value: unknown): value is string =>
  typeof value === 'string' && /^\w{1,64}$/.test(value);
