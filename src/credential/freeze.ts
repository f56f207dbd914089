/**
 * Deeply freezes a JSON value, so that requests can share it. A Date cannot be frozen.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}

/**
 * Returns a frozen copy that shares nothing with `value`: what `JSON.parse(JSON.stringify(value))`
 * returns, without serializing a value that is JSON already. A member named `__proto__` is
 * dropped, because assigning it would set the prototype.
 */
export function frozenJson(value: unknown): unknown {
  if (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    value === null ||
    Number.isFinite(value)
  ) {
    return value;
  }
  if (Array.isArray(value)) {
    return Object.freeze(value.map((item) => frozenJson(item) ?? null));
  }
  if (isPlainObject(value)) {
    const copy: Record<string, unknown> = { ...value };
    for (const name of Object.keys(copy)) {
      const before = copy[name];
      const after = name === '__proto__' ? undefined : frozenJson(before);
      if (after === undefined) {
        delete copy[name];
      } else if (after !== before) {
        copy[name] = after;
      }
    }
    return Object.freeze(copy);
  }
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : frozenJson(JSON.parse(text) as unknown);
}

function isPlainObject(value: unknown): value is object {
  if (
    typeof value !== 'object' ||
    value === null ||
    typeof (value as { toJSON?: unknown }).toJSON === 'function'
  ) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    (prototype === Object.prototype || prototype === null) &&
    Object.getOwnPropertySymbols(value).length === 0
  );
}
