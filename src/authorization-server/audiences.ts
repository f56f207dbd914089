/** Absolute URLs of resources (RFC 8707), at least one. */
export type Audiences = readonly [string, ...string[]];

/** Compares identifiers as URLs: `https://a.example` and `https://A.example:443/` are the same. */
const toHref = (identifier: string): string =>
  URL.canParse(identifier) ? new URL(identifier).href : identifier;

/**
 * Returns the configured spelling of a requested resource, or the resource itself if it is not
 * configured.
 * @see https://www.rfc-editor.org/rfc/rfc8707#section-2
 */
export function toAudience(resource: string, audiences: Audiences): string {
  if (audiences.includes(resource)) {
    return resource;
  }
  const href = toHref(resource);
  return audiences.find((audience) => toHref(audience) === href) ?? resource;
}
