/** Returns the name and value of a header line, or nothing if it is not a header line. */
export function parseHeader(line: string): readonly string[] {
  const colon = line.indexOf(':');
  return colon > 0 ? [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] : [];
}

/** Joins header lines like Node: only the first `Authorization`, all lines of other headers. */
export function joinHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [header = '', value = ''] = rawHeaders.slice(i, i + 2);
    const name = header.toLowerCase();
    const before = headers[name];
    const separator = name === 'cookie' ? '; ' : ', ';
    if (before === undefined) {
      headers[name] = value;
    } else if (name !== 'authorization') {
      headers[name] = `${before}${separator}${value}`;
    }
  }
  return headers;
}
