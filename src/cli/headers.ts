/** Returns the name and value of a header line, or nothing if it is not one. */
export function headerOf(line: string): readonly string[] {
  const colon = line.indexOf(':');
  return colon > 0 ? [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] : [];
}

/** Joins header lines as Node does: the first `Authorization` only, others joined. */
export function joined(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const value = rawHeaders[i + 1] as string;
    const before = headers[name];
    if (before === undefined) {
      headers[name] = value;
    } else if (name !== 'authorization') {
      headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`;
    }
  }
  return headers;
}
