import type { ScopeCatalogue } from '../credential/scopes';

/** An API that tokens are for, and the scopes that it knows. */
export interface AudienceOptions {
  /** The identifier of the API: an absolute URL without fragment. */
  readonly url: string;
  /** The scopes that a token for this API may have, out of the declared ones. */
  readonly scopes: readonly string[];
}

/** What the option `audience` accepts. */
export type AudienceOption = string | AudienceOptions;

/** Which of the declared scopes a token for an audience may have. */
export type ScopesOf = (audience: string) => readonly string[];

/** Completes the option: an audience without a list may have all of them. */
export function audienceScopes(
  audiences: readonly AudienceOption[],
  { names = [], expand }: ScopeCatalogue,
): ScopesOf {
  const own = new Map(
    audiences.flatMap((one): [string, readonly string[]][] =>
      typeof one === 'string' ? [] : [[one.url, expand(one.scopes)]],
    ),
  );
  return (audience) => own.get(audience) ?? names;
}

/** Returns the identifier of an audience. */
export const toUrl = (one: AudienceOption): string => (typeof one === 'string' ? one : one.url);

/** Absolute URLs of resources (RFC 8707), at least one. */
export type Audiences = readonly [string, ...string[]];

/** Compares identifiers as URLs: `https://a.example` and `https://A.example:443/` are the same. */
export const toHref = (identifier: string): string =>
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
