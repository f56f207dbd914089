import { authorization } from './authorization';
import type { Carrier } from './extractor';

/** `Authorization: Bearer <token>` (RFC 6750 §2.1), for every kind of credential. */
export function bearer(): Carrier {
  return Object.freeze<Carrier>({ name: 'bearer', ...authorization('Bearer') });
}
