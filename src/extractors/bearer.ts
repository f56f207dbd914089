import { authorization } from './authorization';
import type { Extractor } from './extractor';

/** `Authorization: Bearer <token>` (RFC 6750 §2.1), for every kind of credential. */
export function bearer(): Extractor {
  return Object.freeze<Extractor>({ name: 'bearer', ...authorization('Bearer') });
}
