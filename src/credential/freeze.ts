/** The value, frozen to the last object in it, so that all may share it. For JSON: freezing does not hold a Date. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}

/**
 * A frozen copy that shares nothing with `value`: what `JSON.parse(JSON.stringify(value))` makes of it, without the text in
 * between where it is JSON already.
 */
export function frozenJson(value: unknown): unknown {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null || Number.isFinite(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map((item) => frozenJson(item) ?? null));
  if (isPlainObject(value)) {
    const copy: Record<string, unknown> = { ...value };
    for (const name of Object.keys(copy)) {
      const before = copy[name];
      const after = frozenJson(before);
      if (after === undefined) delete copy[name];
      else if (after !== before) copy[name] = after;
    }
    return Object.freeze(copy);
  }
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? undefined : deepFreeze(JSON.parse(text) as unknown);
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || typeof (value as { toJSON?: unknown }).toJSON === 'function') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.getOwnPropertySymbols(value).length === 0;
}
