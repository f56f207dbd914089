const MIN_MS = 10_000;
const MAX_MS = 24 * 3_600_000;
/** For a response that says nothing about caching. */
const DEFAULT_MS = 300_000;

/**
 * Returns for how long a response may be reused, in milliseconds: 0, or 10 seconds to one day.
 *
 * @param now Milliseconds since the epoch.
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-4.2
 */
export function freshnessMs(headers: Headers, now: number): number {
  const directives = cacheControl(headers.get('Cache-Control') ?? '');
  if (directives.has('no-store') || directives.has('no-cache')) {
    return 0;
  }
  const maxAge = directives.get('s-maxage') ?? directives.get('max-age');
  const lifetimeMs = maxAge === undefined ? untilExpires(headers, now) : seconds(maxAge);
  if (lifetimeMs === undefined) {
    return DEFAULT_MS;
  }
  const remaining = lifetimeMs - (seconds(headers.get('Age') ?? '0') ?? 0);
  return remaining <= 0 ? 0 : Math.min(MAX_MS, Math.max(MIN_MS, remaining));
}

function cacheControl(header: string): ReadonlyMap<string, string> {
  return new Map(
    header.split(',').map((directive): [string, string] => {
      const [name = '', value = ''] = directive.trim().split('=');
      return [name.trim().toLowerCase(), value.trim().replaceAll('"', '')];
    }),
  );
}

function untilExpires(headers: Headers, now: number): number | undefined {
  const expires = headers.get('Expires');
  if (expires === null) {
    return undefined;
  }
  const date = Date.parse(headers.get('Date') ?? '');
  // An invalid date has passed (RFC 9111 §5.3).
  return Date.parse(expires) - (Number.isNaN(date) ? now : date) || 0;
}

/** RFC 9111 §4.2.1: a lifetime that is not a number has passed. */
const seconds = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : 0);
