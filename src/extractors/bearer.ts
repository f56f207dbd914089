import { checkOptions, noOptions } from '../internal/options';
import { authorization } from './authorization';
import type { Extractor } from './extractor';

/**
 * Reads a credential of any kind from `Authorization: Bearer <token>`.
 * @returns an extractor for the option `extractors` of `latchkey()`
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if options are passed: it has none
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 * @example
 * latchkey({ extractors: [bearer()], verifiers: [keys] });
 */
export function bearer(): Extractor;
export function bearer(options?: unknown): Extractor {
  checkOptions('bearer()', noOptions, options);
  return Object.freeze<Extractor>({ name: 'bearer', ...authorization('Bearer') });
}
