import { isCrossSiteRequest } from '../extractors/csrf';
import type { Extractor, RequestLike } from '../extractors/extractor';

/** The one credential of a request. */
export interface LocatedCredential {
  readonly extractor: Extractor;
  readonly token: string;
}

export type Location = LocatedCredential | 'missing' | 'multiple';

/**
 * Returns a function that finds the credential of a request. Two explicit credentials are `'multiple'` (400).
 * An ambient one (a cookie) counts only without an explicit one, and only if no other site can have sent the request.
 */
export function credentialLocator(extractors: readonly Extractor[]): (request: RequestLike) => Location {
  const explicit = extractors.filter((extractor) => !extractor.ambient);
  const ambient = extractors.filter((extractor) => extractor.ambient);

  return (request) => {
    let located: LocatedCredential | undefined;
    for (const extractor of explicit) {
      if (extractor.isRepeated?.(request)) return 'multiple';
      const token = extractor.extract(request);
      if (token === undefined) continue;
      if (located) return 'multiple';
      located = { extractor, token };
    }
    if (located) return located;

    for (const extractor of ambient) {
      const token = extractor.extract(request);
      if (token !== undefined && !isCrossSiteRequest(request, extractor.origins)) return { extractor, token };
    }
    return 'missing';
  };
}
