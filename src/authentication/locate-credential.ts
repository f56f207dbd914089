import { isCrossSiteRequest } from '../extractors/csrf';
import type { Extractor, RequestLike } from '../extractors/extractor';
import { codedError } from '../internal/errors';

/** The one credential of a request. */
export interface LocatedCredential {
  readonly extractor: Extractor;
  readonly token: string;
}

export type Location = LocatedCredential | 'missing' | 'multiple';

/**
 * Returns a function that finds the credential of a request. Two explicit credentials are
 * `'multiple'` (400). An ambient one (a cookie) counts only without an explicit one, and only if no
 * other site can have sent the request.
 */
export function credentialLocator(
  extractors: readonly Extractor[],
): (request: RequestLike) => Location {
  const explicit = extractors.filter((extractor) => !extractor.ambient);
  const ambient = extractors.filter((extractor) => extractor.ambient);

  return (request) => {
    let located: LocatedCredential | undefined;
    for (const extractor of explicit) {
      if (extractor.isRepeated?.(request)) {
        return 'multiple';
      }
      const token = tokenFrom(extractor, request);
      if (token === undefined) {
        continue;
      }
      if (located) {
        return 'multiple';
      }
      located = { extractor, token };
    }
    if (located) {
      return located;
    }

    for (const extractor of ambient) {
      const token = tokenFrom(extractor, request);
      if (token !== undefined && !isCrossSiteRequest(request, extractor.origins)) {
        return { extractor, token };
      }
    }
    return 'missing';
  };
}

/**
 * An extractor of your own may return null, as `Headers.get()` does. Anything else that is not text
 * is a bug, not a missing credential.
 */
function tokenFrom(extractor: Extractor, request: RequestLike): string | undefined {
  const token: unknown = extractor.extract(request);
  if (typeof token === 'string') {
    return token;
  }
  if (token === undefined || token === null) {
    return undefined;
  }
  throw codedError(
    'ERR_LATCHKEY_OPTION',
    `The extractor ${extractor.name} must return a string or undefined`,
  );
}
